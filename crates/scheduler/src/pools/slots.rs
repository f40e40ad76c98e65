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

use super::{Counts, shelf::Shelf};
use crate::sync::Arc;

/// A value that can be emptied for its next use.
pub trait Recycle: Default {
    /// Brings the value to where it can't be told from a new one, but for the capacity of what it holds. Runs as a
    /// slot is given back, so that what is idle holds nothing of its last use.
    fn recycle(&mut self);
}

/// A pool of boxed values. Clones are the same pool.
#[derive(Debug)]
pub struct Slots<T: Recycle> {
    shelf: Arc<Shelf<Box<T>>>,
}

impl<T: Recycle> Slots<T> {
    /// Makes `start` values at once, and later as many as are asked for; keeps up to `keep` idle ones, or `start` if
    /// that is more.
    #[must_use]
    pub fn new(start: usize, keep: usize) -> Self {
        let values = (0..start).map(|_| Box::default()).collect();
        Self { shelf: Arc::new(Shelf::stocked(values, keep)) }
    }

    /// Lends a value that is as good as new.
    #[must_use]
    pub fn take(&self) -> Slot<T> {
        Slot { value: Some(self.shelf.take(Box::default)), shelf: Arc::clone(&self.shelf) }
    }

    /// What the pool has done, and what is out.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.shelf.counts()
    }
}

impl<T: Recycle> Clone for Slots<T> {
    fn clone(&self) -> Self {
        Self { shelf: Arc::clone(&self.shelf) }
    }
}

/// A value on loan, recycled and given back when it is dropped.
#[derive(Debug)]
pub struct Slot<T: Recycle> {
    /// None only while it is dropped.
    value: Option<Box<T>>,
    shelf: Arc<Shelf<Box<T>>>,
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
        self.shelf.end();
        value.recycle();
        if let Err(value) = self.shelf.keep(value) {
            self.shelf.discard(value);
        }
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
    fn a_pool_and_its_slots_may_move_between_threads() {
        fn check<T: Send + Sync>() {}
        check::<Slots<Words>>();
        check::<Slot<Words>>();
    }
}
