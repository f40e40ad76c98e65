//! When to look at the host's own record of the turns under way.

/// Pause before a look while things move, in milliseconds: an idle event that was missed costs no more than a person
/// would notice.
const FASTEST_MS: u64 = 500;

/// Longest pause between looks, in milliseconds: far below any stall timeout, and nothing in requests to the host.
const SLOWEST_MS: u64 = 5_000;

/// What each look in vain multiplies the pause by. Doubling is at the slowest pace after four looks, 7.5 seconds after
/// the last movement, so that a model that thinks for minutes is left alone, and one between two tool calls is not.
const GROWTH: u64 = 2;

/// The pace of the looks at what the host says of its sessions: the safety net under its events.
///
/// An event that never comes (a missed idle, a session that died) leaves no trace but in the host's record. Such an end
/// is likeliest soon after something moved, and the longer nothing does, the less there is to miss.
///
/// | what happens | the next look |
/// |---|---|
/// | the first turn gets under way | 500 ms later |
/// | something moves | at most 500 ms later; sooner where one was planned sooner |
/// | a look | after twice the last pause, at most 5 s |
/// | something moves after looks in vain | the pauses begin anew |
/// | no turn is under way | never |
///
/// Times are in milliseconds, of any clock, and come from the caller, who looks at [`Poller::next_at`] and says when it
/// has [`looked`](Poller::looked).
///
/// ```
/// use orchestrator_scheduler::Poller;
///
/// let mut poller = Poller::default();
/// poller.moved(10_000);
/// assert_eq!(poller.next_at(), Some(10_500));
/// poller.looked(10_500);
/// assert_eq!(poller.next_at(), Some(11_500));
/// poller.rest();
/// assert_eq!(poller.next_at(), None);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Poller {
    planned: Option<Look>,
}

/// A look to come.
#[derive(Clone, Copy, Debug)]
struct Look {
    at: u64,
    /// The pause that leads to it.
    pause: u64,
}

impl Poller {
    /// When the next look is due, in milliseconds; never, where no turn is under way.
    #[must_use]
    pub fn next_at(&self) -> Option<u64> {
        self.planned.map(|look| look.at)
    }

    /// Something happened at `now`, and turns are under way.
    pub fn moved(&mut self, now: u64) {
        let soon = now.saturating_add(FASTEST_MS);
        // Never later than planned: else a session that never rests would hide one that ended.
        let at = self.planned.map_or(soon, |look| look.at.min(soon));
        self.planned = Some(Look { at, pause: FASTEST_MS });
    }

    /// The record was looked at, at `now`. A look that comes late is not made up for.
    pub fn looked(&mut self, now: u64) {
        if let Some(look) = &mut self.planned {
            look.pause = (look.pause * GROWTH).min(SLOWEST_MS);
            look.at = now.saturating_add(look.pause);
        }
    }

    /// No turn is under way.
    pub fn rest(&mut self) {
        self.planned = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The times of the next `count` looks, if nothing moves.
    fn looks(poller: &mut Poller, count: usize) -> Vec<u64> {
        let look = |_| {
            let at = poller.next_at().unwrap();
            poller.looked(at);
            at
        };
        (0..count).map(look).collect()
    }

    #[test]
    fn the_first_look_comes_half_a_second_after_the_first_turn_began() {
        let mut poller = Poller::default();
        assert_eq!(poller.next_at(), None);
        poller.moved(1_000);
        assert_eq!(poller.next_at(), Some(1_500));
    }

    #[test]
    fn movement_brings_the_next_look_near_and_never_puts_it_off() {
        let mut poller = Poller::default();
        poller.moved(0);
        looks(&mut poller, 5);
        assert_eq!(poller.next_at(), Some(17_500));
        poller.moved(13_000);
        assert_eq!(poller.next_at(), Some(13_500));
        for now in (13_010..13_500).step_by(10) {
            poller.moved(now);
            assert_eq!(poller.next_at(), Some(13_500));
        }
    }

    #[test]
    fn looks_in_vain_double_the_pause_up_to_five_seconds() {
        let mut poller = Poller::default();
        poller.moved(0);
        assert_eq!(looks(&mut poller, 7), [500, 1_500, 3_500, 7_500, 12_500, 17_500, 22_500]);
    }

    #[test]
    fn movement_after_looks_in_vain_lets_the_pauses_begin_anew() {
        let mut poller = Poller::default();
        poller.moved(0);
        looks(&mut poller, 5);
        poller.moved(13_000);
        assert_eq!(looks(&mut poller, 3), [13_500, 14_500, 16_500]);
    }

    #[test]
    fn a_look_that_comes_late_is_not_made_up_for() {
        let mut poller = Poller::default();
        poller.moved(0);
        poller.looked(60_000);
        assert_eq!(poller.next_at(), Some(61_000));
    }

    #[test]
    fn without_a_turn_under_way_there_is_no_look() {
        let mut poller = Poller::default();
        poller.moved(0);
        poller.rest();
        assert_eq!(poller.next_at(), None);
        poller.looked(500);
        assert_eq!(poller.next_at(), None);
        poller.moved(9_000);
        assert_eq!(poller.next_at(), Some(9_500));
    }
}
