//! A provider of models that is not real: it takes turns in, and says when and how they end.

use std::{cmp::Reverse, collections::BinaryHeap};

use fastrand::Rng;

/// How long a refusal takes, in milliseconds.
const REFUSAL_MS: u64 = 200;
/// The shortest turn, in milliseconds.
const SHORTEST_MS: u64 = 2_000;

/// When the outage of [`Scenario::Outage`] begins and ends, in milliseconds.
pub(crate) const OUTAGE: (u64, u64) = (20 * 60_000, 21 * 60_000);
/// When the capacity of [`Scenario::Changes`] halves, and when it is back, in milliseconds.
pub(crate) const HALVED: (u64, u64) = (20 * 60_000, 40 * 60_000);

/// What kind of provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scenario {
    /// 24 requests a minute, 6 at once; above that 429 with the seconds until the next is free. Refusals are free.
    Bucket,
    /// The same, where a refused request uses up what came in since the last one.
    StrictBucket,
    /// 8 turns are worked on at once, 4 wait; above that 503. Turns take longer by their wait.
    Queue,
    /// The same with 12 at once, and 6 from the 20th to the 40th minute.
    Changes,
    /// The same with 12 at once; from the 20th to the 21st minute all that runs or comes ends with 503.
    Outage,
}

impl Scenario {
    pub(crate) const ALL: [Scenario; 5] =
        [Scenario::Bucket, Scenario::StrictBucket, Scenario::Queue, Scenario::Changes, Scenario::Outage];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Scenario::Bucket => "24 requests a minute",
            Scenario::StrictBucket => "24 requests a minute, refusals count too",
            Scenario::Queue => "8 at once, 4 wait",
            Scenario::Changes => "12 at once, 6 for 20 minutes",
            Scenario::Outage => "12 at once, an outage of 60 s",
        }
    }
}

/// Why a turn did not go well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Refusal {
    /// 429, with a pause in milliseconds.
    TooMany { retry_after_ms: u64 },
    /// 503.
    Unavailable,
}

impl Refusal {
    /// The pause that was asked for, in milliseconds.
    pub(crate) fn retry_after_ms(self) -> Option<u64> {
        match self {
            Refusal::TooMany { retry_after_ms } => Some(retry_after_ms),
            Refusal::Unavailable => None,
        }
    }
}

/// When and how a turn ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End {
    pub(crate) at: u64,
    /// None where it goes well.
    pub(crate) refusal: Option<Refusal>,
}

/// The provider of one run.
#[derive(Debug)]
pub(crate) struct Provider {
    scenario: Scenario,
    rng: Rng,
    bucket: Bucket,
    /// The ends of the turns that are worked on or wait, the first first.
    ends: BinaryHeap<Reverse<u64>>,
}

impl Provider {
    pub(crate) fn new(scenario: Scenario, seed: u64) -> Self {
        let bucket = Bucket { tokens: 6.0, most: 6.0, per_minute: 24.0, at: 0 };
        Self { scenario, rng: Rng::with_seed(seed), bucket, ends: BinaryHeap::new() }
    }

    /// A turn begins at `now`; times never go back.
    pub(crate) fn begin(&mut self, now: u64) -> End {
        match self.scenario {
            Scenario::Bucket | Scenario::StrictBucket => self.take_from_bucket(now),
            Scenario::Queue => self.enter_queue(now, 8),
            Scenario::Changes => {
                let halved = (HALVED.0..HALVED.1).contains(&now);
                self.enter_queue(now, if halved { 6 } else { 12 })
            }
            Scenario::Outage => self.with_outage(now),
        }
    }

    fn take_from_bucket(&mut self, now: u64) -> End {
        self.bucket.fill(now);
        if self.bucket.tokens >= 1.0 {
            self.bucket.tokens -= 1.0;
            return End { at: now + self.work(), refusal: None };
        }
        if self.scenario == Scenario::StrictBucket {
            self.bucket.tokens = 0.0;
        }
        // Retry-After is in whole seconds.
        let retry_after_ms = self.bucket.next_in().div_ceil(1_000) * 1_000;
        End { at: now + REFUSAL_MS, refusal: Some(Refusal::TooMany { retry_after_ms }) }
    }

    /// So many are worked on at once, first come first served; 4 wait.
    fn enter_queue(&mut self, now: u64, at_once: usize) -> End {
        while self.ends.peek().is_some_and(|Reverse(end)| *end <= now) {
            self.ends.pop();
        }
        let there = self.ends.len();
        if there >= at_once + 4 {
            return End { at: now + REFUSAL_MS, refusal: Some(Refusal::Unavailable) };
        }
        // It is begun when as many have ended as are too many.
        let begun = (there + 1).checked_sub(at_once).filter(|ahead| *ahead > 0).map_or(now, |ahead| {
            let mut ends: Vec<u64> = self.ends.iter().map(|Reverse(end)| *end).collect();
            ends.sort_unstable();
            ends[ahead - 1]
        });
        let at = begun + self.work();
        self.ends.push(Reverse(at));
        End { at, refusal: None }
    }

    fn with_outage(&mut self, now: u64) -> End {
        if (OUTAGE.0..OUTAGE.1).contains(&now) {
            self.ends.clear();
            return End { at: now + REFUSAL_MS, refusal: Some(Refusal::Unavailable) };
        }
        let end = self.enter_queue(now, 12);
        if now < OUTAGE.0 && end.at > OUTAGE.0 {
            let at = OUTAGE.0 + self.rng.u64(0..REFUSAL_MS);
            return End { at, refusal: Some(Refusal::Unavailable) };
        }
        end
    }

    /// How long a turn is worked on: 2 s and more, 20 s on average.
    fn work(&mut self) -> u64 {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some minutes at most")]
        let rest = (-(1.0 - self.rng.f64()).ln() * 18_000.0) as u64;
        SHORTEST_MS + rest
    }
}

/// A token bucket.
#[derive(Debug)]
struct Bucket {
    tokens: f64,
    most: f64,
    per_minute: f64,
    at: u64,
}

impl Bucket {
    fn fill(&mut self, now: u64) {
        let more = crate::measure::millis(now - self.at) / 60_000.0 * self.per_minute;
        self.tokens = (self.tokens + more).min(self.most);
        self.at = now;
    }

    /// Milliseconds until there is one.
    fn next_in(&self) -> u64 {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few seconds")]
        let wait = ((1.0 - self.tokens).max(0.0) / self.per_minute * 60_000.0).ceil() as u64;
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often turns go well that begin every `gap` for ten minutes.
    fn served(scenario: Scenario, gap: u64) -> usize {
        let mut provider = Provider::new(scenario, 1);
        (0..600_000 / gap).filter(|turn| provider.begin(turn * gap).refusal.is_none()).count()
    }

    #[test]
    fn a_bucket_serves_its_rate_and_what_was_there_at_first() {
        assert_eq!(served(Scenario::Bucket, 500), 246 - 1);
        assert_eq!(served(Scenario::Bucket, 5_000), 120);
    }

    #[test]
    fn a_strict_bucket_serves_nothing_to_who_asks_too_often() {
        assert!(served(Scenario::StrictBucket, 500) < 20);
    }

    #[test]
    fn a_queue_refuses_what_is_above_its_room() {
        let mut provider = Provider::new(Scenario::Queue, 1);
        let refused = (0..20).filter(|_| provider.begin(0).refusal.is_some()).count();
        assert_eq!(refused, 8);
    }

    #[test]
    fn an_outage_ends_what_runs_and_refuses_what_comes() {
        let mut provider = Provider::new(Scenario::Outage, 1);
        let mut begun = (0..100).map(|turn| provider.begin(OUTAGE.0 - 1_000 + turn).refusal);
        assert!(begun.any(|refusal| refusal.is_some()));
        assert_eq!(provider.begin(OUTAGE.0 + 5).refusal, Some(Refusal::Unavailable));
        assert_eq!(provider.begin(OUTAGE.1).refusal, None);
    }
}
