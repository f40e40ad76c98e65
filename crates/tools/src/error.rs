//! The one error of this crate: opaque, with a kind.

use std::fmt;

/// What went wrong, for code that has to decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The bytes are no UTF-8 text, or have a NUL in them.
    NotText,
    /// There are more bytes than the limit allows.
    TooLarge,
    /// The time limit was reached.
    TimedOut,
    /// The cancel flag was set.
    Cancelled,
}

/// Why a tool gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    message: String,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// What went wrong, for code that has to decide.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
