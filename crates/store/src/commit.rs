//! Writing commits: whoever comes first writes for all that wait (group commit).
//!
//! A thread that commits puts its change into the queue. If nobody leads, it leads: it takes all that wait,
//! writes them in one `SQLite` transaction, each with its own version and in the order of the queue, and
//! wakes their threads. One `fsync` thus serves many commits, and a lone thread pays nothing for it.

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError, TryLockError};

use arc_swap::ArcSwap;
use rusqlite::{Connection, TransactionBehavior, params};

use crate::database::{Database, Durability};
use crate::document::{Document, Version};
use crate::error::{Error, ErrorKind, Result};
use crate::journal::Appender;
use crate::lock::lock;
use crate::schema;
use crate::transaction::Change;
use crate::view::{Progress, View};

/// The one writing connection of a store, and the commits that wait for it.
pub(crate) struct Committer {
    /// `None` once closed.
    writer: Mutex<Option<Database>>,
    queue: Mutex<Queue>,
    /// Signalled when a leader is done.
    settled: Condvar,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<Arc<Ticket>>,
    led: bool,
}

/// A commit on its way.
struct Ticket {
    change: Change,
    durability: Durability,
    outcome: OnceLock<Result<Version>>,
}

impl Committer {
    pub(crate) fn new(writer: Database) -> Self {
        Self { writer: Mutex::new(Some(writer)), queue: Mutex::default(), settled: Condvar::new() }
    }

    /// Commits, and makes the new view the latest.
    pub(crate) fn submit(
        &self,
        latest: &ArcSwap<View>,
        change: Change,
        durability: Durability,
    ) -> Result<Version> {
        let ticket = Arc::new(Ticket { change, durability, outcome: OnceLock::new() });
        let mut queue = lock(&self.queue);
        queue.waiting.push(ticket.clone());
        loop {
            if let Some(outcome) = ticket.outcome.get() {
                return outcome.clone();
            }
            if queue.led {
                queue = self.settled.wait(queue).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            queue.led = true;
            let lead = Lead { committer: self, batch: std::mem::take(&mut queue.waiting) };
            drop(queue);
            self.with_writer(|writer| write(writer, latest, &lead.batch))
                .unwrap_or_else(|closed| lead.settle(&closed));
            drop(lead);
            queue = lock(&self.queue);
        }
    }

    /// Runs with the writing connection, between commits.
    pub(crate) fn with_writer<T>(&self, run: impl FnOnce(&mut Database) -> T) -> Result<T> {
        lock(&self.writer).as_mut().map(run).ok_or_else(closed)
    }

    /// Runs with the writing connection, unless it is writing or closed.
    pub(crate) fn with_idle_writer<T>(&self, run: impl FnOnce(&Database) -> T) -> Option<T> {
        let writer = match self.writer.try_lock() {
            Ok(writer) => writer,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        writer.as_ref().map(run)
    }

    /// Waits for the commit under way, if any, and closes the connection; again, it does nothing.
    pub(crate) fn close(&self) -> Result<()> {
        lock(&self.writer).take().map_or(Ok(()), Database::close)
    }
}

pub(crate) fn closed() -> Error {
    Error::new(ErrorKind::Closed, "the store was closed; open it again to use it")
}

/// The right and the duty to write a batch. Dropped, also by a panic, nobody is left waiting.
struct Lead<'a> {
    committer: &'a Committer,
    batch: Vec<Arc<Ticket>>,
}

impl Lead<'_> {
    /// Gives this error to all that have no outcome yet.
    fn settle(&self, error: &Error) {
        for ticket in &self.batch {
            ticket.outcome.get_or_init(|| Err(error.clone()));
        }
    }
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        self.settle(&Error::new(
            ErrorKind::Io,
            "the thread that wrote this commit panicked; it was not written",
        ));
        let mut queue = lock(&self.committer.queue);
        queue.led = false;
        // A lone thread has nobody to wake, and is spared the system call.
        if self.batch.len() > 1 || !queue.waiting.is_empty() {
            self.committer.settled.notify_all();
        }
    }
}

/// Gives every ticket its outcome.
fn write(writer: &mut Database, latest: &ArcSwap<View>, batch: &[Arc<Ticket>]) {
    let Err(error) = write_together(writer, latest, batch) else { return };
    let one_by_one = batch.len() > 1 && error.kind() != ErrorKind::Busy;
    for ticket in batch {
        // One bad change (too large for the disk, say) must not fail the others; a lock fails all.
        let alone = if one_by_one {
            write_together(writer, latest, std::slice::from_ref(ticket))
        } else {
            Err(error.clone())
        };
        if let Err(error) = alone {
            ticket.outcome.get_or_init(|| Err(error));
        }
    }
}

/// Writes those that don't conflict, in one `SQLite` transaction, and gives all their outcomes. An error means
/// that none was written and none has an outcome.
fn write_together(writer: &mut Database, latest: &ArcSwap<View>, batch: &[Arc<Ticket>]) -> Result<()> {
    let durability = batch.iter().map(|ticket| ticket.durability).max().unwrap_or(Durability::Full);
    writer.set_durability(durability).map_err(|e| writer.fail("committing to", e))?;
    let base = latest.load_full();
    let during = |e| writer.fail("committing to", e);
    // Takes the file's write lock: from here to the end no other process commits.
    let tx = rusqlite::Transaction::new_unchecked(writer.connection(), TransactionBehavior::Immediate)
        .map_err(during)?;
    schema::check_not_upgraded(writer)?;
    let mut view = match base.catch_up(&tx).map_err(during)? {
        Progress::Unchanged => View { version: base.version, documents: base.documents.clone() },
        Progress::Newer(view) => view,
        Progress::WentBack(found) => return Err(went_back(writer, base.version, found)),
    };
    let found = view.version;
    let mut appender = Appender::default();
    let mut outcomes = Vec::with_capacity(batch.len());
    for ticket in batch {
        let conflicts = ticket.change.conflicts(&view);
        outcomes.push(if conflicts.is_empty() {
            apply(&tx, &mut view, &mut appender, &ticket.change).map_err(during)?;
            Ok(view.version)
        } else {
            Err(Error::conflict(conflicts))
        });
    }
    if view.version > found {
        appender.finish(&tx).map_err(during)?;
        tx.commit().map_err(during)?;
    }
    publish(latest, view);
    for (ticket, outcome) in batch.iter().zip(outcomes) {
        ticket.outcome.get_or_init(|| outcome);
    }
    Ok(())
}

/// Writes one change as the next version of `view`.
fn apply(tx: &Connection, view: &mut View, appender: &mut Appender, change: &Change) -> rusqlite::Result<()> {
    let version = view.version + 1;
    let mut insert = tx.prepare_cached("INSERT INTO versions (key, version, value) VALUES (?1, ?2, ?3)")?;
    let mut keys = Vec::with_capacity(change.writes.len());
    for (key, value) in &change.writes {
        match value {
            Some(value) => {
                insert.execute(params![key, version, value])?;
                view.documents.insert(key.clone(), Document { version, value: value.clone() });
            }
            None if view.documents.remove(&**key).is_some() => {
                insert.execute(params![key, version, None::<&str>])?;
            }
            None => continue,
        }
        keys.push(&**key);
    }
    let mut streams = BTreeSet::new();
    for append in &change.appends {
        appender.append(tx, version, append)?;
        streams.insert(&*append.stream);
    }
    tx.prepare_cached("INSERT INTO commits (version, keys, streams) VALUES (?1, ?2, ?3)")?
        .execute(params![version, json_array(&keys), json_array(&Vec::from_iter(streams))])?;
    view.version = version;
    Ok(())
}

fn json_array(names: &[&str]) -> String {
    serde_json::to_string(names).expect("strings can be written as JSON")
}

/// Makes `view` the latest, unless a newer one already is.
pub(crate) fn publish(latest: &ArcSwap<View>, view: View) {
    let view = Arc::new(view);
    latest.rcu(|now| if now.version < view.version { view.clone() } else { now.clone() });
}

pub(crate) fn went_back(db: &Database, had: Version, found: Version) -> Error {
    Error::new(
        ErrorKind::Corrupt,
        format!(
            "{} went back from version {had} to {found}: it was replaced by an older copy while it was open; \
             close the store and open it again",
            db.path().display()
        ),
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::database::Options;
    use crate::store::Store;

    /// A store, and a connection on the same file to write with behind its back.
    fn fixture() -> (tempfile::TempDir, Store, Database, ArcSwap<View>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let store = Store::open(&path, Options::default()).unwrap();
        let writer = Database::create(&Arc::from(path), &Options::default()).unwrap();
        (folder, store, writer, ArcSwap::default())
    }

    fn ticket(store: &Store, fill: impl FnOnce(&mut crate::Transaction)) -> Arc<Ticket> {
        let mut tx = store.begin().unwrap();
        fill(&mut tx);
        Arc::new(Ticket {
            change: tx.into_change(),
            durability: Durability::Normal,
            outcome: OnceLock::new(),
        })
    }

    fn put(store: &Store, key: &str) -> Arc<Ticket> {
        ticket(store, |tx| tx.put(key, "1").unwrap())
    }

    fn outcomes(batch: &[Arc<Ticket>]) -> Vec<Result<Version, ErrorKind>> {
        batch.iter().map(|ticket| ticket.outcome.get().unwrap().clone().map_err(|e| e.kind())).collect()
    }

    #[test]
    fn a_batch_is_written_at_once_with_a_version_for_each() {
        let (_folder, store, mut writer, latest) = fixture();
        let batch = [put(&store, "a"), put(&store, "b"), put(&store, "c")];
        write(&mut writer, &latest, &batch);
        assert_eq!(outcomes(&batch), [Ok(1), Ok(2), Ok(3)]);
        assert_eq!((store.refresh().unwrap(), store.snapshot().get("b").unwrap().version), (3, 2));
    }

    #[test]
    fn the_file_is_synced_at_a_commit_that_asks_for_it_and_for_all_that_wait_with_it() {
        let (_folder, store, mut writer, latest) = fixture();
        let of = |durability| {
            let mut tx = store.begin().unwrap();
            tx.put("a", "1").unwrap();
            Arc::new(Ticket { change: tx.into_change(), durability, outcome: OnceLock::new() })
        };
        for (batch, synchronous) in [
            (vec![of(Durability::Normal)], 1),
            (vec![of(Durability::Full)], 2),
            (vec![of(Durability::Normal), of(Durability::Normal)], 1),
            (vec![of(Durability::Normal), of(Durability::Full), of(Durability::Normal)], 2),
        ] {
            write(&mut writer, &latest, &batch);
            assert!(outcomes(&batch).iter().all(Result::is_ok));
            let set: i64 = writer.connection().query_row("PRAGMA synchronous", [], |row| row.get(0)).unwrap();
            assert_eq!(set, synchronous);
        }
    }

    #[test]
    fn of_two_in_a_batch_that_conflict_the_first_wins_and_the_others_go_on() {
        let (_folder, store, mut writer, latest) = fixture();
        let increment = || {
            ticket(&store, |tx| {
                assert_eq!(tx.get("count"), None);
                tx.put("count", "1").unwrap();
            })
        };
        let batch = [increment(), increment(), put(&store, "other")];
        write(&mut writer, &latest, &batch);
        assert_eq!(outcomes(&batch), [Ok(1), Err(ErrorKind::Conflict), Ok(2)]);
    }

    #[test]
    fn one_that_cannot_be_written_does_not_fail_the_others_of_its_batch() {
        let (_folder, store, mut writer, latest) = fixture();
        let mut first = store.begin().unwrap();
        first.append("broken", "k", 0, "1").unwrap();
        first.commit(Durability::Normal).unwrap();
        // The head says 0 again: the next record of this stream finds its place taken.
        writer.connection().execute("DELETE FROM heads WHERE stream = 'broken'", []).unwrap();
        let bad = ticket(&store, |tx| {
            tx.put("bad", "1").unwrap();
            tx.append("broken", "k", 0, "1").unwrap();
        });
        let batch = [put(&store, "a"), bad, put(&store, "b")];
        write(&mut writer, &latest, &batch);
        assert_eq!(outcomes(&batch), [Ok(2), Err(ErrorKind::Corrupt), Ok(3)]);
        store.refresh().unwrap();
        let keys: Vec<_> = store.snapshot().scan("").map(|(key, _)| key.to_owned()).collect();
        assert_eq!(keys, ["a", "b"]);
        assert_eq!(latest.load().documents.len(), 2);
    }

    #[test]
    fn a_leader_that_panics_leaves_nobody_waiting() {
        let (_folder, store, writer, _) = fixture();
        let committer = Committer::new(writer);
        let waiting = put(&store, "a");
        let lead = Lead { committer: &committer, batch: vec![waiting.clone()] };
        lock(&committer.queue).led = true;
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _lead = lead;
            panic!("inside a commit");
        }));
        assert!(panicked.is_err());
        assert_eq!(outcomes(&[waiting]), [Err(ErrorKind::Io)]);
        assert!(!lock(&committer.queue).led);
    }
}
