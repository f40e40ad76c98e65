//! Who says how many turns may run at once.

use orchestrator_scheduler::Limiter;

use crate::measure::real;

/// How a turn ended, for those who set the limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    pub(crate) now: u64,
    /// How long it took, in milliseconds.
    pub(crate) took: f64,
    /// Turns under way when it ended, itself included.
    pub(crate) under_way: usize,
    pub(crate) well: bool,
}

/// Says how many turns may run at once.
pub(crate) trait Policy {
    fn limit(&self) -> usize;
    fn ended(&mut self, turn: Ended);
}

impl Policy for Limiter {
    fn limit(&self) -> usize {
        Limiter::limit(self) as usize
    }

    fn ended(&mut self, turn: Ended) {
        if turn.well {
            self.succeeded();
        } else {
            self.pushed_back(turn.now);
        }
    }
}

/// Always the same.
#[derive(Debug)]
pub(crate) struct Fixed(pub(crate) usize);

impl Policy for Fixed {
    fn limit(&self) -> usize {
        self.0
    }

    fn ended(&mut self, _: Ended) {}
}

/// Netflix's Gradient2, written from what its project says of it (<https://github.com/Netflix/concurrency-limits>,
/// `Gradient2Limit`): after each turn
///
/// ```text
/// gradient = long-term time ÷ this turn's time, from 0.5 to 1
/// new limit = limit × gradient + 4
/// limit = limit × 0.8 + new limit × 0.2, from 1 to the ceiling
/// ```
///
/// The long-term time is the mean of the first 10 turns, then an exponential average over 600; where it is more than
/// twice this turn's time it shrinks by a tenth. A turn that ends with less than half of the limit under way changes
/// nothing. The algorithm looks at times alone: a refusal, which is quick, would look like a good time, so it is left
/// out.
#[derive(Debug)]
pub(crate) struct Gradient2 {
    limit: f64,
    ceiling: f64,
    long: f64,
    count: u32,
}

impl Gradient2 {
    const QUEUE: f64 = 4.0;
    const SMOOTHING: f64 = 0.2;
    const WARM_UP: u32 = 10;
    const WINDOW: f64 = 600.0;

    /// Starts at its ceiling, as ours.
    pub(crate) fn new(ceiling: usize) -> Self {
        Self { limit: real(ceiling), ceiling: real(ceiling), long: 0.0, count: 0 }
    }
}

impl Policy for Gradient2 {
    fn limit(&self) -> usize {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 1 to the ceiling")]
        let limit = self.limit as usize;
        limit
    }

    fn ended(&mut self, turn: Ended) {
        if !turn.well {
            return;
        }
        if self.count < Self::WARM_UP {
            self.count += 1;
            self.long += (turn.took - self.long) / f64::from(self.count);
        } else {
            self.long += (turn.took - self.long) * 2.0 / (Self::WINDOW + 1.0);
        }
        let long = self.long;
        if long / turn.took > 2.0 {
            self.long *= 0.9;
        }
        if real(turn.under_way) < self.limit / 2.0 {
            return;
        }
        let gradient = (long / turn.took).clamp(0.5, 1.0);
        let new = self.limit.mul_add(gradient, Self::QUEUE);
        self.limit = (self.limit * (1.0 - Self::SMOOTHING) + new * Self::SMOOTHING).clamp(1.0, self.ceiling);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(took: f64, under_way: usize) -> Ended {
        Ended { now: 0, took, under_way, well: true }
    }

    #[test]
    fn steady_times_let_gradient2_grow_to_the_ceiling() {
        let mut gradient = Gradient2 { limit: 2.0, ..Gradient2::new(14) };
        for _ in 0..100 {
            gradient.ended(ended(10_000.0, gradient.limit()));
        }
        assert_eq!(gradient.limit(), 14);
    }

    #[test]
    fn longer_times_let_gradient2_shrink() {
        let mut gradient = Gradient2::new(14);
        for _ in 0..20 {
            gradient.ended(ended(10_000.0, 14));
        }
        for _ in 0..20 {
            gradient.ended(ended(40_000.0, 14));
        }
        assert!(gradient.limit() < 12, "{}", gradient.limit());
    }

    #[test]
    fn a_limit_that_is_not_used_does_not_change() {
        let mut gradient = Gradient2 { limit: 8.0, ..Gradient2::new(14) };
        gradient.ended(ended(10_000.0, 2));
        assert_eq!(gradient.limit(), 8);
    }
}
