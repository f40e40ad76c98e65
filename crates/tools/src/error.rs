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
    /// A pattern is no regular expression, or one that can match nothing; [`Error::place`] says where.
    InvalidPattern,
    /// A glob can't be read; [`Error::place`] says where.
    InvalidGlob,
    /// A file type has a name that is not known.
    UnknownFileType,
    /// A language has a name that is not known.
    UnknownLanguage,
    /// A rule of ast-grep's is no YAML, or makes no sense.
    InvalidRule,
    /// The folder or file to look in is not there, can't be read, or is neither folder nor file.
    InvalidRoot,
}

/// A place in one of several patterns or globs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// Which of them, from 0.
    pub index: usize,
    /// 1-based; counts characters (Unicode code points).
    pub column: usize,
}

/// Why a tool gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    place: Option<Place>,
    said: Option<String>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), place: None, said: None }
    }

    /// A fault of the text at a byte of it, which begins a character. The message quotes the text, the column and the
    /// character there.
    pub(crate) fn at(kind: ErrorKind, text: &str, index: usize, byte: usize, what: &str) -> Self {
        let (before, after) = text.split_at(byte);
        let column = before.chars().count() + 1;
        let found =
            after.chars().next().map_or_else(|| "at its end".to_owned(), |found| format!("at `{found}`"));
        let noun = if kind == ErrorKind::InvalidGlob { "glob" } else { "pattern" };
        let message = format!("the {noun} `{text}` is refused at column {column}, {found}: {what}");
        Self { kind, message, place: Some(Place { index, column }), said: None }
    }

    /// Keeps what the library below said of it.
    pub(crate) fn said_below(mut self, said: impl Into<String>) -> Self {
        self.said = Some(said.into());
        self
    }

    /// What went wrong, for code that has to decide.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Where in the patterns or globs that were given, if it is about one place in them.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        self.place
    }

    /// Of a refused pattern, ripgrep's own words.
    #[must_use]
    pub fn said(&self) -> Option<&str> {
        self.said.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
