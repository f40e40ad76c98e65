//! What can go wrong: one opaque error whose kind a caller can act on.

use std::fmt;
use std::sync::Arc;

/// The result of every fallible call of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call failed, as far as a caller can act on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Something that the transaction read was changed by a commit before its own: run it again.
    Conflict,
    /// Another program held the file's write lock for longer than [`crate::Options::busy_timeout`].
    Busy,
    /// No room: the disk, a quota or a limit on the size of files.
    Full,
    /// The file or its folder can't be written.
    ReadOnly,
    /// Not a store, or a damaged one.
    Corrupt,
    /// The file is an `SQLite` database of another application.
    Foreign,
    /// The file was written by a newer version of this crate.
    NewerSchema,
    /// The file was written by an older version of this crate, and [`crate::Options::existing`] keeps it as it is.
    OlderSchema,
    /// The folder of the file, or the version asked for, does not exist.
    NotFound,
    /// A key, a stream's name or a record's kind breaks the rules of [`crate::MAX_KEY_BYTES`].
    InvalidKey,
    /// A value is not JSON, or larger than [`crate::MAX_VALUE_BYTES`].
    InvalidValue,
    /// The version asked for was collected.
    Collected,
    /// The store was closed.
    Closed,
    /// The operating system refused to read, write or sync.
    Io,
}

/// A key that stood in the way of a commit.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Conflict {
    /// The key that has a newer version (or is gone, or is new).
    pub key: String,
    /// The prefix that was scanned and holds this key; `None` when the key was read by its name.
    pub prefix: Option<String>,
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.prefix {
            Some(prefix) => write!(f, "{:?} (in the scan of {prefix:?})", self.key),
            None => write!(f, "{:?}", self.key),
        }
    }
}

/// The error of this crate. Its message says what was tried, what was found and what to do.
#[derive(Clone)]
pub struct Error {
    inner: Arc<Inner>,
}

struct Inner {
    kind: ErrorKind,
    message: String,
    conflicts: Vec<Conflict>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { inner: Arc::new(Inner { kind, message: message.into(), conflicts: Vec::new(), source: None }) }
    }

    pub(crate) fn caused(
        kind: ErrorKind,
        message: impl Into<String>,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        let source = Some(Box::new(source) as Box<dyn std::error::Error + Send + Sync>);
        Self { inner: Arc::new(Inner { kind, message: message.into(), conflicts: Vec::new(), source }) }
    }

    /// A commit that lost against others. `conflicts` is not empty.
    pub(crate) fn conflict(conflicts: Vec<Conflict>) -> Self {
        const NAMED: usize = 5;
        let names: Vec<String> = conflicts.iter().take(NAMED).map(ToString::to_string).collect();
        let more = match conflicts.len().saturating_sub(NAMED) {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        let message = format!(
            "commit refused: {}{more} changed since this transaction's snapshot; read again and repeat it",
            names.join(", ")
        );
        Self { inner: Arc::new(Inner { kind: ErrorKind::Conflict, message, conflicts, source: None }) }
    }

    /// Why it failed.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// Does `SQLite` itself say that the file is damaged or no database? Not so for a file that is locked, of a newer
    /// schema, another application's, without our tables, or closed to us.
    pub(crate) fn is_damage(&self) -> bool {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        let source = self.inner.source.as_deref().and_then(|source| source.downcast_ref::<rusqlite::Error>());
        source
            .and_then(rusqlite::Error::sqlite_error_code)
            .is_some_and(|code| matches!(code, DatabaseCorrupt | NotADatabase))
    }

    /// The keys that changed under the transaction, sorted; empty unless the kind is
    /// [`ErrorKind::Conflict`].
    #[must_use]
    pub fn conflicts(&self) -> &[Conflict] {
        &self.inner.conflicts
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.inner.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error").field("kind", &self.inner.kind).field("message", &self.inner.message).finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.inner.source {
            Some(source) => Some(&**source),
            None => None,
        }
    }
}
