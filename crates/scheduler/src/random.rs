//! The scheduler's only source of chance: seeded, so that a replay repeats it.

/// `SplitMix64` (G. L. Steele, D. Lea, C. H. Flood, *Fast splittable pseudorandom number generators*, OOPSLA 2014).
///
/// Written out here because the sequence is part of what a journal means: a library that changed its generator
/// would make old journals unreadable. Not for secrets: two numbers give the rest away.
///
/// | what is asked for | what comes |
/// |---|---|
/// | the same seed | the same sequence, on every machine |
/// | a number | any of 2⁶⁴, each once in a period |
/// | a number between two | from the low to the high one, both included |
///
/// ```
/// use orchestrator_scheduler::Random;
///
/// let mut dice = Random::seeded(42);
/// let throws: Vec<u64> = (0..3).map(|_| dice.between(1, 6)).collect();
/// let mut again = Random::seeded(42);
/// assert!(throws.iter().all(|&throw| throw == again.between(1, 6)));
/// ```
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The sequence of a seed. Any seed is as good as another.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    #[expect(
        clippy::should_implement_trait,
        reason = "the sequence has no end, and no item that is an Option"
    )]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from `low` to `high`, both included; `low` where `high` is below it. The bias of the plain remainder,
    /// below 2⁻³² for ranges that fit 32 bits, does not matter for victims and pauses.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        let span = high.saturating_sub(low);
        match span.checked_add(1) {
            Some(values) => low + self.next() % values,
            None => self.next(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_that_of_the_reference_implementation() {
        let mut random = Random::seeded(1_234_567);
        let first: Vec<u64> = (0..3).map(|_| random.next()).collect();
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn the_same_seed_gives_the_same_sequence_and_another_seed_another() {
        let sequence = |seed| {
            let mut random = Random::seeded(seed);
            (0..8).map(|_| random.next()).collect::<Vec<_>>()
        };
        assert_eq!(sequence(5), sequence(5));
        assert_ne!(sequence(5), sequence(6));
    }

    #[test]
    fn a_number_between_two_is_each_of_them_and_none_beyond() {
        let mut random = Random::seeded(7);
        let mut seen: Vec<u64> = (0..1000).map(|_| random.between(3, 5)).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, [3, 4, 5]);
    }

    #[test]
    fn a_range_of_one_an_empty_one_and_the_whole_one_are_ranges_too() {
        let mut random = Random::seeded(7);
        assert_eq!(random.between(9, 9), 9);
        assert_eq!(random.between(9, 2), 9);
        let drawn = random.clone().next();
        assert_eq!(random.between(0, u64::MAX), drawn);
    }
}
