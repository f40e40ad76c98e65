//! Who watches misses nothing and is told nothing twice, whichever process commits.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod child;

use std::collections::BTreeSet;

use orchestrator_store::{Changes, Durability, ErrorKind, Options, Store};

fn store(path: &std::path::Path) -> Store {
    Store::open(path, Options::default()).unwrap()
}

fn put(store: &Store, keys: &[&str]) -> u64 {
    let mut tx = store.begin().unwrap();
    for key in keys {
        tx.put(key, "1").unwrap();
    }
    tx.commit(Durability::Normal).unwrap()
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn written_and_deleted_documents_and_streams_are_named_once_and_sorted() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder.path().join("store.db"));
    put(&store, &["b", "a/2", "a/1"]);
    put(&store, &["a/2"]);
    let mut tx = store.begin().unwrap();
    tx.delete("a/1").unwrap();
    tx.append("z", "k", 0, "1").unwrap();
    tx.append("a/log", "k", 0, "1").unwrap();
    tx.append("a/log", "k", 0, "2").unwrap();
    tx.commit(Durability::Normal).unwrap();

    let all = Changes { version: 3, keys: names(&["a/1", "a/2", "b"]), streams: names(&["a/log", "z"]) };
    assert_eq!(store.changes("", 0).unwrap(), all);
    let under = Changes { version: 3, keys: names(&["a/1"]), streams: names(&["a/log"]) };
    assert_eq!(store.changes("a/", 2).unwrap(), under);
    let none = Changes { version: 3, keys: Vec::new(), streams: Vec::new() };
    assert_eq!(store.changes("c", 0).unwrap(), none, "the version moves on where nothing is of interest");
    assert_eq!(store.changes("", 3).unwrap(), none);
}

#[test]
fn another_processes_commit_is_told_and_is_in_the_snapshots_from_then_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = store(&path);
    let seen = store.snapshot().version();
    let other = child::command("puts_one_document", &path).output().unwrap();
    assert!(other.status.success());
    let changes = store.changes("from/", seen).unwrap();
    assert_eq!(changes.keys, ["from/another"]);
    assert_eq!(store.snapshot().version(), changes.version);
    assert!(store.get("from/another").is_some());
}

#[test]
#[ignore = "a child of the test above"]
fn puts_one_document() {
    let Some(path) = child::store() else { return };
    put(&store(&path), &["from/another"]);
}

#[test]
fn a_version_before_the_collected_or_after_the_last_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder.path().join("store.db"));
    for _ in 0..5 {
        put(&store, &["a"]);
    }
    store.collect(3).unwrap();
    assert_eq!(store.changes("", 2).unwrap_err().kind(), ErrorKind::Collected);
    assert_eq!(store.changes("", 3).unwrap().keys, ["a"], "those after the oldest version are there");
    assert_eq!(store.changes("", 6).unwrap_err().kind(), ErrorKind::NotFound);
    store.close().unwrap();
    assert_eq!(store.changes("", 5).unwrap_err().kind(), ErrorKind::Closed);
}

#[test]
fn of_what_many_threads_commit_each_key_is_told_to_one_who_joins_late() {
    const WRITERS: u64 = 4;
    const COMMITS: u64 = 50;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let (writers, watcher) = (store(&path), store(&path));
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let writers = &writers;
            scope.spawn(move || {
                for n in 0..COMMITS {
                    put(writers, &[&format!("key/{writer}/{n}")]);
                }
            });
        }
        while watcher.refresh().unwrap() < 20 {
            std::thread::yield_now();
        }
        let start = watcher.snapshot();
        let mut known: BTreeSet<String> = start.scan("key/").map(|(key, _)| key.to_owned()).collect();
        let mut seen = start.version();
        while seen < WRITERS * COMMITS {
            let changes = watcher.changes("key/", seen).unwrap();
            assert_eq!(changes.keys.len() as u64, changes.version - seen, "one key a commit");
            for key in changes.keys {
                assert!(watcher.get(&key).is_some(), "{key} can be read");
                assert!(known.insert(key), "told once");
            }
            seen = changes.version;
        }
        assert_eq!(known.len() as u64, WRITERS * COMMITS);
    });
}
