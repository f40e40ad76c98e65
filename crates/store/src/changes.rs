//! What changed since a version, for whoever watches.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};

use crate::document::Version;
use crate::error::{Error, ErrorKind, Result};
use crate::store::Store;
use crate::view::State;

/// What [`Store::changes`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// The last commit that was looked at: what to ask for the next time. Snapshots of this store taken from now on hold
    /// that commit.
    pub version: Version,
    /// The documents that were written or deleted, sorted, each once.
    pub keys: Vec<String>,
    /// The journal streams that were appended to, sorted, each once.
    pub streams: Vec<String>,
}

impl Store {
    /// The documents and streams whose names start with `prefix` and that commits after version `since` changed, in this
    /// process and in others.
    ///
    /// Whoever takes a snapshot and then asks for the changes since its version misses nothing between the two; and who
    /// asks again, each time with the version of the last answer, misses nothing ever and is told nothing twice. When
    /// nothing was committed it costs as much as [`Store::refresh`]: one cached query on memory that the processes
    /// share. Otherwise it costs what was committed since.
    ///
    /// Fails with `Collected` when the list of the commits after `since` was collected (read all anew then), with `NotFound`
    /// for a version that is not there yet, or as reading does.
    ///
    /// ```
    /// # use orchestrator_store::{Durability, Options, Store};
    /// # let folder = tempfile::tempdir().unwrap();
    /// let store = Store::open(folder.path().join("store.db"), Options::default())?;
    /// let seen = store.snapshot().version();
    /// let mut tx = store.begin()?;
    /// tx.put("task/1", "true")?;
    /// tx.append("log", "done", 0, "null")?;
    /// tx.commit(Durability::Normal)?;
    ///
    /// let changes = store.changes("", seen)?;
    /// assert_eq!((changes.keys, changes.streams), (vec!["task/1".to_owned()], vec!["log".to_owned()]));
    /// assert_eq!(store.changes("", changes.version)?.keys.len(), 0);
    /// # Ok::<(), orchestrator_store::Error>(())
    /// ```
    pub fn changes(&self, prefix: &str, since: Version) -> Result<Changes> {
        let version = self.refresh()?;
        if since == version {
            return Ok(Changes { version, keys: Vec::new(), streams: Vec::new() });
        }
        if since > version {
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("changes since version {since}: there is none yet, the latest is {version}"),
            ));
        }
        let found = self.read("reading the changes of", |tx| {
            let floor = State::read(tx)?.floor;
            if since < floor {
                return Ok(Err(floor));
            }
            let names = |column| changed(tx, column, prefix, since, version);
            Ok(Ok(Changes { version, keys: names("keys")?, streams: names("streams")? }))
        })?;
        found.map_err(|floor| {
            Error::new(
                ErrorKind::Collected,
                format!(
                    "changes since version {since}: they were collected, the oldest that are left are those since {floor}; \
                     read the documents anew"
                ),
            )
        })
    }
}

/// `column` is a column of `commits` that holds a JSON array of names. Commits after `until` are not in the view yet.
fn changed(
    connection: &Connection,
    column: &str,
    prefix: &str,
    since: Version,
    until: Version,
) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT name.value FROM commits, json_each(commits.{column}) AS name \
         WHERE commits.version > ?1 AND commits.version <= ?2"
    ))?;
    let mut rows = statement.query(params![since, until])?;
    let mut names = BTreeSet::new();
    while let Some(row) = rows.next()? {
        let name = row.get_ref(0)?.as_str()?;
        if name.starts_with(prefix) && !names.contains(name) {
            names.insert(name.to_owned());
        }
    }
    Ok(names.into_iter().collect())
}
