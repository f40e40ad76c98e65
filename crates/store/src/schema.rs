//! The tables of the file, and how a file of an older version becomes one of this version.

use std::path::Path;
use std::time::Instant;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::database::Database;
use crate::error::{Error, ErrorKind, Result};

/// `PRAGMA application_id`: the bytes "ocor". It tells our files from those of other programs.
pub(crate) const APPLICATION_ID: i32 = 0x6f63_6f72;

/// `MIGRATIONS[n]` takes a file from schema version `n` to `n + 1`; version 0 is an empty file.
const MIGRATIONS: &[&str] = &[include_str!("schema/1.sql"), include_str!("schema/2.sql")];

/// `PRAGMA user_version` of the files that this crate writes.
pub(crate) const SCHEMA_VERSION: usize = MIGRATIONS.len();

/// What a file says about itself before anything was written to it.
struct Identity {
    application: i32,
    version: i64,
    tables: i64,
}

impl Identity {
    fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let number = |sql| connection.query_row(sql, [], |row| row.get(0));
        Ok(Self {
            application: connection.query_row("PRAGMA application_id", [], |row| row.get(0))?,
            version: number("PRAGMA user_version")?,
            tables: number("SELECT count(*) FROM sqlite_schema")?,
        })
    }

    fn is_empty(&self) -> bool {
        self.application == 0 && self.version == 0 && self.tables == 0
    }

    /// The schema version to start migrating from.
    fn accept(&self, path: &Path) -> Result<usize> {
        if self.is_empty() {
            return Ok(0);
        }
        let path = path.display();
        if self.application != APPLICATION_ID {
            return Err(Error::new(
                ErrorKind::Foreign,
                format!(
                    "opening {path}: it is an SQLite database of another application (application_id {:#x}, \
                     {} tables) and was left as it is; name another file for the store",
                    self.application, self.tables
                ),
            ));
        }
        match usize::try_from(self.version) {
            Ok(version) if version > SCHEMA_VERSION => Err(Error::new(
                ErrorKind::NewerSchema,
                format!(
                    "opening {path}: it has schema version {version}, this program knows up to {SCHEMA_VERSION}; \
                     the file was left as it is: upgrade opencode-orchestrator"
                ),
            )),
            Ok(version) if version > 0 => Ok(version),
            _ => Err(Error::new(
                ErrorKind::Corrupt,
                format!("opening {path}: its schema version is {}, which none ever had", self.version),
            )),
        }
    }
}

/// Brings the file up to [`SCHEMA_VERSION`] and into WAL mode. A file that is refused was not written to.
///
/// With `existing`, a file that would have to be brought up is refused.
///
/// Several processes may do this at once to a new file: whoever finds it locked tries again until the busy
/// timeout is over (`SQLite` does not wait by itself while the journal mode changes).
pub(crate) fn prepare(db: &Database, existing: bool) -> Result<()> {
    let deadline = Instant::now() + db.busy_timeout();
    loop {
        match prepare_once(db, existing) {
            Err(error) if error.kind() == ErrorKind::Busy && Instant::now() < deadline => {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            result => return result,
        }
    }
}

fn prepare_once(db: &Database, existing: bool) -> Result<()> {
    let connection = db.connection();
    let identity = {
        // In one transaction: another process may be making the tables.
        let during = |e| db.fail("opening", e);
        let tx = Transaction::new_unchecked(connection, TransactionBehavior::Deferred).map_err(during)?;
        Identity::read(&tx).map_err(during)?
    };
    let version = identity.accept(db.path())?;
    if version < SCHEMA_VERSION && existing {
        return Err(Error::new(
            ErrorKind::OlderSchema,
            format!(
                "opening {}: it has schema version {version} of {SCHEMA_VERSION} and was left as it is; \
                 OpenCode upgrades it when it next opens it",
                db.path().display()
            ),
        ));
    }
    if version < SCHEMA_VERSION {
        migrate(db)?;
    }
    // A new file got its tables in one rollback-journal commit, so its header names us from the first
    // moment on; only then it becomes a WAL file.
    let mode: String = connection
        .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
        .map_err(|e| db.fail("switching to write-ahead logging", e))?;
    if mode == "wal" {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Io,
        format!(
            "opening {}: the file system can't do write-ahead logging (journal mode is {mode:?}); \
             put the store on a local disk",
            db.path().display()
        ),
    ))
}

fn migrate(db: &Database) -> Result<()> {
    let during = |e| db.fail("creating or upgrading the tables of", e);
    let tx = Transaction::new_unchecked(db.connection(), TransactionBehavior::Immediate).map_err(during)?;
    // Another process may have done it since we looked.
    let from = Identity::read(&tx).map_err(during)?.accept(db.path())?;
    for step in MIGRATIONS.iter().skip(from) {
        tx.execute_batch(step).map_err(during)?;
    }
    tx.pragma_update(None, "application_id", APPLICATION_ID).map_err(during)?;
    tx.pragma_update(None, "user_version", SCHEMA_VERSION).map_err(during)?;
    tx.commit().map_err(during)
}

/// Refuses to write to a file that a newer program has upgraded since it was opened: we would leave out what its
/// schema asks for. Called by all that writes, under the write lock.
pub(crate) fn check_not_upgraded(db: &Database) -> Result<()> {
    let version: usize = db
        .connection()
        .prepare_cached("PRAGMA user_version")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
        .map_err(|e| db.fail("writing to", e))?;
    if version == SCHEMA_VERSION {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::NewerSchema,
        format!(
            "writing to {}: another program made its schema version {version} of {SCHEMA_VERSION} while it was open here; \
             nothing was written: start this program again, in its newest version",
            db.path().display()
        ),
    ))
}
