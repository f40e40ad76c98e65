//! The anomalies of weaker isolation levels (Berenson et al., "A Critique of ANSI SQL Isolation Levels", 1995),
//! each as one interleaving of two transactions: none can happen.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use orchestrator_store::{Durability, ErrorKind, Options, Store, Transaction};

struct Case {
    name: &'static str,
    play: fn(&mut Play),
}

/// Two transactions, A and B, on a store that holds `x = 50`, `y = 50` and two people on call.
struct Play {
    store: Store,
    a: Option<Transaction>,
    b: Option<Transaction>,
}

impl Play {
    fn new(store: Store) -> Self {
        let mut setup = store.begin().unwrap();
        setup.put("x", "50").unwrap();
        setup.put("y", "50").unwrap();
        setup.put("on-call/alice", "true").unwrap();
        setup.put("on-call/bob", "true").unwrap();
        setup.commit(Durability::Normal).unwrap();
        let (a, b) = (store.begin().unwrap(), store.begin().unwrap());
        Self { store, a: Some(a), b: Some(b) }
    }

    fn a(&mut self) -> &mut Transaction {
        self.a.as_mut().unwrap()
    }

    fn b(&mut self) -> &mut Transaction {
        self.b.as_mut().unwrap()
    }

    fn commit_a(&mut self) {
        self.a.take().unwrap().commit(Durability::Normal).unwrap();
    }

    fn commit_b(&mut self) {
        self.b.take().unwrap().commit(Durability::Normal).unwrap();
    }

    /// B must lose, because of exactly these keys.
    fn refuse_b(&mut self, keys: &[&str]) {
        let before = self.store.refresh().unwrap();
        let error = self.b.take().unwrap().commit(Durability::Normal).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
        let found: Vec<&str> = error.conflicts().iter().map(|conflict| conflict.key.as_str()).collect();
        assert_eq!(found, keys);
        assert_eq!(self.store.refresh().unwrap(), before, "a refused commit leaves no version");
    }

    fn stored(&self, key: &str) -> i64 {
        self.store.refresh().unwrap();
        self.store.get(key).unwrap().value.parse().unwrap()
    }
}

fn number(tx: &mut Transaction, key: &str) -> i64 {
    tx.get(key).unwrap().parse().unwrap()
}

fn put(tx: &mut Transaction, key: &str, value: i64) {
    tx.put(key, &value.to_string()).unwrap();
}

const CASES: &[Case] = &[
    Case {
        name: "dirty write: the writes of two transactions never mix",
        play: |p| {
            put(p.a(), "x", 1);
            put(p.b(), "x", 2);
            put(p.b(), "y", 2);
            p.commit_b();
            put(p.a(), "y", 1);
            p.commit_a();
            assert_eq!((p.stored("x"), p.stored("y")), (1, 1));
        },
    },
    Case {
        name: "dirty read: what is not committed is not seen, and a given-up transaction leaves nothing",
        play: |p| {
            put(p.a(), "x", 0);
            assert_eq!(number(p.b(), "x"), 50);
            assert_eq!(p.stored("x"), 50);
            p.a = None;
            assert_eq!(number(p.b(), "x"), 50);
            put(p.b(), "y", 60);
            p.commit_b();
            assert_eq!((p.stored("x"), p.stored("y")), (50, 60));
        },
    },
    Case {
        name: "fuzzy read: a second read gives what the first gave",
        play: |p| {
            assert_eq!(number(p.b(), "x"), 50);
            put(p.a(), "x", 10);
            p.commit_a();
            assert_eq!(number(p.b(), "x"), 50);
            put(p.b(), "z", 1);
            p.refuse_b(&["x"]);
        },
    },
    Case {
        name: "phantom, new: a document that joins a scanned range is not seen, and refuses the commit",
        play: |p| {
            assert_eq!(p.b().scan("on-call/").len(), 2);
            p.a().put("on-call/carol", "true").unwrap();
            p.commit_a();
            assert_eq!(p.b().scan("on-call/").len(), 2);
            p.b().put("count", "2").unwrap();
            p.refuse_b(&["on-call/carol"]);
        },
    },
    Case {
        name: "phantom, gone: a document that leaves a scanned range refuses the commit",
        play: |p| {
            assert_eq!(p.b().scan("on-call/").len(), 2);
            p.a().delete("on-call/bob").unwrap();
            p.commit_a();
            p.b().put("count", "2").unwrap();
            p.refuse_b(&["on-call/bob"]);
        },
    },
    Case {
        name: "phantom, empty: a range that was empty when scanned is checked too",
        play: |p| {
            assert!(p.b().scan("task/").is_empty());
            p.a().put("task/1", "{}").unwrap();
            p.commit_a();
            p.b().put("none", "true").unwrap();
            p.refuse_b(&["task/1"]);
        },
    },
    Case {
        name: "lost update: of two that add to one number, the second is refused",
        play: |p| {
            let x = number(p.a(), "x");
            put(p.a(), "x", x + 20);
            let x = number(p.b(), "x");
            put(p.b(), "x", x + 30);
            p.commit_a();
            p.refuse_b(&["x"]);
            assert_eq!(p.stored("x"), 70);
        },
    },
    Case {
        name: "lost update, absent: of two that make the same document, the second is refused",
        play: |p| {
            assert_eq!(p.a().get("lease"), None);
            p.a().put("lease", "\"a\"").unwrap();
            assert_eq!(p.b().get("lease"), None);
            p.b().put("lease", "\"b\"").unwrap();
            p.commit_a();
            p.refuse_b(&["lease"]);
        },
    },
    Case {
        name: "read skew: two documents that change together are read together",
        play: |p| {
            assert_eq!(number(p.b(), "x"), 50);
            put(p.a(), "x", 20);
            put(p.a(), "y", 80);
            p.commit_a();
            assert_eq!(number(p.b(), "y"), 50);
            put(p.b(), "sum", 100);
            p.refuse_b(&["x", "y"]);
        },
    },
    Case {
        name: "write skew: each reads both and writes one, so the second is refused",
        play: |p| {
            assert_eq!(number(p.a(), "x") + number(p.a(), "y"), 100);
            put(p.a(), "x", -40);
            assert_eq!(number(p.b(), "x") + number(p.b(), "y"), 100);
            put(p.b(), "y", -40);
            p.commit_a();
            p.refuse_b(&["x"]);
        },
    },
    Case {
        name: "write skew, range: the last one on call can't leave",
        play: |p| {
            assert_eq!(p.a().scan("on-call/").len(), 2);
            p.a().delete("on-call/alice").unwrap();
            assert_eq!(p.b().scan("on-call/").len(), 2);
            p.b().delete("on-call/bob").unwrap();
            p.commit_a();
            p.refuse_b(&["on-call/alice"]);
        },
    },
    Case {
        name: "read-only anomaly: a reader's snapshot is of one version, whatever is committed around it",
        play: |p| {
            let reader = p.store.snapshot();
            put(p.a(), "x", 0);
            p.commit_a();
            let (x, y) = (reader.get("x").unwrap(), reader.get("y").unwrap());
            assert_eq!((&*x.value, &*y.value), ("50", "50"));
            let read = number(p.b(), "y");
            assert_eq!(read, 50);
            p.commit_b();
        },
    },
];

#[test]
fn no_anomaly_can_happen_between_two_transactions_of_one_store() {
    for case in CASES {
        println!("{}", case.name);
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("store.db"), Options::default()).unwrap();
        (case.play)(&mut Play::new(store));
    }
}

#[test]
fn no_anomaly_can_happen_between_two_stores_on_one_file() {
    for case in CASES {
        println!("{}", case.name);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let store = Store::open(&path, Options::default()).unwrap();
        let mut play = Play::new(store);
        // B is of another store, which knows of A's commits only through the file.
        let other = Store::open(&path, Options::default()).unwrap();
        play.b = Some(other.begin().unwrap());
        (case.play)(&mut play);
    }
}
