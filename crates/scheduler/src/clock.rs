//! The scheduler's time: that of the events, made to run forward only.

/// Turns the caller's time, which may jump back, into one that never does.
///
/// A jump back stops nothing: the time goes on from where it was, so that a pause or a stall that was running when
/// the clock was set back by an hour does not last an hour longer. A jump forward is taken as it comes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clock {
    now: u64,
    /// What is added to the caller's time.
    ahead: u64,
}

impl Clock {
    /// Takes in the caller's time, and gives ours.
    pub(crate) fn advance(&mut self, at: u64) -> u64 {
        let time = at.saturating_add(self.ahead);
        if time < self.now {
            self.ahead += self.now - time;
        } else {
            self.now = time;
        }
        self.now
    }

    /// Ours at the caller's time, without taking it in.
    pub(crate) fn at(&self, at: u64) -> u64 {
        at.saturating_add(self.ahead).max(self.now)
    }

    /// The last time taken in, ours.
    pub(crate) fn now(&self) -> u64 {
        self.now
    }

    /// The caller's time for one of ours.
    pub(crate) fn outside(&self, time: u64) -> u64 {
        time.saturating_sub(self.ahead)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_never_runs_back_and_goes_on_after_a_jump() {
        let mut clock = Clock::default();
        assert_eq!(clock.advance(5_000), 5_000);
        assert_eq!(clock.advance(1_000), 5_000);
        assert_eq!(clock.advance(1_500), 5_500);
        assert_eq!(clock.at(1_700), 5_700);
        assert_eq!(clock.at(0), 5_500);
        assert_eq!(clock.outside(6_000), 2_000);
        assert_eq!(clock.now(), 5_500);
    }
}
