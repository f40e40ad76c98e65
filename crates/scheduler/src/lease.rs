//! A lease: one engagement of a lane with a session.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::task::Role;

/// Names a lease. Grows by one with each lease of a scheduler and is never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LeaseId(pub u64);

impl fmt::Display for LeaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "lease {}", self.0)
    }
}

/// Names a lane: the `index`-th of its role, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Lane {
    /// Whose lane it is.
    pub role: Role,
    /// Its place among the role's lanes, from 0.
    pub index: u32,
}

/// What a lease is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Doing a task.
    Work,
    /// Reviewing one.
    Review,
    /// Reviewing the whole mission, at its end.
    Seal,
}
