//! A process killed at any moment: what it acknowledged is there, and nothing is there by half.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod child;

use std::io::{BufRead, BufReader, Write};
use std::time::Duration;

use orchestrator_store::{Durability, ErrorKind, Options, Store};

/// How often it is killed; `STORE_CRASH_ROUNDS` for more.
fn rounds() -> u64 {
    std::env::var("STORE_CRASH_ROUNDS").map_or(10, |rounds| rounds.parse().unwrap())
}

#[test]
fn a_killed_writer_loses_nothing_acknowledged_and_leaves_nothing_by_half() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let mut acknowledged = 0;
    for round in 0..rounds() {
        let mut writer = child::command("writes_until_it_is_killed", &path).spawn().unwrap();
        let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines();
        // Killed at another moment each round: after a few commits, and somewhere inside one.
        for line in lines.by_ref().map_while(Result::ok) {
            if line
                .strip_prefix("done ")
                .is_some_and(|n| n.parse::<u64>().unwrap() > acknowledged + 3 + round % 7)
            {
                break;
            }
        }
        std::thread::sleep(Duration::from_micros(137 * (round % 23)));
        writer.kill().unwrap();
        for line in lines.map_while(Result::ok) {
            if let Some(n) = line.strip_prefix("done ") {
                acknowledged = acknowledged.max(n.parse().unwrap_or(0));
            }
        }
        writer.wait().unwrap();

        let store = Store::open(&path, Options::default()).unwrap();
        let report = store.audit().unwrap();
        assert!(report.is_whole(), "round {round}: {report:?}");
        let snapshot = store.snapshot();
        let left: u64 = snapshot.get("left").unwrap().value.parse().unwrap();
        let right: u64 = snapshot.get("right").unwrap().value.parse().unwrap();
        let records = store.journal("writes", 1).unwrap();
        assert!(left >= acknowledged, "round {round}: {acknowledged} was acknowledged, {left} is there");
        assert_eq!((left, left), (right, records.len() as u64), "round {round}: both or none");
        assert_eq!(records.last().unwrap().version, snapshot.get("left").unwrap().version);
        acknowledged = left;
    }
}

#[test]
#[ignore = "a child of the test above"]
fn writes_until_it_is_killed() {
    let Some(path) = child::store() else { return };
    // So small a log is folded into the file every few commits: kills hit that too.
    let mut options = Options::default();
    options.checkpoint_pages = 8;
    let store = Store::open(path, options).unwrap();
    let mut n: u64 = store.get("left").map_or(0, |document| document.value.parse().unwrap());
    let mut out = std::io::stdout();
    loop {
        n += 1;
        let mut tx = store.begin().unwrap();
        tx.put("left", &n.to_string()).unwrap();
        tx.append("writes", "wrote", n, &format!("\"{}\"", "x".repeat(usize::try_from(n % 9000).unwrap())))
            .unwrap();
        tx.put("right", &n.to_string()).unwrap();
        tx.commit(if n.is_multiple_of(5) { Durability::Normal } else { Durability::Full }).unwrap();
        writeln!(out, "done {n}").unwrap();
    }
}

#[test]
fn a_transaction_that_another_program_left_open_when_it_was_killed_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let mut options = Options::default();
    options.busy_timeout = Duration::from_millis(50);
    let store = Store::open(&path, options).unwrap();
    let mut holder = child::command("holds_the_write_lock", &path).spawn().unwrap();
    let mut line = String::new();
    let mut lines = BufReader::new(holder.stdout.take().unwrap());
    while !line.contains("holding") {
        line.clear();
        assert_ne!(lines.read_line(&mut line).unwrap(), 0, "the child ended early");
    }
    let put = |store: &Store| {
        let mut tx = store.begin().unwrap();
        tx.put("a", "1").unwrap();
        tx.commit(Durability::Full)
    };
    assert_eq!(put(&store).unwrap_err().kind(), ErrorKind::Busy);
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert_eq!(put(&store).unwrap(), 1);
    assert_eq!(store.snapshot().len(), 1, "what the killed program had not committed is not there");
}

#[test]
#[ignore = "a child of the test above"]
fn holds_the_write_lock() {
    let Some(path) = child::store() else { return };
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.execute_batch("BEGIN IMMEDIATE; INSERT INTO versions VALUES ('half', 1, '1')").unwrap();
    println!("holding");
    std::thread::sleep(Duration::from_secs(60));
}
