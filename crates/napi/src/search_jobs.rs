//! Searching and listing files as jobs.

use std::{
    mem,
    path::Path,
    sync::{Arc, atomic::AtomicBool},
};

use napi_derive::napi;
use orchestrator_tools::{GlobOptions, GrepFile, GrepLine, GrepMatch, GrepOptions, Progress, glob, grep};

use crate::{
    crossing::crossing,
    failure::Failure,
    jobs::{Answer, Found, NativeJobs},
    pools::{Json, kept_json},
    search::options,
};

/// About how many bytes of a result cross at once: what JavaScript parses in some tenths of a millisecond.
pub(crate) const PART_BYTES: usize = 48 << 10;

/// What a report has besides its files: problems and counts.
pub(crate) const HEAD_BYTES: usize = 256 << 10;

/// A path as it crosses.
const PATH_BYTES: usize = 512;

#[napi]
impl NativeJobs {
    /// Searches files; options and report are JSON. The files come as parts.
    #[napi]
    pub fn search_files(&self, root: String, options_json: String, limits_json: String) -> napi::Result<f64> {
        crossing(|| {
            let options: GrepOptions = options(&options_json)?;
            let bytes = options.max_bytes.saturating_mul(2).saturating_add(HEAD_BYTES);
            self.watched(&limits_json, bytes, move |cancel, progress| {
                let mut report = grep(Path::new(&root), &options, cancel, progress)?;
                let parts = split_files(mem::take(&mut report.files));
                Ok(Found { value: Some(kept_json(&report)), parts })
            })
        })
    }

    /// Lists files; options and report are JSON. The paths come as parts.
    #[napi]
    pub fn list_files(&self, root: String, options_json: String, limits_json: String) -> napi::Result<f64> {
        crossing(|| {
            let options: GlobOptions = options(&options_json)?;
            let bytes = options.max_results.saturating_mul(PATH_BYTES).saturating_add(HEAD_BYTES);
            self.watched(&limits_json, bytes.min(32 << 20), move |cancel, progress| {
                let mut report = glob(Path::new(&root), &options, cancel, progress)?;
                let parts = split(mem::take(&mut report.paths), |path| path.len() + 3);
                Ok(Found { value: Some(kept_json(&report)), parts })
            })
        })
    }
}

impl NativeJobs {
    /// Starts a search whose progress can be asked for.
    pub(crate) fn watched(
        &self,
        limits_json: &str,
        result_bytes: usize,
        search: impl FnOnce(&AtomicBool, &Progress) -> Answer + Send + 'static,
    ) -> Result<f64, Failure> {
        let progress = Arc::new(Progress::default());
        let theirs = Arc::clone(&progress);
        let id = self.start(limits_json, result_bytes, move |signal| search(signal.flag(), &theirs))?;
        self.watch(id, progress);
        Ok(id)
    }
}

/// Items in the order that they have, as JSON arrays of about [`PART_BYTES`].
pub(crate) fn split<T: serde::Serialize>(items: Vec<T>, bytes_of: impl Fn(&T) -> usize) -> Vec<Json> {
    let mut parts = Vec::new();
    let mut part = Vec::new();
    let mut bytes = 0;
    for item in items {
        bytes += bytes_of(&item);
        part.push(item);
        if bytes >= PART_BYTES {
            parts.push(kept_json(&part));
            part.clear();
            bytes = 0;
        }
    }
    if !part.is_empty() {
        parts.push(kept_json(&part));
    }
    parts
}

/// A file with very many matches comes as several of the same path, one after the other.
fn split_files(files: Vec<GrepFile>) -> Vec<Json> {
    let pieces = files.into_iter().flat_map(|mut file| {
        let mut matches = mem::take(&mut file.matches).into_iter().peekable();
        let mut pieces = Vec::new();
        loop {
            let mut piece = GrepFile { matches: Vec::new(), ..file.clone() };
            let mut bytes = 0;
            while bytes < PART_BYTES
                && let Some(found) = matches.next()
            {
                bytes += match_bytes(&found);
                piece.matches.push(found);
            }
            pieces.push(piece);
            if matches.peek().is_none() {
                return pieces;
            }
        }
    });
    split(pieces.collect(), |piece| {
        piece.path.len() + 40 + piece.matches.iter().map(match_bytes).sum::<usize>()
    })
}

fn match_bytes(found: &GrepMatch) -> usize {
    let line = |line: &GrepLine| line.text.len() + 40;
    let context: usize = found.before.iter().chain(&found.after).map(line).sum();
    80 + found.text.len() + 24 * found.submatches.len() + context
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn file(path: &str, matches: usize) -> GrepFile {
        let found = |line| GrepMatch { line: line as u64, text: "x".repeat(1_000), ..Default::default() };
        GrepFile {
            path: path.to_owned(),
            count: matches as u64,
            matches: (0..matches).map(found).collect(),
            limited: false,
            binary: None,
        }
    }

    #[test]
    fn parts_are_small_and_together_have_every_match_in_order() {
        let parts = split_files(vec![file("a", 3), file("b", 200), file("c", 0), file("d", 1)]);
        assert!(parts.len() > 3, "{}", parts.len());
        assert!(parts.iter().all(|part| part.len() < 2 * PART_BYTES));
        let pieces: Vec<Value> =
            parts.iter().flat_map(|part| serde_json::from_str::<Vec<Value>>(part).unwrap()).collect();
        let lines = |path: &str| -> Vec<u64> {
            let of_path = pieces.iter().filter(|piece| piece["path"] == path);
            of_path
                .flat_map(|piece| piece["matches"].as_array().unwrap())
                .map(|found| found["line"].as_u64().unwrap())
                .collect()
        };
        assert_eq!(lines("a"), [0, 1, 2]);
        assert_eq!(lines("b"), (0..200).collect::<Vec<_>>());
        assert!(pieces.iter().any(|piece| piece["path"] == "c"));
        assert_eq!(pieces.last().unwrap()["path"], "d");
    }
}
