//! Permits: tokens for turns that run at once.

use crate::sync::{Arc, AtomicU64, Ordering};

/// Gives out permits and counts those that are out.
///
/// ```
/// use orchestrator_scheduler::Permits;
///
/// let permits = Permits::default();
/// let permit = permits.acquire(1).expect("none is out");
/// assert!(permits.acquire(1).is_none());
/// drop(permit);
/// assert_eq!(permits.in_use(), 0);
/// ```
#[derive(Debug, Default)]
pub struct Permits {
    in_use: Arc<AtomicU64>,
}

impl Permits {
    /// A permit, unless `limit` or more are out.
    #[must_use]
    pub fn acquire(&self, limit: u32) -> Option<Permit> {
        // Relaxed: the count orders nothing else. One step, so that no two threads get the last one.
        self.in_use
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |out| {
                (out < u64::from(limit)).then_some(out + 1)
            })
            .ok()?;
        Some(Permit { in_use: Arc::clone(&self.in_use) })
    }

    /// How many are out.
    #[must_use]
    pub fn in_use(&self) -> u32 {
        u32::try_from(self.in_use.load(Ordering::Relaxed)).unwrap_or(u32::MAX)
    }
}

/// The right to run one turn. Dropped, it goes back.
#[derive(Debug)]
#[must_use = "a permit that is dropped at once lets another turn run"]
pub struct Permit {
    in_use: Arc<AtomicU64>,
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.in_use.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn a_permit_comes_back_when_it_is_dropped() {
        let permits = Permits::default();
        let first = permits.acquire(2).unwrap();
        let _second = permits.acquire(2).unwrap();
        assert!(permits.acquire(2).is_none());
        drop(first);
        assert_eq!(permits.in_use(), 1);
        assert!(permits.acquire(2).is_some());
    }

    #[test]
    fn threads_that_race_never_have_more_than_the_limit() {
        let permits = Permits::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..10_000 {
                        let permit = permits.acquire(2);
                        assert!(permits.in_use() <= 2);
                        drop(permit);
                    }
                });
            }
        });
        assert_eq!(permits.in_use(), 0);
    }

    #[test]
    fn a_lower_limit_takes_nothing_back() {
        let permits = Permits::default();
        let _held: Vec<Permit> = (0..4).map(|_| permits.acquire(4).unwrap()).collect();
        assert!(permits.acquire(2).is_none());
        assert_eq!(permits.in_use(), 4);
    }
}
