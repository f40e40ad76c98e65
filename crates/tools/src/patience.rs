//! When a tool gives up: at a deadline, or when asked to.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

/// A deadline and a cancel flag. Asking costs some 25 ns.
#[derive(Clone, Copy)]
pub(crate) struct Patience<'a> {
    deadline: Option<Instant>,
    cancel: &'a AtomicBool,
}

impl<'a> Patience<'a> {
    pub(crate) fn within(time: Duration, cancel: &'a AtomicBool) -> Self {
        // A time limit beyond what the clock can express is none.
        Self { deadline: Instant::now().checked_add(time), cancel }
    }

    /// The same, but for no longer than `time` from now.
    pub(crate) fn at_most(self, time: Duration) -> Self {
        let sooner = Instant::now().checked_add(time);
        let deadline = match (self.deadline, sooner) {
            (Some(own), Some(sooner)) => Some(own.min(sooner)),
            (own, sooner) => own.or(sooner),
        };
        Self { deadline, ..self }
    }

    pub(crate) fn is_cancelled(self) -> bool {
        // Relaxed: the flag publishes nothing but itself.
        self.cancel.load(Ordering::Relaxed)
    }

    pub(crate) fn is_over(self) -> bool {
        self.is_cancelled() || self.deadline.is_some_and(|at| Instant::now() >= at)
    }
}
