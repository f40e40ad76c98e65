//! A mission without dependencies beside a provider, reduced to what matters to a limit.
//!
//! As in the scheduler: a task has its lane from its first turn to its end; a turn under way holds a permit, and there
//! are as many as the policy says; a turn that the provider refuses is tried again after a pause of the task's own
//! `Backoff`, without permit but with its lane; retries go before new tasks. Without what the scheduler has besides:
//! circuit breakers, attempts, stalls.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
};

use orchestrator_scheduler::{Backoff, Random};

use crate::{
    limiter::{
        policy::{Ended, Policy},
        provider::{Provider, Refusal, Scenario},
        tally::Tally,
    },
    measure::millis,
};

/// What happens to a lane's task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    TurnEnds { begun: u64, refusal: Option<Refusal> },
    PauseEnds,
}

/// Runs for `end` milliseconds.
pub(crate) fn run(scenario: Scenario, policy: &mut dyn Policy, lanes: usize, end: u64, seed: u64) -> Tally {
    let mut provider = Provider::new(scenario, seed);
    let mut random = Random::seeded(seed);
    let mut backoffs = vec![Backoff::default(); lanes];
    let mut free: VecDeque<usize> = (0..lanes).collect();
    let (mut retries, mut under_way) = (VecDeque::new(), 0);
    let mut happenings: BinaryHeap<Reverse<(u64, usize, Happening)>> = BinaryHeap::new();
    let mut tally = Tally::new(end);
    let mut now = 0;
    loop {
        while under_way < policy.limit()
            && let Some(lane) = retries.pop_front().or_else(|| free.pop_front())
        {
            under_way += 1;
            let turn = provider.begin(now);
            let ends = Happening::TurnEnds { begun: now, refusal: turn.refusal };
            happenings.push(Reverse((turn.at, lane, ends)));
        }
        let Some(Reverse((at, lane, happening))) = happenings.pop() else { break };
        now = at;
        if now >= end {
            break;
        }
        match happening {
            Happening::PauseEnds => retries.push_back(lane),
            Happening::TurnEnds { begun, refusal } => {
                policy.ended(Ended { now, took: millis(now - begun), under_way, well: refusal.is_none() });
                under_way -= 1;
                if let Some(refusal) = refusal {
                    tally.wasted();
                    let pause = backoffs[lane].next(&mut random, refusal.retry_after_ms());
                    happenings.push(Reverse((now + pause, lane, Happening::PauseEnds)));
                } else {
                    tally.finished(now);
                    backoffs[lane].reset();
                    free.push_back(lane);
                }
            }
        }
    }
    tally
}
