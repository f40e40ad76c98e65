//! One connection to the file: how it is opened, how it is set up, and what its errors mean.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, ffi};

use crate::error::{Error, ErrorKind, Result};

/// How the file is used. The defaults are right for a project's store on a local disk.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// How long a commit waits while another process writes, before it fails with
    /// [`ErrorKind::Busy`]. Readers never wait. Default 5 s.
    pub busy_timeout: Duration,
    /// The write-ahead log is copied into the file by the commit that finds it this many pages of 4 KiB
    /// long (`PRAGMA wal_autocheckpoint`). More makes commits steadier and the next open slower. At 0
    /// it happens only when the last process closes the file. Default 1000, about 4 MB.
    pub checkpoint_pages: u32,
    /// After a burst the log is cut back to this many bytes (`PRAGMA journal_size_limit`). Default 16 MiB.
    pub log_size_limit: u64,
    /// How much of the file is mapped into memory (`PRAGMA mmap_size`), in bytes. Default 0: documents are
    /// read from the snapshot in memory anyway, and an I/O error under a mapping would kill the process
    /// where a read returns it.
    pub mmap_bytes: u64,
    /// How much of the file each of the store's two connections keeps in memory at most (`PRAGMA cache_size`), in bytes.
    /// A commit that changes more than fits is written to the log in parts and read back from there. Taken as it is
    /// needed, not beforehand. Default 16 MiB.
    pub cache_bytes: u64,
    /// Open a file that is there and of this version, or none: nothing is made and nothing upgraded, for programs that
    /// only look. Default false.
    pub existing: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            busy_timeout: Duration::from_secs(5),
            checkpoint_pages: 1000,
            log_size_limit: 16 * 1024 * 1024,
            mmap_bytes: 0,
            cache_bytes: 16 * 1024 * 1024,
            existing: false,
        }
    }
}

/// What a commit survives. `PRAGMA synchronous` is set accordingly, commit by commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Durability {
    /// Survives a crash or kill of the process at once; a power loss may take back the newest commits, in
    /// order, never a part of one and never one that a later [`Durability::Full`] commit followed.
    Normal,
    /// On the disk (`fsync`, `F_FULLFSYNC` on macOS) before the commit returns.
    Full,
}

/// A connection with the path and the limits that its error messages name.
pub(crate) struct Database {
    connection: Connection,
    path: Arc<Path>,
    busy_timeout: Duration,
    synchronous: Option<Durability>,
}

impl Database {
    /// Opens the file for the first time in this store, or creates it; its content was not looked at yet.
    pub(crate) fn create(path: &Arc<Path>, options: &Options) -> Result<Self> {
        let folder = path.parent().unwrap_or(path);
        if !folder.is_dir() {
            return Err(Error::new(
                ErrorKind::NotFound,
                format!(
                    "opening {}: there is no folder {}; create it first",
                    path.display(),
                    folder.display()
                ),
            ));
        }
        if options.existing && !path.exists() {
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("opening {}: there is no such file, and none was made", path.display()),
            ));
        }
        let create = if options.existing { OpenFlags::empty() } else { OpenFlags::SQLITE_OPEN_CREATE };
        let db = Self::connect(path, options, create)?;
        // Until we know that the file is ours, closing it must not fold its log into it.
        db.set_checkpoint_on_close(!has_log(path))?;
        match db.connection.is_readonly("main") {
            Ok(false) => Ok(db),
            Ok(true) => Err(Error::new(
                ErrorKind::ReadOnly,
                format!("opening {}: the file can't be written; check its permissions", path.display()),
            )),
            Err(e) => Err(db.fail("opening", e)),
        }
    }

    /// Opens one more connection to a file that [`Database::create`] opened; it can't write.
    pub(crate) fn open_reader(path: &Arc<Path>, options: &Options) -> Result<Self> {
        let db = Self::connect(path, options, OpenFlags::empty())?;
        db.configure(options)?;
        db.connection.pragma_update(None, "query_only", true).map_err(|e| db.fail("opening", e))?;
        Ok(db)
    }

    fn connect(path: &Arc<Path>, options: &Options, extra: OpenFlags) -> Result<Self> {
        // The locks of the store serialise each connection, so SQLite needs no mutex of its own.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | extra;
        let connection = Connection::open_with_flags(path, flags).map_err(|error| {
            // SQLite doesn't say why, and there is no connection to ask.
            let creating = extra.contains(OpenFlags::SQLITE_OPEN_CREATE) && !path.exists();
            let reason = creating.then(|| std::fs::File::create_new(path).err()).flatten();
            explain(path, options.busy_timeout, "opening", reason, error)
        })?;
        let db =
            Self { connection, path: path.clone(), busy_timeout: options.busy_timeout, synchronous: None };
        db.connection.busy_timeout(options.busy_timeout).map_err(|e| db.fail("opening", e))?;
        Ok(db)
    }

    /// Settings that hold for the life of the connection; called once the file is known to be ours.
    pub(crate) fn configure(&self, options: &Options) -> Result<()> {
        let set = || {
            let c = &self.connection;
            c.pragma_update(None, "wal_autocheckpoint", options.checkpoint_pages)?;
            c.pragma_update(None, "journal_size_limit", options.log_size_limit)?;
            c.pragma_update(None, "mmap_size", options.mmap_bytes)?;
            // Negative: in units of 1024 bytes, not in pages.
            c.pragma_update(None, "cache_size", -cache_kib(options.cache_bytes))?;
            // Without these a power loss on macOS can lose what fsync reported as written.
            c.pragma_update(None, "fullfsync", true)?;
            c.pragma_update(None, "checkpoint_fullfsync", true)?;
            // The file may have been edited by others: notice malformed pages, run no functions from it.
            c.pragma_update(None, "cell_size_check", true)?;
            c.pragma_update(None, "trusted_schema", false)
        };
        set().map_err(|e| self.fail("opening", e))?;
        self.set_checkpoint_on_close(true)
    }

    fn set_checkpoint_on_close(&self, on: bool) -> Result<()> {
        self.connection
            .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, !on)
            .map(|_| ())
            .map_err(|e| self.fail("opening", e))
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn busy_timeout(&self) -> Duration {
        self.busy_timeout
    }

    /// Sets what the next commits on this connection survive. Not inside a transaction.
    pub(crate) fn set_durability(&mut self, durability: Durability) -> rusqlite::Result<()> {
        if self.synchronous != Some(durability) {
            let level = match durability {
                Durability::Normal => "NORMAL",
                Durability::Full => "FULL",
            };
            self.connection.pragma_update(None, "synchronous", level)?;
            self.synchronous = Some(durability);
        }
        Ok(())
    }

    /// Is another file, or none, where this one was opened?
    pub(crate) fn has_moved(&self) -> Result<bool> {
        let mut moved: std::ffi::c_int = 0;
        // SAFETY: the handle is used for one call, while `self` keeps the connection open.
        let handle = unsafe { self.connection.handle() };
        // SAFETY: `handle` is an open connection that no other thread uses while we hold `&self`, and this operation
        // writes one integer to where its last argument points.
        let found = unsafe {
            ffi::sqlite3_file_control(
                handle,
                c"main".as_ptr(),
                ffi::SQLITE_FCNTL_HAS_MOVED,
                (&raw mut moved).cast(),
            )
        };
        match found {
            // Windows doesn't know the question: there a file that is open can't be moved.
            ffi::SQLITE_NOTFOUND => Ok(false),
            code => check(code).map(|()| moved != 0).map_err(|e| self.fail("opening", e)),
        }
    }

    pub(crate) fn close(self) -> Result<()> {
        let Self { connection, path, busy_timeout, .. } = self;
        connection.close().map_err(|(_, e)| explain(&path, busy_timeout, "closing", None, e))
    }

    /// Turns an error of `SQLite` into one that says what was `action` (as in "opening") and what to do.
    pub(crate) fn fail(&self, action: &str, error: rusqlite::Error) -> Error {
        explain(&self.path, self.busy_timeout, action, self.system_error(&error), error)
    }

    /// The operating system's reason for an I/O error: `SQLite` reports a quota or a limit on the size of
    /// files as a plain write error.
    fn system_error(&self, error: &rusqlite::Error) -> Option<std::io::Error> {
        let code = error.sqlite_error_code()?;
        if !matches!(code, ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) {
            return None;
        }
        // SAFETY: the handle is used for one call, while `self` keeps the connection open.
        let handle = unsafe { self.connection.handle() };
        // SAFETY: `handle` is an open connection, and no other thread uses it while we hold `&self`
        // (`Connection` is not `Sync`).
        let number = unsafe { ffi::sqlite3_system_errno(handle) };
        (number != 0).then(|| std::io::Error::from_raw_os_error(number))
    }
}

/// Has anyone, of this process or another, the file open? Every connection to a file in WAL mode holds a shared lock on
/// it, so whoever gets the exclusive one is alone. Asked of the lock itself, since `SQLite` reads a file before it locks
/// it exclusively, and a damaged one can't be read. The caller must have no connection to the file that it still needs.
pub(crate) fn is_in_use(path: &Path) -> rusqlite::Result<bool> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    let mut file: *mut ffi::sqlite3_file = std::ptr::null_mut();
    // SAFETY: the handle is used for calls of this function only, which ends before `connection` is dropped.
    let handle = unsafe { connection.handle() };
    // SAFETY: `handle` is an open connection, and this operation writes one pointer to where its last argument points.
    let found = unsafe {
        ffi::sqlite3_file_control(
            handle,
            c"main".as_ptr(),
            ffi::SQLITE_FCNTL_FILE_POINTER,
            (&raw mut file).cast(),
        )
    };
    check(found)?;
    // SAFETY: SQLite gave us the file of an open database, which has its methods for as long as it is open.
    let methods = unsafe { (*file).pMethods };
    // SAFETY: they are a constant table of SQLite's.
    let methods = unsafe { *methods };
    let (lock, unlock) = methods.xLock.zip(methods.xUnlock).expect("every file of SQLite's own has locks");
    // SAFETY: the file is open and unlocked: nothing was read from it. A shared lock is the first step.
    let mut found = unsafe { lock(file, ffi::SQLITE_LOCK_SHARED) };
    if found == ffi::SQLITE_OK {
        // SAFETY: the file is open and we have the shared lock, from which an exclusive one may be asked for.
        found = unsafe { lock(file, ffi::SQLITE_LOCK_EXCLUSIVE) };
        // SAFETY: the file is open; giving back all locks is allowed from every state.
        check(unsafe { unlock(file, ffi::SQLITE_LOCK_NONE) })?;
    }
    match found {
        ffi::SQLITE_BUSY => Ok(true),
        code => check(code).map(|()| false),
    }
}

fn check(code: std::ffi::c_int) -> rusqlite::Result<()> {
    if code == ffi::SQLITE_OK {
        Ok(())
    } else {
        Err(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None))
    }
}

/// Not 0, which to `SQLite` means its default.
fn cache_kib(bytes: u64) -> i64 {
    i64::try_from(bytes / 1024).unwrap_or(i64::MAX).max(1)
}

/// Is there a log that closing the database would fold into it?
fn has_log(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).is_ok_and(|file| file.len() > 0)
}

pub(crate) fn explain(
    path: &Path,
    busy_timeout: Duration,
    action: &str,
    system: Option<std::io::Error>,
    error: rusqlite::Error,
) -> Error {
    let kind = kind_of(&error, system.as_ref().map(std::io::Error::kind));
    let found = match system {
        Some(system) => format!("{error} ({system})"),
        None => error.to_string(),
    };
    let advice = match kind {
        ErrorKind::Busy => {
            let waited = busy_timeout.as_millis();
            return Error::caused(
                kind,
                format!(
                    "{action} {}: another program kept the file locked for {waited} ms ({found}); \
                     try again, or end the program that holds it",
                    path.display()
                ),
                error,
            );
        }
        ErrorKind::Full => "free some space; what was committed before is intact",
        ErrorKind::ReadOnly => "check the permissions of the file and of its folder",
        ErrorKind::Corrupt => {
            "this is not a store or it is damaged: move it away, with its -wal file, to start anew"
        }
        ErrorKind::InvalidValue => "make it smaller",
        _ => {
            "check the disk, and the permissions of the file and its folder; what was committed before is intact"
        }
    };
    Error::caused(kind, format!("{action} {}: {found}; {advice}", path.display()), error)
}

fn kind_of(error: &rusqlite::Error, system: Option<std::io::ErrorKind>) -> ErrorKind {
    use std::io::ErrorKind as System;
    match system {
        Some(System::StorageFull | System::QuotaExceeded | System::FileTooLarge) => return ErrorKind::Full,
        Some(System::ReadOnlyFilesystem | System::PermissionDenied) => return ErrorKind::ReadOnly,
        _ => {}
    }
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed) => {
            ErrorKind::Busy
        }
        Some(ErrorCode::DiskFull) => ErrorKind::Full,
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => ErrorKind::ReadOnly,
        Some(ErrorCode::TooBig) => ErrorKind::InvalidValue,
        Some(
            ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::OutOfMemory
            | ErrorCode::NoLargeFileSupport
            | ErrorCode::OperationInterrupted,
        ) => ErrorKind::Io,
        // What is left are damaged pages, and tables or rows that are not as this crate writes them.
        _ => ErrorKind::Corrupt,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_options_are_set_on_each_connection() {
        let folder = tempfile::tempdir().unwrap();
        let path = Arc::from(folder.path().join("store.db"));
        let options = Options {
            busy_timeout: Duration::from_millis(70),
            checkpoint_pages: 30,
            log_size_limit: 40_000,
            mmap_bytes: 65_536,
            cache_bytes: 4096 * 1024,
            existing: false,
        };
        let writer = Database::create(&path, &options).unwrap();
        writer.configure(&options).unwrap();
        for db in [writer, Database::open_reader(&path, &options).unwrap()] {
            let number = |pragma: &str| -> i64 {
                db.connection().query_row(&format!("PRAGMA {pragma}"), [], |row| row.get(0)).unwrap()
            };
            assert_eq!(number("busy_timeout"), 70);
            assert_eq!(number("wal_autocheckpoint"), 30);
            assert_eq!(number("journal_size_limit"), 40_000);
            assert_eq!(number("mmap_size"), 65_536);
            assert_eq!(number("cache_size"), -4096);
        }
    }
}
