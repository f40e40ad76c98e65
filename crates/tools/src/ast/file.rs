//! One file: read, held against its limits, parsed, matched.

use std::{fs, io::Read, path::Path};

use ast_grep_core::{
    AstGrep, Doc, Matcher as _, Node, NodeMatch,
    matcher::MatcherExt,
    tree_sitter::{LanguageExt, StrDoc},
};

use super::query::{Compiled, Matcher};
use crate::{error::Error, parse::parse_as, patience::Patience, pattern_language::PatternLanguage};

/// What a file turned out to be.
pub(super) enum Content {
    Text(String),
    Binary,
    TooLarge,
}

/// Reads a file, unless it is larger than `most` bytes.
pub(super) fn read(path: &Path, most: u64) -> std::io::Result<Content> {
    let file = fs::File::open(path)?;
    let mut bytes = Vec::new();
    // Its size may be unknown, or change while it is read.
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Ok(Content::TooLarge);
    }
    if bytes.contains(&0) {
        return Ok(Content::Binary);
    }
    Ok(String::from_utf8(bytes).map_or(Content::Binary, Content::Text))
}

/// Parses as ast-grep does.
pub(super) fn tree(
    text: String,
    compiled: &Compiled,
    patience: Patience<'_>,
) -> Result<AstGrep<StrDoc<PatternLanguage>>, Error> {
    let lang = compiled.language.patterns();
    let tree = parse_as(&text, &lang.get_ts_language(), patience)?;
    Ok(AstGrep::doc(StrDoc { src: text, lang, tree }))
}

/// How many nodes are looked at between two looks at the clock.
const STRIDE: usize = 1024;

/// All matches in the order of the text, those in others included; false where patience ended it.
pub(super) fn matches<'r, D: Doc>(
    root: &Node<'r, D>,
    matcher: &Matcher,
    patience: Patience<'_>,
    mut found: impl FnMut(NodeMatch<'r, D>),
) -> bool {
    let kinds = match matcher {
        Matcher::Pattern(pattern) => pattern.potential_kinds(),
        Matcher::Rule(rule) => rule.potential_kinds(),
    };
    for (index, node) in root.dfs().enumerate() {
        if index % STRIDE == STRIDE - 1 && patience.is_over() {
            return false;
        }
        if kinds.as_ref().is_some_and(|kinds| !kinds.contains(node.kind_id().into())) {
            continue;
        }
        let node_match = match matcher {
            Matcher::Pattern(pattern) => pattern.match_node(node),
            Matcher::Rule(rule) => rule.match_node(node),
        };
        if let Some(node_match) = node_match {
            found(node_match);
        }
    }
    true
}
