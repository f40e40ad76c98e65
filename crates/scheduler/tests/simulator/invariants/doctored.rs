//! No check is vacuous: for each rule a step that was true is doctored to break it, and is refused by that rule.

use orchestrator_scheduler::{
    BreakerState, Command, Config, Counts, Event, Lane, LaneCounts, LeaseId, LeaseView, MissionOutcome,
    ModelView, Outcome, Phase, Plan, Priority, PromptReason, Purpose, ReportStatus, Role, Scheduler,
    SecondView, SessionErrorKind, Sign, Snapshot, TaskKind, TaskSpec, TaskState, TaskView, Tried, Usage,
    Verification,
};

use super::{Broken, Kept, Rule, Step, Witness, check_event};

/// A mission under way: what was, the commands of the last event, and what is.
#[derive(Clone)]
struct Doctored {
    config: Config,
    before: Snapshot,
    commands: Vec<Command>,
    now: Snapshot,
    witness: Witness,
}

/// "a" is accepted, "b" and "c" run on worker lanes, "d" waits for "b", "e" for the files of "c", "f" for a pause.
fn mission() -> Doctored {
    let config = Config { lanes: LaneCounts { planner: 1, worker: 3, reviewer: 2 }, ..Config::default() };
    let mut scheduler = Scheduler::new(config.clone()).unwrap();
    let mut witness = Witness::default();
    let mut before = scheduler.snapshot();
    let mut commands = Vec::new();
    let mut now = 0;
    let mut send = |event: Event| {
        now += 10;
        before = scheduler.snapshot();
        commands = scheduler.handle(now, event).unwrap().commands;
        let (before, now) = (before.clone(), scheduler.snapshot());
        let after = witness.clone();
        let step = Step { config: &config, before: &before, commands: &commands, now: &now, batch: false };
        witness.check(&step).unwrap();
        Doctored { config: config.clone(), before, commands: commands.clone(), now, witness: after }
    };
    send(Event::PlanSubmitted { plan: plan() });
    send(Event::Resumed {});
    let [a, b, f] = [1, 2, 3].map(LeaseId);
    for (lease, session) in [(a, "sa"), (b, "sb"), (f, "sf")] {
        send(Event::SessionStarted { lease, session: session.into() });
    }
    send(Event::SessionError {
        lease: f,
        turn: Some(1),
        kind: SessionErrorKind::RateLimit,
        message: "too many".into(),
        retry_after_ms: Some(90_000),
    });
    send(reported(a));
    send(Event::SessionIdle { lease: a, turn: Some(1), text: None, fingerprint: None, refused: Vec::new() });
    // The last step accepts "a" and starts "c" in its lane.
    send(Event::Verified {
        task: Some("a".into()),
        attempt: 1,
        copy: 1,
        passed: true,
        report: String::new(),
        fingerprint: None,
    })
}

fn plan() -> Plan {
    let task = |id: &str, files: &[&str], depends_on: &[&str]| -> TaskSpec {
        let text = r#"{ "id": "t", "title": "T", "prompt": "P", "agent": "worker", "role": "worker" }"#;
        let spec: TaskSpec = serde_json::from_str(text).unwrap();
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).into()).collect();
        TaskSpec { id: id.into(), files: owned(files), depends_on: owned(depends_on), ..spec }
    };
    let tasks = vec![
        task("a", &["src/a.ts"], &[]),
        task("b", &["lib"], &[]),
        task("f", &[], &[]),
        task("c", &["src/*.ts"], &["a"]),
        task("d", &[], &["b"]),
        task("e", &["src/b.ts"], &["a"]),
    ];
    Plan { goal: "g".into(), tasks, verify: Vec::new() }
}

fn reported(lease: LeaseId) -> Event {
    Event::TaskReported {
        lease,
        turn: Some(1),
        status: ReportStatus::Done,
        summary: "done".into(),
        evidence: Vec::new(),
        files: Vec::new(),
    }
}

impl Doctored {
    fn check(&mut self) -> Kept {
        let Self { config, before, commands, now, witness } = self;
        witness.check(&Step { config, before, commands, now, batch: false })
    }

    fn check_event(&self, event: &Event, outcome: &Outcome) -> Kept {
        let Self { config, before, commands, now, .. } = self;
        check_event(&Step { config, before, commands, now, batch: false }, event, outcome)
    }

    fn task(&mut self, id: &str) -> &mut TaskView {
        self.now.tasks.iter_mut().find(|task| task.id == id).unwrap()
    }

    fn lease(&mut self, id: &str) -> &mut LeaseView {
        self.now.leases.iter_mut().find(|lease| lease.task.as_deref() == Some(id)).unwrap()
    }

    /// Gives a task a second attempt, whatever it is at.
    fn add_second(&mut self, id: &str, lease: LeaseId) -> &mut LeaseView {
        let mut view = self.now.leases.iter().find(|view| view.running).unwrap().clone();
        (view.lease, view.task, view.copy, view.turn) = (lease, Some(id.into()), 2, 1);
        view.session = Some(format!("of {lease}"));
        let taken: Vec<u32> = self.now.leases.iter().filter_map(|lease| Some(lease.lane?.index)).collect();
        let index = (0..9).find(|index| !taken.contains(index)).unwrap();
        view.lane = Some(Lane { role: Role::Worker, index });
        self.config.lanes.worker = 9;
        self.witness.turns.insert(lease, 1);
        self.task(id).second = Some(SecondView { lease, checking: false });
        let mission = &mut self.now.mission;
        mission.in_use += 1;
        mission.limit = mission.limit.max(mission.in_use);
        self.now.leases.push(view);
        self.now.leases.last_mut().unwrap()
    }

    /// The command that starts "c".
    fn start(&mut self) -> &mut Command {
        self.commands.iter_mut().find(|command| matches!(command, Command::Start { .. })).unwrap()
    }
}

fn continued() -> Command {
    Command::Continue { edge: "e".into(), session: "s".into(), reason: "go on".into() }
}

type Change = fn(&mut Doctored);

/// What is changed, and the rule that it breaks.
const CHANGES: &[(Rule, &str, Change)] = &[
    (Rule::Lanes, "two tasks on one lane", |m| {
        let lane = m.lease("b").lane;
        m.task("f").lane = lane;
    }),
    (Rule::Lanes, "a lane that there is not", |m| {
        m.task("f").lane = Some(Lane { role: Role::Worker, index: 3 });
    }),
    (Rule::Permits, "a permit that did not come back", |m| m.now.mission.in_use += 1),
    (Rule::Permits, "a permit too few", |m| m.now.mission.in_use -= 1),
    (Rule::Limit, "a turn above the limit", |m| m.now.mission.limit = 1),
    (Rule::Limit, "a limit of 0", |m| m.now.mission.limit = 0),
    (Rule::Limit, "a limit above the lanes", |m| m.now.mission.limit = 7),
    (Rule::Dependencies, "it runs before what it depends on", |m| {
        m.task("c").depends_on.push("b".into());
    }),
    (Rule::Dependencies, "it is blocked by nothing", |m| m.task("d").state = TaskState::Blocked),
    (Rule::Dependencies, "it waits for what is there", |m| m.task("e").state = TaskState::Pending),
    (Rule::Scopes, "two tasks with one file", |m| m.task("b").files.push("src/{a,index}.ts".into())),
    (Rule::Accepted, "accepted and ready again", |m| {
        m.witness.accepted.insert("e".into());
    }),
    (Rule::Accepted, "accepted and started again", |m| {
        m.witness.accepted.insert("c".into());
    }),
    (Rule::Accepted, "accepted and gone", |m| {
        m.before = m.now.clone();
        m.witness.accepted.insert("a".into());
        m.now.tasks.remove(0);
    }),
    (Rule::Holdings, "it runs without a lease", |m| m.task("b").lease = None),
    (Rule::Holdings, "its lease is gone", |m| m.task("f").lease = Some(LeaseId(99))),
    (Rule::Holdings, "its lease is another's", |m| {
        let other = m.task("b").lease;
        m.task("c").lease = other;
    }),
    (Rule::Holdings, "it ended and holds a lane", |m| {
        m.task("a").files.clear();
        m.task("a").lane = Some(Lane { role: Role::Reviewer, index: 0 });
    }),
    (Rule::Holdings, "more attempts than it gets", |m| m.task("b").attempt = 4),
    (Rule::Holdings, "accepted unchecked", |m| m.task("a").verification = None),
    (Rule::Holdings, "accepted though its checks failed", |m| {
        m.task("a").verification = Some(Verification { passed: false, report: String::new() });
    }),
    (Rule::Attempts, "two attempts without the setting", |m| {
        m.add_second("b", LeaseId(40));
    }),
    (Rule::Attempts, "three attempts", |m| {
        m.config.speculation = true;
        m.add_second("b", LeaseId(40));
        m.add_second("b", LeaseId(41));
    }),
    (Rule::Attempts, "two attempts in one copy of the project", |m| {
        m.config.speculation = true;
        m.add_second("b", LeaseId(40)).copy = 1;
    }),
    (Rule::Losers, "an accepted task whose second attempt is left", |m| {
        m.config.speculation = true;
        m.add_second("a", LeaseId(40));
    }),
    (Rule::Losers, "a loser that is not stopped", |m| {
        m.add_second("b", LeaseId(40));
        m.before.leases.clone_from(&m.now.leases);
        let before = m.task("b").clone();
        *m.before.tasks.iter_mut().find(|task| task.id == "b").unwrap() = before;
        m.now.leases.retain(|lease| lease.task.as_deref() != Some("b"));
        m.now.mission.in_use -= 2;
        let counts = &mut m.now.mission.counts;
        (counts.running, counts.failed) = (counts.running - 1, counts.failed + 1);
        (counts.pending, counts.blocked) = (counts.pending - 1, counts.blocked + 1);
        let at = m.now.mission.updated_at;
        let d = m.task("d");
        (d.state, d.ended_at) = (TaskState::Blocked, Some(at));
        let b = m.task("b");
        (b.state, b.ended_at, b.second, b.lease, b.lane) = (TaskState::Failed, Some(at), None, None, None);
    }),
    (Rule::Counts, "a counter too high", |m| m.now.mission.counts.accepted += 1),
    (Rule::Pauses, "it goes on before its pause is over", |m| {
        let id = m.before.tasks.iter().position(|task| task.id == "c").unwrap();
        m.before.tasks[id].retry_at = Some(m.now.mission.updated_at + 1);
    }),
    (Rule::Leases, "a number that was used", |m| m.witness.last_lease = 99),
    (Rule::Leases, "a lease that begins with its second turn", |m| {
        let Command::Start { turn, .. } = m.start() else { return };
        *turn = 2;
    }),
    (Rule::Leases, "a turn that no command began", |m| m.lease("b").turn = 2),
    (Rule::Leases, "two leases of one session", |m| m.lease("b").session = Some("sf".into())),
    (Rule::QuietLeases, "a lease between two turns that waits for none", |m| {
        m.lease("f").purpose = Purpose::Review;
    }),
    (Rule::Commands, "a start of what does not run", |m| {
        let Command::Start { task, .. } = m.start() else { return };
        *task = "b".into();
    }),
    (Rule::Commands, "an abort of what runs", |m| {
        let lease = m.lease("b").lease;
        m.commands.push(Command::Abort { lease, session: "sb".into() });
    }),
    (Rule::Commands, "a look at another session", |m| {
        let lease = m.lease("b").lease;
        m.commands.push(Command::Poll { lease, session: "sx".into() });
    }),
    (Rule::Commands, "checks of what runs", |m| {
        let (task, commands, files) = (Some("b".into()), Vec::new(), Vec::new());
        m.commands.push(Command::Verify {
            task,
            attempt: 1,
            copy: 1,
            commands,
            files,
            review_follows: false,
        });
    }),
    (Rule::Commands, "checks of a mission under way", |m| {
        let (commands, files) = (Vec::new(), Vec::new());
        m.commands.push(Command::Verify {
            task: None,
            attempt: 1,
            copy: 1,
            commands,
            files,
            review_follows: false,
        });
    }),
    (Rule::Budget, "a turn beyond the budget", |m| {
        m.now.mission.budget.tokens = Some(100);
        m.now.mission.used.tokens = 100;
    }),
    (Rule::Budget, "a session too many", |m| {
        m.now.mission.budget.children = Some(m.before.mission.used.children);
    }),
    (Rule::Budget, "something is held and nothing runs", |m| {
        m.now.mission.in_use = 0;
        m.now.mission.reserved.tokens = 1;
    }),
    (Rule::Models, "a model that is not to be asked", |m| {
        let (state, retry_at) = (BreakerState::Open, Some(u64::MAX));
        m.now.mission.models.push(ModelView { model: None, state, retry_at });
    }),
    (Rule::Memory, "low priority that does not wait", |m| {
        (m.before.mission.memory_percent, m.now.mission.memory_percent) = (Some(90), Some(90));
        m.task("c").priority = Priority::Low;
    }),
    (Rule::Idling, "a task that could run", |m| {
        m.task("e").files = vec!["docs/a.md".into()];
        m.task("e").role = Role::Planner;
    }),
    (Rule::Idling, "an errand that could run while the mission is paused", |m| {
        m.now.mission.phase = Phase::Paused;
        m.task("e").kind = TaskKind::Delegation;
        m.task("e").files.clear();
        m.task("e").role = Role::Planner;
        m.now.mission.counts.ready -= 1;
    }),
    (Rule::End, "it ends and leases are left", |m| {
        m.now.mission.phase = Phase::Done;
        m.commands.push(Command::Finish { outcome: MissionOutcome::Accepted, message: String::new() });
    }),
    (Rule::End, "it finishes and does not end", |m| {
        m.commands.push(Command::Finish { outcome: MissionOutcome::Accepted, message: String::new() });
    }),
    (Rule::Circles, "a second diagnostic turn", |m| {
        let tried = vec![Tried { attempt: 1, ended: "failed".into(), summary: None }];
        m.task("c").tried.clone_from(&tried);
        m.witness.diagnosed.insert("c".into());
        let Command::Start { reason, .. } = m.start() else { return };
        *reason = Some(PromptReason::Stagnating { sign: Sign::SameError, tried, because: None });
    }),
    (Rule::Decisions, "it waits for the commander and runs", |m| m.task("b").waiting = Some("?".into())),
    (Rule::Decisions, "all wait and the mission runs", |m| {
        m.now.tasks.retain(|task| task.id == "a" || task.id == "f");
        m.commands.clear();
        m.now.leases.clear();
        (m.now.mission.in_use, m.now.mission.reserved) = (0, Usage::default());
        m.now.mission.counts = Counts { accepted: 1, reviewing: 1, ..Counts::default() };
        let f = m.task("f");
        (f.state, f.waiting) = (TaskState::Reviewing, Some("?".into()));
        (f.lease, f.lane, f.retry_at) = (None, None, None);
    }),
    (Rule::Models, "a model that refused it", |m| {
        m.task("c").refused_by.push("x/y".into());
        let Command::Start { model, .. } = m.start() else { return };
        *model = Some("x/y".into());
    }),
    (Rule::Continuations, "an edge that was answered", |m| {
        m.witness.edges.insert("e".into());
        m.commands.push(continued());
    }),
    (Rule::Continuations, "a continuation of what was paused", |m| {
        m.now.mission.phase = Phase::Paused;
        m.commands.push(continued());
    }),
    (Rule::Continuations, "a fourth that brought nothing", |m| m.now.mission.continued_in_vain = 4),
    (Rule::Commands, "an answer about files to what does not run", |m| {
        let (lease, files, reason) = (LeaseId(3), Vec::new(), String::new());
        m.commands.push(Command::ScopeAnswered { lease, granted: true, files, reason });
    }),
    (Rule::End, "it goes on after its end", |m| m.witness.finished = true),
    (Rule::Time, "time that runs back", |m| m.before.mission.updated_at = m.now.mission.updated_at + 1),
    (Rule::Time, "a task ahead of its mission", |m| m.task("b").updated_at += 1_000),
];

#[test]
fn a_true_step_is_not_refused() {
    assert_eq!(mission().check(), Ok(()));
}

#[test]
fn every_doctored_step_is_refused_by_the_rule_that_it_breaks() {
    for (rule, what, change) in CHANGES {
        let mut doctored = mission();
        change(&mut doctored);
        let refused = doctored.check();
        assert!(matches!(&refused, Err(Broken { rule: by, .. }) if by == rule), "{what}: {refused:?}");
    }
}

#[test]
fn every_doctored_outcome_is_refused() {
    let taken = Outcome::default();
    let ignored = Outcome { ignored: Some("late".into()), ..Outcome::default() };
    let (b, f) = (LeaseId(2), LeaseId(3));
    let idle = |lease, turn| Event::SessionIdle {
        lease,
        turn: Some(turn),
        text: None,
        fingerprint: None,
        refused: Vec::new(),
    };
    let limited = |pause| Event::SessionError {
        lease: f,
        turn: Some(1),
        kind: SessionErrorKind::RateLimit,
        message: String::new(),
        retry_after_ms: Some(pause),
    };
    let verified = |attempt| Event::Verified {
        task: Some("a".into()),
        attempt,
        copy: 1,
        passed: true,
        report: String::new(),
        fingerprint: None,
    };
    let of =
        |m: &Doctored, event: &Event, outcome: &Outcome| m.check_event(event, outcome).map_err(|it| it.rule);
    let m = mission();
    for (event, why) in [
        (idle(b, 2), "of another turn"),
        (idle(LeaseId(99), 1), "of no lease"),
        (idle(f, 1), "of a quiet lease"),
        (verified(2), "of another attempt"),
        (Event::ClockStarted { lease: b }, "of a clock that runs"),
        (Event::SessionStarted { lease: b, session: "other".into() }, "of a session that is known"),
        (Event::Stalled { lease: f }, "of a turn that is over"),
    ] {
        assert_eq!(of(&m, &event, &taken), Err(Rule::LateEvents), "{why}");
    }
    for event in [idle(b, 1), verified(1), Event::Progress { lease: b }, reported(b)] {
        assert_eq!(of(&m, &event, &taken), Ok(()), "{event:?}");
        assert_eq!(of(&m, &event, &ignored), Err(Rule::TimelyEvents), "{event:?}");
    }
    assert_eq!(of(&m, &idle(b, 2), &ignored), Err(Rule::LateEvents), "ignored, and yet something changed");
    // "f" runs before, and waits after.
    let mut m = mission();
    m.before.leases.iter_mut().find(|lease| lease.lease == f).unwrap().running = true;
    let (now, at) = (m.now.mission.updated_at, m.task("f").retry_at.unwrap());
    assert_eq!(of(&m, &limited(at - now), &taken), Ok(()));
    assert_eq!(of(&m, &limited(at - now + 1), &taken), Err(Rule::Pauses));
}

#[test]
fn every_rule_has_a_doctored_step_or_a_test_of_its_own() {
    let elsewhere = [
        // Above.
        Rule::LateEvents,
        Rule::TimelyEvents,
        // In `doctored_runs`.
        Rule::InSight,
        Rule::Replay,
        Rule::AllOrNothing,
        Rule::EveryTaskEnds,
    ];
    for rule in Rule::ALL {
        let shown = CHANGES.iter().any(|(by, ..)| by == rule) || elsewhere.contains(rule);
        assert!(shown, "{rule:?}: {}", rule.name());
    }
}
