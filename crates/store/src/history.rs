//! The past: reading it, and collecting it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use rusqlite::{Transaction, TransactionBehavior, params};

use crate::database::{Database, Durability};
use crate::document::Version;
use crate::error::{Error, ErrorKind, Result};
use crate::lock::lock;
use crate::schema;
use crate::snapshot::Snapshot;
use crate::store::Store;
use crate::view::State;

/// One version of a document in its history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// The commit that wrote or deleted it.
    pub version: Version,
    /// JSON text; `None`: deleted.
    pub value: Option<Arc<str>>,
}

/// What [`Store::collect`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Collected {
    /// The oldest version that [`Store::at`] can still read.
    pub floor: Version,
    /// How many old versions of documents were removed, deletions included.
    pub removed: usize,
}

impl Store {
    /// The documents as they were after that commit; 0 is the empty store. While the snapshot lives, this
    /// store collects nothing that it needs.
    ///
    /// Costs what was changed since that version, not the number of documents.
    ///
    /// Fails with `NotFound` (no such commit yet), `Collected`, or as reading does.
    pub fn at(&self, version: Version) -> Result<Snapshot> {
        // Pinned before the floor is looked at: a collection that starts now respects it.
        let pin = self.pins().pin(version);
        if version > self.snapshot().version() && version > self.refresh()? {
            let latest = self.snapshot().version();
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("reading version {version}: there is none yet, the latest is {latest}"),
            ));
        }
        let now = self.snapshot();
        let view = self.read("reading the past of", |tx| {
            let floor = State::read(tx)?.floor;
            if version < floor { Ok(Err(floor)) } else { now.view().rewound(tx, version).map(Ok) }
        })?;
        match view {
            Ok(view) => Ok(Snapshot::past(Arc::new(view), pin)),
            Err(floor) => Err(Error::new(
                ErrorKind::Collected,
                format!("reading version {version}: it was collected, the oldest that is left is {floor}"),
            )),
        }
    }

    /// All versions of one document that were not collected, oldest first.
    pub fn history(&self, key: &str) -> Result<Vec<Revision>> {
        self.read("reading the past of", |tx| {
            tx.prepare_cached("SELECT version, value FROM versions WHERE key = ?1 ORDER BY version")?
                .query_map([key], |row| Ok(Revision { version: row.get(0)?, value: row.get(1)? }))?
                .collect()
        })
    }

    /// Removes the history before version `keep_from`: from then on [`Store::at`] reads that version and later
    /// ones. The present is untouched, and so are the journal and all that live snapshots of [`Store::at`] of
    /// this store need. Snapshots that other processes hold are in their memory and stay as they are.
    ///
    /// Other commits wait meanwhile: about a second for a million old versions.
    pub fn collect(&self, keep_from: Version) -> Result<Collected> {
        self.committer().with_writer(|writer| {
            let keep_from = self.pins().oldest().map_or(keep_from, |pinned| pinned.min(keep_from));
            collect(writer, keep_from)
        })?
    }
}

fn collect(writer: &mut Database, keep_from: Version) -> Result<Collected> {
    // To lose a collection is harmless: it is done again.
    let normal = writer.set_durability(Durability::Normal);
    let during = |e| writer.fail("collecting old versions of", e);
    normal.map_err(during)?;
    let tx =
        Transaction::new_unchecked(writer.connection(), TransactionBehavior::Immediate).map_err(during)?;
    schema::check_not_upgraded(writer)?;
    let state = State::read(&tx).map_err(during)?;
    let floor = keep_from.min(state.version);
    if floor <= state.floor {
        return Ok(Collected { floor: state.floor, removed: 0 });
    }
    let remove = || {
        // What a later version, itself not after the floor, took the place of.
        let replaced = tx.execute(
            "DELETE FROM versions WHERE version < ?1 AND EXISTS (SELECT 1 FROM versions AS later \
             WHERE later.key = versions.key AND later.version > versions.version AND later.version <= ?1)",
            params![floor],
        )?;
        // What is deleted at the floor needs no mark of it any more: nothing older is left.
        let deleted =
            tx.execute("DELETE FROM versions WHERE value IS NULL AND version <= ?1", params![floor])?;
        // The commit at the floor stays: it may be the last one, which is the present.
        tx.execute("DELETE FROM commits WHERE version < ?1", params![floor])?;
        tx.execute("UPDATE state SET floor = ?1 WHERE only = 1", params![floor])?;
        Ok(replaced + deleted)
    };
    let removed = remove().map_err(during)?;
    tx.commit().map_err(during)?;
    Ok(Collected { floor, removed })
}

/// The versions that live snapshots of the past stand on, with how many stand on each.
#[derive(Debug, Default)]
pub(crate) struct Pins {
    counts: Mutex<BTreeMap<Version, usize>>,
}

impl Pins {
    pub(crate) fn pin(self: &Arc<Self>, version: Version) -> Pin {
        *lock(&self.counts).entry(version).or_default() += 1;
        Pin { pins: self.clone(), version }
    }

    pub(crate) fn oldest(&self) -> Option<Version> {
        lock(&self.counts).keys().next().copied()
    }
}

/// Holds the history from one version on until it is dropped.
#[derive(Debug)]
pub(crate) struct Pin {
    pins: Arc<Pins>,
    version: Version,
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut counts = lock(&self.pins.counts);
        if let Some(count) = counts.get_mut(&self.version) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.version);
            }
        }
    }
}
