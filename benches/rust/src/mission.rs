//! A mission of the real scheduler: settings and plans that the benches share, and the events of a turn that ends well.

use orchestrator_scheduler::{
    Config, Event, LaneCounts, LeaseId, Name, Plan, Priority, ReportStatus, ReviewPolicy, Role, Scheduler,
    TaskKind, TaskSpec,
};

/// A scheduler with so many lanes for workers, and one of each other role, as it has to be: no reviews, and turns that
/// may last as long as they like.
pub(crate) fn scheduler(lanes: usize, seed: u64) -> Scheduler {
    let worker = u32::try_from(lanes).expect("a handful of lanes");
    Scheduler::new(Config {
        lanes: LaneCounts { planner: 1, worker, reviewer: 1 },
        stall_timeout_ms: u64::MAX / 4,
        task_timeout_ms: u64::MAX / 4,
        review: ReviewPolicy::Never,
        seed,
        ..Config::default()
    })
    .expect("the configuration is valid")
}

/// A plan of tasks for workers, by what each depends on. Task `i` is named `t` and `i`.
pub(crate) fn plan<'a>(dependencies: impl IntoIterator<Item = &'a [usize]>) -> Event {
    let task = |(index, on): (usize, &[usize])| TaskSpec {
        id: format!("t{index}").into(),
        title: format!("Task {index}"),
        prompt: "Do it.".into(),
        agent: "worker".into(),
        role: Role::Worker,
        files: vec![],
        depends_on: on.iter().map(|on| format!("t{on}").into()).collect(),
        verify: vec![],
        review: false,
        priority: Priority::Normal,
        kind: TaskKind::Task,
    };
    let tasks = dependencies.into_iter().enumerate().map(task).collect();
    Event::PlanSubmitted { plan: Plan { goal: "All of it".into(), tasks, verify: vec![] } }
}

/// The task that a name of [`plan`] is of.
pub(crate) fn index(name: &str) -> usize {
    name.strip_prefix('t').and_then(|number| number.parse().ok()).expect("the plan's names are numbers")
}

/// A turn reports that its task is done, and falls silent.
pub(crate) fn ended_well(lease: LeaseId, turn: u32) -> [Event; 2] {
    let turn = Some(turn);
    let (summary, evidence, files) = (String::new(), vec![], vec![]);
    [
        Event::TaskReported { lease, turn, status: ReportStatus::Done, summary, evidence, files },
        Event::SessionIdle { lease, turn, text: None, fingerprint: None, refused: Vec::new() },
    ]
}

/// The checks of a task, or of the mission, have passed.
pub(crate) fn verified(task: Option<Name>, attempt: u32) -> Event {
    let task = task.map(|task| task.to_string());
    let (copy, passed, report) = (1, true, String::new());
    Event::Verified { task, attempt, copy, passed, report, fingerprint: None }
}
