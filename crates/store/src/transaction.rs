//! A transaction: reads of one snapshot, and the changes to commit on top of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use imbl::ordmap::DiffItem;
use serde_json::value::RawValue;

use crate::database::Durability;
use crate::document::{Document, Version, check_json, check_name, check_size};
use crate::error::{Conflict, Result};
use crate::journal::{Append, check_append};
use crate::snapshot::Snapshot;
use crate::store::Store;
use crate::view::View;

/// Reads one snapshot, gathers changes, and commits them as one if nothing that it read has changed since
/// (optimistic concurrency control with backward validation of the read set: Kung and Robinson, "On
/// Optimistic Methods for Concurrency Control", 1981). Committed transactions are serializable in the order
/// of their versions.
///
/// What a transaction did not read is not checked: a [`Transaction::put`] of an unread key overwrites. Nothing
/// is written before the commit; dropping a transaction gives it up.
#[must_use = "nothing is written before `commit`"]
#[derive(Debug)]
pub struct Transaction {
    store: Store,
    change: Change,
}

/// What a transaction read and what it wants written.
#[derive(Debug)]
pub(crate) struct Change {
    base: Snapshot,
    read_keys: BTreeSet<Arc<str>>,
    read_prefixes: BTreeSet<Arc<str>>,
    /// `None`: delete.
    pub(crate) writes: BTreeMap<Arc<str>, Option<Arc<str>>>,
    pub(crate) appends: Vec<Append>,
}

impl Transaction {
    pub(crate) fn new(store: Store, base: Snapshot) -> Self {
        Self { store, change: Change::of(base) }
    }

    /// The version that this transaction reads.
    #[must_use]
    pub fn version(&self) -> Version {
        self.change.base.version()
    }

    /// The value of a document as this transaction sees it, its own changes included. The commit fails if
    /// another one changes, makes or deletes this document first.
    pub fn get(&mut self, key: &str) -> Option<Arc<str>> {
        if let Some(written) = self.change.writes.get(key) {
            return written.clone();
        }
        self.observe(key).map(|document| document.value.clone())
    }

    /// Like [`Transaction::get`], but of the snapshot: with the version of the document, and without this
    /// transaction's own changes.
    pub fn observe(&mut self, key: &str) -> Option<&Document> {
        let Change { base, read_keys, .. } = &mut self.change;
        if !read_keys.contains(key) {
            read_keys.insert(Arc::from(key));
        }
        base.get(key)
    }

    /// The documents whose keys start with `prefix`, in key order, as this transaction sees them, its own
    /// changes included. The commit fails if another one changes, makes or deletes any such document first.
    pub fn scan(&mut self, prefix: &str) -> Vec<(Arc<str>, Arc<str>)> {
        self.observe_prefix(prefix);
        let Change { base, writes, .. } = &self.change;
        let own = writes
            .range::<str, _>((std::ops::Bound::Included(prefix), std::ops::Bound::Unbounded))
            .take_while(|(key, _)| key.starts_with(prefix));
        let mut seen: BTreeMap<Arc<str>, Arc<str>> =
            base.scan_shared(prefix).map(|(key, document)| (key.clone(), document.value.clone())).collect();
        for (key, value) in own {
            match value {
                Some(value) => seen.insert(key.clone(), value.clone()),
                None => seen.remove(key),
            };
        }
        seen.into_iter().collect()
    }

    /// Makes the commit fail if another one changes, makes or deletes any document under `prefix` first: for
    /// a caller that scanned the snapshot itself.
    pub fn observe_prefix(&mut self, prefix: &str) {
        if !self.change.read_prefixes.contains(prefix) {
            self.change.read_prefixes.insert(Arc::from(prefix));
        }
    }

    /// Writes a document. `json` is kept as the text that it is.
    ///
    /// Fails with `InvalidKey` or `InvalidValue`, and changes nothing then.
    pub fn put(&mut self, key: &str, json: &str) -> Result<()> {
        check_json(format_args!("document {key:?}"), json)?;
        self.write(key, json)
    }

    /// Writes a document whose value was read as JSON before, and is not checked again.
    ///
    /// Fails with `InvalidKey` or `InvalidValue`, and changes nothing then.
    pub fn put_parsed(&mut self, key: &str, json: &RawValue) -> Result<()> {
        check_size(format_args!("document {key:?}"), json.get())?;
        self.write(key, json.get())
    }

    fn write(&mut self, key: &str, json: &str) -> Result<()> {
        check_name("key", key)?;
        self.change.writes.insert(Arc::from(key), Some(Arc::from(json)));
        Ok(())
    }

    /// Deletes a document; no matter if there is none.
    ///
    /// Fails with `InvalidKey`.
    pub fn delete(&mut self, key: &str) -> Result<()> {
        check_name("key", key)?;
        self.change.writes.insert(Arc::from(key), None);
        Ok(())
    }

    /// Appends a record to a journal stream, in the same commit as the documents. `at_ms` is the caller's
    /// clock, in milliseconds since 1970; `payload` is JSON. Appending reads nothing: two transactions that
    /// append to the same stream don't conflict, and their records come in the order of their commits.
    ///
    /// Fails with `InvalidKey` (stream or kind) or `InvalidValue` (payload or time).
    pub fn append(&mut self, stream: &str, kind: &str, at_ms: u64, payload: &str) -> Result<()> {
        check_append(stream, kind, at_ms, payload)?;
        self.change.appends.push(Append {
            stream: Arc::from(stream),
            kind: kind.to_owned(),
            at_ms,
            payload: payload.to_owned(),
        });
        Ok(())
    }

    /// Writes everything as one commit and returns its version, or writes nothing.
    ///
    /// A transaction without changes is not written and can't conflict: it gets the version that it read.
    ///
    /// Fails with `Conflict` ([`crate::Error::conflicts`] has the keys), `Busy`, `Full`, `ReadOnly`, `Io`, `Corrupt` or
    /// `Closed`. After `Io` the commit is not visible, but if the machine (not only the process) then stops,
    /// what was already in the log may come back with the next open.
    pub fn commit(self, durability: Durability) -> Result<Version> {
        let Self { store, change } = self;
        if change.writes.is_empty() && change.appends.is_empty() {
            return Ok(change.base.version());
        }
        store.submit(change, durability)
    }
}

impl Change {
    fn of(base: Snapshot) -> Self {
        Self {
            base,
            read_keys: BTreeSet::new(),
            read_prefixes: BTreeSet::new(),
            writes: BTreeMap::new(),
            appends: Vec::new(),
        }
    }

    /// What of the read set differs in `now`, sorted; empty when the commit may go on.
    pub(crate) fn conflicts(&self, now: &View) -> Vec<Conflict> {
        let base = self.base.view();
        if base.version == now.version {
            return Vec::new();
        }
        let version_of = |view: &View, key: &str| view.documents.get(key).map(|document| document.version);
        let mut conflicts: Vec<Conflict> = self
            .read_keys
            .iter()
            .filter(|key| version_of(base, key) != version_of(now, key))
            .map(|key| Conflict { key: key.to_string(), prefix: None })
            .collect();
        if !self.read_prefixes.is_empty() {
            // Skips what both maps share, so it costs what changed, not what was scanned.
            for item in base.documents.diff(&now.documents) {
                let (DiffItem::Add(key, _)
                | DiffItem::Remove(key, _)
                | DiffItem::Update { new: (key, _), .. }) = item;
                if let Some(prefix) = self.read_prefixes.iter().find(|prefix| key.starts_with(&***prefix)) {
                    conflicts.push(Conflict { key: key.to_string(), prefix: Some(prefix.to_string()) });
                }
            }
        }
        conflicts.sort();
        conflicts
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::database::Options;

    impl Transaction {
        pub(crate) fn into_change(self) -> Change {
            self.change
        }
    }

    proptest! {
        /// The skipping comparison of two maps against the plain one, on views that share some of their nodes.
        #[test]
        fn conflicts_are_the_read_keys_whose_versions_differ(
            base in proptest::collection::btree_set(0_u16..600, 0..400),
            writes in proptest::collection::vec((0_u16..600, any::<bool>()), 0..40),
            keys in proptest::collection::btree_set(0_u16..600, 0..10),
            prefixes in proptest::collection::btree_set("k[0-5]?", 0..3),
        ) {
            let name = |n: u16| Arc::<str>::from(format!("k{n:03}"));
            let mut before = View { version: 1, ..View::default() };
            for key in base {
                before.documents.insert(name(key), Document { version: 1, value: "0".into() });
            }
            let mut now = View { version: 1, documents: before.documents.clone() };
            for (key, put) in writes {
                now.version += 1;
                if put {
                    now.documents.insert(name(key), Document { version: now.version, value: "0".into() });
                } else {
                    now.documents.remove(&name(key));
                }
            }
            let version = |view: &View, key: &str| view.documents.get(key).map(|d| d.version);
            let expected: BTreeSet<String> = (0..600)
                .map(name)
                .filter(|key| version(&before, key) != version(&now, key))
                .filter(|key| keys.iter().any(|n| name(*n) == *key) || prefixes.iter().any(|p| key.starts_with(p)))
                .map(|key| key.to_string())
                .collect();
            let mut change = Change::of(Snapshot::latest(Arc::new(before)));
            change.read_keys = keys.into_iter().map(name).collect();
            change.read_prefixes = prefixes.into_iter().map(Arc::from).collect();
            let found: BTreeSet<String> =
                change.conflicts(&now).into_iter().map(|conflict| conflict.key).collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_transaction_sees_its_own_changes_in_gets_and_scans() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("store.db"), Options::default()).unwrap();
        let mut tx = store.begin().unwrap();
        for key in ["a/1", "a/2", "b"] {
            tx.put(key, "1").unwrap();
        }
        tx.commit(Durability::Normal).unwrap();
        let mut tx = store.begin().unwrap();
        tx.put("a/2", "2").unwrap();
        tx.put("a/3", "3").unwrap();
        tx.delete("a/1").unwrap();
        assert_eq!((tx.get("a/1"), tx.get("a/2").as_deref()), (None, Some("2")));
        assert_eq!(tx.observe("a/2").map(|document| document.version), Some(1));
        let scanned: Vec<_> = tx.scan("a/").iter().map(|(k, v)| format!("{k}={v}")).collect();
        assert_eq!(scanned, ["a/2=2", "a/3=3"]);
        tx.put("a/1", "4").unwrap();
        tx.delete("a/3").unwrap();
        assert_eq!(tx.scan("").len(), 3);
        let version = tx.commit(Durability::Normal).unwrap();
        assert_eq!(store.get("a/1").unwrap().version, version);
        assert_eq!(store.get("a/3"), None);
    }

    #[test]
    fn a_key_that_was_written_before_it_was_read_is_no_dependency() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("store.db"), Options::default()).unwrap();
        let (mut one, mut two) = (store.begin().unwrap(), store.begin().unwrap());
        for tx in [&mut one, &mut two] {
            tx.put("a", "1").unwrap();
            assert_eq!(tx.get("a").as_deref(), Some("1"));
        }
        assert_eq!(one.commit(Durability::Normal).unwrap(), 1);
        assert_eq!(two.commit(Durability::Normal).unwrap(), 2);
    }
}
