//! One simulated mission: a host with faults, a user and a commander with moods, crashes at any time.

use orchestrator_scheduler::{
    Command, Config, Event, Journaled, LaneCounts, Phase, Plan, Priority, ReviewPolicy, Role,
    SessionErrorKind, Snapshot, TaskKind, TaskSpec, TaskState,
};

use crate::{
    chance::Chance,
    disk::Disk,
    host::{Faults, Host},
    invariants::{IN_A_SESSION, Witness},
};

/// Steps after which a mission that has not ended is given up by the user.
const PATIENCE: u32 = 1_200;
/// A session whose turn is under way is looked at within this time, in milliseconds.
const LONGEST_UNSEEN_MS: u64 = 5_000;

/// What a run came to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Totals {
    pub(crate) steps: u64,
    pub(crate) crashes: u64,
    pub(crate) accepted: u64,
    pub(crate) failed: u64,
    pub(crate) cancelled: u64,
}

pub(crate) struct Simulation {
    chance: Chance,
    /// How often the user, the commander and the machine do something unforeseen, in percent of steps.
    unrest: u64,
    now: u64,
    /// What the caller's clock shows is this much off.
    clock_off: u64,
    mission: Journaled<Disk>,
    disk: Disk,
    host: Host,
    witness: Witness,
    /// The snapshot after the last step.
    last: Snapshot,
    config: Config,
    ids: u32,
    /// Whether a second scheduler is replayed after every step, as if each ended in a crash.
    replayed: bool,
    pub(crate) totals: Totals,
}

impl Simulation {
    pub(crate) fn new(seed: u64) -> Self {
        let mut chance = Chance::seeded(seed);
        let lane = |chance: &mut Chance| u32::try_from(chance.between(1, 3)).unwrap();
        let config = Config {
            lanes: LaneCounts {
                planner: lane(&mut chance),
                worker: lane(&mut chance),
                reviewer: lane(&mut chance),
            },
            attempts: u32::try_from(chance.between(1, 3)).unwrap(),
            stall_timeout_ms: 2_000,
            task_timeout_ms: 20_000,
            review: chance.pick(&[ReviewPolicy::Plan, ReviewPolicy::Always, ReviewPolicy::Never]),
            seed,
        };
        let faults = if chance.percent(20) {
            Faults { bad_turn: 0, doubled: 0, failed_check: 0, late_after_abort: 0, quoted: 100 }
        } else {
            Faults {
                bad_turn: chance.between(0, 60),
                doubled: chance.between(0, 30),
                failed_check: chance.between(0, 40),
                late_after_abort: chance.between(0, 100),
                quoted: chance.pick(&[0, 50, 100]),
            }
        };
        let unrest = chance.pick(&[0, 2, 6]);
        let disk = Disk::default();
        let mission = Journaled::open(config.clone(), disk.clone()).unwrap();
        let witness = Witness::default();
        let last = mission.scheduler().snapshot();
        let host = Host::new(faults);
        Self {
            chance,
            unrest,
            now: 1_000_000,
            clock_off: 0,
            mission,
            disk,
            host,
            witness,
            last,
            config,
            ids: 0,
            replayed: seed.is_multiple_of(50),
            totals: Totals::default(),
        }
    }

    /// Runs the mission to its end.
    pub(crate) fn run(&mut self) {
        let plan = self.plan(8);
        self.submit(vec![Event::PlanSubmitted { plan }, Event::Resumed {}]);
        let mut patience = PATIENCE;
        while self.phase() != Phase::Done {
            patience -= 1;
            if patience == 0 {
                self.submit(vec![Event::Cancelled { task: None, reason: "enough".into() }]);
                continue;
            }
            if self.unrest > 0 && self.chance.percent(self.unrest) {
                self.disturb();
            } else if !matches!(self.phase(), Phase::Deciding | Phase::Paused) || self.chance.percent(50) {
                self.advance();
            } else {
                self.answer();
            }
        }
        // Whatever is still under way must change nothing any more.
        while let Some(event) = self.host.take_next() {
            self.submit(vec![event]);
        }
        assert_eq!(self.mission.next_wake(), None);
        let counts = self.mission.scheduler().mission().counts;
        self.totals.accepted += u64::from(counts.accepted);
        self.totals.failed += u64::from(counts.failed);
        self.totals.cancelled += u64::from(counts.cancelled);
    }

    fn phase(&self) -> Phase {
        self.mission.scheduler().phase()
    }

    /// Goes on to whatever comes next: an event of the host, or something that the time brings.
    fn advance(&mut self) {
        let wake = self.mission.next_wake().map(|at| (at + self.clock_off).max(self.now));
        let event = self.host.next_at();
        match (wake, event) {
            (Some(wake), at) if at.is_none_or(|at| wake <= at) => {
                self.now = wake;
                let clock = self.clock();
                assert!(!self.mission.scheduler().due(clock).is_empty(), "woken for nothing at {wake}");
                self.tick();
            }
            (_, Some(at)) => {
                self.now = at.max(self.now);
                let mut events = vec![self.host.take_next().unwrap()];
                while self.host.next_at().is_some_and(|next| next <= self.now + 3) && self.chance.percent(50)
                {
                    events.extend(self.host.take_next());
                }
                self.submit(events);
            }
            (_, None) => {
                assert!(
                    matches!(self.phase(), Phase::Deciding | Phase::Paused) || self.checks_were_lost(),
                    "locked up: {:#?}",
                    self.mission.scheduler().snapshot()
                );
                self.answer();
            }
        }
    }

    /// Nobody but the caller knows when checks die with it; it repeats them by pausing and resuming.
    fn checks_were_lost(&self) -> bool {
        let counts = self.mission.scheduler().mission().counts;
        self.totals.crashes > 0 && (counts.verifying > 0 || self.phase() == Phase::Verifying)
    }

    /// The commander, or the user, answers a mission that waits; or wakes one whose checks were lost.
    fn answer(&mut self) {
        match self.phase() {
            Phase::Deciding => {
                match self.chance.between(0, 4) {
                    0 | 1 => self.replan(),
                    2 => self.cancel_some(),
                    _ => {}
                }
                if self.phase() == Phase::Deciding {
                    self.submit(vec![Event::Resumed {}]);
                }
            }
            Phase::Paused => self.submit(vec![Event::Resumed {}]),
            _ => self.submit(vec![Event::Paused { reason: "restart".into() }, Event::Resumed {}]),
        }
    }

    fn disturb(&mut self) {
        match self.chance.between(0, 9) {
            0 | 1 => self.submit(vec![Event::Paused { reason: "Esc".into() }]),
            7 if self.chance.percent(10) => {
                self.submit(vec![Event::Cancelled { task: None, reason: "stop".into() }]);
            }
            2 => self.cancel_some(),
            3 => self.replan(),
            4 | 5 => self.delegate(),
            6 => {
                // The caller's clock is set back, or forward.
                self.clock_off = self.chance.pick(&[0, 0, 60_000, 900_000, 999_000]);
            }
            7 => self.submit(vec![Event::Resumed {}]),
            8 => self.disk.fail_next(),
            _ => self.crash(),
        }
    }

    fn delegate(&mut self) {
        let mut task = self.task();
        (task.depends_on, task.verify, task.review) = (Vec::new(), Vec::new(), false);
        let continue_session = self.chance.percent(30).then(|| format!("s{}", self.chance.between(1, 5)));
        if continue_session.is_some() {
            IN_A_SESSION.clone_into(&mut task.title);
        }
        self.submit(vec![Event::Delegated { task, continue_session }]);
    }

    fn cancel_some(&mut self) {
        let tasks = self.mission.scheduler().snapshot().tasks;
        let task = tasks[self.chance.index(tasks.len())].id.clone();
        self.submit(vec![Event::Cancelled { task: Some(task), reason: "dropped".into() }]);
    }

    /// A plan with new tasks, and some of the old that may be replaced.
    fn replan(&mut self) {
        let mut plan = self.plan(3);
        let old: Vec<String> = self
            .mission
            .scheduler()
            .snapshot()
            .tasks
            .into_iter()
            .filter(|task| task.kind == TaskKind::Task)
            .filter(|task| {
                matches!(task.state, TaskState::Failed | TaskState::Cancelled | TaskState::Pending)
            })
            .map(|task| task.id)
            .collect();
        for id in old {
            if self.chance.percent(60) {
                plan.tasks.push(TaskSpec { id, depends_on: Vec::new(), ..self.task() });
            }
        }
        self.submit(vec![Event::PlanSubmitted { plan }]);
    }

    fn plan(&mut self, most: u64) -> Plan {
        let mut tasks: Vec<TaskSpec> = Vec::new();
        for _ in 0..self.chance.between(1, most) {
            let mut task = self.task();
            for before in &tasks {
                if self.chance.percent(25) {
                    task.depends_on.push(before.id.clone());
                }
            }
            tasks.push(task);
        }
        let verify = if self.chance.percent(50) { vec!["check".into()] } else { Vec::new() };
        Plan { goal: "g".into(), tasks, verify }
    }

    fn task(&mut self) -> TaskSpec {
        self.ids += 1;
        let chance = &mut self.chance;
        let mut files: Vec<String> =
            ["a", "b", "c", "d"].iter().filter(|_| chance.percent(15)).map(ToString::to_string).collect();
        files.sort();
        TaskSpec {
            id: format!("t{}", self.ids),
            title: "T".into(),
            prompt: "P".into(),
            agent: "worker".into(),
            role: chance.pick(&[Role::Worker, Role::Worker, Role::Worker, Role::Planner, Role::Reviewer]),
            files,
            depends_on: Vec::new(),
            verify: Vec::new(),
            review: chance.percent(30),
            priority: chance.pick(&[Priority::High, Priority::Normal, Priority::Normal, Priority::Low]),
            kind: TaskKind::Task,
        }
    }

    fn clock(&self) -> u64 {
        self.now - self.clock_off
    }

    fn submit(&mut self, events: Vec<Event>) {
        let clock = self.clock();
        let kept = self.disk.len();
        match self.mission.submit(clock, events.clone()) {
            Ok(outcomes) => {
                let commands: Vec<Command> = outcomes.iter().flat_map(|o| o.commands.clone()).collect();
                if outcomes.iter().all(|outcome| outcome.ignored.is_some()) {
                    assert_eq!(self.mission.scheduler().snapshot(), self.last, "{events:?} was ignored");
                    assert_eq!(self.disk.len(), kept, "{events:?} was ignored and kept");
                }
                self.stepped(outcomes.len() > 1, &commands);
            }
            Err(error) => {
                let after = self.mission.scheduler().snapshot();
                assert_eq!(after, self.last, "{events:?} was refused ({error}), and changed something");
                assert_eq!(self.disk.len(), kept, "{events:?} was refused and kept");
                self.witness.forget_step(&after);
                // What the host had to say is said again.
                if error.kind() == orchestrator_scheduler::ErrorKind::Journal {
                    self.disk.calm();
                    self.submit(events);
                }
            }
        }
    }

    fn tick(&mut self) {
        self.disk.calm();
        let clock = self.clock();
        let outcomes = self.mission.tick(clock).unwrap();
        let batch = outcomes.len() > 1;
        let commands: Vec<Command> = outcomes.into_iter().flat_map(|outcome| outcome.commands).collect();
        self.stepped(batch, &commands);
    }

    fn stepped(&mut self, batch: bool, commands: &[Command]) {
        self.totals.steps += 1;
        let snapshot = self.mission.scheduler().snapshot();
        self.witness.check(&self.config, batch, commands, &snapshot);
        if snapshot.leases.iter().any(|lease| lease.running && lease.session.is_some()) {
            let wake = self.mission.next_wake().map(|at| at + self.clock_off);
            assert!(wake.is_some_and(|at| at <= self.now + LONGEST_UNSEEN_MS), "a turn is out of sight");
        }
        if self.replayed {
            let again = Journaled::open(Config::default(), self.disk.clone()).unwrap();
            assert_eq!(again.scheduler().snapshot(), snapshot, "a replay leads elsewhere");
        }
        self.last = snapshot;
        for command in commands {
            self.host.carry_out(self.now, command, &mut self.chance);
        }
    }

    /// The process dies and begins again from the journal; the sessions die with it, or do not.
    fn crash(&mut self) {
        self.totals.crashes += 1;
        self.mission = Journaled::open(Config::default(), self.disk.clone()).unwrap();
        let after = self.mission.scheduler().snapshot();
        assert_eq!(after, self.last, "a replay leads elsewhere");
        if self.chance.percent(50) {
            self.host.die();
            // A pause does not touch delegations: of their sessions the caller says that they are gone.
            let lost = after.tasks.iter().filter(|task| task.kind == TaskKind::Delegation);
            let lost = lost.filter(|task| task.state == TaskState::Running).filter_map(|task| task.lease);
            let gone = lost.map(|lease| Event::SessionError {
                lease,
                turn: None,
                kind: SessionErrorKind::Unknown,
                message: "the session is gone".into(),
                retry_after_ms: None,
            });
            let gone: Vec<Event> = gone.collect();
            if !gone.is_empty() {
                self.submit(gone);
            }
            if matches!(self.phase(), Phase::Running | Phase::Verifying | Phase::Sealing) {
                self.submit(vec![Event::Paused { reason: "restart".into() }, Event::Resumed {}]);
            }
        }
    }
}
