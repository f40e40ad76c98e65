//! What a search could not look at: told beside the result, because the rest of the result stands.

use std::{
    io,
    path::Path,
    sync::{Mutex, PoisonError},
};

use serde::Serialize;

use crate::walk::shown;

/// Most problems that are told one by one; the others are counted.
const MAX_TOLD: usize = 100;

/// Why something was not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ProblemKind {
    /// It was there when its folder was read, and gone when it was opened.
    Vanished,
    /// The system doesn't let this user read it.
    Denied,
    /// A symbolic link to a folder that it is in.
    Loop,
    /// A pipe, a socket or a device.
    Special,
    /// A line, or with `multiline` the whole file, is longer than what is kept in memory.
    TooLong,
    /// A line of an ignore file that can't be understood: the others count.
    IgnoreFile,
    /// Any other error of the system.
    Io,
}

/// Something that was not looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// Relative to the root, with `/`; as the system names it where it is outside of the root.
    pub path: String,
    /// In a sentence.
    pub message: String,
    /// What kind it is.
    pub kind: ProblemKind,
}

/// Collects problems from several threads.
#[derive(Default)]
pub(crate) struct Problems(Mutex<Told>);

#[derive(Default)]
struct Told {
    first: Vec<Problem>,
    count: u64,
}

impl Problems {
    pub(crate) fn add(&self, root: &Path, path: &Path, kind: ProblemKind, message: impl Into<String>) {
        let problem = Problem { path: shown(root, path), message: message.into(), kind };
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.count += 1;
        if told.first.len() < MAX_TOLD {
            told.first.push(problem);
        }
    }

    pub(crate) fn add_io(&self, root: &Path, path: &Path, error: &io::Error) {
        self.add(root, path, kind_of(error), error.to_string());
    }

    /// What ended the search of a file.
    pub(crate) fn add_searched(&self, root: &Path, path: &Path, error: &io::Error) {
        // The searcher has no kind for its own limit, and gives it as an error without one of the system.
        if error.raw_os_error().is_none() && error.to_string().contains("allocation limit") {
            self.add(
                root,
                path,
                ProblemKind::TooLong,
                "a line has more than 64 MiB: what is before it was searched",
            );
        } else {
            self.add_io(root, path, error);
        }
    }

    /// What the walk says, which may be several problems in one.
    pub(crate) fn add_walk(&self, root: &Path, path: &Path, error: &ignore::Error) {
        match error {
            ignore::Error::Partial(errors) => {
                for error in errors {
                    self.add_walk(root, path, error);
                }
            }
            ignore::Error::WithPath { path, err } => self.add_walk(root, path, err),
            ignore::Error::WithDepth { err, .. } => self.add_walk(root, path, err),
            ignore::Error::Loop { ancestor, child } => {
                let message = format!("a link back to {}", shown(root, ancestor));
                self.add(root, child, ProblemKind::Loop, message);
            }
            ignore::Error::Io(error) => self.add_io(root, path, error),
            other => self.add(root, path, ProblemKind::IgnoreFile, other.to_string()),
        }
    }

    /// The problems by path, and how many there were in all.
    pub(crate) fn into_told(self) -> (Vec<Problem>, u64) {
        let Told { mut first, count } = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        first.sort();
        (first, count)
    }
}

fn kind_of(error: &io::Error) -> ProblemKind {
    match error.kind() {
        io::ErrorKind::NotFound => ProblemKind::Vanished,
        io::ErrorKind::PermissionDenied => ProblemKind::Denied,
        _ => ProblemKind::Io,
    }
}
