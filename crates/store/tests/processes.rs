//! Several processes, and several stores in one process, on one file.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod child;

use std::process::Child;

use orchestrator_store::{Durability, Error, Options, Store};

fn value(store: &Store, key: &str) -> Option<String> {
    store.snapshot().get(key).map(|document| document.value.to_string())
}

fn put(store: &Store, key: &str, value: &str) {
    let mut tx = store.begin().unwrap();
    tx.put(key, value).unwrap();
    tx.commit(Durability::Normal).unwrap();
}

fn succeed(children: Vec<Child>) {
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
}

#[test]
fn two_stores_in_one_process_see_each_others_commits_when_they_look() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let (one, two) =
        (Store::open(&path, Options::default()).unwrap(), Store::open(&path, Options::default()).unwrap());
    put(&one, "a", "1");
    assert_eq!(value(&two, "a"), None, "a snapshot does no I/O");
    assert_eq!(two.refresh().unwrap(), 1);
    assert_eq!(value(&two, "a").as_deref(), Some("1"));
    put(&two, "a", "2");
    assert_eq!(one.begin().unwrap().get("a").as_deref(), Some("2"));
    let mut delete = one.begin().unwrap();
    delete.delete("a").unwrap();
    delete.commit(Durability::Normal).unwrap();
    assert_eq!(two.begin().unwrap().get("a"), None);
}

#[test]
fn a_snapshot_stays_as_it_is_while_others_commit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let (one, two) =
        (Store::open(&path, Options::default()).unwrap(), Store::open(&path, Options::default()).unwrap());
    put(&one, "a", "1");
    let before = one.snapshot();
    put(&two, "a", "2");
    put(&one, "b", "3");
    assert_eq!(before.version(), 1);
    assert_eq!(before.get("a").map(|d| &*d.value), Some("1"));
    assert_eq!(before.get("b"), None);
    let now: Vec<_> = one.snapshot().scan("").map(|(k, d)| (k.to_owned(), d.version)).collect();
    assert_eq!(now, [("a".to_owned(), 2), ("b".to_owned(), 3)]);
}

#[test]
fn two_processes_see_each_others_commits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = Store::open(&path, Options::default()).unwrap();
    put(&store, "question", "\"6 * 7\"");
    succeed(vec![child::command("answers_the_question", &path).spawn().unwrap()]);
    store.refresh().unwrap();
    assert_eq!(value(&store, "answer").as_deref(), Some("42"));
    assert_eq!(store.journal("answers", 1).unwrap().len(), 1);
    assert!(store.audit().unwrap().is_whole());
}

#[test]
#[ignore = "a child of the test above"]
fn answers_the_question() {
    let Some(path) = child::store() else { return };
    let store = Store::open(path, Options::default()).unwrap();
    let mut tx = store.begin().unwrap();
    assert_eq!(tx.get("question").as_deref(), Some("\"6 * 7\""));
    tx.put("answer", "42").unwrap();
    tx.append("answers", "answered", 0, "42").unwrap();
    tx.commit(Durability::Full).unwrap();
}

/// How many processes, and how many increments each; `STORE_PROCESSES` and `STORE_INCREMENTS` for more.
fn load() -> (u64, u64) {
    let number = |name, default| std::env::var(name).map_or(default, |number| number.parse().unwrap());
    (number("STORE_PROCESSES", 4), number("STORE_INCREMENTS", 200))
}

#[test]
fn every_increment_of_several_processes_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = Store::open(&path, Options::default()).unwrap();
    let (processes, increments) = load();
    let children = (0..processes).map(|_| child::command("increments", &path).spawn().unwrap()).collect();
    succeed(children);
    store.refresh().unwrap();
    let total = processes * increments;
    assert_eq!(value(&store, "count"), Some(total.to_string()));
    let report = store.audit().unwrap();
    assert!(report.is_whole(), "{report:?}");
    // Each record has the number that its commit wrote: none was acknowledged twice or out of order.
    let records = store.journal("counts", 1).unwrap();
    let counted: Vec<u64> = records.iter().map(|record| record.payload.parse().unwrap()).collect();
    assert_eq!(counted, (1..=total).collect::<Vec<_>>());
}

#[test]
#[ignore = "a child of the test above"]
fn increments() {
    let Some(path) = child::store() else { return };
    let store = Store::open(path, Options::default()).unwrap();
    for _ in 0..load().1 {
        store
            .retry(10_000, Durability::Normal, |tx| {
                let count = tx.get("count").map_or(0, |json| json.parse::<u64>().unwrap()) + 1;
                tx.append("counts", "counted", 0, &count.to_string())?;
                tx.put("count", &count.to_string())
            })
            .unwrap();
    }
}

#[test]
fn eight_processes_may_create_the_file_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let children = (0..8).map(|_| child::command("opens_and_signs", &path).spawn().unwrap()).collect();
    succeed(children);
    let store = Store::open(&path, Options::default()).unwrap();
    assert_eq!(store.snapshot().scan("pid/").count(), 8);
    assert!(store.audit().unwrap().is_whole());
}

#[test]
#[ignore = "a child of the test above"]
fn opens_and_signs() {
    let Some(path) = child::store() else { return };
    let store = Store::open(path, Options::default()).unwrap();
    store
        .retry::<(), Error>(100, Durability::Full, |tx| {
            tx.put(&format!("pid/{}", std::process::id()), "true")
        })
        .unwrap();
}
