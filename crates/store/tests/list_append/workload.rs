//! Random transactions on lists that are documents of a store.

use std::collections::BTreeMap;

use orchestrator_store::{Durability, ErrorKind, Snapshot, Store, Transaction as StoreTransaction};

use crate::history::{Op, Transaction};

/// So many lists are in use at a time; few, so that transactions meet.
const LISTS: u64 = 4;
/// After so many transactions a client goes on to the next lists, so that none grows for ever.
const ROTATION: u64 = 40;
const PREFIX: &str = "list/";

/// Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014 (`SplitMix64`).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}

/// Someone who runs one transaction after the other.
pub(crate) struct Client {
    pub(crate) store: Store,
    pub(crate) random: Random,
    /// Makes the values of this client different from all others'.
    pub(crate) number: u64,
    /// Reads behind the transaction's back, so that nothing is validated: a broken store.
    pub(crate) careless: bool,
    done: u64,
    appended: u64,
}

/// A transaction on its way.
pub(crate) struct Open {
    transaction: StoreTransaction,
    snapshot: Snapshot,
    written: BTreeMap<u32, Vec<u64>>,
    ops: Vec<Op>,
    left: u64,
}

impl Client {
    pub(crate) fn new(store: Store, seed: u64, number: u64) -> Self {
        let random = Random(seed ^ (number << 32));
        Self { store, random, number, careless: false, done: 0, appended: 0 }
    }

    pub(crate) fn begin(&mut self) -> Open {
        self.done += 1;
        // Now and then on a snapshot that may be old.
        let snapshot = if self.random.below(4) > 0 {
            self.store.refresh().unwrap();
            self.store.snapshot()
        } else {
            self.store.snapshot()
        };
        Open {
            transaction: self.store.begin_at(snapshot.clone()),
            snapshot,
            written: BTreeMap::new(),
            ops: Vec::new(),
            left: 1 + self.random.below(4),
        }
    }

    /// False when there is nothing left to do but to commit.
    pub(crate) fn step(&mut self, open: &mut Open) -> bool {
        if open.left == 0 {
            return false;
        }
        open.left -= 1;
        let lists = self.done / ROTATION * LISTS;
        let key = u32::try_from(lists + self.random.below(LISTS)).unwrap();
        match self.random.below(10) {
            0..5 => {
                let mut list = self.read(open, key);
                self.appended += 1;
                let value = self.number * 1_000_000 + self.appended;
                list.push(value);
                let json = serde_json::to_string(&list).unwrap();
                open.transaction.put(&name(key), &json).unwrap();
                open.written.insert(key, list);
                open.ops.push(Op::Append { key, value });
            }
            5..9 => {
                let list = self.read(open, key);
                open.ops.push(Op::Read { key, list });
            }
            _ if self.careless => {}
            _ => {
                let scanned: BTreeMap<u32, Vec<u64>> =
                    open.transaction.scan(PREFIX).iter().map(|(key, json)| parse(key, json)).collect();
                for key in (lists..lists + LISTS).map(|key| u32::try_from(key).unwrap()) {
                    let list = scanned.get(&key).cloned().unwrap_or_default();
                    open.ops.push(Op::Read { key, list });
                }
            }
        }
        true
    }

    fn read(&self, open: &mut Open, key: u32) -> Vec<u64> {
        let json = if self.careless {
            if let Some(list) = open.written.get(&key) {
                return list.clone();
            }
            open.snapshot.get(&name(key)).map(|document| document.value.clone())
        } else {
            open.transaction.get(&name(key))
        };
        json.map_or_else(Vec::new, |json| serde_json::from_str(&json).unwrap())
    }

    pub(crate) fn commit(&mut self, open: Open) -> Transaction {
        let durability = if self.random.below(8) == 0 { Durability::Full } else { Durability::Normal };
        let committed = match open.transaction.commit(durability) {
            Ok(_) => true,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
                false
            }
        };
        Transaction { ops: open.ops, committed }
    }

    pub(crate) fn run(&mut self) -> Transaction {
        let mut open = self.begin();
        while self.step(&mut open) {
            if self.random.below(4) == 0 {
                std::thread::yield_now();
            }
        }
        self.commit(open)
    }
}

/// All lists as they are now.
pub(crate) fn lists(store: &Store) -> BTreeMap<u32, Vec<u64>> {
    store.refresh().unwrap();
    store.snapshot().scan(PREFIX).map(|(key, document)| parse(key, &document.value)).collect()
}

fn name(key: u32) -> String {
    format!("{PREFIX}{key}")
}

fn parse(key: &str, json: &str) -> (u32, Vec<u64>) {
    (key.strip_prefix(PREFIX).unwrap().parse().unwrap(), serde_json::from_str(json).unwrap())
}
