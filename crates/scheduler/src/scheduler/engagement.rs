//! What a task has from its first turn to its end, and needs neither before nor after.

use crate::{
    backoff::Backoff,
    command::PromptReason,
    lease::{Lane, LeaseId},
    pools::slots::Recycle,
    scheduler::review::Review,
};

/// A task at work: its scope is busy, and its next turn goes before new work. A mission of 10,000 tasks has 10,000
/// tasks, but never many more of these than lanes: they come from a pool.
#[derive(Debug, Default)]
pub(crate) struct Engagement {
    pub(crate) lane: Option<Lane>,
    pub(crate) lease: Option<LeaseId>,
    /// What the next prompt says to the lease's session; `None`: the next turn begins in a new session.
    pub(crate) next: Option<PromptReason>,
    pub(crate) retry_at: Option<u64>,
    /// Errors of the provider in a row.
    pub(crate) transient: u32,
    pub(crate) backoff: Backoff,
    pub(crate) review: Review,
}

impl Recycle for Engagement {
    fn recycle(&mut self) {
        *self = Self::default();
    }
}
