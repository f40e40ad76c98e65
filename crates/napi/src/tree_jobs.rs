//! Searching, rewriting and outlining by syntax tree as jobs.

use std::{mem, path::Path};

use napi_derive::napi;
use orchestrator_tools::{
    AstCapture, AstFile, AstMatch, AstReplaceOptions, AstSearchOptions, Language, Limits, ast_replace,
    ast_search, outline,
};

use crate::{
    ast::options,
    crossing::crossing,
    jobs::{Found, NativeJobs},
    pools::{Json, copied, kept_json},
    search_jobs::{HEAD_BYTES, PART_BYTES, split},
};

/// What a search may reserve of the room for results unless its caller says otherwise: half of it.
const MOST_BYTES: usize = 32 << 20;

/// An outline has at most so many bytes as JSON: 2,000 symbols with a name and a signature.
const OUTLINE_BYTES: usize = 2 << 20;

#[napi]
impl NativeJobs {
    /// Searches syntax trees; options and report are JSON. The files come as parts.
    #[napi]
    pub fn search_trees(&self, root: String, options_json: String, limits_json: String) -> napi::Result<f64> {
        crossing(|| {
            let options: AstSearchOptions = options(&options_json)?;
            // Texts may be as long again where JSON escapes them, and each match has numbers and names.
            let texts = options.max_bytes.min(options.max_results.saturating_mul(4 * options.max_text_bytes));
            let bytes = texts.saturating_mul(2).saturating_add(options.max_results.saturating_mul(256));
            self.watched(
                &limits_json,
                bytes.saturating_add(HEAD_BYTES).min(MOST_BYTES),
                move |cancel, progress| {
                    let mut report = ast_search(Path::new(&root), &options, cancel, progress)?;
                    let parts = split_files(mem::take(&mut report.files));
                    Ok(Found { value: Some(kept_json(&report)), parts })
                },
            )
        })
    }

    /// Rewrites files by their syntax trees; options and report are JSON. The changes come as parts. One that is cancelled
    /// may have written some files.
    #[napi]
    pub fn rewrite_trees(
        &self,
        root: String,
        options_json: String,
        limits_json: String,
    ) -> napi::Result<f64> {
        crossing(|| {
            let options: AstReplaceOptions = options(&options_json)?;
            let diffs = options.max_diff_bytes.saturating_mul(2);
            let bytes = diffs.saturating_add(options.max_files.saturating_mul(1 << 10));
            self.watched(
                &limits_json,
                bytes.saturating_add(HEAD_BYTES).min(MOST_BYTES),
                move |cancel, progress| {
                    let mut report = ast_replace(Path::new(&root), &options, cancel, progress)?;
                    let parts = split(mem::take(&mut report.changes), |change| {
                        300 + change.path.len() + change.diff.as_ref().map_or(0, String::len)
                    });
                    Ok(Found { value: Some(kept_json(&report)), parts })
                },
            )
        })
    }

    /// The outline of a text as a job; null for an unknown language.
    #[napi]
    pub fn outline(&self, path: String, source: &[u8], limits_json: String) -> napi::Result<Option<f64>> {
        crossing(|| {
            let Some(language) = Language::of_path(Path::new(&path)) else { return Ok(None) };
            let source = copied(source);
            let id = self.start(&limits_json, OUTLINE_BYTES, move |signal| {
                let found = outline(&source, language, &Limits::default(), signal.flag())?;
                Ok(Found { value: Some(kept_json(&found)), parts: Vec::new() })
            })?;
            Ok(Some(id))
        })
    }
}

/// A file with very many matches comes as several of the same path, one after the other.
fn split_files(files: Vec<AstFile>) -> Vec<Json> {
    let mut pieces = Vec::new();
    for AstFile { path, matches } in files {
        let mut piece = AstFile { path: path.clone(), matches: Vec::new() };
        let mut bytes = 0;
        for found in matches {
            bytes += match_bytes(&found);
            piece.matches.push(found);
            if bytes >= PART_BYTES {
                pieces.push(mem::replace(&mut piece, AstFile { path: path.clone(), matches: Vec::new() }));
                bytes = 0;
            }
        }
        if !piece.matches.is_empty() {
            pieces.push(piece);
        }
    }
    split(pieces, |piece| piece.path.len() + 20 + piece.matches.iter().map(match_bytes).sum::<usize>())
}

fn match_bytes(found: &AstMatch) -> usize {
    let captures = found.captures.iter().map(|(name, capture)| {
        let texts: usize = match capture {
            AstCapture::One(text) => text.len(),
            AstCapture::Many(texts) => texts.iter().map(|text| text.len() + 3).sum(),
        };
        name.len() + texts + 6
    });
    150 + found.text.len() + captures.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::Value;

    use super::*;

    fn found(line: u32) -> AstMatch {
        AstMatch {
            line,
            column: 1,
            end_line: line,
            end_column: 2,
            offset: 0,
            end_offset: 1,
            text: "x".repeat(1_000),
            cut: false,
            captures: BTreeMap::new(),
        }
    }

    #[test]
    fn parts_are_small_and_together_have_every_match_in_order() {
        let file = |path: &str, matches| AstFile {
            path: path.to_owned(),
            matches: (0..matches).map(found).collect(),
        };
        let parts = split_files(vec![file("a", 3), file("b", 200), file("c", 1)]);
        assert!(parts.len() > 3, "{}", parts.len());
        assert!(parts.iter().all(|part| part.len() < 2 * PART_BYTES));
        let pieces: Vec<Value> =
            parts.iter().flat_map(|part| serde_json::from_str::<Vec<Value>>(part).unwrap()).collect();
        let of_b = pieces.iter().filter(|piece| piece["path"] == "b");
        let lines: Vec<_> = of_b
            .flat_map(|piece| piece["matches"].as_array().unwrap())
            .map(|found| found["line"].as_u64().unwrap())
            .collect();
        assert_eq!(lines, (0..200).collect::<Vec<_>>());
        assert_eq!(pieces.last().unwrap()["path"], "c");
    }
}
