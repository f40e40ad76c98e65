//! The past can be read until it is collected, and collecting it changes nothing else.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::collections::BTreeMap;

use orchestrator_store::{Durability, ErrorKind, Options, Snapshot, Store};
use proptest::prelude::*;
use tempfile::TempDir;

fn store() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("store.db"), Options::default()).unwrap();
    (folder, store)
}

fn put(store: &Store, key: &str, value: &str) -> u64 {
    let mut tx = store.begin().unwrap();
    tx.put(key, value).unwrap();
    tx.commit(Durability::Normal).unwrap()
}

fn delete(store: &Store, key: &str) -> u64 {
    let mut tx = store.begin().unwrap();
    tx.delete(key).unwrap();
    tx.commit(Durability::Normal).unwrap()
}

fn content(snapshot: &Snapshot) -> Vec<(String, String)> {
    snapshot.scan("").map(|(key, document)| (key.to_owned(), document.value.to_string())).collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect()
}

#[test]
fn every_version_reads_as_it_was() {
    let (_folder, store) = store();
    put(&store, "a", "1");
    put(&store, "b", "2");
    put(&store, "a", "3");
    delete(&store, "b");
    put(&store, "b", "4");
    let expected: [&[(&str, &str)]; 6] = [
        &[],
        &[("a", "1")],
        &[("a", "1"), ("b", "2")],
        &[("a", "3"), ("b", "2")],
        &[("a", "3")],
        &[("a", "3"), ("b", "4")],
    ];
    for (version, expected) in (0..).zip(expected) {
        let snapshot = store.at(version).unwrap();
        assert_eq!(snapshot.version(), version);
        assert_eq!(content(&snapshot), pairs(expected), "version {version}");
    }
    assert_eq!(store.at(3).unwrap().get("a").unwrap().version, 3);
    assert_eq!(store.at(2).unwrap().get("a").unwrap().version, 1);
}

#[test]
fn a_version_that_is_not_there_yet_is_not_found() {
    let (_folder, store) = store();
    put(&store, "a", "1");
    let error = store.at(2).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("the latest is 1"), "{error}");
}

#[test]
fn the_history_of_a_document_has_its_values_and_deletions() {
    let (_folder, store) = store();
    put(&store, "a", "1");
    put(&store, "b", "2");
    delete(&store, "a");
    put(&store, "a", "3");
    let history: Vec<_> = store.history("a").unwrap();
    let history: Vec<_> = history.iter().map(|r| (r.version, r.value.as_deref())).collect();
    assert_eq!(history, [(1, Some("1")), (3, None), (4, Some("3"))]);
    assert_eq!(store.history("none").unwrap(), []);
}

#[test]
fn deleting_what_is_not_there_leaves_no_mark() {
    let (_folder, store) = store();
    delete(&store, "a");
    assert_eq!(store.history("a").unwrap(), []);
    assert_eq!(store.snapshot().version(), 1);
}

#[test]
fn collecting_removes_what_is_before_and_keeps_what_is_after() {
    let (_folder, store) = store();
    put(&store, "a", "1");
    put(&store, "a", "2");
    put(&store, "b", "3");
    delete(&store, "b");
    put(&store, "a", "5");
    let collected = store.collect(4).unwrap();
    // Gone: a at 1, b at 3 and its deletion at 4. Version 4 still reads a at 2.
    assert_eq!((collected.floor, collected.removed), (4, 3));
    assert_eq!(store.at(3).unwrap_err().kind(), ErrorKind::Collected);
    assert_eq!(content(&store.at(4).unwrap()), pairs(&[("a", "2")]));
    assert_eq!(content(&store.at(5).unwrap()), pairs(&[("a", "5")]));
    assert_eq!(content(&store.snapshot()), pairs(&[("a", "5")]));
}

#[test]
fn collecting_again_or_further_back_does_nothing() {
    let (_folder, store) = store();
    put(&store, "a", "1");
    put(&store, "a", "2");
    assert_eq!(store.collect(2).unwrap().removed, 1);
    for keep_from in [0, 1, 2] {
        let collected = store.collect(keep_from).unwrap();
        assert_eq!((collected.floor, collected.removed), (2, 0));
    }
}

#[test]
fn collecting_beyond_the_present_stops_at_the_present() {
    let (_folder, store) = store();
    put(&store, "a", "1");
    put(&store, "a", "2");
    assert_eq!(store.collect(u64::MAX).unwrap().floor, 2);
    assert_eq!(put(&store, "a", "3"), 3);
    assert_eq!(content(&store.at(2).unwrap()), pairs(&[("a", "2")]));
}

#[test]
fn a_live_snapshot_of_the_past_holds_back_the_collection() {
    let (_folder, store) = store();
    for n in 1..=5 {
        put(&store, "a", &n.to_string());
    }
    let pinned = store.at(2).unwrap();
    let also_pinned = pinned.clone();
    assert_eq!(store.collect(4).unwrap().floor, 2);
    assert_eq!(content(&store.at(3).unwrap()), pairs(&[("a", "3")]));
    drop(pinned);
    assert_eq!(store.collect(4).unwrap().floor, 2);
    drop(also_pinned);
    assert_eq!(store.collect(4).unwrap().floor, 4);
}

#[test]
fn a_version_that_could_not_be_read_is_not_pinned() {
    let (_folder, store) = store();
    put(&store, "a", "1");
    put(&store, "a", "2");
    assert!(store.at(9).is_err());
    store.collect(2).unwrap();
    assert_eq!(store.at(1).unwrap_err().kind(), ErrorKind::Collected);
    put(&store, "a", "3");
    assert_eq!(store.collect(3).unwrap().floor, 3);
}

#[test]
fn a_snapshot_of_the_present_outlives_the_collection_of_its_history() {
    let (_folder, store) = store();
    put(&store, "a", "1");
    let snapshot = store.snapshot();
    put(&store, "a", "2");
    store.collect(2).unwrap();
    assert_eq!(content(&snapshot), pairs(&[("a", "1")]));
}

#[test]
fn a_transaction_on_a_collected_snapshot_still_conflicts() {
    let (_folder, store) = store();
    put(&store, "a", "1");
    let mut tx = store.begin().unwrap();
    assert_eq!(tx.get("a").as_deref(), Some("1"));
    tx.put("b", "1").unwrap();
    delete(&store, "a");
    store.collect(2).unwrap();
    assert_eq!(tx.commit(Durability::Normal).unwrap_err().kind(), ErrorKind::Conflict);
}

#[test]
fn another_store_that_missed_a_collected_deletion_learns_of_it() {
    let (folder, store) = store();
    put(&store, "a", "1");
    put(&store, "b", "1");
    let other = Store::open(folder.path().join("store.db"), Options::default()).unwrap();
    delete(&store, "a");
    store.collect(3).unwrap();
    assert_eq!(store.history("a").unwrap(), []);
    assert_eq!(other.refresh().unwrap(), 3);
    assert_eq!(content(&other.snapshot()), pairs(&[("b", "1")]));
    assert_eq!(other.at(2).unwrap_err().kind(), ErrorKind::Collected);
}

#[test]
fn the_journal_is_not_collected() {
    let (_folder, store) = store();
    for n in 0..3 {
        let mut tx = store.begin().unwrap();
        tx.append("s", "k", n, "{}").unwrap();
        tx.commit(Durability::Normal).unwrap();
    }
    store.collect(3).unwrap();
    assert_eq!(store.journal("s", 1).unwrap().len(), 3);
    assert!(store.audit().unwrap().is_whole());
}

#[derive(Clone, Debug)]
enum Step {
    Commit(Vec<(u8, Option<u8>)>),
    Collect(u8),
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => proptest::collection::vec((0_u8..8, proptest::option::weighted(0.7, any::<u8>())), 1..5).prop_map(Step::Commit),
        1 => any::<u8>().prop_map(Step::Collect),
        1 => Just(Step::Reopen),
    ];
    proptest::collection::vec(step, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// The store against the plainest model of it: a list of maps, one a version.
    #[test]
    fn any_sequence_of_commits_and_collections_reads_as_the_model_says(steps in steps()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let mut store = Store::open(&path, Options::default()).unwrap();
        let follower = Store::open(&path, Options::default()).unwrap();
        let mut model = vec![BTreeMap::<String, String>::new()];
        let mut floor = 0;
        for step in steps {
            match step {
                Step::Commit(writes) => {
                    let mut next = model.last().unwrap().clone();
                    let mut tx = store.begin().unwrap();
                    for (key, value) in writes {
                        let key = format!("k{key}");
                        if let Some(value) = value {
                            tx.put(&key, &value.to_string()).unwrap();
                            next.insert(key, value.to_string());
                        } else {
                            tx.delete(&key).unwrap();
                            next.remove(&key);
                        }
                    }
                    let seen: BTreeMap<String, String> =
                        tx.scan("k").iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
                    prop_assert_eq!(&seen, &next);
                    prop_assert_eq!(tx.commit(Durability::Normal).unwrap(), model.len() as u64);
                    model.push(next);
                }
                Step::Collect(back) => {
                    let keep_from = (model.len() as u64 - 1).saturating_sub(u64::from(back % 8));
                    floor = floor.max(keep_from);
                    prop_assert_eq!(store.collect(keep_from).unwrap().floor, floor);
                }
                Step::Reopen => {
                    store.close().unwrap();
                    store = Store::open(&path, Options::default()).unwrap();
                }
            }
        }
        follower.refresh().unwrap();
        for reader in [&store, &follower] {
            for (version, expected) in (0_u64..).zip(&model) {
                match reader.at(version) {
                    Ok(snapshot) => {
                        prop_assert!(version >= floor);
                        prop_assert_eq!(content(&snapshot), expected.clone().into_iter().collect::<Vec<_>>());
                    }
                    Err(error) => {
                        prop_assert_eq!(error.kind(), ErrorKind::Collected);
                        prop_assert!(version < floor);
                    }
                }
            }
        }
    }
}
