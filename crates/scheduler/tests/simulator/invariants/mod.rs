//! What must be true after every step, by the snapshots and the commands alone: one function a rule.
//!
//! Each rule is shown to bite in `doctored`: it refuses a snapshot, or commands, that were changed to break it.

mod doctored;
mod events;
mod judgement;
mod lanes;
mod leases;
mod needs;
mod speculation;
mod tasks;

use std::collections::{BTreeMap, BTreeSet};

use orchestrator_scheduler::{Command, Config, LeaseId, Name, Phase, Snapshot, TaskState};

pub(crate) use self::{events::check_event, speculation::checked_copy};

macro_rules! rules {
    ($($(#[doc = $what:literal])* $rule:ident = $name:literal,)*) => {
        /// What the scheduler promises.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Rule {
            $($(#[doc = $what])* $rule,)*
        }

        impl Rule {
            pub(crate) const ALL: &[Rule] = &[$(Rule::$rule,)*];

            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Rule::$rule => $name,)*
                }
            }
        }
    };
}

rules! {
    /// A lane holds at most one task, and is one that there is.
    Lanes = "a lane holds at most one task",
    /// Permits out and turns under way are the same.
    Permits = "every permit comes back",
    /// No turn begins above the limit, which stays between 1 and the number of lanes.
    Limit = "no turn begins above the limit",
    /// A task is under way only when all that it depends on is accepted.
    Dependencies = "a task runs only after all that it depends on is accepted",
    /// No path is in the scopes of two tasks that are under way.
    Scopes = "two tasks whose files overlap never run at once",
    /// A task has one lease of work at most; with speculation one more, in the other copy of the project.
    Attempts = "a task has two attempts at once at most",
    /// Once one of two attempts has passed its checks, the other is over.
    Losers = "no loser outlives the winner",
    /// What is accepted stays so and gets no prompt.
    Accepted = "an accepted task is never started again",
    /// What a task holds is what its state says.
    Holdings = "a task holds what its state says",
    /// The mission's counters are those of its tasks.
    Counts = "the counters are right",
    /// A pause before a retry is at least the provider's, and is waited out.
    Pauses = "a pause is waited out",
    /// Numbers of leases only grow, prompts of a lease are counted from 1, and no session has two leases.
    Leases = "a lease is used once",
    /// A lease between two turns belongs to something that waits for the next.
    QuietLeases = "a quiet lease waits for its next turn",
    /// Commands speak of what is.
    Commands = "a command fits what is",
    /// No turn begins once a limit of the budget is reached, and what is reserved for a turn comes back with it.
    Budget = "no turn begins beyond the budget",
    /// A model that failed again and again is not asked before its pause is over.
    Models = "a model that does not answer is left alone",
    /// While memory is short, no task of low priority begins.
    Memory = "low priority waits for memory",
    /// Where a permit, a lane and work for it are free, the work has begun.
    Idling = "nothing idles that could run",
    /// A turn under way is looked at within five seconds.
    InSight = "no turn is out of sight",
    /// A task is told once that it goes round in circles; the next time it fails.
    Circles = "a task is told once that it goes round in circles",
    /// What waits for the commander holds no lane and gets no turn, and a mission that waits for nothing else says so.
    Decisions = "what waits for the commander waits in sight",
    /// The commander is continued at most once an idle edge, three times without progress, and never when people said stop.
    Continuations = "the commander is continued once an edge",
    /// After a mission's one end nothing is left and nothing goes on.
    End = "the end is the end",
    /// The time that the scheduler counts never runs back.
    Time = "time runs forward",
    /// Events of an ended lease, of an earlier turn or attempt, or double ones, change nothing.
    LateEvents = "a late event changes nothing",
    /// Events of the turn under way are taken.
    TimelyEvents = "an event in time is taken",
    /// A journal leads to the same state and the same commands.
    Replay = "a replay leads to the same",
    /// A commit that failed, or a refused event, has changed nothing.
    AllOrNothing = "what failed has changed nothing",
    /// Nothing waits for ever while something could come, and every task ends.
    EveryTaskEnds = "every task ends",
}

/// A rule that was broken, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) rule: Rule,
    pub(crate) what: String,
}

/// What a check comes to.
pub(crate) type Kept = Result<(), Broken>;

/// Breaks off with the rule and the reason unless the condition holds.
macro_rules! ensure {
    ($rule:ident, $condition:expr, $($what:tt)+) => {
        if !$condition {
            return Err(crate::invariants::Broken {
                rule: crate::invariants::Rule::$rule,
                what: format!($($what)+),
            });
        }
    };
}
pub(crate) use ensure;

/// One step, of one event or of a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step<'a> {
    pub(crate) config: &'a Config,
    pub(crate) before: &'a Snapshot,
    /// The commands that left.
    pub(crate) commands: &'a [Command],
    pub(crate) now: &'a Snapshot,
    /// Whether there were several events: then what is now need not be what a command spoke of.
    pub(crate) batch: bool,
}

/// What was seen so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Witness {
    accepted: BTreeSet<Name>,
    last_lease: u64,
    /// The last prompt of each live lease.
    turns: BTreeMap<LeaseId, u32>,
    finished: bool,
    /// Tasks that had their diagnostic turn.
    diagnosed: BTreeSet<Name>,
    /// Idle edges that were answered.
    edges: BTreeSet<String>,
}

impl Witness {
    /// Checks one step by every rule that needs nothing but the step and what came before.
    pub(crate) fn check(&mut self, step: &Step) -> Kept {
        self.check_accepted(step)?;
        self.check_leases(step)?;
        self.check_end(step)?;
        self.check_circles(step)?;
        self.check_continuations(step)?;
        lanes::check_limit(step)?;
        tasks::check_pauses(step)?;
        needs::check_budget(step)?;
        needs::check_models(step)?;
        needs::check_memory(step)?;
        leases::check_commands(step)?;
        check_time(step)?;
        if std::ptr::eq(step.now, step.before) || step.now == step.before {
            // What follows looks at nothing but what is now, and was checked when it came about.
            return Ok(());
        }
        lanes::check_lanes(step)?;
        lanes::check_permits(step)?;
        lanes::check_idling(step)?;
        tasks::check_dependencies(step)?;
        tasks::check_scopes(step)?;
        tasks::check_holdings(step)?;
        tasks::check_counts(step)?;
        judgement::check_decisions(step)?;
        leases::check_quiet_leases(step)?;
        speculation::check_attempts(step)?;
        speculation::check_losers(step)
    }

    fn check_accepted(&mut self, step: &Step) -> Kept {
        for command in step.commands {
            if let Command::Start { task, .. }
            | Command::Prompt { task, .. }
            | Command::Compact { task, .. } = command
            {
                ensure!(Accepted, !self.accepted.contains(task), "{task} was accepted and is prompted again");
            }
        }
        let mut kept = 0;
        for task in &step.now.tasks {
            if task.state == TaskState::Accepted {
                kept += usize::from(!self.accepted.insert(task.id.clone()));
            } else {
                let was = self.accepted.contains(&task.id);
                ensure!(Accepted, !was, "{} was accepted and is now {:?}", task.id, task.state);
            }
        }
        let before = step.before.tasks.iter().filter(|task| task.state == TaskState::Accepted).count();
        ensure!(Accepted, kept >= before, "{before} tasks were accepted, of which {kept} are left");
        Ok(())
    }

    fn check_end(&mut self, step: &Step) -> Kept {
        let finishes =
            step.commands.iter().filter(|command| matches!(command, Command::Finish { .. })).count();
        let done = step.now.mission.phase == Phase::Done;
        ensure!(End, !self.finished || done, "a mission that ended goes on");
        // A session that opens after all is stopped, and people may be told that memory is short no longer.
        let last_words =
            |command: &&Command| matches!(command, Command::Abort { .. } | Command::Notify { .. });
        let goes_on = step.commands.iter().find(|command| !last_words(command));
        ensure!(End, !self.finished || goes_on.is_none(), "after the end: {goes_on:?}");
        let ends = usize::from(done && !self.finished);
        ensure!(End, finishes == ends, "{finishes} times \"finish\", and {ends} ends");
        if done {
            self.finished = true;
            let (leases, in_use) = (step.now.leases.len(), step.now.mission.in_use);
            ensure!(End, leases == 0 && in_use == 0, "{leases} leases and {in_use} permits are left");
            let open = step.now.tasks.iter().find(|task| !task.state.is_end());
            ensure!(End, open.is_none(), "the mission ended and a task did not: {open:?}");
            ensure!(End, step.now.mission.outcome.is_some(), "an end without an outcome");
        }
        Ok(())
    }
}

fn check_time(step: &Step) -> Kept {
    let (before, now) = (step.before.mission.updated_at, step.now.mission.updated_at);
    ensure!(Time, before <= now, "it was {before} and is {now}");
    for task in &step.now.tasks {
        ensure!(Time, task.updated_at <= now, "{} changed at {}, later than {now}", task.id, task.updated_at);
        let times = [task.started_at, task.ended_at].into_iter().flatten();
        ensure!(Time, times.max().is_none_or(|at| at <= now), "{} is ahead of {now}", task.id);
    }
    Ok(())
}
