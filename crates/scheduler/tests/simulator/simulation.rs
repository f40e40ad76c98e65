//! One simulated mission: a caller with a journal, a host with faults, people with moods, crashes at any time.

use std::collections::VecDeque;

use orchestrator_scheduler::{
    Budget, Command, Config, Decision, Event, Journaled, Memory, Outcome, Phase, Record, Snapshot, TaskState,
};

use crate::{
    case::Case,
    chance::Chance,
    crash::Crash,
    disk::Disk,
    disturbance::{self, Disturbance},
    fault::Fault,
    host::Host,
    invariants::{Broken, Kept, Step, Witness, check_event, checked_copy, ensure},
    people::Commander,
    replica::Replica,
    settings,
    statistics::Statistics,
};

/// A mission that lasts longer does not end.
const MOST_STEPS: u64 = 20_000;
/// When the caller's clock begins, in milliseconds: late enough to be set back.
const START_MS: u64 = 1_000_000_000;
/// A session whose turn is under way is looked at within this time, in milliseconds.
const LONGEST_UNSEEN_MS: u64 = 5_000;
/// Of so many steps of which nothing is kept, one is looked at whole.
const UNKEPT_LOOKS: u64 = 8;
/// Plans that a commander comes up with when asked to decide.
const DECISIONS: u32 = 4;

/// A rule besides those of all missions.
pub(crate) type ExtraRule = fn(&Host, &Step) -> Kept;

pub(crate) struct Simulation {
    pub(crate) case: Case,
    pub(crate) config: Config,
    pub(crate) now: u64,
    /// What the caller's clock shows is this much behind, or ahead where it is negative.
    clock_off: i64,
    /// When the caller's timer goes off: by a clock that nobody sets.
    pub(crate) timer: Option<u64>,
    /// Whether the clock was set since the timer was, so that it may go off for nothing.
    clock_was_set: bool,
    pub(crate) mission: Journaled<Disk>,
    pub(crate) disk: Disk,
    pub(crate) host: Host,
    pub(crate) witness: Witness,
    pub(crate) replica: Replica,
    /// The snapshot after the last step.
    pub(crate) last: Snapshot,
    /// How the process dies in what is submitted next.
    pub(crate) crash: Option<Crash>,
    pub(crate) chance: Chance,
    /// Until when memory is short.
    memory_short_until: u64,
    commander: Commander,
    decisions: u32,
    disturbances: VecDeque<Disturbance>,
    extra: Option<ExtraRule>,
    pub(crate) statistics: Statistics,
}

impl Simulation {
    pub(crate) fn new(case: &Case, extra: Option<ExtraRule>) -> Self {
        let mut chance = Chance::of(&[case.seed, 6]);
        let config = settings::drawn(case, &mut chance);
        let disk = Disk::default();
        let mission = Journaled::open(config.clone(), disk.clone()).unwrap();
        let disturbances = disturbance::drawn(case.seed).into_iter();
        let disturbances = disturbances
            .filter(|one| case.has_disturbance(one.index) && case.faults.has(one.fault))
            .collect();
        Self {
            config: config.clone(),
            now: START_MS,
            clock_off: 0,
            timer: None,
            clock_was_set: false,
            last: mission.scheduler().snapshot(),
            mission,
            disk,
            host: Host::new(case, START_MS),
            witness: Witness::default(),
            replica: Replica::new(config, case.faults.has(Fault::PowerLoss)),
            crash: None,
            chance,
            memory_short_until: 0,
            commander: Commander::default(),
            decisions: DECISIONS,
            disturbances,
            extra,
            statistics: Statistics { missions: 1, ..Statistics::default() },
            case: case.clone(),
        }
    }

    /// Runs the mission to its end, or to where the case has nobody look any more.
    pub(crate) fn run(&mut self) -> Kept {
        self.begin()?;
        self.go_on()
    }

    /// Runs on from wherever the mission is.
    pub(crate) fn go_on(&mut self) -> Kept {
        while self.phase() != Phase::Done {
            let steps = self.statistics.steps;
            if self.case.until.is_some_and(|until| steps >= until) {
                return Ok(());
            }
            ensure!(EveryTaskEnds, steps < MOST_STEPS, "after {steps} steps: {:#?}", self.last);
            if self.disturbances.front().is_some_and(|next| next.at <= steps) {
                let next = self.disturbances.pop_front().unwrap();
                self.disturb(next)?;
            } else if !self.waits_for_people() || self.chance.percent(50) {
                self.advance()?;
            } else {
                self.answer()?;
            }
        }
        // Whatever is still under way must change nothing any more.
        while let Some(event) = self.host.take_next() {
            self.submit(vec![event])?;
        }
        let wake = self.mission.next_wake();
        ensure!(End, wake.is_none(), "something is due at {wake:?} after the end");
        Ok(())
    }

    /// What the mission came to so far.
    pub(crate) fn statistics(&self) -> Statistics {
        let counts = self.last.mission.counts;
        Statistics {
            turns: self.host.turns,
            replays: self.statistics.crashes + self.replica.compared,
            strikes: self.host.luck.strikes.clone(),
            longest: self.statistics.steps,
            accepted: counts.accepted.into(),
            failed: counts.failed.into(),
            cancelled: counts.cancelled.into(),
            second_wins: self
                .last
                .tasks
                .iter()
                .filter(|task| task.copy == 2 && task.state == TaskState::Accepted)
                .count() as u64,
            ..self.statistics.clone()
        }
    }

    /// All that was journaled.
    pub(crate) fn journal(&self) -> Vec<Record> {
        self.disk.from(0)
    }

    pub(crate) fn phase(&self) -> Phase {
        self.last.mission.phase
    }

    fn begin(&mut self) -> Kept {
        let plan = self.commander.plan(self.case.tasks, &mut Chance::of(&[self.case.seed, 7]));
        self.submit(vec![Event::PlanSubmitted { plan }, Event::Resumed {}])
    }

    fn waits_for_people(&self) -> bool {
        matches!(self.phase(), Phase::Planning | Phase::Deciding | Phase::Paused)
    }

    /// Goes on to whatever comes next: an event of the host, or something that the time brings.
    fn advance(&mut self) -> Kept {
        let coming = self.host.next_at();
        match (self.timer, coming) {
            (Some(timer), at) if at.is_none_or(|at| timer <= at) => {
                self.now = timer.max(self.now);
                self.tick()
            }
            (_, Some(at)) => {
                self.now = at.max(self.now);
                let mut events = vec![self.host.take_next().unwrap()];
                while self.host.next_at().is_some_and(|next| next <= self.now + 3) && self.chance.percent(50)
                {
                    events.extend(self.host.take_next());
                }
                if events.len() > 1 && self.host.luck.strikes(Fault::Shuffled, &mut self.chance, 20) {
                    self.chance.shuffle(&mut events);
                }
                self.submit(events)
            }
            (_, None) => {
                let lost = self.checks_were_lost();
                ensure!(EveryTaskEnds, self.waits_for_people() || lost, "locked up: {:#?}", self.last);
                self.answer()
            }
        }
    }

    /// Whether a check is waited for whose result nobody will tell. By contract the caller sees to it.
    fn checks_were_lost(&self) -> bool {
        let mut checked = self.last.tasks.iter().filter_map(|task| Some((task, checked_copy(task)?)));
        checked.any(|(task, copy)| self.host.lost_check(Some(&task.id), Some((task.attempt, copy))))
            || (self.phase() == Phase::Verifying && self.host.lost_check(None, None))
    }

    /// The commander, or the user, answers a mission that waits; or asks anew for checks that were lost.
    fn answer(&mut self) -> Kept {
        if self.host.luck.strikes(Fault::CommanderIdles, &mut self.chance, 30) {
            let (session, edge) = ("commander".into(), self.host.next_edge());
            return self.submit(vec![Event::CommanderIdle { session, edge }]);
        }
        if self.host.luck.strikes(Fault::UserSpeaks, &mut self.chance, 5) {
            self.submit(vec![Event::UserSpoke {}])?;
        }
        match self.phase() {
            Phase::Planning if self.last.tasks.is_empty() => return self.begin(),
            Phase::Planning | Phase::Paused => {}
            Phase::Deciding if self.decide()? => return Ok(()),
            Phase::Deciding => {
                match self.chance.between(0, 4) {
                    0 | 1 if self.decisions > 0 => {
                        self.decisions -= 1;
                        let plan = self.commander.replan(&self.last, &mut self.chance);
                        self.submit(vec![plan])?;
                    }
                    2 => {
                        let mut chance = self.chance.clone();
                        self.cancel_some(&mut chance)?;
                    }
                    _ => {}
                }
                if self.phase() != Phase::Deciding {
                    return Ok(());
                }
            }
            _ => self.submit(vec![Event::Paused { reason: "checks were lost".into() }])?,
        }
        if self.raise_budget()? {
            return Ok(());
        }
        self.submit(vec![Event::Resumed {}])
    }

    /// Often somebody decides about a task that waits for that, if there is one; whether that was so.
    fn decide(&mut self) -> Result<bool, Broken> {
        let asks = self.last.tasks.iter().find(|task| task.scope_request.is_some());
        if let Some(task) = asks.map(|task| task.id.to_string()).filter(|_| self.chance.percent(50)) {
            let granted = self.chance.percent(50);
            self.submit(vec![Event::ScopeDecided { task, granted, reason: "so be it".into() }])?;
            return Ok(true);
        }
        let waits = self.last.tasks.iter().find(|task| task.waiting.is_some());
        let Some(task) = waits.map(|task| task.id.to_string()).filter(|_| self.chance.percent(80)) else {
            return Ok(false);
        };
        let decision = self.chance.pick(&[Decision::Accept, Decision::Retry, Decision::Fail]);
        self.submit(vec![Event::Decided { task, decision, reason: "so be it".into() }])?;
        Ok(true)
    }

    fn disturb(&mut self, mut disturbance: Disturbance) -> Kept {
        let (fault, chance) = (disturbance.fault, &mut disturbance.chance);
        self.host.luck.strikes_now(fault);
        match fault {
            Fault::Pause => self.submit(vec![Event::Paused { reason: "Esc".into() }]),
            Fault::Resume if self.decide()? => Ok(()),
            Fault::Resume => self.submit(vec![Event::Resumed {}]),
            Fault::CancelTask => self.cancel_some(chance),
            Fault::CancelMission => self.submit(vec![Event::Cancelled { task: None, reason: "stop".into() }]),
            Fault::Replan => {
                let plan = self.commander.replan(&self.last, chance);
                self.submit(vec![plan])
            }
            Fault::Delegate | Fault::Continue => {
                let errand = self.commander.delegate(fault == Fault::Continue, chance);
                self.submit(vec![errand])
            }
            Fault::ClockBack | Fault::ClockForward => {
                let by: i64 = chance.pick(&[500, 5_000, 60_000, 3_600_000, 18_000_000]);
                self.clock_off += if fault == Fault::ClockBack { by } else { -by };
                self.clock_was_set = true;
                Ok(())
            }
            Fault::MemoryShort => {
                self.memory_short_until = self.now + chance.between(1_000, 60_000);
                Ok(())
            }
            Fault::DiskFails => {
                self.disk.fail_next();
                Ok(())
            }
            Fault::Crash => self.die(chance),
            _ => {
                self.crash = Crash::of(fault);
                Ok(())
            }
        }
    }

    /// Where the budget is at its limit, people raise it, or give up the mission; whether it is over.
    fn raise_budget(&mut self) -> Result<bool, Broken> {
        let (budget, used) = (self.last.mission.budget, self.last.mission.used);
        if budget == Budget::default() {
            return Ok(false);
        }
        self.host.luck.strikes_now(Fault::TightBudget);
        if self.chance.percent(10) {
            self.submit(vec![Event::Cancelled { task: None, reason: "too dear".into() }])?;
            return Ok(true);
        }
        let raised = |limit: Option<u64>, used: u64| limit.map(|limit| limit.max(used) * 2);
        let budget = Budget {
            tokens: raised(budget.tokens, used.tokens),
            micro_usd: raised(budget.micro_usd, used.micro_usd),
            running_ms: raised(budget.running_ms, used.running_ms),
            calls: raised(budget.calls, used.calls),
            children: raised(budget.children, used.children),
        };
        self.submit(vec![Event::BudgetSet { budget }])?;
        Ok(self.phase() == Phase::Done)
    }

    /// Drops a task, or changes some in other ways.
    fn cancel_some(&mut self, chance: &mut Chance) -> Kept {
        if self.last.tasks.is_empty() {
            return Ok(());
        }
        if chance.percent(50) {
            let amended = self.commander.amend(&self.last, chance);
            return self.submit(vec![amended]);
        }
        let task = self.last.tasks[chance.index(self.last.tasks.len())].id.to_string();
        self.submit(vec![Event::Cancelled { task: Some(task), reason: "dropped".into() }])
    }

    /// What the caller's clock shows.
    fn clock(&self) -> u64 {
        self.now.saturating_add_signed(-self.clock_off)
    }

    /// Sets the caller's timer to what the scheduler asks for.
    pub(crate) fn set_timer(&mut self) {
        let clock = self.clock();
        self.timer = self.mission.next_wake().map(|wake| self.now + wake.saturating_sub(clock));
        self.clock_was_set = false;
    }

    /// Hands events in. Where the journal fails, they are handed in again; where the process dies, what the host had
    /// to say is lost, and people say it again.
    pub(crate) fn submit(&mut self, events: Vec<Event>) -> Kept {
        let kept = self.disk.len();
        if self.crash == Some(Crash::BeforeCommit) {
            self.disk.fail_next();
        }
        match self.mission.submit(self.clock(), events.clone()) {
            Ok(outcomes) => self.submitted(&events, &outcomes, kept),
            Err(error) => {
                let is_journal = error.kind() == orchestrator_scheduler::ErrorKind::Journal;
                let same = self.mission.scheduler().snapshot() == self.last && self.disk.len() == kept;
                ensure!(AllOrNothing, same, "{events:?} was refused ({error}), and changed something");
                if !is_journal {
                    return Ok(());
                }
                if self.crash.take().is_none() {
                    return self.submit(events);
                }
                self.crashed(true)?;
                let again: Vec<Event> = events.into_iter().filter(is_of_people).collect();
                if again.is_empty() { Ok(()) } else { self.submit(again) }
            }
        }
    }

    /// The caller's timer went off: it measures the memory, and hands in what is due.
    fn tick(&mut self) -> Kept {
        let used = if self.now < self.memory_short_until { 90 } else { 50 };
        if let Some(change) = self.mission.scheduler().measured(Memory { used, limit: 100 }) {
            return self.submit(vec![change]);
        }
        self.tick_the_clock()
    }

    fn tick_the_clock(&mut self) -> Kept {
        let clock = self.clock();
        let (kept, due) = (self.disk.len(), self.mission.scheduler().due(clock));
        if due.is_empty() {
            let outcomes = self.mission.tick(clock);
            let nothing = outcomes.is_ok_and(|outcomes| outcomes.is_empty());
            ensure!(EveryTaskEnds, nothing, "nothing was due, and something came of it");
            ensure!(EveryTaskEnds, self.clock_was_set, "woken for nothing at {clock}: {:#?}", self.last);
            self.set_timer();
            return self.check_in_sight();
        }
        if self.crash == Some(Crash::BeforeCommit) {
            self.disk.fail_next();
        }
        match self.mission.tick(clock) {
            Ok(outcomes) => self.submitted(&due, &outcomes, kept),
            Err(error) => {
                let same = self.mission.scheduler().snapshot() == self.last && self.disk.len() == kept;
                ensure!(AllOrNothing, same, "{due:?} could not be kept ({error}), and changed something");
                if self.crash.take().is_some() {
                    return self.crashed(true);
                }
                // Memory was rebuilt from the journal, which knows nothing of the caller's clock.
                self.clock_was_set = true;
                self.tick_the_clock()
            }
        }
    }

    /// Events were taken, or ignored: all is checked, then the commands are carried out, as far as the process lives.
    fn submitted(&mut self, events: &[Event], outcomes: &[Outcome], kept: usize) -> Kept {
        if self.crash == Some(Crash::BeforeCommit) {
            // There was nothing to commit.
            self.disk.calm();
        }
        let commands: Vec<Command> = outcomes.iter().flat_map(|outcome| outcome.commands.clone()).collect();
        self.statistics.steps += 1;
        self.statistics.events += events.len() as u64;
        self.statistics.ignored += outcomes.iter().filter(|outcome| outcome.ignored.is_some()).count() as u64;
        let taken = events.iter().zip(outcomes).filter(|(_, outcome)| outcome.ignored.is_none());
        self.statistics.second_attempts +=
            taken.filter(|(event, _)| matches!(event, Event::Straggled { .. })).count() as u64;
        // What changed without being kept would show at the next comparison with the replica, too.
        let looks = self.disk.len() > kept || self.statistics.steps.is_multiple_of(UNKEPT_LOOKS);
        let new = looks.then(|| self.mission.scheduler().snapshot());
        let now = new.as_ref().unwrap_or(&self.last);
        let batch = outcomes.len() > 1;
        let step = Step { config: &self.config, before: &self.last, commands: &commands, now, batch };
        if let ([event], [outcome]) = (events, outcomes) {
            check_event(&step, event, outcome)?;
        }
        if outcomes.iter().all(|outcome| outcome.ignored.is_some()) {
            let same = *now == self.last && self.disk.len() == kept;
            ensure!(LateEvents, same, "{events:?} was ignored, and changed something");
        }
        self.witness.check(&step)?;
        if let Some(rule) = self.extra {
            rule(&self.host, &step)?;
        }
        self.replica.follow(&self.disk, outcomes, &self.last, now)?;
        if let Some(now) = new {
            self.last = now;
        }
        self.set_timer();
        self.check_in_sight()?;
        let crash = self.crash.take();
        for command in &commands[..crash.map_or(commands.len(), |crash| crash.carried_out(commands.len()))] {
            self.host.carry_out(self.now, command);
        }
        if crash.is_some() { self.crashed(true) } else { Ok(()) }
    }

    /// A turn under way is looked at soon.
    pub(crate) fn check_in_sight(&self) -> Kept {
        let seen = self.last.leases.iter().any(|lease| lease.running && lease.session.is_some());
        let soon = self.timer.is_some_and(|at| at <= self.now + LONGEST_UNSEEN_MS);
        ensure!(InSight, !seen || soon, "the next look is at {:?}, and it is {}", self.timer, self.now);
        Ok(())
    }
}

/// Whether people said it, who say it again when they get no answer.
fn is_of_people(event: &Event) -> bool {
    matches!(
        event,
        Event::PlanSubmitted { .. }
            | Event::Amended { .. }
            | Event::Delegated { .. }
            | Event::Resumed {}
            | Event::Paused { .. }
            | Event::Cancelled { .. }
            | Event::BudgetSet { .. }
            | Event::Decided { .. }
            | Event::ScopeDecided { .. }
            | Event::CommanderIdle { .. }
            | Event::UserSpoke {}
    )
}
