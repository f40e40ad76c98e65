//! Brackets, and tags of JSX, that have no partner.
//!
//! An unclosed bracket makes a parser give up far from the mistake, often at the end of the file. Where a file
//! has errors, its bracket tokens are matched on their own, so that the bracket itself can be named. Where they
//! don't match up, indentation says which one is alone, as `rustc` does it.

use std::fmt;

use tree_sitter::{Node, Tree};

/// A bracket without a partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Alone<'t> {
    pub(crate) byte: usize,
    pub(crate) bracket: Bracket<'t>,
    pub(crate) opens: bool,
}

/// What a message calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bracket<'t> {
    Punctuation(&'static str),
    /// A tag of JSX by its name; empty for a fragment.
    Tag(&'t str),
}

impl fmt::Display for Bracket<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Punctuation(bracket) => f.write_str(bracket),
            Self::Tag(name) => write!(f, "<{name}>"),
        }
    }
}

#[derive(Clone, Copy)]
struct Token<'t> {
    byte: usize,
    bracket: Bracket<'t>,
    /// The brackets that it closes, any of them; `None` for an opening one.
    closes: Option<[Bracket<'t>; 2]>,
    indent: usize,
    first_on_line: bool,
}

/// How far back a partner is looked for: deeper nesting than this is no code that people read.
const MAX_DEPTH: usize = 500;

/// The brackets of the tree that have no partner, in the order of the text. Empty when all match.
pub(crate) fn unmatched<'t>(tree: &Tree, text: &'t str) -> Vec<Alone<'t>> {
    let (tags, brackets): (Vec<_>, Vec<_>) =
        tokens(tree, text).into_iter().partition(|token| matches!(token.bracket, Bracket::Tag(_)));
    for tokens in [tags, brackets] {
        // After an open tag everything is text to the parser, so brackets are looked at only where the tags match.
        if !pair(&tokens, false).is_empty() {
            return pair(&tokens, true);
        }
    }
    Vec::new()
}

fn pair<'t>(tokens: &[Token<'t>], by_indent: bool) -> Vec<Alone<'t>> {
    let mut open: Vec<Token<'t>> = Vec::new();
    let mut alone = Vec::new();
    for &token in tokens {
        let Some(closes) = token.closes else {
            open.push(token);
            continue;
        };
        let fits = |candidate: &Token<'t>| closes.contains(&candidate.bracket);
        let recent = open.len().saturating_sub(MAX_DEPTH);
        let mut partner = open[recent..].iter().rposition(fits).map(|at| recent + at);
        if by_indent && token.first_on_line {
            // A closing bracket at the start of a line stands under the line that opened it.
            let under =
                open.iter().rposition(|candidate| fits(candidate) && candidate.indent == token.indent);
            if under.is_some() {
                partner = under;
            } else if partner.is_some_and(|at| open[at].indent < token.indent) {
                partner = None;
            }
        }
        match partner {
            Some(at) => alone.extend(open.drain(at..).skip(1).map(opening)),
            None => alone.push(Alone { byte: token.byte, bracket: token.bracket, opens: false }),
        }
    }
    alone.extend(open.into_iter().map(opening));
    alone.sort_by_key(|alone| alone.byte);
    alone
}

fn opening(token: Token<'_>) -> Alone<'_> {
    Alone { byte: token.byte, bracket: token.bracket, opens: true }
}

/// The bracket tokens of the tree: those in strings and comments are no tokens of their own.
fn tokens<'t>(tree: &Tree, text: &'t str) -> Vec<Token<'t>> {
    let mut tokens = Vec::new();
    let mut cursor = tree.walk();
    // The row of the last bracket and its indentation: lines may be long, and their brackets many.
    let mut line = (usize::MAX, 0);
    loop {
        let node = cursor.node();
        if let Some((bracket, closes)) = bracket(node, text) {
            let byte = node.start_byte();
            let place = node.start_position();
            if line.0 != place.row {
                let before = &text[byte - place.column..byte];
                line = (place.row, before.len() - before.trim_start().len());
            }
            let indent = line.1;
            tokens.push(Token { byte, bracket, closes, indent, first_on_line: indent == place.column });
        }
        if cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return tokens;
            }
        }
    }
}

/// The bracket that a node is, and what it closes.
fn bracket<'t>(node: Node<'_>, text: &'t str) -> Option<(Bracket<'t>, Option<[Bracket<'t>; 2]>)> {
    use Bracket::{Punctuation, Tag};
    if node.is_missing() {
        return None;
    }
    let opening = |bracket| Some((Punctuation(bracket), None));
    let closing = |bracket, of: [&'static str; 2]| Some((Punctuation(bracket), Some(of.map(Punctuation))));
    let name = || {
        let name = node.child_by_field_name("name").map_or(0..0, |name| name.byte_range());
        Tag(text.get(name).unwrap_or_default())
    };
    match node.kind() {
        "(" => opening("("),
        "[" => opening("["),
        "{" => opening("{"),
        "${" => opening("${"),
        ")" => closing(")", ["(", "("]),
        "]" => closing("]", ["[", "["]),
        "}" => closing("}", ["{", "${"]),
        "jsx_opening_element" => Some((name(), None)),
        "jsx_closing_element" => Some((name(), Some([name(), name()]))),
        _ => None,
    }
}
