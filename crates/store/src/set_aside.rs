//! A damaged file gives way to a new one: it is renamed, with its log, and never deleted.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::database::{Options, explain, is_in_use};
use crate::error::{Error, ErrorKind, Result};
use crate::store::Store;

/// What `SQLite` keeps beside a file, by what it adds to its name.
const COMPANIONS: &[&str] = &["-wal", "-shm"];

/// What [`Store::open_or_set_aside`] opened.
#[derive(Debug)]
pub struct Opened {
    /// The store; an empty one if the file was set aside.
    pub store: Store,
    /// The damaged file that was in its place, if any: tell people of it.
    pub set_aside: Option<SetAside>,
}

/// A damaged file that was moved out of the way.
#[derive(Clone, Debug)]
pub struct SetAside {
    /// Where it is now: its old name with `.damaged-` and the time, in UTC: `store.db.damaged-2026-11-22T18-00-00Z`.
    pub path: PathBuf,
    /// All that was moved: the file, and what was there of its log (`-wal`, `-shm`).
    pub files: Vec<PathBuf>,
    /// Why it could not be opened.
    pub reason: Error,
}

impl Store {
    /// Like [`Store::open`]; but a file of which `SQLite` says that it is corrupt or not a database is renamed, with its
    /// log, and a new one is made in its place. `now_ms` (milliseconds since 1970) dates its new name.
    ///
    /// Nothing is deleted, and nothing is set aside for any other reason: a file that is locked, of a newer schema,
    /// of another application or closed to us is refused as by [`Store::open`]. Of several processes that find the
    /// file damaged at once, one sets it aside and the others open the new one. A damaged file that another program
    /// still has open is left where it is (`Busy`): what that program commits would go with it.
    pub fn open_or_set_aside(path: impl AsRef<Path>, options: Options, now_ms: u64) -> Result<Opened> {
        let path = path.as_ref();
        let path = std::path::absolute(path)
            .map_err(|e| Error::caused(ErrorKind::Io, format!("opening {}: {e}", path.display()), e))?;
        if let Found::Store(store) = open_unless_damaged(&path, &options)? {
            return Ok(Opened { store, set_aside: None });
        }
        let guard = Guard::take(&path, &options)?;
        // Another process may have done it while we waited.
        let reason = match open_unless_damaged(&path, &options)? {
            Found::Store(store) => return Ok(Opened { store, set_aside: None }),
            Found::Damage(reason) => reason,
        };
        let during = |e| explain(&path, options.busy_timeout, "setting aside", None, e);
        if !becomes_free(&path, options.busy_timeout).map_err(during)? {
            return Err(Error::caused(
                ErrorKind::Busy,
                format!(
                    "opening {}: it is damaged, and was not set aside because another program has it open: end that \
                     program and try again ({reason})",
                    path.display()
                ),
                reason,
            ));
        }
        let moved_to = guard.free_name(&path, now_ms).map_err(during)?;
        let files = move_all(&path, &moved_to)?;
        let store = Self::open(&path, options)?;
        Ok(Opened { store, set_aside: Some(SetAside { path: moved_to, files, reason }) })
    }
}

/// Waits for those that only look, as we did: they find it damaged and let go of it.
fn becomes_free(path: &Path, timeout: Duration) -> rusqlite::Result<bool> {
    let deadline = Instant::now() + timeout;
    while path.exists() && is_in_use(path)? {
        if Instant::now() >= deadline {
            return Ok(false);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(true)
}

enum Found {
    Store(Store),
    Damage(Error),
}

fn open_unless_damaged(path: &Path, options: &Options) -> Result<Found> {
    // A log without its file is what a crash in the middle of setting aside leaves: SQLite would delete it.
    let log = with_suffix(path, "-wal");
    if !path.exists() && log.exists() {
        let found = format!("opening {}: its log {} is there without it", path.display(), log.display());
        return Ok(Found::Damage(Error::new(ErrorKind::Corrupt, found)));
    }
    match Store::open(path, options.clone()) {
        Ok(store) => Ok(Found::Store(store)),
        Err(error) if error.is_damage() => Ok(Found::Damage(error)),
        Err(error) => Err(error),
    }
}

/// The right to set a file aside, held by one process at a time: an exclusive lock of `SQLite` on an empty file beside
/// it. The lock ends with its holder; the file stays, as nobody can know whether others wait for it.
struct Guard {
    connection: Connection,
}

impl Guard {
    fn take(path: &Path, options: &Options) -> Result<Self> {
        let path: Arc<Path> = with_suffix(path, ".setting-aside").into();
        let take = || {
            let connection = Connection::open(&path)?;
            connection.busy_timeout(options.busy_timeout)?;
            connection.execute_batch("BEGIN EXCLUSIVE")?;
            Ok(connection)
        };
        let connection = take().map_err(|e| explain(&path, options.busy_timeout, "locking", None, e))?;
        Ok(Self { connection })
    }

    /// A name that nothing has, nor its companions.
    fn free_name(&self, path: &Path, now_ms: u64) -> rusqlite::Result<PathBuf> {
        let date: String = self.connection.query_row(
            "SELECT strftime('%Y-%m-%dT%H-%M-%SZ', ?1 / 1000, 'unixepoch')",
            [now_ms],
            |row| row.get(0),
        )?;
        let dated = with_suffix(path, &format!(".damaged-{date}"));
        let numbered = (2..).map(|n| with_suffix(&dated, &format!(".{n}")));
        let free = |name: &PathBuf| {
            !name.exists() && COMPANIONS.iter().all(|suffix| !with_suffix(name, suffix).exists())
        };
        Ok(std::iter::once(dated.clone()).chain(numbered).find(free).expect("the numbers don't end"))
    }
}

/// Gives what was moved. The file goes first: a crash in between leaves a log without its file, which the next opening
/// moves too, while a file without its log would pass for an older state.
fn move_all(from: &Path, to: &Path) -> Result<Vec<PathBuf>> {
    let mut moved = Vec::new();
    for suffix in std::iter::once(&"").chain(COMPANIONS) {
        let (from, to) = (with_suffix(from, suffix), with_suffix(to, suffix));
        match fs::rename(&from, &to) {
            Ok(()) => moved.push(to),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                let kind = match error.kind() {
                    std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
                        ErrorKind::ReadOnly
                    }
                    _ => ErrorKind::Io,
                };
                let message = format!(
                    "setting aside {}: it is damaged and could not be renamed to {}: {error}; move it away by hand",
                    from.display(),
                    to.display()
                );
                return Err(Error::caused(kind, message, error));
            }
        }
    }
    Ok(moved)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
