//! Repeating a transaction that lost against others.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use crate::database::Durability;
use crate::document::Version;
use crate::error::{Error, ErrorKind};
use crate::store::Store;
use crate::transaction::Transaction;

/// The pause after the first conflict is at most this long; it doubles with each one.
const FIRST_PAUSE: Duration = Duration::from_micros(250);
/// No pause is longer.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

impl Store {
    /// Runs `body` in a transaction and commits it; after a conflict it does so again on a new snapshot, at
    /// most `attempts` times in all (at least once), with a pause between of random length that grows
    /// (exponential backoff with full jitter). Blocks the thread meanwhile.
    ///
    /// Returns the version of the commit and what `body` returned in that run. `body` may run several times:
    /// let it do nothing but read and change its transaction. Its own errors end it at once, and so does
    /// every error of the commit but `Conflict`; the last attempt's conflict is returned as it is.
    ///
    /// ```
    /// # use orchestrator_store::{Durability, Error, Options, Store};
    /// # let folder = tempfile::tempdir().unwrap();
    /// let store = Store::open(folder.path().join("store.db"), Options::default())?;
    /// let (version, count) = store.retry(10, Durability::Normal, |tx| {
    ///     let count = tx.get("count").and_then(|json| json.parse().ok()).unwrap_or(0) + 1;
    ///     tx.put("count", &count.to_string())?;
    ///     Ok::<u64, Error>(count)
    /// })?;
    /// assert_eq!((version, count), (1, 1));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn retry<T, E: From<Error>>(
        &self,
        attempts: u32,
        durability: Durability,
        mut body: impl FnMut(&mut Transaction) -> Result<T, E>,
    ) -> Result<(Version, T), E> {
        let mut attempt = 1;
        loop {
            let mut tx = self.begin()?;
            let value = body(&mut tx)?;
            match tx.commit(durability) {
                Ok(version) => return Ok((version, value)),
                Err(error) if error.kind() == ErrorKind::Conflict && attempt < attempts => {
                    std::thread::sleep(pause(attempt));
                    attempt += 1;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// A random pause after the `attempt`th conflict, the first being 1.
fn pause(attempt: u32) -> Duration {
    let doublings = attempt.saturating_sub(1).min(16);
    let longest = FIRST_PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE);
    // Each hasher state of the standard library is keyed anew: random enough to part two writers.
    let random = RandomState::new().hash_one(attempt);
    let nanos = u64::try_from(longest.as_nanos()).unwrap_or(u64::MAX);
    Duration::from_nanos(random % nanos.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_are_bounded_and_differ() {
        for attempt in [1, 2, 8, 9, 100, u32::MAX] {
            assert!(pause(attempt) < LONGEST_PAUSE, "attempt {attempt}");
        }
        assert!((0..100).all(|_| pause(1) < FIRST_PAUSE));
        assert!((0..100).any(|_| pause(8) > FIRST_PAUSE));
        assert!((0..10).any(|_| pause(20) != pause(20)));
    }
}
