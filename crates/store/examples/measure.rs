//! Measures the store on this machine, beside plain `SQLite` doing the same writes in the same run.
//!
//! ```sh
//! cargo run --release -p orchestrator-store --example measure [folder]
//! ```
//!
//! The folder decides what a durable commit costs: name one on the disk of interest.

#![allow(clippy::unwrap_used, reason = "a measurement that fails has nothing to report")]
#![allow(clippy::cast_precision_loss, reason = "rates are printed with three digits")]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use orchestrator_store::{Durability, Options, Store};
use rusqlite::{Connection, params};

/// A small document, different for each `n`: `SQLite` skips writing what is already there.
fn value(n: u64) -> String {
    format!(
        r#"{{"id":"task-17","title":"Add the login form","state":"running","attempt":{n},"lane":"worker/3"}}"#
    )
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    if folder.is_file() {
        return open(&folder);
    }
    let folder = tempfile::tempdir_in(folder).unwrap();
    single_commits(folder.path());
    group_commits(folder.path());
    large_commits(folder.path());
    for documents in [1000, 30_000, 1_000_000] {
        reads(folder.path(), documents);
    }
}

fn report(what: &str, count: u64, time: Duration) {
    let per = time.as_secs_f64() / count as f64;
    let per_text = if per < 1e-6 { format!("{:.0} ns", per * 1e9) } else { format!("{:.1} µs", per * 1e6) };
    println!("{what:<58} {per_text:>10}  {:>12.0}/s", 1.0 / per);
}

fn timed(count: u64, mut run: impl FnMut(u64)) -> Duration {
    let start = Instant::now();
    for n in 0..count {
        run(n);
    }
    start.elapsed()
}

/// The best of several rounds, the two interleaved.
fn compare(what: [&str; 2], count: u64, mut one: impl FnMut(u64), mut two: impl FnMut(u64)) {
    let mut best = [Duration::MAX; 2];
    for _ in 0..5 {
        best[0] = best[0].min(timed(count, &mut one));
        best[1] = best[1].min(timed(count, &mut two));
    }
    report(what[0], count, best[0]);
    report(what[1], count, best[1]);
}

fn plain(path: &Path, synchronous: &str) -> Connection {
    let db = Connection::open(path).unwrap();
    db.execute_batch(&format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous}; \
         CREATE TABLE IF NOT EXISTS kv (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;"
    ))
    .unwrap();
    db
}

const PLAIN_PUT: &str =
    "INSERT INTO kv VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";

fn single_commits(folder: &Path) {
    println!("\none document a commit, 100 keys, one thread");
    let mut writes = 0;
    let mut unique = || {
        writes += 1;
        writes
    };
    for (durability, synchronous, count) in
        [(Durability::Full, "FULL", 300), (Durability::Normal, "NORMAL", 5000)]
    {
        let store = Store::open(folder.join(format!("single-{synchronous}.db")), Options::default()).unwrap();
        let db = plain(&folder.join(format!("plain-{synchronous}.db")), synchronous);
        let put = |n: u64, append: bool| {
            let mut tx = store.begin().unwrap();
            tx.put(&format!("task/{}", n % 100), &value(n)).unwrap();
            if append {
                tx.append("mission/1", "task_updated", n, &value(n)).unwrap();
            }
            tx.commit(durability).unwrap();
        };
        compare(
            [&format!("store, {durability:?}"), &format!("plain SQLite, synchronous = {synchronous}")],
            count,
            |n| put(n, false),
            |n| {
                db.prepare_cached(PLAIN_PUT)
                    .unwrap()
                    .execute(params![format!("task/{}", n % 100), value(unique())])
                    .map(|_| ())
                    .unwrap();
            },
        );
        let time = timed(count, |n| put(n, true));
        report(&format!("store, {durability:?}, with a journal record"), count, time);
        store.close().unwrap();
    }
}

fn group_commits(folder: &Path) {
    println!("\none document a Full commit, many threads on one store");
    for threads in [1_u64, 4, 16] {
        let store = Store::open(folder.join(format!("group-{threads}.db")), Options::default()).unwrap();
        let each = 1600 / threads;
        let start = Instant::now();
        std::thread::scope(|scope| {
            for thread in 0..threads {
                let store = &store;
                scope.spawn(move || {
                    for n in 0..each {
                        let mut tx = store.begin().unwrap();
                        tx.put(&format!("{thread}/{}", n % 100), &value(n)).unwrap();
                        tx.commit(Durability::Full).unwrap();
                    }
                });
            }
        });
        report(&format!("store, {threads} threads"), each * threads, start.elapsed());
    }
}

fn large_commits(folder: &Path) {
    println!("\n10,000 new documents in one commit, a document");
    let store = Store::open(folder.join("large.db"), Options::default()).unwrap();
    let mut db = plain(&folder.join("plain-large.db"), "NORMAL");
    let mut best = [Duration::MAX; 2];
    for round in 0..5 {
        let start = Instant::now();
        let mut tx = store.begin().unwrap();
        for n in 0..10_000 {
            tx.put(&format!("{round}/{n:05}"), &value(n)).unwrap();
        }
        tx.commit(Durability::Normal).unwrap();
        best[0] = best[0].min(start.elapsed());
        let start = Instant::now();
        let tx = db.transaction().unwrap();
        for n in 0..10_000 {
            tx.prepare_cached(PLAIN_PUT)
                .unwrap()
                .execute(params![format!("{round}/{n:05}"), value(n)])
                .unwrap();
        }
        tx.commit().unwrap();
        best[1] = best[1].min(start.elapsed());
    }
    report("store", 10_000, best[0]);
    report("plain SQLite", 10_000, best[1]);
}

fn reads(folder: &Path, documents: u64) {
    println!("\n{documents} documents of {} bytes", value(0).len());
    let path = folder.join(format!("reads-{documents}.db"));
    let store = Store::open(&path, Options::default()).unwrap();
    let db = plain(&folder.join(format!("plain-reads-{documents}.db")), "NORMAL");
    for start in (0..documents).step_by(50_000) {
        let mut tx = store.begin().unwrap();
        db.execute_batch("BEGIN").unwrap();
        for n in start..documents.min(start + 50_000) {
            tx.put(&format!("task/{n:07}"), &value(n)).unwrap();
            db.prepare_cached(PLAIN_PUT).unwrap().execute(params![format!("task/{n:07}"), value(n)]).unwrap();
        }
        tx.commit(Durability::Normal).unwrap();
        db.execute_batch("COMMIT").unwrap();
    }
    // Spread over all keys, in no order.
    let keys: Vec<String> = (0..4096).map(|n| format!("task/{:07}", n * 7919 % documents)).collect();
    let key = |n: u64| keys[usize::try_from(n).unwrap() % keys.len()].as_str();
    let snapshot = store.snapshot();
    compare(
        ["get from a snapshot", "get from plain SQLite, prepared statement"],
        100_000,
        |n| assert!(black_box(snapshot.get(key(n))).is_some()),
        |n| {
            let value: String = db
                .prepare_cached("SELECT value FROM kv WHERE key = ?1")
                .unwrap()
                .query_row([key(n)], |row| row.get(0))
                .unwrap();
            black_box(value);
        },
    );
    let time = timed(1_000_000, |_| drop(black_box(store.snapshot())));
    report("snapshot()", 1_000_000, time);
    let time = timed(100_000, |_| assert!(black_box(store.refresh().unwrap()) > 0));
    report("refresh(), nothing new", 100_000, time);
    let time = timed(100_000, |_| drop(black_box(store.begin().unwrap())));
    report("begin()", 100_000, time);
    let time = timed(1000, |n| assert_eq!(black_box(snapshot.scan(&key(n)[..10]).count()), 100));
    report("scan of 100 documents", 1000, time);
    drop(snapshot);
    store.close().unwrap();

    // In a process of its own, which has no freed memory to use again.
    let child = std::process::Command::new(std::env::current_exe().unwrap()).arg(&path).status().unwrap();
    assert!(child.success());
}

fn open(path: &Path) {
    let before = resident_bytes();
    let start = Instant::now();
    let store = Store::open(path, Options::default()).unwrap();
    let time = start.elapsed();
    let documents = store.snapshot().len() as u64;
    println!("{:<58} {:>7.1} ms", "open", time.as_secs_f64() * 1e3);
    if let (Some(before), Some(after)) = (before, resident_bytes()) {
        println!("{:<58} {:>8} B", "resident memory a document", after.saturating_sub(before) / documents);
    }
    println!("{:<58} {:>8} B", "file, a document", std::fs::metadata(path).unwrap().len() / documents);
}

/// What the process holds in memory, where the system says it as Linux does.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1024)
}
