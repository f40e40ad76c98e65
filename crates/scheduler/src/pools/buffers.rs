//! Byte buffers in four sizes, lent and taken back.
//!
//! A buffer comes empty, with at least the capacity that was asked for, and goes back when it is dropped. There is no
//! lock: the idle buffers of a size lie in a bounded queue.
//!
//! What one borrower wrote, the next can't read: a buffer is cleared as it comes back, and a `Vec`'s bytes above its
//! length are out of reach of safe code (`resize` writes them first). They are not overwritten; whoever lends a
//! buffer for a secret has to do that before dropping it.
//!
//! ```
//! use orchestrator_scheduler::pools::buffers::{Buffers, Limits};
//!
//! let buffers = Buffers::new(&Limits::default());
//! let mut line = buffers.take(3000);
//! assert!(line.is_empty() && line.capacity() >= 4096);
//! line.extend_from_slice(b"some bytes");
//! drop(line);
//! assert!(buffers.take(4096).is_empty());
//! assert_eq!(buffers.counts().classes[1].counts.reused, 1);
//! assert_eq!(buffers.counts().outstanding(), 0);
//! ```

use std::ops::{Deref, DerefMut};

use serde::Serialize;

use super::{Counts, shelf::Shelf};
use crate::sync::Arc;

/// The sizes of the classes, in bytes.
pub const CLASSES: [usize; 4] = [1 << 10, 4 << 10, 16 << 10, 64 << 10];

/// How many idle buffers are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Of each class, in the order of [`CLASSES`]. 0 keeps none. An idle buffer of a class has less capacity than the
    /// next class's size, so that this bounds the bytes too.
    pub keep: [usize; 4],
}

impl Default for Limits {
    /// 1.8 MiB in buffers of their class's own size, 64 of 1 and 4 KiB, 32 of 16 KiB, 16 of 64 KiB.
    fn default() -> Self {
        Self { keep: [64, 64, 32, 16] }
    }
}

/// A pool of byte buffers. Clones are the same pool.
#[derive(Clone, Debug)]
pub struct Buffers {
    shelves: Arc<Shelves>,
}

#[derive(Debug)]
struct Shelves {
    classes: [Shelf<Vec<u8>>; CLASSES.len()],
    oversize: Shelf<Vec<u8>>,
}

impl Shelves {
    /// Where a buffer for so many bytes comes from, and the capacity that it is made with.
    fn lender(&self, at_least: usize) -> (&Shelf<Vec<u8>>, usize) {
        self.classes
            .iter()
            .zip(CLASSES)
            .find(|(_, size)| at_least <= *size)
            .unwrap_or((&self.oversize, at_least))
    }

    /// Where a buffer of such a capacity can be lent next.
    fn keeper(&self, capacity: usize) -> Option<&Shelf<Vec<u8>>> {
        if capacity > CLASSES[CLASSES.len() - 1] {
            return None;
        }
        self.classes.iter().zip(CLASSES).rfind(|(_, size)| capacity >= *size).map(|(shelf, _)| shelf)
    }
}

impl Buffers {
    /// A pool that has no buffer yet.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        let shelves = Shelves { classes: limits.keep.map(Shelf::new), oversize: Shelf::new(0) };
        Self { shelves: Arc::new(shelves) }
    }

    /// Lends an empty buffer with room for `at_least` bytes. Above the largest class it is made for the purpose,
    /// counted as oversize, and freed at its end.
    #[must_use]
    pub fn take(&self, at_least: usize) -> Buffer {
        let (lender, capacity) = self.shelves.lender(at_least);
        let bytes = lender.take(|| Vec::with_capacity(capacity));
        Buffer { bytes, asked: at_least, shelves: Arc::clone(&self.shelves) }
    }

    /// What the pool has done, and what is out.
    #[must_use]
    pub fn counts(&self) -> BufferCounts {
        let mut classes = CLASSES.map(|bytes| ClassCounts { bytes, counts: Counts::default() });
        for (class, shelf) in classes.iter_mut().zip(&self.shelves.classes) {
            class.counts = shelf.counts();
        }
        BufferCounts { classes, oversize: self.shelves.oversize.counts() }
    }
}

/// What a [`Buffers`] has done. A buffer counts for the class it was lent by, though it may have grown into another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct BufferCounts {
    /// In the order of [`CLASSES`].
    pub classes: [ClassCounts; CLASSES.len()],
    /// Of buffers above the largest class.
    pub oversize: Counts,
}

impl BufferCounts {
    /// Buffers of all sizes that are out.
    #[must_use]
    pub fn outstanding(&self) -> u64 {
        self.classes.iter().map(|class| class.counts.outstanding).sum::<u64>() + self.oversize.outstanding
    }
}

/// The counts of one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ClassCounts {
    /// The size of its buffers.
    pub bytes: usize,
    /// What it has done.
    #[serde(flatten)]
    pub counts: Counts,
}

/// A byte buffer on loan: a `Vec<u8>` that goes back when it is dropped, into the class that its capacity by then
/// belongs to. One that shrank below 1 KiB or grew above 64 KiB is freed.
#[derive(Debug)]
pub struct Buffer {
    bytes: Vec<u8>,
    /// Finds the lender again.
    asked: usize,
    shelves: Arc<Shelves>,
}

impl Deref for Buffer {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.bytes
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.clear();
        let (lender, _) = self.shelves.lender(self.asked);
        lender.end();
        let left = match self.shelves.keeper(bytes.capacity()) {
            Some(keeper) => keeper.keep(bytes),
            None => Err(bytes),
        };
        if let Err(bytes) = left {
            lender.discard(bytes);
        }
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    fn class(buffers: &Buffers, index: usize) -> Counts {
        buffers.counts().classes[index].counts
    }

    #[test]
    fn a_buffer_has_the_size_of_the_smallest_class_that_holds_what_was_asked_for() {
        let buffers = Buffers::new(&Limits::default());
        for (at_least, capacity) in [
            (0, 1024),
            (1, 1024),
            (1024, 1024),
            (1025, 4096),
            (4097, 16_384),
            (16_385, 65_536),
            (65_536, 65_536),
        ] {
            assert_eq!(buffers.take(at_least).capacity(), capacity, "{at_least}");
        }
        assert_eq!(buffers.counts().oversize, Counts::default());
        assert_eq!(buffers.counts().outstanding(), 0);
    }

    #[test]
    fn what_one_borrower_wrote_the_next_can_not_read() {
        let buffers = Buffers::new(&Limits::default());
        let mut first = buffers.take(1024);
        first.extend_from_slice(&[7; 1024]);
        let place = first.as_ptr();
        drop(first);
        let mut second = buffers.take(1024);
        assert_eq!(second.as_ptr(), place, "it is the same memory");
        assert!(second.is_empty());
        second.resize(1024, 0);
        assert!(second.iter().all(|byte| *byte == 0));
    }

    #[test]
    fn a_class_keeps_no_more_than_its_limit() {
        let buffers = Buffers::new(&Limits { keep: [2, 0, 1, 1] });
        let out: Vec<Buffer> = (0..5).map(|_| buffers.take(1)).collect();
        let other = buffers.take(4000);
        assert_eq!(class(&buffers, 0).outstanding, 5);
        drop((out, other));
        let counts = class(&buffers, 0);
        assert_eq!((counts.allocated, counts.idle, counts.discarded), (5, 2, 3));
        assert_eq!((counts.outstanding, counts.high_water), (0, 5));
        assert_eq!(class(&buffers, 1).discarded, 1);
        let again: Vec<Buffer> = (0..3).map(|_| buffers.take(1)).collect();
        let counts = class(&buffers, 0);
        assert_eq!((counts.taken, counts.reused, counts.allocated), (8, 2, 6));
        drop(again);
    }

    #[test]
    fn a_buffer_that_grew_goes_to_the_class_that_it_grew_into() {
        let buffers = Buffers::new(&Limits::default());
        let mut grows = buffers.take(1024);
        grows.reserve_exact(4096);
        drop(grows);
        assert_eq!((class(&buffers, 0).idle, class(&buffers, 1).idle), (0, 1));
        assert_eq!((class(&buffers, 0).outstanding, class(&buffers, 0).discarded), (0, 0));
        assert_eq!(buffers.take(4096).capacity(), 4096);
        assert_eq!(class(&buffers, 1).reused, 1);
    }

    #[test]
    fn a_buffer_that_fits_no_class_any_more_is_freed() {
        let buffers = Buffers::new(&Limits::default());
        let mut grows = buffers.take(65_536);
        grows.reserve_exact(65_537);
        drop(grows);
        let mut taken_from = buffers.take(1);
        drop(std::mem::take(&mut *taken_from));
        drop(taken_from);
        assert_eq!((class(&buffers, 3).discarded, class(&buffers, 3).idle), (1, 0));
        assert_eq!((class(&buffers, 0).discarded, class(&buffers, 0).idle), (1, 0));
        assert_eq!(buffers.counts().outstanding(), 0);
    }

    #[test]
    fn above_the_largest_class_a_buffer_is_made_counted_and_freed() {
        let buffers = Buffers::new(&Limits::default());
        let large = buffers.take(65_537);
        assert!(large.capacity() >= 65_537);
        assert_eq!(buffers.counts().outstanding(), 1);
        drop(large);
        let oversize = buffers.counts().oversize;
        assert_eq!((oversize.taken, oversize.discarded, oversize.outstanding, oversize.idle), (1, 1, 0, 0));
    }

    #[test]
    fn a_buffer_may_outlive_its_pool_and_end_on_another_thread() {
        let buffers = Buffers::new(&Limits::default());
        let other = buffers.clone();
        let mut buffer = buffers.take(10);
        drop(buffers);
        std::thread::spawn(move || buffer.push(1)).join().unwrap();
        let counts = class(&other, 0);
        assert_eq!((counts.outstanding, counts.idle), (0, 1));
    }
}
