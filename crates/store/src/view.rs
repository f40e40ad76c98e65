//! The documents at one version, and how they are read from the file.

use std::sync::Arc;

use imbl::OrdMap;
use rusqlite::Connection;

use crate::document::{Document, Version};

/// Keys in byte order, which is also the order of `SQLite`'s text. Persistent: a changed copy shares all that
/// did not change.
pub(crate) type Documents = OrdMap<Arc<str>, Document>;

/// All documents at one version. Immutable.
#[derive(Debug, Default)]
pub(crate) struct View {
    pub(crate) version: Version,
    pub(crate) documents: Documents,
}

/// Where the file stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct State {
    /// The last commit.
    pub(crate) version: Version,
    /// No history before this version is left.
    pub(crate) floor: Version,
}

/// What the file holds, compared with a view.
pub(crate) enum Progress {
    Unchanged,
    Newer(View),
    /// The file is at this older version: it was replaced by an earlier copy of itself.
    WentBack(Version),
}

impl State {
    pub(crate) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        connection
            .prepare_cached(
                "SELECT (SELECT coalesce(max(version), 0) FROM commits), floor FROM state WHERE only = 1",
            )?
            .query_row([], |row| Ok(Self { version: row.get(0)?, floor: row.get(1)? }))
    }
}

impl View {
    /// Reads everything. Inside a transaction, like all that follows.
    pub(crate) fn load(connection: &Connection) -> rusqlite::Result<Self> {
        let version = State::read(connection)?.version;
        let mut documents = Documents::new();
        let mut statement =
            connection.prepare("SELECT key, version, value FROM versions ORDER BY key, version")?;
        let mut rows = statement.query([])?;
        // The versions of a key come together, oldest first: the last of them is what holds.
        let mut newest: Option<(Arc<str>, Option<Document>)> = None;
        while let Some(row) = rows.next()? {
            let (key, document) = read_row(row)?;
            let superseded = newest.as_ref().is_some_and(|(last, _)| *last == key);
            if let Some((last, Some(document))) = newest.replace((key, document)).filter(|_| !superseded) {
                documents.insert(last, document);
            }
        }
        if let Some((last, Some(document))) = newest {
            documents.insert(last, document);
        }
        Ok(Self { version, documents })
    }

    /// Compares with the file, reading only what was committed since. The transaction must not have begun
    /// before `self` was the newest view.
    pub(crate) fn catch_up(&self, connection: &Connection) -> rusqlite::Result<Progress> {
        let state = State::read(connection)?;
        if state.version == self.version {
            return Ok(Progress::Unchanged);
        }
        if state.version < self.version {
            return Ok(Progress::WentBack(state.version));
        }
        // A deletion at or before the floor may have been collected before we saw it.
        if self.version < state.floor {
            return Self::load(connection).map(Progress::Newer);
        }
        let mut documents = self.documents.clone();
        let mut statement = connection.prepare_cached(
            "SELECT versions.key, versions.version, versions.value \
             FROM commits CROSS JOIN json_each(commits.keys) AS changed \
             CROSS JOIN versions ON versions.key = changed.value AND versions.version = commits.version \
             WHERE commits.version > ?1 ORDER BY commits.version",
        )?;
        let mut rows = statement.query([self.version])?;
        while let Some(row) = rows.next()? {
            match read_row(row)? {
                (key, Some(document)) => documents.insert(key, document),
                (key, None) => documents.remove(&*key),
            };
        }
        Ok(Progress::Newer(Self { version: state.version, documents }))
    }

    /// The view at an earlier version, which must not be before the floor: every document that was changed
    /// since is put back.
    pub(crate) fn rewound(&self, connection: &Connection, version: Version) -> rusqlite::Result<Self> {
        let mut documents = self.documents.clone();
        let mut statement = connection.prepare_cached(
            "SELECT changed.key, old.version, old.value \
             FROM (SELECT DISTINCT keys.value AS key FROM commits, json_each(commits.keys) AS keys \
                   WHERE commits.version > ?1) AS changed \
             LEFT JOIN versions AS old ON old.key = changed.key AND old.version = \
               (SELECT max(version) FROM versions AS v WHERE v.key = changed.key AND v.version <= ?1)",
        )?;
        let mut rows = statement.query([version])?;
        while let Some(row) = rows.next()? {
            match read_row(row)? {
                (key, Some(document)) => documents.insert(key, document),
                (key, None) => documents.remove(&*key),
            };
        }
        Ok(Self { version, documents })
    }
}

fn read_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<(Arc<str>, Option<Document>)> {
    let key = Arc::from(row.get_ref(0)?.as_str()?);
    let document = match row.get_ref(2)?.as_str_or_null()? {
        Some(value) => Some(Document { version: row.get(1)?, value: Arc::from(value) }),
        None => None,
    };
    Ok((key, document))
}
