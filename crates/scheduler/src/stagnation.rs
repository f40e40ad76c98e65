//! Stagnation: whether a task goes round in circles, and whether many tasks fail of one cause.
//!
//! The caller takes the fingerprints, because only it sees diffs, errors and tool calls; what they mean is decided
//! here. A task without fingerprints is never found to stagnate.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt,
};

use serde::{Deserialize, Serialize};

use crate::pools::strings::Name;

/// Turns in a row that end with the same diff, or with the same tool call, before a task stagnates.
const STILL_TURNS: u32 = 3;
/// Times in a row that a tool is called with the same arguments within one turn before the turn is stopped.
pub(crate) const REPEATED_CALLS: u32 = 3;
/// Tasks that fail with one error before the mission stops for it.
const COMMON_CAUSE: usize = 3;
/// Diffs of a task that are remembered, so that going to and fro between some is not taken for progress.
const DIFFS_KEPT: usize = 16;
/// Attempts that the audit log keeps, the newest.
const TRIED_KEPT: usize = 10;
/// Characters of an error that are compared.
const COMPARED: usize = 2_000;

/// What a turn left behind, each as a text or a hash of the caller's choice. What is absent is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Fingerprint {
    /// All that the task has changed so far, since it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
    /// The error that the turn ended with: the failing command and its message. Numbers, hashes, case and white space
    /// make no difference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The last tool call, with its arguments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
}

/// One attempt that did not lead to acceptance: a line of a task's audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tried {
    /// Which, from 1.
    pub attempt: u32,
    /// How it ended, with the beginning of the error.
    pub ended: String,
    /// What the worker said that it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
}

/// By what a task is found to stagnate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// The same error twice in a row, and no new diff between them.
    SameError,
    /// Three turns in a row brought no new diff.
    NoNewDiff,
    /// The same tool call three times in a row, and no new diff between them, as far as the diffs are known.
    SameCall,
}

impl fmt::Display for Sign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SameError => "the same error twice in a row, with no new change",
            Self::NoNewDiff => "three turns in a row without a new change",
            Self::SameCall => "the same tool call three times in a row",
        })
    }
}

/// What is known of one task's turns. It outlives a pause.
#[derive(Debug, Default)]
pub(crate) struct Stagnation {
    /// Of the turn that is under way, or being checked.
    present: Fingerprint,
    last_error: Option<String>,
    last_call: Option<String>,
    diffs: VecDeque<String>,
    /// Turns in a row that ended with one diff.
    still: u32,
    /// Turns in a row that ended with one call, and of which none but the first is known to have brought a new diff.
    calls: u32,
    tried: VecDeque<Tried>,
    /// Whether the task has had its diagnostic turn.
    diagnosed: bool,
}

impl Stagnation {
    /// Takes in what a turn left behind; what came later counts.
    pub(crate) fn note(&mut self, fingerprint: Fingerprint) {
        let Fingerprint { diff, error, call } = fingerprint;
        let present = &mut self.present;
        present.diff = diff.or_else(|| present.diff.take());
        present.error = error.or_else(|| present.error.take());
        present.call = call.or_else(|| present.call.take());
    }

    /// The turn that is under way is given up: what it left behind counts no more.
    pub(crate) fn forget_turn(&mut self) {
        self.present = Fingerprint::default();
    }

    /// An attempt failed; gives the sign by which the task stagnates.
    pub(crate) fn failed(&mut self, tried: Tried) -> Option<Sign> {
        self.tried.push_back(tried);
        if self.tried.len() > TRIED_KEPT {
            self.tried.pop_front();
        }
        let Fingerprint { diff, error, call } = std::mem::take(&mut self.present);
        let same_diff = diff.as_ref().is_some_and(|diff| self.diffs.contains(diff));
        let new_diff = diff.is_some() && !same_diff;
        if let Some(diff) = diff {
            self.still = if same_diff { self.still + 1 } else { 1 };
            if !same_diff {
                self.diffs.push_back(diff);
                if self.diffs.len() > DIFFS_KEPT {
                    self.diffs.pop_front();
                }
            }
        }
        let error = error.map(|error| normalised(&error));
        let same_error = error.is_some() && error == self.last_error;
        self.last_error = error;
        let same_call = call.is_some() && call == self.last_call;
        self.calls = if same_call && !new_diff { self.calls + 1 } else { 1 };
        self.last_call = call;
        if same_error && same_diff {
            Some(Sign::SameError)
        } else if same_diff && self.still >= STILL_TURNS {
            Some(Sign::NoNewDiff)
        } else if self.last_call.is_some() && self.calls >= STILL_TURNS {
            Some(Sign::SameCall)
        } else {
            None
        }
    }

    /// The task gets its diagnostic turn; whether it has not had it before.
    pub(crate) fn diagnose(&mut self) -> bool {
        !std::mem::replace(&mut self.diagnosed, true)
    }

    /// The audit log, oldest first.
    pub(crate) fn tried(&self) -> Vec<Tried> {
        self.tried.iter().cloned().collect()
    }

    /// How the last attempt that failed ended.
    pub(crate) fn last_tried(&self) -> Option<&Tried> {
        self.tried.back()
    }
}

/// Which tasks failed with which error since the mission last began to run.
#[derive(Debug, Default)]
pub(crate) struct Causes(BTreeMap<String, BTreeSet<Name>>);

impl Causes {
    /// A task's checks failed; gives the tasks that failed with this error, once these are many.
    pub(crate) fn failed(&mut self, task: Name, error: &str) -> Option<Vec<Name>> {
        self.passed(&task);
        let tasks = self.0.entry(normalised(error)).or_default();
        tasks.insert(task);
        (tasks.len() >= COMMON_CAUSE).then(|| tasks.iter().cloned().collect())
    }

    /// A task's checks passed, or fail with another error now.
    pub(crate) fn passed(&mut self, task: &Name) {
        self.0.retain(|_, tasks| {
            tasks.remove(task);
            !tasks.is_empty()
        });
    }

    /// The mission goes on: what was, counts no more.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

/// An error or a remark without what differs from one time to the next: numbers, hashes, case, white space.
pub(crate) fn normalised(text: &str) -> String {
    let mut short = String::new();
    let words = text.split_whitespace().map(|word| {
        let tokens = word.split_inclusive(|c: char| !c.is_alphanumeric());
        tokens.map(normalised_token).collect::<String>()
    });
    for word in words {
        if !short.is_empty() {
            short.push(' ');
        }
        short.push_str(&word);
        if short.len() > COMPARED {
            break;
        }
    }
    short.chars().take(COMPARED).collect()
}

/// A run of letters and digits, with what ends it.
fn normalised_token(token: &str) -> String {
    let end = token.find(|c: char| !c.is_alphanumeric()).unwrap_or(token.len());
    let (run, rest) = token.split_at(end);
    let digits = run.chars().any(|c| c.is_ascii_digit());
    if digits && run.len() >= 7 && run.chars().all(|c| c.is_ascii_hexdigit()) {
        return format!("#{rest}");
    }
    let mut out = String::new();
    for c in run.chars() {
        if !c.is_ascii_digit() {
            out.extend(c.to_lowercase());
        } else if !out.ends_with('#') {
            out.push('#');
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(stagnation: &mut Stagnation, diff: &str, error: &str) -> Option<Sign> {
        stagnation.note(Fingerprint { diff: Some(diff.into()), error: Some(error.into()), call: None });
        stagnation.failed(tried(1))
    }

    fn tried(attempt: u32) -> Tried {
        Tried { attempt, ended: "failed".into(), summary: None }
    }

    #[test]
    fn the_same_error_is_a_sign_only_where_nothing_new_was_changed() {
        let mut task = Stagnation::default();
        assert_eq!(turn(&mut task, "d1", "a.ts:3: no such name"), None);
        assert_eq!(turn(&mut task, "d2", "a.ts:3: no such name"), None, "something new was tried");
        assert_eq!(turn(&mut task, "d2", "a.ts:4: no such name"), Some(Sign::SameError));
    }

    #[test]
    fn going_to_and_fro_between_two_diffs_brings_nothing_new() {
        let mut task = Stagnation::default();
        let signs: Vec<_> = ["d1", "d2", "d1", "d2"]
            .iter()
            .zip(["e", "f", "g", "h"])
            .map(|(diff, error)| turn(&mut task, diff, error))
            .collect();
        assert_eq!(signs, [None, None, None, Some(Sign::NoNewDiff)]);
    }

    #[test]
    fn an_error_without_a_diff_says_nothing() {
        let mut task = Stagnation::default();
        for _ in 0..5 {
            task.note(Fingerprint { error: Some("e".into()), ..Fingerprint::default() });
            assert_eq!(task.failed(tried(1)), None);
        }
    }

    #[test]
    fn three_turns_that_end_with_one_call_are_a_sign() {
        let mut task = Stagnation::default();
        let mut end = || {
            task.note(Fingerprint { call: Some("bash ls".into()), ..Fingerprint::default() });
            task.failed(tried(1))
        };
        assert_eq!([end(), end(), end()], [None, None, Some(Sign::SameCall)]);
    }

    #[test]
    fn a_call_that_is_repeated_while_files_change_is_no_sign() {
        let mut task = Stagnation::default();
        let mut end = |diff: Option<&str>| {
            let (diff, call) = (diff.map(str::to_owned), Some("bash ./next-step".into()));
            task.note(Fingerprint { diff, call, ..Fingerprint::default() });
            task.failed(tried(1))
        };
        assert_eq!(["d1", "d2", "d3", "d4"].map(|diff| end(Some(diff))), [None; 4]);
        assert_eq!([end(None), end(None)], [None, Some(Sign::SameCall)], "nothing new since the fourth");
    }

    #[test]
    fn what_came_later_in_a_turn_counts_and_completes_what_came_before() {
        let mut task = Stagnation::default();
        for error in ["e", "f"] {
            task.note(Fingerprint { diff: Some("d".into()), error: Some("x".into()), call: None });
            task.note(Fingerprint { error: Some(error.into()), ..Fingerprint::default() });
            assert_eq!(task.failed(tried(1)), None);
        }
    }

    #[test]
    fn the_audit_log_keeps_the_newest() {
        let mut task = Stagnation::default();
        for attempt in 1..=12 {
            task.failed(tried(attempt));
        }
        let kept: Vec<u32> = task.tried().iter().map(|tried| tried.attempt).collect();
        assert_eq!(kept, (3..=12).collect::<Vec<u32>>());
    }

    #[test]
    fn numbers_hashes_case_and_white_space_make_no_difference() {
        let one = "Error:  12 of 340 failed\n at f (a.ts:3:14) in 3f2504e0 after 1.52s";
        let other = "error: 9 of 341 failed at f (a.ts:88:2) in 9b1deb4d after 0.7s";
        assert_eq!(normalised(one), normalised(other));
        assert_ne!(normalised("cargo: not found"), normalised("npm: not found"));
        assert_eq!(normalised(&"x ".repeat(9_000)).len(), COMPARED);
    }

    #[test]
    fn three_tasks_with_one_error_have_a_common_cause() {
        let mut causes = Causes::default();
        assert_eq!(causes.failed("a".into(), "npm: not found"), None);
        assert_eq!(causes.failed("a".into(), "npm: not found"), None, "one task twice");
        assert_eq!(causes.failed("b".into(), "npm: not found"), None);
        causes.passed(&"a".into());
        assert_eq!(causes.failed("c".into(), "npm: not found"), None);
        let all = causes.failed("a".into(), "NPM: not found").unwrap();
        assert_eq!(all, ["a", "b", "c"].map(Name::from));
    }
}
