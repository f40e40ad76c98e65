//! A mission under a virtual clock, driven one event at a time.

use orchestrator_scheduler::{
    Command, Config, Error, Event, Finding, LaneCounts, LeaseId, NoticeKind, Outcome, Phase, Plan, Priority,
    ReportStatus, ReviewPolicy, Role, Scheduler, SessionErrorKind, TaskKind, TaskSpec, TaskState, TaskView,
    Verdict,
};

/// A task of the plan, done by a worker.
pub(crate) fn task(id: &str) -> TaskSpec {
    TaskSpec {
        id: id.into(),
        title: format!("Task {id}"),
        prompt: format!("Do {id}."),
        agent: "worker".into(),
        role: Role::Worker,
        files: Vec::new(),
        depends_on: Vec::new(),
        verify: Vec::new(),
        review: false,
        priority: Priority::Normal,
        kind: TaskKind::Task,
    }
}

/// Reads well in a plan.
pub(crate) trait With: Sized {
    fn after(self, ids: &[&str]) -> Self;
    fn files(self, globs: &[&str]) -> Self;
    fn priority(self, priority: Priority) -> Self;
    fn role(self, role: Role) -> Self;
    fn reviewed(self) -> Self;
    fn verified_by(self, command: &str) -> Self;
}

impl With for TaskSpec {
    fn after(mut self, ids: &[&str]) -> Self {
        self.depends_on = ids.iter().map(|id| (*id).into()).collect();
        self
    }

    fn files(mut self, globs: &[&str]) -> Self {
        self.files = globs.iter().map(|glob| (*glob).into()).collect();
        self
    }

    fn priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    fn role(mut self, role: Role) -> Self {
        self.role = role;
        self
    }

    fn reviewed(mut self) -> Self {
        self.review = true;
        self
    }

    fn verified_by(mut self, command: &str) -> Self {
        self.verify.push(command.into());
        self
    }
}

pub(crate) fn plan(tasks: &[TaskSpec]) -> Plan {
    Plan { goal: "The goal".to_owned(), tasks: tasks.to_vec(), verify: Vec::new() }
}

/// Three attempts, no reviews but those that a test asks for, and as many workers as given.
pub(crate) fn workers(count: u32) -> Config {
    Config {
        lanes: LaneCounts { planner: 1, worker: count, reviewer: 2 },
        review: ReviewPolicy::Never,
        ..Config::default()
    }
}

/// The same, with the reviews that the plan asks for, and the seal.
pub(crate) fn reviewed(count: u32) -> Config {
    Config { review: ReviewPolicy::Plan, ..workers(count) }
}

pub(crate) struct Bench {
    pub(crate) scheduler: Scheduler,
    pub(crate) now: u64,
    /// All commands since they were last taken, but for looks at sessions.
    pub(crate) commands: Vec<Command>,
    /// When sessions were looked at, each at its time.
    pub(crate) looks: Vec<(u64, Command)>,
}

impl Bench {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            scheduler: Scheduler::new(config).unwrap(),
            now: 1_000,
            commands: Vec::new(),
            looks: Vec::new(),
        }
    }

    /// A mission with this plan, already running.
    pub(crate) fn running(config: Config, tasks: &[TaskSpec]) -> Self {
        let mut bench = Self::new(config);
        bench.send(Event::PlanSubmitted { plan: plan(tasks) });
        bench.send(Event::Resumed {});
        bench
    }

    pub(crate) fn try_send(&mut self, event: Event) -> Result<Outcome, Error> {
        let outcome = self.scheduler.handle(self.now, event)?;
        let is_look = |command: &Command| matches!(command, Command::Poll { .. });
        let (looks, commands): (Vec<_>, Vec<_>) = outcome.commands.iter().cloned().partition(is_look);
        self.looks.extend(looks.into_iter().map(|look| (self.now, look)));
        self.commands.extend(commands);
        Ok(outcome)
    }

    /// Sends what must take effect; gives its commands.
    pub(crate) fn send(&mut self, event: Event) -> Vec<Command> {
        let outcome = self.try_send(event.clone()).unwrap();
        assert_eq!(outcome.ignored, None, "{event:?}");
        outcome.commands
    }

    /// Sends what must be ignored, and changes nothing.
    pub(crate) fn ignored(&mut self, event: Event) -> String {
        let before = self.scheduler.snapshot();
        let outcome = self.try_send(event.clone()).unwrap();
        assert_eq!(self.scheduler.snapshot(), before, "{event:?}");
        outcome.ignored.unwrap_or_else(|| panic!("{event:?} took effect"))
    }

    /// Lets time pass, with all that falls due on the way; looks are kept apart.
    pub(crate) fn pass_time(&mut self, ms: u64) -> Vec<Command> {
        let until = self.now + ms;
        let from = self.commands.len();
        while let Some(at) = self.scheduler.next_wake().filter(|at| *at <= until) {
            self.now = at.max(self.now);
            let due = self.scheduler.due(self.now);
            assert!(!due.is_empty(), "next_wake promised something at {at}");
            for event in due {
                self.try_send(event).unwrap();
            }
        }
        self.now = until;
        self.commands[from..].to_vec()
    }

    /// Lets time pass until a session is prompted.
    pub(crate) fn pass_until_prompted(&mut self) -> Vec<Command> {
        self.pass_until_prompted_or(|_| false)
    }

    /// Lets time pass until a session is prompted, or a command comes of another kind.
    pub(crate) fn pass_until_prompted_or(&mut self, other: impl Fn(&Command) -> bool) -> Vec<Command> {
        for _ in 0..1_000 {
            let at = self.scheduler.next_wake().expect("something is waited for");
            let commands = self.pass_time(at.saturating_sub(self.now));
            let prompts = |command: &Command| {
                matches!(
                    command,
                    Command::Start { .. }
                        | Command::Prompt { .. }
                        | Command::Review { .. }
                        | Command::ReviewPrompt { .. }
                )
            };
            if commands.iter().any(|command| prompts(command) || other(command)) {
                return commands;
            }
        }
        panic!("nothing was prompted: {:#?}", self.scheduler.snapshot());
    }

    pub(crate) fn task(&self, id: &str) -> TaskView {
        self.scheduler.task(id).unwrap_or_else(|| panic!("no task {id}"))
    }

    pub(crate) fn state(&self, id: &str) -> TaskState {
        self.task(id).state
    }

    pub(crate) fn phase(&self) -> Phase {
        self.scheduler.phase()
    }

    /// The work lease of a task.
    pub(crate) fn lease(&self, id: &str) -> LeaseId {
        self.task(id).lease.unwrap_or_else(|| panic!("{id} has no lease: {:?}", self.task(id)))
    }

    /// The running review lease of a task, or with `None` of the mission.
    pub(crate) fn review(&self, id: Option<&str>) -> LeaseId {
        let leases = self.scheduler.snapshot().leases;
        let found = leases.iter().rev().find(|lease| {
            lease.task.as_deref() == id && lease.purpose != orchestrator_scheduler::Purpose::Work
        });
        found.unwrap_or_else(|| panic!("no review of {id:?}")).lease
    }

    /// Ids of the tasks that run, in order.
    pub(crate) fn running_tasks(&self) -> Vec<String> {
        let tasks = self.scheduler.snapshot().tasks;
        tasks
            .into_iter()
            .filter(|task| task.state == TaskState::Running)
            .map(|task| task.id.to_string())
            .collect()
    }

    /// Ids of the tasks that were started by these commands, in order.
    pub(crate) fn started(commands: &[Command]) -> Vec<&str> {
        commands
            .iter()
            .filter_map(|command| match command {
                Command::Start { task, .. } => Some(task.as_str()),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn open(&mut self, id: &str) -> Vec<Command> {
        let lease = self.lease(id);
        self.send(Event::SessionStarted { lease, session: format!("session-{}", lease.0) })
    }

    /// Opens the session of a task whose lease has none.
    pub(crate) fn open_if_new(&mut self, id: &str) {
        let lease = self.lease(id);
        if self.scheduler.lease(lease).is_some_and(|lease| lease.session.is_none()) {
            self.open(id);
        }
    }

    pub(crate) fn report(&mut self, id: &str, status: ReportStatus, summary: &str) -> Vec<Command> {
        let lease = self.lease(id);
        self.send(reported(lease, status, summary))
    }

    pub(crate) fn idle(&mut self, id: &str) -> Vec<Command> {
        let lease = self.lease(id);
        self.send(idle(lease))
    }

    /// A worker's whole turn: the session opens, it reports done, it falls silent.
    pub(crate) fn do_work(&mut self, id: &str) -> Vec<Command> {
        self.open_if_new(id);
        self.report(id, ReportStatus::Done, "done");
        self.idle(id)
    }

    pub(crate) fn verify(&mut self, id: &str, passed: bool) -> Vec<Command> {
        let attempt = self.task(id).attempt;
        self.send(verified(Some(id), attempt, passed))
    }

    /// From running to accepted, or to its review.
    pub(crate) fn complete(&mut self, id: &str) -> Vec<Command> {
        self.do_work(id);
        self.verify(id, true)
    }

    pub(crate) fn error(&mut self, id: &str, kind: SessionErrorKind) -> Vec<Command> {
        let lease = self.lease(id);
        self.send(failed(lease, kind))
    }
}

pub(crate) fn idle(lease: LeaseId) -> Event {
    Event::SessionIdle {
        lease,
        turn: None,
        text: Some("that's it".to_owned()),
        fingerprint: None,
        refused: Vec::new(),
    }
}

pub(crate) fn failed(lease: LeaseId, kind: SessionErrorKind) -> Event {
    Event::SessionError {
        lease,
        turn: None,
        kind,
        message: "the host said so".to_owned(),
        retry_after_ms: None,
    }
}

pub(crate) fn reported(lease: LeaseId, status: ReportStatus, summary: &str) -> Event {
    Event::TaskReported {
        lease,
        turn: None,
        status,
        summary: summary.to_owned(),
        evidence: vec!["ran it".to_owned()],
        files: vec!["src/a.ts".to_owned()],
    }
}

pub(crate) fn verified(task: Option<&str>, attempt: u32, passed: bool) -> Event {
    Event::Verified {
        task: task.map(str::to_owned),
        attempt,
        copy: 1,
        passed,
        report: "2 errors".to_owned(),
        fingerprint: None,
    }
}

pub(crate) fn finding() -> Finding {
    Finding { file: None, line: Some(3), severity: "error".to_owned(), message: "off by one".to_owned() }
}

pub(crate) fn verdict(lease: LeaseId, verdict: Verdict) -> Event {
    let findings = if verdict == Verdict::Reject { vec![finding()] } else { Vec::new() };
    Event::Reviewed { lease, turn: None, verdict, findings, voided: false }
}

pub(crate) fn paused() -> Event {
    Event::Paused { reason: "Esc".to_owned() }
}

pub(crate) fn cancelled(task: Option<&str>) -> Event {
    Event::Cancelled { task: task.map(str::to_owned), reason: "not needed".to_owned() }
}

/// The messages of one kind of notice among these commands.
pub(crate) fn notices(commands: &[Command], wanted: NoticeKind) -> Vec<&str> {
    commands
        .iter()
        .filter_map(|command| match command {
            Command::Notify { kind, message, .. } if *kind == wanted => Some(message.as_str()),
            _ => None,
        })
        .collect()
}

pub(crate) fn aborts(commands: &[Command]) -> usize {
    commands.iter().filter(|command| matches!(command, Command::Abort { .. })).count()
}
