//! A work-stealing deque of 64-bit ids.
//!
//! The owner pushes and pops at one end (last in, first out: what it made ready last is warm); thieves steal at the
//! other (first in, first out: what waited longest goes). The ring has a fixed number of slots. When it is full,
//! [`push`](Deque::push) hands the id back and the caller puts it into its injector.
//!
//! Every slot is an atomic, so no read races with a write: a thief may read a slot that the owner is about to
//! reuse, but its compare-and-swap on `top` then fails and the id is thrown away. A deque of arbitrary `T` cannot
//! do that without a data race on the slots.
//!
//! ```
//! use orchestrator_scheduler::deque::{self, Steal};
//!
//! let (mut deque, stealer) = deque::with_capacity(64);
//! deque.push(1).unwrap();
//! deque.push(2).unwrap();
//! deque.push(3).unwrap();
//! assert_eq!(deque.pop(), Some(3));
//! assert_eq!(stealer.steal(), Steal::Taken(1));
//! assert_eq!(deque.pop(), Some(2));
//! assert_eq!(deque.pop(), None);
//! ```

use std::{cell::Cell, fmt, marker::PhantomData};

use crate::sync::{Arc, AtomicU64, Ordering, fence};

mod round;
#[cfg(all(test, not(any(loom, shuttle))))]
mod tests;

pub use round::steal_round;

/// The two ends of a ring, on a cache line that nothing else is on. Owner and thieves read both ends each time: on two
/// lines, each of their steps would move two. 128 bytes: x86 fetches lines in pairs, and Apple's lines are that long.
#[repr(align(128))]
struct Ends {
    /// The next index to steal. Written by whoever takes the id there (compare-and-swap), read by all.
    top: AtomicU64,
    /// The next index to push. Written by the owner alone, read by all.
    bottom: AtomicU64,
}

/// The ring that an owner and its thieves share.
///
/// The algorithm is D. Chase and Y. Lev, *Dynamic circular work-stealing deque* (SPAA 2005), without the growing,
/// with the orderings of N. M. Lê, A. Pop, A. Cohen and F. Zappa Nardelli, *Correct and efficient work-stealing for
/// weak memory models* (`PPoPP` 2013). One difference: `bottom` is published by release stores rather than by a
/// release fence and relaxed stores, because `ThreadSanitizer` does not model fences, and because C++20 took the
/// owner's later relaxed stores out of the release sequence.
///
/// `top` and `bottom` only ever count up (but for the owner's trial step in [`Deque::pop`]); at a billion pushes a
/// second they wrap after 584 years.
struct Ring {
    ends: Ends,
    /// Written by the owner alone, read by all; index `i` lives in slot `i & mask`.
    slots: Box<[AtomicU64]>,
}

impl Ring {
    fn slot(&self, index: u64) -> &AtomicU64 {
        let mask = self.slots.len() - 1;
        #[allow(clippy::cast_possible_truncation, reason = "only the low bits are kept")]
        &self.slots[index as usize & mask]
    }

    fn len(&self) -> usize {
        let bottom = self.ends.bottom.load(Ordering::Relaxed);
        let top = self.ends.top.load(Ordering::Relaxed);
        usize::try_from(bottom.saturating_sub(top)).unwrap_or(usize::MAX)
    }
}

/// Makes a deque with room for `capacity` ids, rounded up to a power of two.
///
/// # Panics
/// When `capacity` is 0 or above 2³¹.
#[must_use]
pub fn with_capacity(capacity: usize) -> (Deque, Stealer) {
    assert!((1..=1 << 31).contains(&capacity), "a deque holds 1 to 2^31 ids, not {capacity}");
    let slots = (0..capacity.next_power_of_two()).map(|_| AtomicU64::new(0)).collect();
    let ends = Ends { top: AtomicU64::new(0), bottom: AtomicU64::new(0) };
    let ring = Arc::new(Ring { ends, slots });
    (Deque { ring: ring.clone(), seen_top: 0, not_sync: PhantomData }, Stealer { ring })
}

/// The owner's end. There is one, on one thread at a time.
pub struct Deque {
    ring: Arc<Ring>,
    /// `top` as a push last read it; it has only grown since.
    seen_top: u64,
    not_sync: PhantomData<Cell<()>>,
}

impl Deque {
    /// Puts an id on the owner's end.
    ///
    /// # Errors
    /// Hands the id back when every slot is taken.
    pub fn push(&mut self, id: u64) -> Result<(), u64> {
        let bottom = self.ring.ends.bottom.load(Ordering::Relaxed);
        let capacity = self.ring.slots.len() as u64;
        if bottom - self.seen_top >= capacity {
            // Acquire pairs with the release half of the thieves' compare-and-swap on `top`: a slot is written again
            // only after the thief that took its id has read it.
            self.seen_top = self.ring.ends.top.load(Ordering::Acquire);
            if bottom - self.seen_top >= capacity {
                return Err(id);
            }
        }
        self.ring.slot(bottom).store(id, Ordering::Relaxed);
        // Release pairs with the thieves' acquire load of `bottom`: who sees the index sees the id.
        self.ring.ends.bottom.store(bottom + 1, Ordering::Release);
        Ok(())
    }

    /// Takes the id that was pushed last.
    pub fn pop(&mut self) -> Option<u64> {
        let bottom = self.ring.ends.bottom.load(Ordering::Relaxed);
        // Nobody but the owner adds, so what looks empty is empty; and `bottom - 1` can't underflow below.
        if self.ring.ends.top.load(Ordering::Relaxed) >= bottom {
            return None;
        }
        let last = bottom - 1;
        // Release, as every store to `bottom`: a thief that reads this value must see the ids below it.
        self.ring.ends.bottom.store(last, Ordering::Release);
        // SeqCst pairs with the fence in `steal`: of an owner and a thief after the same id, at least one sees the
        // other's step.
        fence(Ordering::SeqCst);
        let top = self.ring.ends.top.load(Ordering::Relaxed);
        if top < last {
            return Some(self.ring.slot(last).load(Ordering::Relaxed));
        }
        // At most one id is left: race the thieves for it. SeqCst as in `steal`.
        let taken = (top == last
            && self
                .ring
                .ends
                .top
                .compare_exchange(top, top + 1, Ordering::SeqCst, Ordering::Relaxed)
                .is_ok())
        .then(|| self.ring.slot(last).load(Ordering::Relaxed));
        self.ring.ends.bottom.store(bottom, Ordering::Release);
        taken
    }

    /// How many ids there are; thieves may be taking some.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ring.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many ids fit.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.ring.slots.len()
    }
}

impl fmt::Debug for Deque {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deque").field("len", &self.len()).field("capacity", &self.capacity()).finish()
    }
}

/// What an attempt to steal came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steal {
    /// There was nothing.
    Empty,
    /// An id, the thief's alone.
    Taken(u64),
    /// Somebody else was faster; there may be more.
    Retry,
}

/// A thief's end. Clones are thieves of the same deque, on any thread.
#[derive(Clone)]
pub struct Stealer {
    ring: Arc<Ring>,
}

impl Stealer {
    /// Takes the id that has waited longest.
    #[must_use]
    pub fn steal(&self) -> Steal {
        // Acquire pairs with the other takers' compare-and-swap: `top` is not older than what they took.
        let top = self.ring.ends.top.load(Ordering::Acquire);
        // SeqCst pairs with the fence in `Deque::pop`.
        fence(Ordering::SeqCst);
        // Acquire pairs with the release stores of `bottom`: who sees the index sees the id.
        let bottom = self.ring.ends.bottom.load(Ordering::Acquire);
        if top >= bottom {
            return Steal::Empty;
        }
        // Maybe an id of the next lap already; then `top` has moved on and the exchange fails.
        let id = self.ring.slot(top).load(Ordering::Relaxed);
        // SeqCst: in one order with the owner's exchange for the last id; its release half keeps the load above
        // before it.
        match self.ring.ends.top.compare_exchange(top, top + 1, Ordering::SeqCst, Ordering::Relaxed) {
            Ok(_) => Steal::Taken(id),
            Err(_) => Steal::Retry,
        }
    }

    /// Steals about half of what is there: one id to work on at once, the others into `into`, oldest first, as
    /// far as there is room.
    ///
    /// The ids are taken one by one. A single exchange for all of them would be wrong: the owner pops without an
    /// exchange as long as it sees more than one id, and could take what the thief just claimed.
    pub fn steal_half(&self, into: &mut Deque) -> Steal {
        let half = self.ring.len().div_ceil(2);
        let first = self.steal();
        if !matches!(first, Steal::Taken(_)) {
            return first;
        }
        for _ in 1..half {
            if into.len() == into.capacity() {
                break;
            }
            let Steal::Taken(id) = self.steal() else { break };
            if into.push(id).is_err() {
                unreachable!("the owner saw a free slot, and only the owner fills slots");
            }
        }
        first
    }

    /// How many ids there were a moment ago.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ring.len()
    }

    /// Whether there was none a moment ago.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl fmt::Debug for Stealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stealer").field("len", &self.len()).finish()
    }
}
