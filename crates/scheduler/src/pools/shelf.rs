//! What buffers and slots have in common: a bounded lock-free list of idle values, and the counting.

use crossbeam_queue::ArrayQueue;

use super::Counts;
use crate::sync::{AtomicU64, Ordering};

/// All counters are relaxed: they order nothing. What the last borrower wrote reaches the next one by the queue, whose
/// `push` releases what `pop` acquires.
#[derive(Debug)]
pub(super) struct Shelf<T> {
    /// None where nothing is kept: a queue has room for at least one.
    idle: Option<ArrayQueue<T>>,
    /// Of `allocated`, those that were made before anybody asked.
    stocked: u64,
    taken: AtomicU64,
    allocated: AtomicU64,
    discarded: AtomicU64,
    outstanding: AtomicU64,
    high_water: AtomicU64,
}

impl<T> Shelf<T> {
    /// Keeps up to `keep` idle values.
    pub(super) fn new(keep: usize) -> Self {
        Self::stocked(Vec::new(), keep)
    }

    /// Begins with some idle values; keeps up to `keep`, or as many as it begins with.
    pub(super) fn stocked(values: Vec<T>, keep: usize) -> Self {
        let stocked = values.len() as u64;
        let room = keep.max(values.len());
        let idle = (room > 0).then(|| ArrayQueue::new(room));
        for value in values {
            let kept = idle.as_ref().is_some_and(|idle| idle.push(value).is_ok());
            debug_assert!(kept, "there is room for all that it begins with");
        }
        Self {
            idle,
            stocked,
            taken: AtomicU64::new(0),
            allocated: AtomicU64::new(stocked),
            discarded: AtomicU64::new(0),
            outstanding: AtomicU64::new(0),
            high_water: AtomicU64::new(0),
        }
    }

    /// Lends an idle value, or else one that `make` makes.
    pub(super) fn take(&self, make: impl FnOnce() -> T) -> T {
        let value = self.idle.as_ref().and_then(ArrayQueue::pop).unwrap_or_else(|| {
            self.allocated.fetch_add(1, Ordering::Relaxed);
            make()
        });
        self.taken.fetch_add(1, Ordering::Relaxed);
        let outstanding = self.outstanding.fetch_add(1, Ordering::Relaxed) + 1;
        if outstanding > self.high_water.load(Ordering::Relaxed) {
            self.high_water.fetch_max(outstanding, Ordering::Relaxed);
        }
        value
    }

    /// Counts that a borrower is done. Comes before [`keep`](Self::keep), so that no value counts for two.
    pub(super) fn end(&self) {
        self.outstanding.fetch_sub(1, Ordering::Relaxed);
    }

    /// Takes a value in for the next borrower; hands it back when there is no room.
    pub(super) fn keep(&self, value: T) -> Result<(), T> {
        match &self.idle {
            Some(idle) => idle.push(value),
            None => Err(value),
        }
    }

    /// Frees a value of this shelf.
    pub(super) fn discard(&self, value: T) {
        drop(value);
        self.discarded.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn counts(&self) -> Counts {
        let [taken, allocated, discarded, outstanding, high_water] =
            [&self.taken, &self.allocated, &self.discarded, &self.outstanding, &self.high_water]
                .map(|counter| counter.load(Ordering::Relaxed));
        Counts {
            taken,
            // In the midst of a `take` on another thread, `allocated` may already count what `taken` doesn't yet.
            reused: (taken + self.stocked).saturating_sub(allocated),
            allocated,
            discarded,
            outstanding,
            high_water,
            idle: self.idle.as_ref().map_or(0, ArrayQueue::len) as u64,
        }
    }
}
