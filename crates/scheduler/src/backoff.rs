//! How long to wait before the same is tried again.

use crate::random::Random;

/// The shortest pause, in milliseconds.
const BASE_MS: u64 = 1_000;
/// The longest pause that we choose by ourselves, in milliseconds.
const CAP_MS: u64 = 60_000;

/// Exponential pauses with decorrelated jitter (M. Brooker, *Exponential backoff and jitter*, AWS Architecture Blog,
/// 2015): each is drawn between the base and three times the last, up to the cap. So those who were refused together
/// don't come back together.
///
/// | what happens | the next pause |
/// |---|---|
/// | first in a row | 1 s to 3 s |
/// | again | 1 s to three times the last, at most 60 s |
/// | the other side named a pause (`Retry-After`) | that one, where it is longer; it does not lengthen the ones after it |
/// | what was tried went well | the row begins anew |
///
/// ```
/// use orchestrator_scheduler::{Backoff, Random};
///
/// let (mut backoff, mut random) = (Backoff::default(), Random::seeded(7));
/// let first = backoff.next(&mut random, None);
/// assert!((1_000..=3_000).contains(&first));
/// assert!((1_000..=3 * first).contains(&backoff.next(&mut random, None)));
/// assert_eq!(backoff.next(&mut random, Some(90_000)), 90_000);
/// backoff.reset();
/// assert!(backoff.next(&mut random, None) <= 3_000);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Backoff {
    /// The last pause that was drawn.
    last: Option<u64>,
}

impl Backoff {
    /// The next pause, in milliseconds, after one more attempt that failed; `retry_after` is the one that the other
    /// side asked for, in milliseconds.
    pub fn next(&mut self, random: &mut Random, retry_after: Option<u64>) -> u64 {
        let pause = random.between(BASE_MS, self.last.unwrap_or(BASE_MS).saturating_mul(3)).min(CAP_MS);
        self.last = Some(pause);
        pause.max(retry_after.unwrap_or(0))
    }

    /// What was tried went well.
    pub fn reset(&mut self) {
        self.last = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The smallest and the largest of the pauses that `draw` gives for many seeds.
    fn extremes(draw: impl Fn(&mut Random) -> u64) -> (u64, u64) {
        let pauses = (0..2_000).map(|seed| draw(&mut Random::seeded(seed)));
        pauses.fold((u64::MAX, 0), |(low, high), pause| (low.min(pause), high.max(pause)))
    }

    #[test]
    fn the_first_pause_is_one_to_three_seconds() {
        let (low, high) = extremes(|random| Backoff::default().next(random, None));
        assert!((1_000..1_010).contains(&low), "{low}");
        assert!((2_990..=3_000).contains(&high), "{high}");
    }

    #[test]
    fn each_further_pause_is_one_second_to_three_times_the_last() {
        let (low, high) = extremes(|random| Backoff { last: Some(5_000) }.next(random, None));
        assert!((1_000..1_050).contains(&low), "{low}");
        assert!((14_950..=15_000).contains(&high), "{high}");
    }

    #[test]
    fn no_pause_of_a_long_row_is_longer_than_a_minute() {
        let mut longest = 0;
        for seed in 0..50 {
            let (mut random, mut backoff) = (Random::seeded(seed), Backoff::default());
            longest = (0..40).map(|_| backoff.next(&mut random, None)).fold(longest, u64::max);
        }
        assert_eq!(longest, CAP_MS);
    }

    #[test]
    fn a_pause_that_was_asked_for_counts_where_it_is_longer_and_only_once() {
        let mut random = Random::seeded(1);
        let mut backoff = Backoff::default();
        assert_eq!(backoff.next(&mut random, Some(90_000)), 90_000);
        let drawn = backoff.last.unwrap();
        assert!(drawn <= 3_000, "{drawn}");
        assert!((1_000..=3 * drawn).contains(&backoff.next(&mut random, Some(10))));
    }

    #[test]
    fn success_lets_the_row_begin_anew() {
        let (_, high) = extremes(|random| {
            let mut backoff = Backoff { last: Some(CAP_MS) };
            backoff.reset();
            backoff.next(random, None)
        });
        assert!(high <= 3_000, "{high}");
    }

    #[test]
    fn the_same_seed_gives_the_same_pauses() {
        let pauses = |seed| {
            let (mut random, mut backoff) = (Random::seeded(seed), Backoff::default());
            (0..5).map(|_| backoff.next(&mut random, None)).collect::<Vec<_>>()
        };
        assert_eq!(pauses(3), pauses(3));
        assert_ne!(pauses(3), pauses(4));
    }
}
