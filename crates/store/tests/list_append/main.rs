//! Random concurrent transactions on lists, and a checker that looks in what they saw for anything that no serial order
//! explains. `LIST_APPEND_TRANSACTIONS` for more of them, `LIST_APPEND_SEED` for others.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod check;
#[path = "../child/mod.rs"]
mod child;
mod graph;
mod history;
mod planted;
mod workload;

use std::io::{BufWriter, Write};
use std::path::Path;
use std::thread;

use orchestrator_store::{Options, Store};

use crate::check::{Anomaly, check};
use crate::history::Transaction;
use crate::workload::{Client, Open, lists};

const THREADS: u64 = 4;
const PROCESSES: u64 = 3;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |number| number.parse().unwrap())
}

fn seed() -> u64 {
    setting("LIST_APPEND_SEED", 1)
}

/// A client's.
fn transactions() -> u64 {
    setting("LIST_APPEND_TRANSACTIONS", 150)
}

fn open(path: &Path) -> Store {
    Store::open(path, Options::default()).unwrap()
}

/// Enough of both kinds that the history means something; the more clients, the more conflicts.
fn assert_serializable(history: &[Transaction], store: &Store) {
    let found = check(history, &lists(store));
    let shown: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert!(found.is_empty(), "seed {}: {shown:#?}", seed());
    let committed = history.iter().filter(|transaction| transaction.committed).count();
    println!("{committed} of {} transactions committed", history.len());
    assert!(committed * 10 > history.len(), "{committed} of {} committed", history.len());
    assert!(store.audit().unwrap().is_whole());
}

/// Each client on a thread of its own, all on one handle.
fn run_threads(store: &Store, first_client: u64) -> Vec<Transaction> {
    thread::scope(|scope| {
        let clients: Vec<_> = (0..THREADS)
            .map(|n| {
                let mut client = Client::new(store.clone(), seed(), first_client + n);
                scope.spawn(move || (0..transactions()).map(|_| client.run()).collect::<Vec<_>>())
            })
            .collect();
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    })
}

#[test]
fn what_threads_see_has_a_serial_order() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("store.db"));
    let history = run_threads(&store, 0);
    assert_serializable(&history, &store);
}

#[test]
fn what_threads_of_several_processes_see_has_a_serial_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path);
    let children: Vec<_> = (0..PROCESSES)
        .map(|n| child::command("runs_transactions", &path).env("CHILD", n.to_string()).spawn().unwrap())
        .collect();
    let mut history = run_threads(&store, 0);
    for child in children {
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{said}");
        history.extend(said.lines().filter_map(|line| {
            line.strip_prefix("transaction ").map(|json| serde_json::from_str::<Transaction>(json).unwrap())
        }));
    }
    assert_eq!(history.len() as u64, transactions() * THREADS * (PROCESSES + 1), "all were heard of");
    assert_serializable(&history, &store);
}

#[test]
#[ignore = "a child of the test above"]
fn runs_transactions() {
    let Some(path) = child::store() else { return };
    let history = run_threads(&open(&path), (setting("CHILD", 0) + 1) * THREADS);
    let mut out = BufWriter::new(std::io::stdout());
    // The test's own line may stand before the first.
    writeln!(out).unwrap();
    for transaction in history {
        writeln!(out, "transaction {}", serde_json::to_string(&transaction).unwrap()).unwrap();
    }
    out.flush().unwrap();
}

/// Several transactions open at once in one thread, their steps shuffled by the seed: the same history every time.
fn shuffled(seed: u64, careless: bool) -> Vec<Anomaly> {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("store.db"));
    let mut order = workload::Random(seed);
    let mut clients: Vec<(Client, Option<Open>)> = (0..5)
        .map(|n| {
            let mut client = Client::new(store.clone(), seed, n);
            client.careless = careless;
            (client, None)
        })
        .collect();
    let mut history = Vec::new();
    while history.len() < 120 {
        let chosen = usize::try_from(order.below(5)).unwrap();
        let (client, open) = &mut clients[chosen];
        let transaction = open.get_or_insert_with(|| client.begin());
        if !client.step(transaction) {
            history.extend(open.take().map(|open| client.commit(open)));
        }
    }
    check(&history, &lists(&store))
}

#[test]
fn what_shuffled_transactions_see_has_a_serial_order() {
    for seed in 0..10 {
        assert_eq!(shuffled(seed, false), [], "seed {seed}");
    }
}

#[test]
fn a_store_that_validates_nothing_is_found_out_by_the_same_transactions() {
    for seed in 0..5 {
        let found = shuffled(seed, true);
        assert!(
            found.iter().any(|anomaly| matches!(anomaly, Anomaly::Lost { .. })),
            "seed {seed}: {found:?}"
        );
        assert_eq!(found, shuffled(seed, true), "the same seed, the same history");
        let cycle = |anomaly: &Anomaly| matches!(anomaly, Anomaly::GSingle(_) | Anomaly::G2(_));
        assert!(found.iter().any(cycle), "seed {seed}: {found:?}");
    }
}
