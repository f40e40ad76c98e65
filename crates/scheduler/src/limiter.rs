//! How many calls may run at once.

/// Successes in a row that let the limit grow by one.
const GROW_AFTER: u32 = 3;

/// Halvings are at least this far apart, in milliseconds: turns that began together are refused together, and that is
/// one signal. Part of what a journal means, as all the numbers here.
const BURST_MS: u64 = 1_000;

/// An additive-increase, multiplicative-decrease limit (D.-M. Chiu and R. Jain, *Analysis of the increase and
/// decrease algorithms for congestion avoidance in computer networks*, 1989), of calls that run at once.
///
/// It holds a number and gives out nothing: [`Permits`](crate::Permits) count what is under way. Times are in
/// milliseconds, of any clock, and come from the caller.
///
/// | what happens | what the limit does |
/// |---|---|
/// | at the start | is the ceiling, at least 1: what a user allows is tried until somebody pushes back |
/// | 3 successes in a row | grows by 1, up to the ceiling |
/// | a rate limit, an overload, a timeout, a stall | halves, rounded down, never below 1 |
/// | another within 1,000 ms of a halving | stays: a burst is one signal |
/// | any of those, in a burst too | the row of successes begins anew |
///
/// ```
/// use orchestrator_scheduler::Limiter;
///
/// let mut limiter = Limiter::new(8);
/// limiter.pushed_back(10_000);
/// limiter.pushed_back(10_200);
/// assert_eq!(limiter.limit(), 4);
/// for _ in 0..3 {
///     limiter.succeeded();
/// }
/// assert_eq!(limiter.limit(), 5);
/// ```
#[derive(Clone, Debug)]
pub struct Limiter {
    limit: u32,
    ceiling: u32,
    in_a_row: u32,
    halved_at: Option<u64>,
}

impl Limiter {
    /// Starts at its ceiling, the user's own limit; 0 is taken as 1.
    #[must_use]
    pub fn new(ceiling: u32) -> Self {
        let ceiling = ceiling.max(1);
        Self { limit: ceiling, ceiling, in_a_row: 0, halved_at: None }
    }

    /// How many calls may run at once: from 1 to the ceiling.
    #[must_use]
    pub fn limit(&self) -> u32 {
        self.limit
    }

    /// A call ended as it should.
    pub fn succeeded(&mut self) {
        self.in_a_row += 1;
        if self.in_a_row >= GROW_AFTER {
            self.in_a_row = 0;
            self.limit = (self.limit + 1).min(self.ceiling);
        }
    }

    /// The other side pushed back, or fell silent, at `now`, in milliseconds. A clock that ran backwards is taken as
    /// standing still.
    pub fn pushed_back(&mut self, now: u64) {
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
    fn it_starts_at_the_ceiling_which_is_at_least_one() {
        assert_eq!(Limiter::new(14).limit(), 14);
        assert_eq!(Limiter::new(0).limit(), 1);
    }

    #[test]
    fn every_three_successes_in_a_row_add_one_up_to_the_ceiling() {
        let mut limiter = Limiter::new(6);
        limiter.pushed_back(0);
        let limits: Vec<u32> = (0..12)
            .map(|_| {
                limiter.succeeded();
                limiter.limit()
            })
            .collect();
        assert_eq!(limits, [3, 3, 4, 4, 4, 5, 5, 5, 6, 6, 6, 6]);
    }

    #[test]
    fn each_setback_halves_the_limit_down_to_one() {
        let mut limiter = Limiter::new(13);
        let limits: Vec<u32> = (0..5)
            .map(|second| {
                limiter.pushed_back(second * BURST_MS);
                limiter.limit()
            })
            .collect();
        assert_eq!(limits, [6, 3, 1, 1, 1]);
    }

    #[test]
    fn a_burst_halves_once_and_is_over_a_second_after_the_halving() {
        let mut limiter = Limiter::new(8);
        for at in [0, 1, 500, 999] {
            limiter.pushed_back(at);
            assert_eq!(limiter.limit(), 4, "at {at}");
        }
        limiter.pushed_back(1_000);
        assert_eq!(limiter.limit(), 2);
    }

    #[test]
    fn a_clock_that_ran_backwards_halves_no_second_time() {
        let mut limiter = Limiter::new(8);
        limiter.pushed_back(5_000);
        limiter.pushed_back(1);
        assert_eq!(limiter.limit(), 4);
    }

    #[test]
    fn a_setback_breaks_the_row_in_a_burst_too() {
        let mut limiter = Limiter::new(8);
        limiter.pushed_back(0);
        limiter.succeeded();
        limiter.succeeded();
        limiter.pushed_back(10);
        limiter.succeeded();
        limiter.succeeded();
        assert_eq!(limiter.limit(), 4);
        limiter.succeeded();
        assert_eq!(limiter.limit(), 5);
    }
}
