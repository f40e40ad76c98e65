//! Whether a provider is called at all.

use serde::{Deserialize, Serialize};

use crate::random::Random;

/// Failures in a row that open a breaker.
const OPEN_AFTER: u32 = 5;

/// Successful probes in a row that close it.
const CLOSE_AFTER: u32 = 2;

/// The whole of the first pause, in milliseconds.
const FIRST_PAUSE_MS: u64 = 5_000;

/// The longest that a pause grows to by itself, in milliseconds.
const LONGEST_PAUSE_MS: u64 = 300_000;

/// A circuit breaker for one provider's model (M. T. Nygard, *Release It!*, 2007, 2nd edition 2018; *Circuit Breaker
/// pattern*, Microsoft Azure Architecture Center): where calls fail one after another, it stops calling for a while,
/// and then asks with one call at a time whether the other side is well again.
///
/// | state | what happens | what becomes of it |
/// |---|---|---|
/// | closed | a call | it begins |
/// | closed | a success | the row of failures begins anew |
/// | closed | the 5th failure in a row | open, for a pause of 5 s |
/// | open | a call before the pause is over | it is refused |
/// | open | a call after it | half-open, and the call is its probe |
/// | half-open | a call while a probe is under way | it is refused |
/// | half-open | a call while none is | it is the probe |
/// | half-open | the 2nd successful probe in a row | closed, and the next pause is 5 s again |
/// | half-open | a probe fails | open, for twice the last pause, at most 5 min |
/// | half-open | a probe is withdrawn | its place is free again |
/// | any | the end of a call that began before it last opened | nothing: it tells of the time before |
///
/// A pause is drawn between half and the whole of its length, so that those who were refused together don't come back
/// together, and is never shorter than what the other side asked for. Times are in milliseconds, of any clock, and
/// come from the caller; chance comes from its [`Random`].
///
/// Whoever [begins](Self::begin) a call says once how it ended: a probe that is never heard of again lets no other
/// through.
///
/// ```
/// use orchestrator_scheduler::{BreakerState, CircuitBreaker, Random};
///
/// let (mut breaker, mut random) = (CircuitBreaker::new(), Random::seeded(7));
/// for second in 0..5 {
///     let call = breaker.begin(second * 1_000).expect("a closed breaker refuses no call");
///     breaker.failed(call, second * 1_000, &mut random, None);
/// }
/// assert_eq!(breaker.state(), BreakerState::Open);
/// assert!(!breaker.admits(6_000));
///
/// let retry_at = breaker.retry_at().expect("it is open");
/// assert!((6_500..=9_000).contains(&retry_at));
/// for _ in 0..2 {
///     let probe = breaker.begin(retry_at).expect("no other probe is under way");
///     assert_eq!(breaker.state(), BreakerState::HalfOpen);
///     assert!(breaker.begin(retry_at).is_none());
///     breaker.succeeded(probe);
/// }
/// assert_eq!(breaker.state(), BreakerState::Closed);
/// ```
#[derive(Clone, Debug)]
pub struct CircuitBreaker {
    state: State,
    /// How often it has opened: tells calls that began before the last time from those after it.
    epoch: u64,
    /// How many probes have begun: tells the one under way from those before it.
    probes: u64,
    /// The whole of the pause that the next opening leads to, in milliseconds.
    pause: u64,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Closed {
        /// Failures in a row, below [`OPEN_AFTER`].
        failures: u32,
    },
    Open {
        until: u64,
    },
    HalfOpen {
        /// The probe under way.
        probe: Option<u64>,
        /// Successful probes in a row, below [`CLOSE_AFTER`].
        successes: u32,
    },
}

/// What a [`CircuitBreaker`] does with calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakerState {
    /// All begin.
    Closed,
    /// None begins until the pause is over.
    Open,
    /// One at a time begins, as a probe.
    HalfOpen,
}

/// A call that a [`CircuitBreaker`] let begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "the breaker has to be told how the call ended"]
pub struct Call {
    /// How often the breaker had opened when it began.
    epoch: u64,
    /// Its number among the probes, where it is one.
    probe: Option<u64>,
}

impl CircuitBreaker {
    /// A closed breaker.
    #[must_use]
    pub fn new() -> Self {
        Self { state: State::Closed { failures: 0 }, epoch: 0, probes: 0, pause: FIRST_PAUSE_MS }
    }

    /// What it does with calls. An open breaker whose pause is over stays open until a call begins.
    #[must_use]
    pub fn state(&self) -> BreakerState {
        match self.state {
            State::Closed { .. } => BreakerState::Closed,
            State::Open { .. } => BreakerState::Open,
            State::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    /// When an open breaker lets a probe through, in milliseconds; `None` where it is closed or half-open.
    #[must_use]
    pub fn retry_at(&self) -> Option<u64> {
        match self.state {
            State::Open { until } => Some(until),
            State::Closed { .. } | State::HalfOpen { .. } => None,
        }
    }

    /// Whether a call could begin at `now`, in milliseconds. Changes nothing.
    #[must_use]
    pub fn admits(&self, now: u64) -> bool {
        match self.state {
            State::Closed { .. } => true,
            State::Open { until } => now >= until,
            State::HalfOpen { probe, .. } => probe.is_none(),
        }
    }

    /// Begins a call at `now`, in milliseconds, unless it is refused. An open breaker whose pause is over becomes
    /// half-open, with this call as its one probe.
    pub fn begin(&mut self, now: u64) -> Option<Call> {
        if !self.admits(now) {
            return None;
        }
        let successes = match self.state {
            State::Closed { .. } => return Some(Call { epoch: self.epoch, probe: None }),
            State::Open { .. } => 0,
            State::HalfOpen { successes, .. } => successes,
        };
        self.probes += 1;
        let probe = Some(self.probes);
        self.state = State::HalfOpen { probe, successes };
        Some(Call { epoch: self.epoch, probe })
    }

    /// The call ended as it should.
    pub fn succeeded(&mut self, call: Call) {
        if !self.counts(call) {
            return;
        }
        match self.state {
            State::HalfOpen { successes, .. } if successes + 1 < CLOSE_AFTER => {
                self.state = State::HalfOpen { probe: None, successes: successes + 1 };
            }
            State::HalfOpen { .. } => {
                self.state = State::Closed { failures: 0 };
                self.pause = FIRST_PAUSE_MS;
            }
            State::Closed { .. } => self.state = State::Closed { failures: 0 },
            State::Open { .. } => {}
        }
    }

    /// The call failed at `now`, in milliseconds, by the other side's fault; `retry_after_ms` is the pause that the
    /// other side asked for.
    pub fn failed(&mut self, call: Call, now: u64, random: &mut Random, retry_after_ms: Option<u64>) {
        if !self.counts(call) {
            return;
        }
        match self.state {
            State::Closed { failures } if failures + 1 < OPEN_AFTER => {
                self.state = State::Closed { failures: failures + 1 };
            }
            State::Closed { .. } | State::HalfOpen { .. } => {
                let pause = random.between(self.pause / 2, self.pause).max(retry_after_ms.unwrap_or(0));
                self.state = State::Open { until: now.saturating_add(pause) };
                self.epoch += 1;
                // Closing sets it back: until then, only a failed probe leads to another pause.
                self.pause = (self.pause * 2).min(LONGEST_PAUSE_MS);
            }
            State::Open { .. } => {}
        }
    }

    /// The call ended without saying anything about the other side (aborted, refused by us): a probe's place is free
    /// again.
    pub fn withdrawn(&mut self, call: Call) {
        if self.counts(call)
            && let State::HalfOpen { probe, .. } = &mut self.state
        {
            *probe = None;
        }
    }

    /// Whether the end of a call says anything: it began since the breaker last opened, and has not ended yet, as far
    /// as can be told.
    fn counts(&self, call: Call) -> bool {
        let under_way = match self.state {
            State::Closed { .. } => None,
            State::HalfOpen { probe: Some(probe), .. } => Some(probe),
            State::Open { .. } | State::HalfOpen { probe: None, .. } => return false,
        };
        call.epoch == self.epoch && call.probe == under_way
    }
}

impl Default for CircuitBreaker {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
