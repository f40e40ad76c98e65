use proptest::prelude::*;

use super::*;

/// A breaker that opened at 0 and the time at which it lets a probe through.
fn open(random: &mut Random) -> (CircuitBreaker, u64) {
    let mut breaker = CircuitBreaker::new();
    for _ in 0..OPEN_AFTER {
        let call = breaker.begin(0).unwrap();
        breaker.failed(call, 0, random, None);
    }
    let retry_at = breaker.retry_at().unwrap();
    (breaker, retry_at)
}

/// A half-open breaker, its first probe under way, and the time at which that began.
fn half_open(random: &mut Random) -> (CircuitBreaker, Call, u64) {
    let (mut breaker, retry_at) = open(random);
    let probe = breaker.begin(retry_at).unwrap();
    (breaker, probe, retry_at)
}

/// The shortest and the longest of what `pause` gives for many seeds.
fn extremes(pause: impl Fn(&mut Random) -> u64) -> (u64, u64) {
    let pauses = (0..2_000).map(|seed| pause(&mut Random::seeded(seed)));
    pauses.fold((u64::MAX, 0), |(low, high), pause| (low.min(pause), high.max(pause)))
}

#[test]
fn closed_it_lets_any_number_of_calls_begin() {
    let mut breaker = CircuitBreaker::default();
    for now in 0..50 {
        assert!(breaker.admits(now));
        assert!(breaker.begin(now).is_some());
    }
    assert_eq!((breaker.state(), breaker.retry_at()), (BreakerState::Closed, None));
}

#[test]
fn closed_a_success_begins_the_row_of_failures_anew() {
    let (mut breaker, mut random) = (CircuitBreaker::new(), Random::seeded(0));
    for _ in 0..3 {
        for _ in 0..4 {
            let call = breaker.begin(0).unwrap();
            breaker.failed(call, 0, &mut random, None);
        }
        let call = breaker.begin(0).unwrap();
        breaker.succeeded(call);
    }
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[test]
fn closed_the_fifth_failure_in_a_row_opens_it_for_half_to_the_whole_of_five_seconds() {
    let (mut breaker, mut random) = (CircuitBreaker::new(), Random::seeded(0));
    for failure in 1..=5 {
        assert_eq!(breaker.state(), BreakerState::Closed, "before failure {failure}");
        let call = breaker.begin(0).unwrap();
        breaker.failed(call, 0, &mut random, None);
    }
    assert_eq!(breaker.state(), BreakerState::Open);

    let (shortest, longest) = extremes(|random| open(random).1);
    assert!((2_500..2_510).contains(&shortest), "{shortest}");
    assert!((4_990..=5_000).contains(&longest), "{longest}");
}

#[test]
fn open_it_refuses_calls_until_its_pause_is_over() {
    let (mut breaker, retry_at) = open(&mut Random::seeded(0));
    for now in [0, 1, retry_at / 2, retry_at - 1] {
        assert!(!breaker.admits(now));
        assert_eq!(breaker.begin(now), None);
    }
    assert_eq!((breaker.state(), breaker.retry_at()), (BreakerState::Open, Some(retry_at)));
}

#[test]
fn open_the_first_call_after_the_pause_makes_it_half_open() {
    let (mut breaker, retry_at) = open(&mut Random::seeded(0));
    assert!(breaker.admits(retry_at));
    assert_eq!(breaker.state(), BreakerState::Open, "asking changes nothing");
    assert!(breaker.begin(retry_at).is_some());
    assert_eq!((breaker.state(), breaker.retry_at()), (BreakerState::HalfOpen, None));
}

#[test]
fn half_open_it_refuses_calls_while_a_probe_is_under_way() {
    let (mut breaker, _probe, now) = half_open(&mut Random::seeded(0));
    assert!(!breaker.admits(now));
    assert_eq!(breaker.begin(now + LONGEST_PAUSE_MS), None);
}

#[test]
fn half_open_the_next_call_after_a_successful_probe_is_a_probe_too() {
    let (mut breaker, probe, now) = half_open(&mut Random::seeded(0));
    breaker.succeeded(probe);
    assert_eq!(breaker.state(), BreakerState::HalfOpen);
    assert!(breaker.begin(now).is_some());
    assert_eq!(breaker.begin(now), None);
}

#[test]
fn half_open_two_successful_probes_in_a_row_close_it_and_the_pause_is_short_again() {
    let (_, longest) = extremes(|random| {
        let (mut breaker, probe, now) = half_open(random);
        breaker.failed(probe, now, random, None);
        let now = breaker.retry_at().unwrap();
        for _ in 0..2 {
            let probe = breaker.begin(now).unwrap();
            breaker.succeeded(probe);
        }
        assert_eq!(breaker.state(), BreakerState::Closed);
        for failure in 1..=5 {
            assert_eq!(breaker.state(), BreakerState::Closed, "before failure {failure}");
            let call = breaker.begin(now).unwrap();
            breaker.failed(call, now, random, None);
        }
        breaker.retry_at().unwrap() - now
    });
    assert!((4_990..=5_000).contains(&longest), "{longest}");
}

#[test]
fn half_open_a_failed_probe_opens_it_for_twice_the_pause_up_to_five_minutes() {
    let longest_after = |failed_probes: u32| {
        extremes(|random| {
            let (mut breaker, mut now) = open(random);
            let mut pause = now;
            for _ in 0..failed_probes {
                let probe = breaker.begin(now).unwrap();
                breaker.failed(probe, now, random, None);
                pause = breaker.retry_at().unwrap() - now;
                now += pause;
            }
            pause
        })
    };
    for (failed_probes, whole) in
        [(1, 10_000), (2, 20_000), (3, 40_000), (4, 80_000), (5, 160_000), (6, 300_000), (20, 300_000)]
    {
        let (shortest, longest) = longest_after(failed_probes);
        assert!((whole / 2..whole / 2 + whole / 200).contains(&shortest), "{shortest} after {failed_probes}");
        assert!((whole - whole / 200..=whole).contains(&longest), "{longest} after {failed_probes}");
    }
}

#[test]
fn half_open_a_success_before_a_failed_probe_counts_no_more() {
    let mut random = Random::seeded(0);
    let (mut breaker, probe, now) = half_open(&mut random);
    breaker.succeeded(probe);
    let probe = breaker.begin(now).unwrap();
    breaker.failed(probe, now, &mut random, None);
    let now = breaker.retry_at().unwrap();
    let probe = breaker.begin(now).unwrap();
    breaker.succeeded(probe);
    assert_eq!(breaker.state(), BreakerState::HalfOpen);
}

#[test]
fn half_open_a_withdrawn_probe_gives_its_place_to_the_next_and_leaves_the_row() {
    let (mut breaker, probe, now) = half_open(&mut Random::seeded(0));
    breaker.succeeded(probe);
    let probe = breaker.begin(now).unwrap();
    breaker.withdrawn(probe);
    assert_eq!(breaker.state(), BreakerState::HalfOpen);
    let probe = breaker.begin(now).unwrap();
    breaker.succeeded(probe);
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[test]
fn the_end_of_a_call_that_began_before_it_last_opened_says_nothing() {
    let mut random = Random::seeded(0);
    let mut breaker = CircuitBreaker::new();
    let old: Vec<Call> = (0..15).map(|_| breaker.begin(0).unwrap()).collect();
    for &call in &old[..5] {
        breaker.failed(call, 0, &mut random, None);
    }
    let retry_at = breaker.retry_at().unwrap();
    breaker.succeeded(old[5]);
    breaker.failed(old[6], retry_at - 1, &mut random, None);
    assert_eq!((breaker.state(), breaker.retry_at()), (BreakerState::Open, Some(retry_at)), "while open");

    let probe = breaker.begin(retry_at).unwrap();
    breaker.succeeded(old[7]);
    breaker.failed(old[8], retry_at, &mut random, None);
    breaker.withdrawn(old[9]);
    assert_eq!(breaker.begin(retry_at), None, "its probe is still under way");
    breaker.succeeded(probe);
    let probe = breaker.begin(retry_at).unwrap();
    breaker.succeeded(probe);

    for &call in &old[10..] {
        breaker.failed(call, retry_at, &mut random, None);
    }
    assert_eq!(breaker.state(), BreakerState::Closed, "once closed again");
}

#[test]
fn a_probe_counts_once_however_often_its_end_is_told() {
    let mut random = Random::seeded(0);
    let (mut breaker, first, now) = half_open(&mut random);
    breaker.succeeded(first);
    breaker.succeeded(first);
    assert_eq!(breaker.state(), BreakerState::HalfOpen);
    let second = breaker.begin(now).unwrap();
    breaker.succeeded(first);
    breaker.failed(first, now, &mut random, None);
    breaker.withdrawn(first);
    assert_eq!((breaker.state(), breaker.begin(now)), (BreakerState::HalfOpen, None));
    breaker.succeeded(second);
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[test]
fn a_withdrawn_call_leaves_the_row_of_failures_as_it_is() {
    let (mut breaker, mut random) = (CircuitBreaker::new(), Random::seeded(0));
    for _ in 0..4 {
        let call = breaker.begin(0).unwrap();
        breaker.failed(call, 0, &mut random, None);
    }
    let call = breaker.begin(0).unwrap();
    breaker.withdrawn(call);
    assert_eq!(breaker.state(), BreakerState::Closed);
    let call = breaker.begin(0).unwrap();
    breaker.failed(call, 0, &mut random, None);
    assert_eq!(breaker.state(), BreakerState::Open);
}

#[test]
fn a_pause_is_never_shorter_than_what_the_other_side_asked_for() {
    let mut random = Random::seeded(0);
    let (mut breaker, probe, now) = half_open(&mut random);
    breaker.failed(probe, now, &mut random, Some(600_000));
    assert_eq!(breaker.retry_at(), Some(now + 600_000));

    let now = now + 600_000;
    let probe = breaker.begin(now).unwrap();
    breaker.failed(probe, now, &mut random, Some(1));
    assert!((now + 10_000..=now + 20_000).contains(&breaker.retry_at().unwrap()));
}

/// What happens to a breaker next: `pick` chooses one of the calls that were begun, whether they are over or not.
#[derive(Clone, Copy, Debug)]
enum Step {
    Wait(u64),
    Begin,
    Succeed(usize),
    Fail(usize, Option<u64>),
    Withdraw(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        2 => (0..20_000_u64).prop_map(Step::Wait),
        1 => (0..LONGEST_PAUSE_MS).prop_map(Step::Wait),
        6 => Just(Step::Begin),
        3 => (0..8_usize).prop_map(Step::Succeed),
        6 => (0..8_usize, prop::option::weighted(0.1, 0..60_000_u64))
            .prop_map(|(pick, retry_after)| Step::Fail(pick, retry_after)),
        1 => (0..8_usize).prop_map(Step::Withdraw),
    ];
    prop::collection::vec(step, 0..200)
}

/// What an observer knows of a breaker from outside.
struct Observed {
    breaker: CircuitBreaker,
    random: Random,
    now: u64,
    /// The calls under way, each with how often the breaker had opened when it began.
    under_way: Vec<(Call, u32)>,
    opened: u32,
    /// Failures in a row of calls that began since the breaker last opened.
    failures: u32,
}

impl Observed {
    fn new(seed: u64) -> Self {
        let (breaker, random) = (CircuitBreaker::new(), Random::seeded(seed));
        Self { breaker, random, now: 0, under_way: vec![], opened: 0, failures: 0 }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Wait(pause) => self.now += pause,
            Step::Begin => {
                if let Some(call) = self.breaker.begin(self.now) {
                    self.under_way.push((call, self.opened));
                }
            }
            Step::Succeed(pick) => {
                if let Some((call, of)) = self.take(pick) {
                    self.breaker.succeeded(call);
                    if of == self.opened {
                        self.failures = 0;
                    }
                }
            }
            Step::Fail(pick, retry_after) => {
                if let Some((call, of)) = self.take(pick) {
                    let was = self.breaker.state();
                    self.breaker.failed(call, self.now, &mut self.random, retry_after);
                    if of == self.opened && was == BreakerState::Closed {
                        self.failures += 1;
                    }
                    if was != BreakerState::Open && self.breaker.state() == BreakerState::Open {
                        self.opened += 1;
                        self.failures = 0;
                    }
                }
            }
            Step::Withdraw(pick) => {
                if let Some((call, _)) = self.take(pick) {
                    self.breaker.withdrawn(call);
                }
            }
        }
    }

    /// Ends one of the calls under way.
    fn take(&mut self, pick: usize) -> Option<(Call, u32)> {
        (!self.under_way.is_empty()).then(|| self.under_way.remove(pick % self.under_way.len()))
    }

    /// The calls under way that began since the breaker last opened.
    fn current(&self) -> usize {
        self.under_way.iter().filter(|(_, of)| *of == self.opened).count()
    }
}

proptest! {
    #[test]
    fn while_half_open_at_most_one_call_is_under_way(seed: u64, steps in steps()) {
        let mut observed = Observed::new(seed);
        for step in steps {
            observed.step(step);
            if observed.breaker.state() == BreakerState::HalfOpen {
                prop_assert!(observed.current() <= 1);
                prop_assert_eq!(observed.breaker.admits(observed.now), observed.current() == 0);
            }
        }
    }

    #[test]
    fn while_closed_there_are_never_five_failures_in_a_row(seed: u64, steps in steps()) {
        let mut observed = Observed::new(seed);
        for step in steps {
            let (was, failures) = (observed.breaker.state(), observed.failures);
            observed.step(step);
            let is = observed.breaker.state();
            prop_assert!(is != BreakerState::Closed || observed.failures < OPEN_AFTER);
            if was == BreakerState::Closed && is == BreakerState::Open {
                prop_assert_eq!(failures, OPEN_AFTER - 1, "it opens at the fifth, and no sooner");
            }
        }
    }

    #[test]
    fn when_all_goes_well_it_is_closed_after_two_calls_from_any_state(seed: u64, steps in steps()) {
        let mut observed = Observed::new(seed);
        for step in steps {
            observed.step(step);
        }
        while let Some((call, _)) = observed.take(0) {
            observed.breaker.succeeded(call);
        }
        for _ in 0..CLOSE_AFTER {
            let now = observed.breaker.retry_at().unwrap_or(observed.now);
            let Some(call) = observed.breaker.begin(now) else {
                return Err(TestCaseError::fail("a breaker with nothing under way refused a call"));
            };
            observed.breaker.succeeded(call);
        }
        prop_assert_eq!(observed.breaker.state(), BreakerState::Closed);
    }

    #[test]
    fn an_open_breaker_lets_nothing_begin_before_the_time_that_it_names(seed: u64, steps in steps()) {
        let mut observed = Observed::new(seed);
        for step in steps {
            let retry_at = observed.breaker.retry_at();
            let begun = observed.under_way.len();
            observed.step(step);
            if retry_at.is_some_and(|at| observed.now < at) {
                prop_assert!(observed.under_way.len() <= begun);
                prop_assert_eq!(observed.breaker.retry_at(), retry_at);
            }
        }
    }
}
