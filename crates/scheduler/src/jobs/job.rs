//! What a job is told, and what comes of it.

use std::{
    any::Any,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

/// Tells a running function that its result is no longer wanted: it was cancelled, its time is over, or its submitter
/// or the pool is gone. The function should end within some milliseconds then; what it returns is dropped.
#[derive(Debug)]
pub struct Signal {
    /// Written once, by whoever ends the job early; read by the function. Relaxed: it publishes nothing but itself.
    unwanted: AtomicBool,
    deadline: Option<Instant>,
}

impl Signal {
    pub(super) fn new(deadline: Option<Instant>) -> Self {
        Self { unwanted: AtomicBool::new(false), deadline }
    }

    /// Whether to stop.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.unwanted.load(Ordering::Relaxed) || self.is_overdue(Instant::now())
    }

    /// The flag by itself, for functions that look at a flag. It is set at the deadline only when the submitter looks
    /// for results at that time: where it may not, limit the function by [`remaining`](Self::remaining) too.
    #[must_use]
    pub fn flag(&self) -> &AtomicBool {
        &self.unwanted
    }

    /// How much time is left: none at the deadline, `None` without one.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    pub(super) fn is_overdue(&self, now: Instant) -> bool {
        self.deadline.is_some_and(|deadline| now >= deadline)
    }

    pub(super) fn set(&self) {
        self.unwanted.store(true, Ordering::Relaxed);
    }
}

/// How a job ended. One that was cancelled by its submitter has no outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome<T> {
    /// The function returned this.
    Done(T),
    /// The function panicked and said this.
    Panicked(String),
    /// Its time was over before it returned; it may not even have begun.
    TimedOut,
    /// It returned more than it had reserved.
    TooLarge {
        /// The size of the result, in bytes.
        bytes: usize,
        /// What was reserved.
        reserved: usize,
    },
    /// The pool ended before it ran, or could start no thread for it.
    Ended,
}

/// How much a result counts against the limits.
pub trait Weigh {
    /// In bytes: the memory that it takes, or what that is a small multiple of.
    fn bytes(&self) -> usize;
}

impl Weigh for Vec<u8> {
    fn bytes(&self) -> usize {
        self.capacity()
    }
}

/// What a panic said.
pub(super) fn said(payload: &(dyn Any + Send)) -> String {
    payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "it said nothing".to_owned())
}
