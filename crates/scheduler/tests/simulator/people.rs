//! The plans and errands that a commander comes up with.

use std::sync::LazyLock;

use orchestrator_scheduler::{
    AmendedStatus, Amendment, Event, Name, Plan, Priority, Role, Snapshot, TaskKind, TaskSpec, TaskState,
};

use crate::{chance::Chance, paths::GLOBS};

/// The title of errands that wait for a session to be free.
pub(crate) const IN_A_SESSION: &str = "in a session";

static TASK: LazyLock<TaskSpec> = LazyLock::new(|| {
    serde_json::from_str(r#"{ "id": "t", "title": "T", "prompt": "P", "agent": "worker", "role": "worker" }"#)
        .unwrap()
});

/// Gives tasks their names.
#[derive(Debug, Default)]
pub(crate) struct Commander {
    tasks: u64,
}

impl Commander {
    /// A plan with at most `most` tasks.
    pub(crate) fn plan(&mut self, most: u64, chance: &mut Chance) -> Plan {
        let mut tasks: Vec<TaskSpec> = Vec::new();
        // The larger the plan, the fewer of its tasks a task depends on.
        let density = 200 / (most + 1);
        for _ in 0..chance.between(most.div_ceil(2), most) {
            let mut task = self.task(chance);
            let before = tasks.iter().map(|task| &task.id);
            task.depends_on = before.filter(|_| chance.percent(density)).cloned().collect();
            tasks.push(task);
        }
        let verify = if chance.percent(50) { vec!["check".into()] } else { Vec::new() };
        Plan { goal: "g".into(), tasks, verify }
    }

    /// A plan with new tasks, and some of the old that may be replaced.
    pub(crate) fn replan(&mut self, now: &Snapshot, chance: &mut Chance) -> Event {
        let mut plan = self.plan(3, chance);
        for task in &now.tasks {
            let replaceable = matches!(
                task.state,
                TaskState::Failed | TaskState::Cancelled | TaskState::Pending | TaskState::Blocked
            );
            if task.kind == TaskKind::Task && replaceable && chance.percent(60) {
                let spec = self.task(chance);
                plan.tasks.push(TaskSpec { id: task.id.clone(), ..spec });
            }
        }
        Event::PlanSubmitted { plan }
    }

    /// Changes to at most three of the tasks, made for the plan as it stands or for any; some can't be had.
    pub(crate) fn amend(&mut self, now: &Snapshot, chance: &mut Chance) -> Event {
        let statuses = [None, Some(AmendedStatus::Pending), Some(AmendedStatus::Cancelled)];
        let mut items: Vec<Amendment> = Vec::new();
        for _ in 0..chance.between(1, 3) {
            self.tasks += 1;
            items.push(Amendment {
                id: now.tasks[chance.index(now.tasks.len())].id.to_string(),
                status: chance.pick(&statuses),
                title: chance.percent(40).then(|| format!("T{}", self.tasks)),
            });
        }
        Event::Amended { revision: chance.percent(50).then_some(now.mission.revision), items }
    }

    /// An errand, in a new session or in an earlier one.
    pub(crate) fn delegate(&mut self, in_a_session: bool, chance: &mut Chance) -> Event {
        let mut task = TaskSpec { review: false, ..self.task(chance) };
        let session = in_a_session.then(|| format!("s{}", chance.between(1, 5)));
        if in_a_session {
            IN_A_SESSION.clone_into(&mut task.title);
        }
        Event::Delegated { task, continue_session: session }
    }

    fn task(&mut self, chance: &mut Chance) -> TaskSpec {
        self.tasks += 1;
        let globs = chance.pick(&[0, 0, 1, 1, 2]);
        let mut files: Vec<Name> = (0..globs).map(|_| chance.pick(&GLOBS).into()).collect();
        files.dedup();
        TaskSpec {
            id: format!("t{}", self.tasks).into(),
            role: chance.pick(&[Role::Worker, Role::Worker, Role::Worker, Role::Planner, Role::Reviewer]),
            files,
            review: chance.percent(30),
            priority: chance.pick(&[Priority::High, Priority::Normal, Priority::Normal, Priority::Low]),
            ..TASK.clone()
        }
    }
}
