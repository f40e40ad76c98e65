//! How many turns may run at once.

/// Successes in a row that let the limit grow by one.
const GROW_AFTER: u32 = 3;

/// Halvings are at least this far apart, in milliseconds: a burst of refusals is one signal.
const BURST_MS: u64 = 1_000;

/// An additive-increase, multiplicative-decrease limit (D.-M. Chiu and R. Jain, *Analysis of the increase and
/// decrease algorithms for congestion avoidance in computer networks*, 1989).
///
/// | what happens | what the limit does |
/// |---|---|
/// | at the start | the ceiling |
/// | 3 successes in a row | grows by 1, up to the ceiling |
/// | a rate limit, an overload, a timeout, a stall | halves, down to 1 |
/// | another within 1,000 ms of a halving | stays |
/// | any of those | the row of successes begins anew |
#[derive(Clone, Debug)]
pub(crate) struct Limiter {
    limit: u32,
    ceiling: u32,
    in_a_row: u32,
    halved_at: Option<u64>,
}

impl Limiter {
    /// Starts at its ceiling, which is at least 1.
    pub(crate) fn new(ceiling: u32) -> Self {
        let ceiling = ceiling.max(1);
        Self { limit: ceiling, ceiling, in_a_row: 0, halved_at: None }
    }

    pub(crate) fn limit(&self) -> u32 {
        self.limit
    }

    /// A turn ended as it should.
    pub(crate) fn succeeded(&mut self) {
        self.in_a_row += 1;
        if self.in_a_row >= GROW_AFTER {
            self.in_a_row = 0;
            self.limit = (self.limit + 1).min(self.ceiling);
        }
    }

    /// The provider pushed back, or fell silent, at `now`.
    pub(crate) fn pushed_back(&mut self, now: u64) {
        self.in_a_row = 0;
        if self.halved_at.is_some_and(|at| now.saturating_sub(at) < BURST_MS) {
            return;
        }
        self.halved_at = Some(now);
        self.limit = (self.limit / 2).max(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_starts_at_the_ceiling_and_never_grows_above() {
        let mut limiter = Limiter::new(14);
        (0..9).for_each(|_| limiter.succeeded());
        assert_eq!(limiter.limit(), 14);
    }

    #[test]
    fn three_successes_in_a_row_add_one() {
        let mut limiter = Limiter::new(8);
        limiter.pushed_back(0);
        assert_eq!(limiter.limit(), 4);
        limiter.succeeded();
        limiter.succeeded();
        assert_eq!(limiter.limit(), 4);
        limiter.succeeded();
        assert_eq!(limiter.limit(), 5);
    }

    #[test]
    fn a_setback_breaks_the_row() {
        let mut limiter = Limiter::new(8);
        limiter.pushed_back(0);
        limiter.succeeded();
        limiter.succeeded();
        limiter.pushed_back(10);
        limiter.succeeded();
        assert_eq!(limiter.limit(), 4);
    }

    #[test]
    fn a_burst_halves_once_and_the_floor_is_one() {
        let mut limiter = Limiter::new(8);
        for at in [0, 1, 500, 999] {
            limiter.pushed_back(at);
        }
        assert_eq!(limiter.limit(), 4);
        for at in [1_000, 2_000, 3_000, 4_000] {
            limiter.pushed_back(at);
        }
        assert_eq!(limiter.limit(), 1);
    }
}
