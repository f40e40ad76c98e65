//! A process killed at any moment: what it acknowledged is there, and nothing is there by half.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod child;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::time::Duration;

use orchestrator_store::{Durability, ErrorKind, Options, Snapshot, Store};

/// How often it is killed in each test; `STORE_CRASH_ROUNDS` for more.
fn rounds() -> u64 {
    std::env::var("STORE_CRASH_ROUNDS").map_or(10, |rounds| rounds.parse().unwrap())
}

/// What a killed child had said.
#[derive(Default)]
struct Heard {
    acknowledged: u64,
    /// Announced, and not yet said to be over: it was killed in the middle of that.
    busy: bool,
}

impl Heard {
    fn take(&mut self, line: &str) {
        match line.split_once(' ') {
            Some(("done", n)) => self.acknowledged = n.parse().unwrap_or(self.acknowledged),
            Some(("begins", _)) => self.busy = true,
            Some(("ends", _)) => self.busy = false,
            _ => {}
        }
    }
}

/// Starts the child, lets it work, and kills it at another moment each round, `at_work` soon after it said that it begins
/// with something.
fn killed(child: &str, path: &Path, round: u64, before: u64, at_work: bool) -> Heard {
    let mut writer = child::command(child, path).spawn().unwrap();
    let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines();
    let mut heard = Heard::default();
    for line in lines.by_ref().map_while(Result::ok) {
        heard.take(&line);
        if heard.acknowledged > before + 3 + round % 7 && heard.busy == at_work {
            break;
        }
    }
    let step = if at_work { 29 } else { 137 };
    std::thread::sleep(Duration::from_micros(step * (round % 23)));
    writer.kill().unwrap();
    lines.map_while(Result::ok).for_each(|line| heard.take(&line));
    writer.wait().unwrap();
    heard
}

/// All that was acknowledged is there, and nothing by half. Gives the last write.
fn assert_whole(path: &Path, round: u64, acknowledged: u64) -> u64 {
    let store = Store::open(path, Options::default()).unwrap();
    // Checks the file (`integrity_check`), the chains, and the documents against the list of commits.
    let report = store.audit().unwrap();
    assert!(report.is_whole(), "round {round}: {report:?}");
    let snapshot = store.snapshot();
    let number = |snapshot: &Snapshot, key: &str| snapshot.get(key).map_or(0, |n| n.value.parse().unwrap());
    let left: u64 = number(&snapshot, "left");
    let records = store.journal("writes", 1).unwrap();
    assert!(left >= acknowledged, "round {round}: {acknowledged} was acknowledged, {left} is there");
    assert_eq!(
        (left, left),
        (number(&snapshot, "right"), records.len() as u64),
        "round {round}: both or none"
    );
    assert_eq!(records.last().map(|last| last.version), snapshot.get("left").map(|left| left.version));
    // Each write is one commit: its number is its version, also in what is left of the past.
    assert_eq!(left, snapshot.version());
    let past = (left.saturating_sub(20)..=left).map(|version| store.at(version));
    let mut readable = 0;
    for past in past {
        match past {
            Ok(past) => {
                assert_eq!((number(&past, "left"), number(&past, "right")), (past.version(), past.version()));
                readable += 1;
            }
            Err(error) => assert_eq!(error.kind(), ErrorKind::Collected, "round {round}: {error}"),
        }
    }
    assert!(readable > 0, "round {round}: the present can be read as a past");
    left
}

#[test]
fn a_killed_writer_loses_nothing_acknowledged_and_leaves_nothing_by_half() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let mut last = 0;
    for round in 0..rounds() {
        let heard = killed("writes_until_it_is_killed", &path, round, last, false);
        last = assert_whole(&path, round, heard.acknowledged);
    }
}

/// Goes on until the child was killed in the middle of what it is about as often as there are rounds.
fn killed_in_the_middle(child: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let (mut last, mut hits, mut round) = (0, 0, 0);
    while hits < rounds() {
        let heard = killed(child, &path, round, last, true);
        last = assert_whole(&path, round, heard.acknowledged);
        hits += u64::from(heard.busy);
        round += 1;
        assert!(round < 100 + 20 * rounds(), "only {hits} of {round} kills came in the middle");
    }
    println!("{hits} of {round} kills came in the middle");
}

#[test]
fn one_killed_while_the_log_is_copied_into_the_file_loses_nothing() {
    killed_in_the_middle("writes_and_checkpoints_until_it_is_killed");
}

#[test]
fn one_killed_while_it_collects_loses_nothing_but_what_it_collected() {
    killed_in_the_middle("writes_and_collects_until_it_is_killed");
}

fn last_write(store: &Store) -> u64 {
    store.get("left").map_or(0, |document| document.value.parse().unwrap())
}

fn write_and_say_so(store: &Store, n: u64, durability: Durability) {
    let mut tx = store.begin().unwrap();
    tx.put("left", &n.to_string()).unwrap();
    let text = format!("\"{}\"", "x".repeat(usize::try_from(n % 9000).unwrap()));
    tx.put(&format!("text/{}", n % 10), &text).unwrap();
    tx.append("writes", "wrote", n, &text).unwrap();
    tx.put("right", &n.to_string()).unwrap();
    tx.commit(durability).unwrap();
    say("done", n);
}

/// One write to the pipe a line: the standard library's own buffer ends at each line, too.
fn say(what: &str, n: u64) {
    std::io::stdout().write_all(format!("{what} {n}\n").as_bytes()).unwrap();
}

#[test]
#[ignore = "a child of the test above"]
fn writes_until_it_is_killed() {
    let Some(path) = child::store() else { return };
    // So small a log is folded into the file every few commits: kills hit that too.
    let mut options = Options::default();
    options.checkpoint_pages = 8;
    let store = Store::open(path, options).unwrap();
    for n in last_write(&store) + 1.. {
        write_and_say_so(&store, n, if n.is_multiple_of(5) { Durability::Normal } else { Durability::Full });
    }
}

#[test]
#[ignore = "a child of the test above"]
fn writes_and_checkpoints_until_it_is_killed() {
    let Some(path) = child::store() else { return };
    let store = Store::open(&path, Options::default()).unwrap();
    std::thread::spawn(move || {
        let other = rusqlite::Connection::open(path).unwrap();
        other.busy_timeout(Duration::from_secs(5)).unwrap();
        for n in 0.. {
            say("begins", n);
            other.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(())).unwrap();
            say("ends", n);
        }
    });
    for n in last_write(&store) + 1.. {
        write_and_say_so(&store, n, if n.is_multiple_of(5) { Durability::Normal } else { Durability::Full });
    }
}

#[test]
#[ignore = "a child of the test above"]
fn writes_and_collects_until_it_is_killed() {
    let Some(path) = child::store() else { return };
    let store = Store::open(&path, Options::default()).unwrap();
    for n in last_write(&store) + 1.. {
        write_and_say_so(&store, n, Durability::Normal);
        if n.is_multiple_of(30) {
            say("begins", n);
            store.collect(n - 3).unwrap();
            say("ends", n);
        }
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
