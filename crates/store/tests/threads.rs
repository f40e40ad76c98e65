//! Many threads on one store: the sums stay right, readers never see half a commit, one sync serves many.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use orchestrator_store::{Durability, Error, ErrorKind, Options, Store};

const THREADS: usize = 8;

fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("store.db"), Options::default()).unwrap();
    (folder, store)
}

#[test]
fn every_increment_of_eight_threads_is_there() {
    let (_folder, store) = store();
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..50 {
                    store
                        .retry(10_000, Durability::Normal, |tx| {
                            let count = tx.get("count").map_or(0, |json| json.parse::<u64>().unwrap());
                            tx.put("count", &(count + 1).to_string())
                        })
                        .unwrap();
                }
            });
        }
    });
    assert_eq!(&*store.get("count").unwrap().value, "400");
    assert_eq!(store.snapshot().version(), 400, "each increment is one commit");
}

#[test]
fn readers_never_see_a_part_of_a_commit() {
    const ACCOUNTS: u64 = 10;
    let (_folder, store) = store();
    let mut setup = store.begin().unwrap();
    for n in 0..ACCOUNTS {
        setup.put(&format!("account/{n}"), "100").unwrap();
    }
    setup.commit(Durability::Normal).unwrap();
    let done = AtomicBool::new(false);
    let reads = AtomicUsize::new(0);
    thread::scope(|scope| {
        let readers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let mut last = 0;
                    while !done.load(Ordering::Relaxed) {
                        let snapshot = store.snapshot();
                        let sum: i64 =
                            snapshot.scan("account/").map(|(_, d)| d.value.parse::<i64>().unwrap()).sum();
                        assert_eq!(sum, 1000);
                        assert!(snapshot.version() >= last, "versions never go back");
                        last = snapshot.version();
                        reads.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        let writers: Vec<_> = (0..4_u64)
            .map(|writer| {
                let store = &store;
                scope.spawn(move || {
                    for n in 0..100 {
                        let (from, to) = ((writer + n) % ACCOUNTS, (writer * 3 + n * 7 + 1) % ACCOUNTS);
                        store
                            .retry(10_000, Durability::Normal, |tx| {
                                let mut add = |account: u64, amount: i64| -> Result<(), Error> {
                                    let key = format!("account/{account}");
                                    let balance: i64 = tx.get(&key).unwrap().parse().unwrap();
                                    tx.put(&key, &(balance + amount).to_string())
                                };
                                add(from, -1)?;
                                add(to, 1)
                            })
                            .unwrap();
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().unwrap();
        }
        done.store(true, Ordering::Relaxed);
        for reader in readers {
            reader.join().unwrap();
        }
    });
    assert!(reads.load(Ordering::Relaxed) > 0);
    assert_eq!(store.snapshot().version(), 401);
}

#[test]
fn commits_that_wait_together_get_versions_of_their_own_and_all_are_there() {
    let (_folder, store) = store();
    let versions = std::sync::Mutex::new(BTreeSet::new());
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (store, versions) = (&store, &versions);
            scope.spawn(move || {
                for n in 0..25 {
                    let mut tx = store.begin().unwrap();
                    tx.put(&format!("{thread}/{n}"), "true").unwrap();
                    tx.append("puts", "put", n, &thread.to_string()).unwrap();
                    let version = tx.commit(Durability::Full).unwrap();
                    assert_eq!(store.get(&format!("{thread}/{n}")).unwrap().version, version);
                    assert!(versions.lock().unwrap().insert(version));
                }
            });
        }
    });
    assert_eq!(*versions.lock().unwrap(), (1..=200).collect());
    let records = store.journal("puts", 1).unwrap();
    assert_eq!(
        records.iter().map(|r| (r.seq, r.version)).collect::<Vec<_>>(),
        (1..=200).zip(1..=200).collect::<Vec<_>>()
    );
    assert!(store.audit().unwrap().is_whole());
}

#[test]
fn a_retry_gives_up_after_its_attempts_with_the_last_conflict() {
    let (_folder, store) = store();
    let mut runs = 0;
    let error = store
        .retry::<(), Error>(3, Durability::Normal, |tx| {
            runs += 1;
            tx.get("contended");
            let mut other = store.begin()?;
            other.put("contended", &runs.to_string())?;
            other.commit(Durability::Normal)?;
            tx.put("mine", "1")
        })
        .unwrap_err();
    assert_eq!((error.kind(), runs), (ErrorKind::Conflict, 3));
    assert_eq!(error.conflicts()[0].key, "contended");
    assert_eq!(store.get("mine"), None);
}

#[test]
fn an_error_of_the_body_ends_a_retry_at_once() {
    let (_folder, store) = store();
    let mut runs = 0;
    let error = store
        .retry::<(), Error>(3, Durability::Normal, |tx| {
            runs += 1;
            tx.put("", "1")
        })
        .unwrap_err();
    assert_eq!((error.kind(), runs), (ErrorKind::InvalidKey, 1));
}

#[test]
fn commits_and_collections_and_reads_of_the_past_may_run_at_once() {
    let (_folder, store) = store();
    thread::scope(|scope| {
        let writer = Arc::new(scope.spawn(|| {
            for n in 1..=300_u64 {
                let mut tx = store.begin().unwrap();
                tx.put("n", &n.to_string()).unwrap();
                assert_eq!(tx.commit(Durability::Normal).unwrap(), n);
            }
        }));
        let (store, writing) = (&store, writer.clone());
        scope.spawn(move || {
            while !writing.is_finished() {
                store.collect(store.snapshot().version().saturating_sub(5)).unwrap();
            }
        });
        scope.spawn(move || {
            while !writer.is_finished() {
                let version = store.snapshot().version().saturating_sub(3);
                match store.at(version) {
                    Ok(past) => {
                        let n = past.get("n").map_or(0, |d| d.value.parse::<u64>().unwrap());
                        assert_eq!(n, version);
                    }
                    Err(error) => assert_eq!(error.kind(), ErrorKind::Collected),
                }
            }
        });
    });
    assert_eq!(&*store.get("n").unwrap().value, "300");
}
