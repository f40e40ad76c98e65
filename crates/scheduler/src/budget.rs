//! What a mission may use: reserved before a turn begins, settled after it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::Problem;

/// What a turn is taken to use as long as none has ended, in tokens: the first requests of an agent and some steps.
const FIRST_TURN_TOKENS: u64 = 20_000;

/// The most that a mission may use, its whole tree of sessions together. What is absent has no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Budget {
    /// Tokens of all kinds, read and written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// Money, in millionths of a US dollar.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub micro_usd: Option<u64>,
    /// Time during which the mission ran, in milliseconds; pauses do not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub running_ms: Option<u64>,
    /// Requests to a model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls: Option<u64>,
    /// Sessions opened for tasks, errands and reviews.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub children: Option<u64>,
}

impl Budget {
    /// The limits that are 0: nothing could ever begin.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        [
            ("tokens", self.tokens),
            ("microUsd", self.micro_usd),
            ("runningMs", self.running_ms),
            ("calls", self.calls),
            ("children", self.children),
        ]
        .into_iter()
        .filter(|(_, limit)| *limit == Some(0))
        .map(|(name, _)| {
            Problem::new(format!("budget.{name}"), "a budget of 0; give at least 1, or leave it out")
        })
        .collect()
    }
}

/// What was used, in the units of [`Budget`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[allow(missing_docs, reason = "each field is the one of its name in Budget")]
pub struct Usage {
    pub tokens: u64,
    pub micro_usd: u64,
    pub running_ms: u64,
    pub calls: u64,
    pub children: u64,
}

impl Usage {
    fn each(self, other: Self, join: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            tokens: join(self.tokens, other.tokens),
            micro_usd: join(self.micro_usd, other.micro_usd),
            running_ms: join(self.running_ms, other.running_ms),
            calls: join(self.calls, other.calls),
            children: join(self.children, other.children),
        }
    }

    fn plus(self, other: Self) -> Self {
        self.each(other, u64::saturating_add)
    }

    fn minus(self, other: Self) -> Self {
        self.each(other, u64::saturating_sub)
    }

    fn least(self, other: Self) -> Self {
        self.each(other, u64::min)
    }

    /// By how much a running total has grown. One that is smaller, from an event that was overtaken, says nothing.
    pub(crate) fn growth(self, before: Self) -> Self {
        self.minus(before)
    }

    /// The larger of two running totals, number by number.
    pub(crate) fn most(self, other: Self) -> Self {
        self.each(other, u64::max)
    }
}

/// What is held for a turn under way. It has to be settled.
#[derive(Debug)]
#[must_use = "a reservation that is not settled is held for ever"]
pub(crate) struct Reservation {
    /// What is still held.
    left: Usage,
    used: Usage,
}

/// A limit that is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exhausted {
    Tokens(u64),
    MicroUsd(u64),
    RunningMs(u64),
    Calls(u64),
    Children(u64),
}

impl fmt::Display for Exhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the budget of ")?;
        match self {
            Self::Tokens(limit) => write!(f, "{limit} tokens"),
            Self::MicroUsd(limit) => write!(f, "{}.{:06} US dollars", limit / 1_000_000, limit % 1_000_000),
            Self::RunningMs(limit) => write!(f, "{} minutes", limit.div_ceil(60_000)),
            Self::Calls(limit) => write!(f, "{limit} calls"),
            Self::Children(limit) => write!(f, "{limit} sessions"),
        }?;
        f.write_str(" is used up; raise it to go on")
    }
}

/// The books of one mission.
///
/// | what happens | what the ledger does |
/// |---|---|
/// | a turn wants to begin | holds what a turn is expected to use: the mean of those that ended |
/// | that does not fit beside what is used and held | refuses, unless nothing else is held and no limit is reached: a last turn may always try |
/// | a turn reports its use | counts it, and holds less for it by as much |
/// | a turn ends | lets go of the rest, and learns from what it used |
/// | use reaches a limit | names it: turns under way have to stop |
/// | as many sessions are open as may be | names it: those may go on, and none is opened any more |
/// | the mission runs, or rests | the running time counts, or does not |
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    budget: Budget,
    /// Without the running time, which is `ran` and the stretch since `since`.
    spent: Usage,
    held: Usage,
    holds: u32,
    /// What the turns used that have ended, and how many these are.
    learnt: Usage,
    turns: u64,
    ran: u64,
    since: Option<u64>,
}

impl Ledger {
    pub(crate) fn new(budget: Budget) -> Self {
        Self { budget, ..Self::default() }
    }

    pub(crate) fn budget(&self) -> Budget {
        self.budget
    }

    pub(crate) fn set_budget(&mut self, budget: Budget) {
        self.budget = budget;
    }

    /// What was used until `now`.
    pub(crate) fn spent(&self, now: u64) -> Usage {
        Usage { running_ms: self.ran_until(now), ..self.spent }
    }

    /// What is held for turns under way.
    pub(crate) fn reserved(&self) -> Usage {
        self.held
    }

    /// Whether one more turn could begin.
    pub(crate) fn fits(&self, now: u64, new_session: bool) -> bool {
        let over = |usage: Usage| self.reached(usage, |used, limit| used > limit).is_some();
        let committed = self.spent(now).plus(self.held).plus(child(new_session));
        let last_try = self.holds == 0 && self.exhausted(now).is_none() && !over(committed);
        last_try || !over(committed.plus(self.expected()))
    }

    /// Holds what a turn is expected to use; a turn in a new session uses a child too.
    pub(crate) fn reserve(&mut self, now: u64, new_session: bool) -> Option<Reservation> {
        if !self.fits(now, new_session) {
            return None;
        }
        let expected = self.expected();
        self.spent = self.spent.plus(child(new_session));
        self.held = self.held.plus(expected);
        self.holds += 1;
        Some(Reservation { left: expected, used: Usage::default() })
    }

    /// Counts use: of a turn under way, or of none.
    pub(crate) fn used(&mut self, reservation: Option<&mut Reservation>, usage: Usage) {
        self.spent = self.spent.plus(Usage { running_ms: 0, children: 0, ..usage });
        if let Some(reservation) = reservation {
            let freed = usage.least(reservation.left);
            reservation.left = reservation.left.minus(freed);
            reservation.used = reservation.used.plus(usage);
            self.held = self.held.minus(freed);
        }
    }

    #[expect(clippy::needless_pass_by_value, reason = "what is settled can't be used again")]
    pub(crate) fn settle(&mut self, reservation: Reservation) {
        self.held = self.held.minus(reservation.left);
        self.holds -= 1;
        self.learnt = self.learnt.plus(reservation.used);
        self.turns += 1;
    }

    /// The first limit that is reached and that turns under way go on using: they have to stop.
    pub(crate) fn exhausted(&self, now: u64) -> Option<Exhausted> {
        self.reached(Usage { children: 0, ..self.spent(now) }, |used, limit| used >= limit)
    }

    /// The first limit that keeps a turn in a new session from beginning, though nothing is held.
    pub(crate) fn spent_up(&self, now: u64) -> Option<Exhausted> {
        self.reached(self.spent(now), |used, limit| used >= limit)
    }

    /// The mission runs from `now` on.
    pub(crate) fn run(&mut self, now: u64) {
        self.since.get_or_insert(now);
    }

    /// The mission rests from `now` on.
    pub(crate) fn rest(&mut self, now: u64) {
        self.ran = self.ran_until(now);
        self.since = None;
    }

    /// When the running time is used up, if the mission goes on running.
    pub(crate) fn runs_out_at(&self) -> Option<u64> {
        let left = self.budget.running_ms?.saturating_sub(self.ran);
        Some(self.since?.saturating_add(left))
    }

    fn ran_until(&self, now: u64) -> u64 {
        self.ran + self.since.map_or(0, |since| now.saturating_sub(since))
    }

    /// The mean of the turns that ended; before the first, a guess at the tokens.
    fn expected(&self) -> Usage {
        if self.turns == 0 {
            return Usage { tokens: FIRST_TURN_TOKENS, calls: 1, ..Usage::default() };
        }
        let mean = |sum: u64| sum.div_ceil(self.turns);
        Usage {
            tokens: mean(self.learnt.tokens),
            micro_usd: mean(self.learnt.micro_usd),
            calls: mean(self.learnt.calls).max(1),
            ..Usage::default()
        }
    }

    fn reached(&self, usage: Usage, is: impl Fn(u64, u64) -> bool) -> Option<Exhausted> {
        let limit = |used: u64, limit: Option<u64>| limit.filter(|limit| is(used, *limit));
        let budget = &self.budget;
        limit(usage.tokens, budget.tokens)
            .map(Exhausted::Tokens)
            .or_else(|| limit(usage.micro_usd, budget.micro_usd).map(Exhausted::MicroUsd))
            .or_else(|| limit(usage.running_ms, budget.running_ms).map(Exhausted::RunningMs))
            .or_else(|| limit(usage.calls, budget.calls).map(Exhausted::Calls))
            .or_else(|| limit(usage.children, budget.children).map(Exhausted::Children))
    }
}

fn child(new_session: bool) -> Usage {
    Usage { children: u64::from(new_session), ..Usage::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(tokens: u64) -> Usage {
        Usage { tokens, calls: 1, ..Usage::default() }
    }

    fn ledger(budget: Budget) -> Ledger {
        Ledger::new(budget)
    }

    #[test]
    fn without_limits_every_turn_may_begin() {
        let mut ledger = ledger(Budget::default());
        for _ in 0..1_000 {
            let turn = ledger.reserve(0, true).unwrap();
            ledger.settle(turn);
        }
        assert_eq!(ledger.exhausted(u64::MAX), None);
        assert_eq!(ledger.spent(0).children, 1_000);
    }

    #[test]
    fn turns_side_by_side_are_refused_where_their_expected_use_does_not_fit() {
        let mut ledger = ledger(Budget { tokens: Some(50_000), ..Budget::default() });
        let first = ledger.reserve(0, false).unwrap();
        let second = ledger.reserve(0, false).unwrap();
        assert!(ledger.reserve(0, false).is_none(), "three times 20,000 are more than 50,000");
        ledger.settle(first);
        let third = ledger.reserve(0, false).unwrap();
        ledger.settle(second);
        ledger.settle(third);
        assert_eq!(ledger.reserved(), Usage::default());
    }

    #[test]
    fn what_a_turn_used_is_no_longer_held_for_it() {
        let mut ledger = ledger(Budget { tokens: Some(50_000), ..Budget::default() });
        let mut turn = ledger.reserve(0, false).unwrap();
        ledger.used(Some(&mut turn), tokens(5_000));
        assert_eq!((ledger.spent(0).tokens, ledger.reserved().tokens), (5_000, 15_000));
        ledger.used(Some(&mut turn), tokens(30_000));
        assert_eq!((ledger.spent(0).tokens, ledger.reserved().tokens), (35_000, 0));
        ledger.settle(turn);
        assert_eq!(ledger.spent(0).tokens, 35_000);
    }

    #[test]
    fn the_mean_of_the_turns_that_ended_is_expected_of_the_next() {
        let mut ledger = ledger(Budget { tokens: Some(20_000), ..Budget::default() });
        for use_of_turn in [1_000, 3_000] {
            let mut turn = ledger.reserve(0, false).unwrap();
            ledger.used(Some(&mut turn), tokens(use_of_turn));
            ledger.settle(turn);
        }
        let held: Vec<Reservation> = std::iter::from_fn(|| ledger.reserve(0, false)).collect();
        assert_eq!(held.len(), 8, "16,000 are left, at 2,000 a turn");
        for turn in held {
            ledger.settle(turn);
        }
    }

    #[test]
    fn a_last_turn_may_try_alone_until_the_limit_is_reached() {
        let mut ledger = ledger(Budget { tokens: Some(10_000), ..Budget::default() });
        let mut turn = ledger.reserve(0, false).expect("less than one turn's need, and the first may try");
        assert!(ledger.reserve(0, false).is_none());
        ledger.used(Some(&mut turn), tokens(10_000));
        ledger.settle(turn);
        assert_eq!(ledger.exhausted(0), Some(Exhausted::Tokens(10_000)));
        assert!(ledger.reserve(0, false).is_none());
    }

    #[test]
    fn sessions_are_counted_exactly_and_never_above_their_limit() {
        let mut ledger = ledger(Budget { children: Some(2), ..Budget::default() });
        let first = ledger.reserve(0, true).unwrap();
        ledger.settle(first);
        let second = ledger.reserve(0, true).unwrap();
        assert_eq!(ledger.exhausted(0), None, "the last one may go on");
        assert_eq!(ledger.spent_up(0), Some(Exhausted::Children(2)));
        assert!(ledger.reserve(0, true).is_none());
        let in_an_old_one = ledger.reserve(0, false).unwrap();
        ledger.settle(in_an_old_one);
        ledger.settle(second);
    }

    #[test]
    fn every_limit_names_itself_when_it_is_reached() {
        let one = Usage { tokens: 1, micro_usd: 1, calls: 1, ..Usage::default() };
        let cases = [
            (Budget { tokens: Some(1), ..Budget::default() }, "1 tokens"),
            (Budget { micro_usd: Some(1), ..Budget::default() }, "0.000001 US dollars"),
            (Budget { calls: Some(1), ..Budget::default() }, "1 calls"),
        ];
        for (budget, says) in cases {
            let mut ledger = ledger(budget);
            ledger.used(None, one);
            let message = ledger.exhausted(0).unwrap().to_string();
            assert_eq!(message, format!("the budget of {says} is used up; raise it to go on"));
        }
    }

    #[test]
    fn only_the_time_in_which_the_mission_ran_counts() {
        let mut ledger = ledger(Budget { running_ms: Some(60_000), ..Budget::default() });
        ledger.run(1_000);
        assert_eq!(ledger.runs_out_at(), Some(61_000));
        ledger.run(5_000);
        ledger.rest(21_000);
        assert_eq!((ledger.runs_out_at(), ledger.spent(900_000).running_ms), (None, 20_000));
        ledger.run(100_000);
        assert_eq!(ledger.runs_out_at(), Some(140_000));
        assert_eq!(ledger.exhausted(139_999), None);
        assert_eq!(ledger.exhausted(140_000), Some(Exhausted::RunningMs(60_000)));
    }

    #[test]
    fn a_higher_budget_lets_a_stopped_mission_go_on() {
        let mut ledger = ledger(Budget { calls: Some(1), ..Budget::default() });
        ledger.used(None, tokens(5));
        assert!(ledger.reserve(0, false).is_none());
        ledger.set_budget(Budget { calls: Some(2), ..Budget::default() });
        let turn = ledger.reserve(0, false).unwrap();
        ledger.settle(turn);
    }

    #[test]
    fn a_limit_of_nothing_is_a_problem() {
        let budget = Budget { tokens: Some(0), calls: Some(3), ..Budget::default() };
        let paths: Vec<String> = budget.problems().into_iter().map(|problem| problem.path).collect();
        assert_eq!(paths, ["budget.tokens"]);
    }
}
