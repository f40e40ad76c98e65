//! What transactions on lists saw and did.

use serde::{Deserialize, Serialize};

/// One step of a transaction. Every value is appended once in a history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Op {
    Append {
        key: u32,
        value: u64,
    },
    /// The list as the transaction saw it, its own appends included.
    Read {
        key: u32,
        list: Vec<u64>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Transaction {
    pub(crate) ops: Vec<Op>,
    pub(crate) committed: bool,
}

/// For histories written by hand.
pub(crate) fn transaction(ops: impl Into<Vec<Op>>) -> Transaction {
    Transaction { ops: ops.into(), committed: true }
}

pub(crate) fn append(key: u32, value: u64) -> Op {
    Op::Append { key, value }
}

pub(crate) fn read(key: u32, list: impl Into<Vec<u64>>) -> Op {
    Op::Read { key, list: list.into() }
}
