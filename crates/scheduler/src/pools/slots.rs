//! Boxed values of one type, lent and taken back with the memory that they hold.
//!
//! What costs in a value that is made again and again is rarely the value: it is the strings and lists in it. A slot's
//! value is therefore not dropped but [recycled](Recycle::recycle): emptied, its capacity kept.
//!
//! ```
//! use orchestrator_scheduler::pools::slots::{Recycle, Slots};
//!
//! #[derive(Default)]
//! struct Note(String);
//!
//! impl Recycle for Note {
//!     fn recycle(&mut self) {
//!         self.0.clear();
//!     }
//! }
//!
//! let notes: Slots<Note> = Slots::new(1, 10);
//! let mut note = notes.take();
//! note.0.push_str("some text");
//! drop(note);
//! assert_eq!(notes.take().0, "");
//! assert_eq!((notes.counts().reused, notes.counts().outstanding), (2, 0));
//! ```

use std::ops::{Deref, DerefMut};

use super::Counts;
use crate::sync::{Arc, Mutex};

/// A value that can be emptied for its next use.
pub trait Recycle: Default {
    /// Brings the value to where it can't be told from a new one, but for the capacity of what it holds. Runs as a
    /// slot is given back, so that what is idle holds nothing of its last use. It must not panic: the value would
    /// be freed, which the counts would not show.
    fn recycle(&mut self);
}

/// A pool of boxed values. Clones are the same pool.
///
/// The idle ones lie in a stack behind one lock, which one thread at a time takes twice a loan: that is cheaper than
/// a lock-free list and five atomic counters, and what came back last, and is warm, is lent first.
#[derive(Debug)]
pub struct Slots<T: Recycle> {
    shelf: Arc<Mutex<Shelf<T>>>,
}

#[derive(Debug)]
struct Shelf<T> {
    idle: Vec<Box<T>>,
    keep: usize,
    counts: Counts,
}

impl<T: Recycle> Slots<T> {
    /// Makes `start` values at once, and later as many as are asked for; keeps up to `keep` idle ones (or `start`, if
    /// that is more).
    #[must_use]
    pub fn new(start: usize, keep: usize) -> Self {
        let idle: Vec<Box<T>> = (0..start).map(|_| Box::default()).collect();
        let counts = Counts { allocated: start as u64, ..Counts::default() };
        Self { shelf: Arc::new(Mutex::new(Shelf { idle, keep: keep.max(start), counts })) }
    }

    /// Lends a value that is as good as new.
    #[must_use]
    pub fn take(&self) -> Slot<T> {
        let idle = with(&self.shelf, |shelf| {
            let idle = shelf.idle.pop();
            let counts = &mut shelf.counts;
            counts.taken += 1;
            *(if idle.is_some() { &mut counts.reused } else { &mut counts.allocated }) += 1;
            counts.outstanding += 1;
            counts.high_water = counts.high_water.max(counts.outstanding);
            idle
        });
        // A new value is made outside of the lock.
        Slot { value: Some(idle.unwrap_or_default()), shelf: Arc::clone(&self.shelf) }
    }

    /// What the pool has done, and what is out.
    #[must_use]
    pub fn counts(&self) -> Counts {
        with(&self.shelf, |shelf| Counts { idle: shelf.idle.len() as u64, ..shelf.counts })
    }
}

impl<T: Recycle> Clone for Slots<T> {
    fn clone(&self) -> Self {
        Self { shelf: Arc::clone(&self.shelf) }
    }
}

fn with<T, R>(shelf: &Mutex<Shelf<T>>, change: impl FnOnce(&mut Shelf<T>) -> R) -> R {
    change(&mut shelf.lock().expect("nothing under this lock panics"))
}

/// A value on loan, recycled and given back when it is dropped.
#[derive(Debug)]
pub struct Slot<T: Recycle> {
    /// None only while it is dropped.
    value: Option<Box<T>>,
    shelf: Arc<Mutex<Shelf<T>>>,
}

const HAS_VALUE: &str = "a slot has its value until it is dropped";

impl<T: Recycle> Deref for Slot<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().expect(HAS_VALUE)
    }
}

impl<T: Recycle> DerefMut for Slot<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.value.as_mut().expect(HAS_VALUE)
    }
}

impl<T: Recycle> Drop for Slot<T> {
    fn drop(&mut self) {
        let mut value = self.value.take().expect(HAS_VALUE);
        value.recycle();
        // What finds no room is dropped outside of the lock.
        let _left = with(&self.shelf, |shelf| {
            shelf.counts.outstanding -= 1;
            if shelf.idle.len() < shelf.keep {
                shelf.idle.push(value);
                return None;
            }
            shelf.counts.discarded += 1;
            Some(value)
        });
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[derive(Debug, Default)]
    struct Words(Vec<String>);

    impl Recycle for Words {
        fn recycle(&mut self) {
            self.0.clear();
        }
    }

    #[test]
    fn values_made_at_the_start_are_lent_first() {
        let slots: Slots<Words> = Slots::new(2, 10);
        let out: Vec<_> = (0..3).map(|_| slots.take()).collect();
        let counts = slots.counts();
        assert_eq!((counts.taken, counts.reused, counts.allocated), (3, 2, 3));
        assert_eq!((counts.outstanding, counts.high_water, counts.idle), (3, 3, 0));
        drop(out);
        let counts = slots.counts();
        assert_eq!((counts.outstanding, counts.high_water, counts.idle), (0, 3, 3));
    }

    #[test]
    fn a_value_comes_back_empty_with_its_capacity() {
        let slots: Slots<Words> = Slots::new(0, 1);
        let mut words = slots.take();
        words.0.resize(100, "word".to_owned());
        drop(words);
        let again = slots.take();
        assert!(again.0.is_empty() && again.0.capacity() >= 100);
    }

    #[test]
    fn no_more_are_kept_than_the_limit() {
        let slots: Slots<Words> = Slots::new(1, 3);
        drop((0..8).map(|_| slots.take()).collect::<Vec<_>>());
        let counts = slots.counts();
        assert_eq!((counts.allocated, counts.idle, counts.discarded, counts.outstanding), (8, 3, 5, 0));
    }

    #[test]
    fn what_came_back_last_is_lent_first() {
        let slots: Slots<Words> = Slots::new(0, 10);
        let (first, second) = (slots.take(), slots.take());
        let place = std::ptr::from_ref::<Words>(&first);
        drop(second);
        drop(first);
        assert_eq!(std::ptr::from_ref::<Words>(&slots.take()), place);
    }

    #[test]
    fn a_pool_and_its_slots_may_move_between_threads() {
        fn check<T: Send + Sync>() {}
        check::<Slots<Words>>();
        check::<Slot<Words>>();
    }
}
