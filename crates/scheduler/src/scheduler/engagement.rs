//! What a task has from its first turn to its end, and needs neither before nor after.

use crate::{
    backoff::Backoff,
    command::PromptReason,
    lease::{Lane, LeaseId},
    pools::{slots::Recycle, strings::Name},
    scheduler::{review::Review, speculation::Second},
    view::ScopeRequest,
};

/// A task at work: its scope is busy, and its next turn goes before new work. A mission of 10,000 tasks has 10,000
/// tasks, but never many more of these than lanes: they come from a pool.
#[derive(Debug, Default)]
pub(crate) struct Engagement {
    pub(crate) lane: Option<Lane>,
    pub(crate) lease: Option<LeaseId>,
    /// The attempt beside the main one.
    pub(crate) second: Option<Second>,
    /// Whether there is or was a second attempt: there is one at most.
    pub(crate) speculated: bool,
    /// What the next prompt says; to the lease's session, or where there is no lease, to a new one.
    pub(crate) next: Option<PromptReason>,
    /// The next turn, or the present one, compacts the session's context.
    pub(crate) compacts: bool,
    /// The lease's session was compacted once; the next time its context is full it is given up.
    pub(crate) compacted: bool,
    pub(crate) refusals: Refusals,
    /// The models that refused the task.
    pub(crate) refused_by: Vec<Name>,
    /// The model that the last turn waited for in vain: the next is asked of another, where one answers.
    pub(crate) avoided: Option<Name>,
    /// What the commander has to decide before the task goes on.
    pub(crate) waiting: Option<String>,
    /// Files that it asks for, which others are at work on.
    pub(crate) scope_request: Option<ScopeRequest>,
    pub(crate) retry_at: Option<u64>,
    /// Errors of the provider in a row.
    pub(crate) transient: u32,
    pub(crate) backoff: Backoff,
    pub(crate) review: Review,
}

/// Turns in a row that ended by a permission that was refused: not the agent's fault, as long as they are few.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Refusals(u32);

impl Refusals {
    const MOST: u32 = 3;

    /// Whether a turn that ended without a result is to be forgiven, for `what` was refused to it.
    pub(crate) fn forgive(&mut self, what: &[String]) -> bool {
        self.0 = if what.is_empty() { 0 } else { self.0 + 1 };
        (1..=Self::MOST).contains(&self.0)
    }
}

impl Recycle for Engagement {
    fn recycle(&mut self) {
        *self = Self::default();
    }
}
