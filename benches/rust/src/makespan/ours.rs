//! The scheduler itself, with a clock and sessions that are not real: every turn lasts as long as its task, reports
//! that it is done, and passes its checks at once.

use std::{cmp::Reverse, collections::BinaryHeap};

use orchestrator_scheduler::{Command, Event, LeaseId, MissionOutcome, Scheduler};

use crate::{
    makespan::{families::Graph, schedule::Schedule},
    mission,
};

/// A turn under way: its end, its place among those that began, its task, its lease, its number. Of those that end at
/// the same time the one that began first ends first.
type Turn = Reverse<(u64, u64, usize, LeaseId, u32)>;

struct Run<'a> {
    graph: &'a Graph,
    scheduler: Scheduler,
    schedule: Schedule,
    turns: BinaryHeap<Turn>,
    begun: u64,
    accepted: bool,
}

/// Runs the graph on so many lanes for workers. The limit of turns at once is above that and never met.
pub(crate) fn run(graph: &Graph, lanes: usize, seed: u64) -> Schedule {
    let mut run = Run {
        graph,
        scheduler: mission::scheduler(lanes, seed),
        schedule: Schedule::new(graph.durations.len()),
        turns: BinaryHeap::new(),
        begun: 0,
        accepted: false,
    };
    run.hand_in(0, mission::plan(graph.dependencies.iter().map(Vec::as_slice)));
    run.hand_in(0, Event::Resumed {});
    while let Some(Reverse((now, _, task, lease, turn))) = run.turns.pop() {
        run.schedule.ended(task, now);
        run.hand_in(now, Event::SessionStarted { lease, session: format!("s{task}") });
        for event in mission::ended_well(lease, turn) {
            run.hand_in(now, event);
        }
    }
    assert!(run.accepted, "the mission ends, accepted");
    run.schedule
}

impl Run<'_> {
    fn hand_in(&mut self, now: u64, event: Event) {
        let mut events = vec![event];
        while let Some(event) = events.pop() {
            let outcome = self.scheduler.handle(now, event).expect("the plan is valid");
            assert_eq!(outcome.ignored, None, "no event of the bench is late or senseless");
            for command in outcome.commands {
                match command {
                    Command::Start { lease, task, turn, .. } => {
                        self.begin(mission::index(&task), lease, turn, now);
                    }
                    Command::Verify { task, attempt, .. } => events.push(mission::verified(task, attempt)),
                    Command::Finish { outcome, .. } => self.accepted = outcome == MissionOutcome::Accepted,
                    _ => {}
                }
            }
        }
    }

    fn begin(&mut self, task: usize, lease: LeaseId, turn: u32, now: u64) {
        self.schedule.started(task, now);
        self.begun += 1;
        self.turns.push(Reverse((now + self.graph.durations[task], self.begun, task, lease, turn)));
    }
}
