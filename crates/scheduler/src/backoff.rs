//! How long to wait before the same is tried again.

use crate::random::Random;

/// The shortest pause, in milliseconds.
const BASE_MS: u64 = 1_000;
/// The longest pause that we choose by ourselves, in milliseconds.
const CAP_MS: u64 = 60_000;

/// Exponential pauses with decorrelated jitter (M. Brooker, *Exponential backoff and jitter*, AWS Architecture Blog,
/// 2015): each is drawn between the base and three times the last, up to the cap.
///
/// | what happens | the next pause |
/// |---|---|
/// | first in a row | 1 s to 3 s |
/// | again | 1 s to three times the last, at most 60 s |
/// | the provider named a pause | that one, where it is longer |
/// | a turn ended well | the row begins anew |
#[derive(Clone, Debug, Default)]
pub(crate) struct Backoff {
    last: Option<u64>,
}

impl Backoff {
    /// The next pause, in milliseconds.
    pub(crate) fn next(&mut self, random: &mut Random, retry_after: Option<u64>) -> u64 {
        let pause = random.between(BASE_MS, self.last.unwrap_or(BASE_MS).saturating_mul(3)).min(CAP_MS);
        self.last = Some(pause);
        pause.max(retry_after.unwrap_or(0))
    }

    pub(crate) fn reset(&mut self) {
        self.last = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_stay_between_the_base_and_three_times_the_last() {
        for seed in 0..50 {
            let mut random = Random::seeded(seed);
            let mut backoff = Backoff::default();
            let mut last = BASE_MS;
            for _ in 0..20 {
                let pause = backoff.next(&mut random, None);
                assert!((BASE_MS..=(last * 3).min(CAP_MS)).contains(&pause), "{pause} after {last}");
                last = pause;
            }
        }
    }

    #[test]
    fn the_longer_of_our_pause_and_the_providers_counts() {
        let mut backoff = Backoff::default();
        let mut random = Random::seeded(1);
        assert_eq!(backoff.next(&mut random, Some(90_000)), 90_000);
        assert!(backoff.next(&mut random, Some(10)) >= BASE_MS);
    }

    #[test]
    fn the_same_seed_gives_the_same_pauses_and_a_reset_begins_anew() {
        let pauses = |seed| {
            let mut random = Random::seeded(seed);
            let mut backoff = Backoff::default();
            (0..5).map(|_| backoff.next(&mut random, None)).collect::<Vec<_>>()
        };
        assert_eq!(pauses(3), pauses(3));
        assert_ne!(pauses(3), pauses(4));
        let mut backoff = Backoff { last: Some(CAP_MS) };
        backoff.reset();
        assert!(backoff.next(&mut Random::seeded(0), None) <= 3 * BASE_MS);
    }
}
