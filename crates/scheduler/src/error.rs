//! The one error of this crate: opaque, with a kind and the list of what was wrong.

use std::{error::Error as StdError, fmt};

use serde::Serialize;

/// What went wrong, for code that has to decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A plan or a delegation was refused; nothing changed. See [`Error::problems`].
    InvalidPlan,
    /// The configuration was refused. See [`Error::problems`].
    InvalidConfig,
    /// A named task does not exist.
    UnknownTask,
    /// A task is not in the state that was needed; nothing changed.
    WrongState,
    /// The journal could not be written or read; no command left.
    Journal,
}

/// One thing that is wrong with the input, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// Where, in the names that the input has: `tasks[3].depends_on[0]`.
    pub path: String,
    /// What, and what to do.
    pub message: String,
}

impl Problem {
    pub(crate) fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }
}

/// Why the scheduler refused an input or could not keep its journal.
#[derive(Debug, thiserror::Error)]
pub struct Error {
    kind: ErrorKind,
    context: String,
    problems: Vec<Problem>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, context: impl Into<String>) -> Self {
        Self { kind, context: context.into(), problems: Vec::new(), source: None }
    }

    pub(crate) fn with_problems(kind: ErrorKind, context: impl Into<String>, problems: Vec<Problem>) -> Self {
        Self { kind, context: context.into(), problems, source: None }
    }

    pub(crate) fn caused_by(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// What went wrong, for code that has to decide.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Every problem that was found; empty where the error is about no input.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.context)?;
        for (at, problem) in self.problems.iter().enumerate() {
            let before = if at == 0 { ": " } else { "\n" };
            write!(f, "{before}{}: {}", problem.path, problem.message)?;
        }
        Ok(())
    }
}
