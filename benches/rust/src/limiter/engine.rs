//! The scheduler itself beside the same provider: limiter, backoff, circuit breaker, attempts, all as they are.

use std::{cmp::Reverse, collections::BinaryHeap};

use orchestrator_scheduler::{Command, Event, LeaseId, NoticeKind, Scheduler, SessionErrorKind};

use crate::{
    limiter::{
        provider::{Provider, Refusal, Scenario},
        tally::Tally,
    },
    mission,
};

/// More than an hour has room for.
const TASKS: usize = 4_000;

/// A turn under way, by its end, then in the order in which they began.
type Turn = Reverse<(u64, u64, LeaseId, u32, Option<Refusal>)>;

struct Mission {
    scheduler: Scheduler,
    provider: Provider,
    turns: BinaryHeap<Turn>,
    begun: u64,
    failed: usize,
}

/// Runs for `end` milliseconds with one lane for planners and one for reviewers besides the lanes for workers, as its
/// settings want. Gives also how many tasks ran out of attempts.
pub(crate) fn run(scenario: Scenario, lanes: usize, end: u64, seed: u64) -> (Tally, usize) {
    let provider = Provider::new(scenario, seed);
    let scheduler = mission::scheduler(lanes, seed);
    let mut mission = Mission { scheduler, provider, turns: BinaryHeap::new(), begun: 0, failed: 0 };
    mission.hand_in(0, mission::plan(vec![&[][..]; TASKS]));
    mission.hand_in(0, Event::Resumed {});
    let mut tally = Tally::new(end);
    loop {
        let wake = mission.scheduler.next_wake().unwrap_or(u64::MAX);
        let turn = mission.turns.peek().map_or(u64::MAX, |Reverse((at, ..))| *at);
        let now = wake.min(turn);
        if now >= end {
            break;
        }
        if wake <= turn {
            for event in mission.scheduler.due(now) {
                mission.hand_in(now, event);
            }
        } else if let Some(Reverse((_, _, lease, turn, refusal))) = mission.turns.pop() {
            match refusal {
                None => tally.finished(now),
                Some(_) => tally.wasted(),
            }
            mission.end_turn(now, lease, turn, refusal);
        }
    }
    (tally, mission.failed)
}

impl Mission {
    fn end_turn(&mut self, now: u64, lease: LeaseId, turn: u32, refusal: Option<Refusal>) {
        if turn == 1 {
            self.hand_in(now, Event::SessionStarted { lease, session: format!("s{lease}") });
        }
        match refusal {
            None => mission::ended_well(lease, turn).into_iter().for_each(|event| self.hand_in(now, event)),
            Some(refusal) => {
                let kind = match refusal {
                    Refusal::TooMany { .. } => SessionErrorKind::RateLimit,
                    Refusal::Unavailable => SessionErrorKind::Overloaded,
                };
                let (message, retry_after_ms) = (String::new(), refusal.retry_after_ms());
                let turn = Some(turn);
                self.hand_in(now, Event::SessionError { lease, turn, kind, message, retry_after_ms });
            }
        }
    }

    fn hand_in(&mut self, now: u64, event: Event) {
        let mut events = vec![event];
        while let Some(event) = events.pop() {
            // Of those that are due together, one may make another needless.
            let may_be_late =
                matches!(event, Event::ProbeDue { .. } | Event::RetryDue { .. } | Event::PollDue {});
            let outcome = self.scheduler.handle(now, event).expect("the plan is valid");
            assert!(may_be_late || outcome.ignored.is_none(), "no turn ends late or twice: {outcome:?}");
            for command in outcome.commands {
                match command {
                    Command::Start { lease, turn, .. } | Command::Prompt { lease, turn, .. } => {
                        self.begin_turn(now, lease, turn);
                    }
                    Command::Verify { task, attempt, .. } => events.push(mission::verified(task, attempt)),
                    Command::Notify { kind: NoticeKind::TaskFailed, .. } => self.failed += 1,
                    _ => {}
                }
            }
        }
    }

    fn begin_turn(&mut self, now: u64, lease: LeaseId, turn: u32) {
        let end = self.provider.begin(now);
        self.begun += 1;
        self.turns.push(Reverse((end.at, self.begun, lease, turn, end.refusal)));
    }
}
