//! The journal: what is kept before anything takes effect outside.

use std::error::Error as StdError;

use serde::{Deserialize, Serialize};

use crate::{
    event::{Durability, Event},
    view::{MissionView, TaskView},
};

/// One event at its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Record {
    /// When, in milliseconds, as the scheduler counted it.
    pub at: u64,
    /// What.
    pub event: Event,
}

/// What one commit has to keep, all of it or nothing.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// The events, in order.
    pub records: &'a [Record],
    /// The tasks that they changed, as they now stand.
    pub tasks: &'a [TaskView],
    /// The mission as it now stands.
    pub mission: &'a MissionView,
    /// How hard it has to be kept: the highest of its events.
    pub durability: Durability,
}

/// Keeps a mission's events, and the documents that they change, in one commit.
pub trait Journal {
    /// Appends `batch.records` and puts the documents, all or nothing.
    ///
    /// # Errors
    /// Nothing of the batch may have been kept then.
    fn commit(&mut self, batch: &Batch<'_>) -> Result<(), JournalError>;

    /// Every record ever committed, in order.
    fn replay(&mut self) -> Result<Vec<Record>, JournalError>;
}

/// Why a journal could not be written or read.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct JournalError {
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl JournalError {
    /// An error with a message that says what was tried and what was found.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), source: None }
    }

    /// The same, with the error below it.
    pub fn caused_by(message: impl Into<String>, source: impl StdError + Send + Sync + 'static) -> Self {
        Self { message: message.into(), source: Some(Box::new(source)) }
    }
}
