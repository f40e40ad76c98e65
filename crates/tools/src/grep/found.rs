//! The form of what was found.

use std::ops::Range;

use serde::{Serialize, Serializer};

use crate::{grep::line::Cut, limit::Truncation, problem::Problem, progress::Counts};

/// What a search has found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GrepReport {
    /// The files that match.
    pub files: Vec<GrepFile>,
    /// Why there may be more.
    pub truncated: Option<Truncation>,
    /// What could not be looked at; the first 100.
    pub problems: Vec<Problem>,
    /// How many problems there were.
    pub problem_count: u64,
    /// What was done.
    pub counts: Counts,
}

/// A file that matches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GrepFile {
    /// Relative to the root, with `/`. What is no Unicode in a name is shown as U+FFFD.
    pub path: String,
    /// Matching lines: those in `matches`, or those counted; with `multiline` matches are counted, not lines. Where only
    /// files are asked for it is 1, because the first match ends the search of a file.
    pub count: u64,
    /// In the order of the file; empty where they are not asked for.
    pub matches: Vec<GrepMatch>,
    /// Whether the search ended at the most matches of a file, so that there may be more.
    #[serde(skip_serializing_if = "is_false")]
    pub limited: bool,
    /// The place of the NUL byte at which the search of the file ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub binary: Option<u64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// A line that matches, or with `multiline` the lines that a match covers.
///
/// As JSON its submatches count UTF-16 units of the text, as JavaScript does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GrepMatch {
    /// 1-based; of several lines the first.
    pub line: u64,
    /// 1-based, of the first submatch; counts characters.
    pub column: u64,
    /// The first submatch's place in the file: bytes before it. Of a file in UTF-16, in its text as UTF-8; a byte order
    /// mark doesn't count.
    pub offset: u64,
    /// Without the last line's end. Bytes that are no UTF-8 are shown as U+FFFD.
    pub text: String,
    /// The parts of the text that match, as bytes of it. Those that are cut off are left out.
    pub submatches: Vec<Range<usize>>,
    /// What is left out of a long line.
    pub cut: Option<Cut>,
    /// The lines before that were asked for and are in no other match.
    pub before: Vec<GrepLine>,
    /// The lines after, likewise.
    pub after: Vec<GrepLine>,
}

/// A line beside a match.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GrepLine {
    /// 1-based.
    pub line: u64,
    /// As in [`GrepMatch::text`].
    pub text: String,
    /// What is left out of a long line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut: Option<Cut>,
}

impl GrepMatch {
    /// About what it takes as JSON.
    pub(crate) fn bytes(&self) -> usize {
        let context = self.before.iter().chain(&self.after).map(|line| line.text.len() + 40);
        80 + self.text.len() + 24 * self.submatches.len() + context.sum::<usize>()
    }
}

impl Serialize for GrepMatch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Wire<'a> {
            line: u64,
            column: u64,
            offset: u64,
            text: &'a str,
            submatches: Vec<Submatch>,
            #[serde(skip_serializing_if = "Option::is_none")]
            cut: Option<Cut>,
            before: &'a [GrepLine],
            after: &'a [GrepLine],
        }
        #[derive(Serialize)]
        struct Submatch {
            start: usize,
            end: usize,
        }
        // From place to place, so that a line of many matches is gone through once.
        let (mut byte, mut unit) = (0, 0);
        let mut units = |to: usize| {
            // An empty match may begin before the one that came last has ended, in the middle of its character.
            if to > byte {
                unit += self.text[byte..to].encode_utf16().count();
                byte = to;
            }
            unit
        };
        let submatches =
            self.submatches.iter().map(|range| Submatch { start: units(range.start), end: units(range.end) });
        Wire {
            line: self.line,
            column: self.column,
            offset: self.offset,
            text: &self.text,
            submatches: submatches.collect(),
            cut: self.cut,
            before: &self.before,
            after: &self.after,
        }
        .serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_json_submatches_count_what_javascript_counts() {
        let found =
            GrepMatch { text: "\u{1F600}äx".to_owned(), submatches: vec![4..6, 6..7], ..Default::default() };
        let json = serde_json::to_value(&found).unwrap();
        assert_eq!(
            json["submatches"],
            serde_json::json!([{ "start": 2, "end": 3 }, { "start": 3, "end": 4 }])
        );
    }
}
