//! How plans and delegations become tasks.

use std::cmp::Reverse;

use crate::{
    error::Error,
    graph::TaskKey,
    phase::Phase,
    plan::Plan,
    scheduler::{Ignored, Refusal, Scheduler, review::Subject, tasks::Task},
    task::{TaskKind, TaskSpec, TaskState},
    validate::{self, Change},
};

impl Scheduler {
    /// Whether a plan could be submitted now; nothing is changed.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidPlan`](crate::ErrorKind::InvalidPlan), with every problem.
    pub fn check_plan(&self, plan: &Plan) -> Result<(), Error> {
        validate::check_plan(plan, &self.tasks).map(|_| ())
    }

    /// A plan was submitted: all of it is taken, or nothing.
    pub(super) fn on_plan(&mut self, plan: Plan) -> Result<(), Refusal> {
        if self.phase == Phase::Done {
            return Err(Ignored("the mission has ended".into()).into());
        }
        let changes = validate::check_plan(&plan, &self.tasks)?;
        let new_goal = !plan.goal.is_empty() && plan.goal != self.mission.goal;
        let new_checks = !plan.verify.is_empty() && plan.verify != self.mission.verify;
        let nothing_new = changes.iter().all(|change| matches!(change, Change::Keep));
        if nothing_new && !new_goal && !new_checks {
            return Err(Ignored("the plan brings nothing new".into()).into());
        }
        if new_goal {
            self.mission.goal = plan.goal;
        }
        if new_checks {
            self.mission.verify = plan.verify;
            self.mission.changed = true;
        }
        self.commander_moved();
        self.reopen();
        if !nothing_new {
            self.take_tasks(plan.tasks, &changes);
        }
        Ok(())
    }

    pub(super) fn take_tasks(&mut self, specs: Vec<TaskSpec>, changes: &[Change]) {
        let mut fresh = Vec::new();
        let mut replaced = Vec::new();
        for (spec, change) in specs.into_iter().zip(changes) {
            match change {
                Change::Keep => {}
                Change::Add => {
                    let task = self.new_task(spec);
                    fresh.push(self.tasks.insert(task));
                }
                Change::Replace(key) => {
                    self.drop_review(Subject::Task(*key));
                    self.disengage(*key);
                    let task = self.new_task(spec);
                    let key = self.tasks.replace(*key, task);
                    fresh.push(key);
                    replaced.push(key);
                }
            }
        }
        let connected: Vec<(TaskKey, Vec<TaskKey>)> = fresh
            .iter()
            .map(|key| {
                let depends_on = &self.tasks[*key].spec.depends_on;
                (*key, depends_on.iter().filter_map(|id| self.tasks.find(id)).collect())
            })
            .collect();
        self.tasks.graph_mut().set_all_dependencies(connected);
        self.reorder();
        fresh.extend(self.blocked_behind(replaced));
        // What is depended on has the longer way to the end, so it comes first.
        fresh.sort_by_key(|key| (Reverse(self.tasks.graph().height(*key)), *key));
        for key in &fresh {
            self.block_or_unblock(*key);
        }
        fresh.retain(|key| self.tasks.graph().is_free(*key));
        self.make_ready(fresh, None);
    }

    fn new_task(&mut self, mut spec: TaskSpec) -> Task {
        self.tasks.share_names(&mut spec);
        let scope = self.parking.scope(&spec.files);
        Task::new(spec, scope)
    }

    /// The blocked tasks that depend on any of these, directly or not.
    fn blocked_behind(&self, mut open: Vec<TaskKey>) -> Vec<TaskKey> {
        let mut found = std::collections::BTreeSet::new();
        while let Some(key) = open.pop() {
            for dependant in self.tasks.graph().dependants(key) {
                if self.tasks[dependant].state() == TaskState::Blocked && found.insert(dependant) {
                    open.push(dependant);
                }
            }
        }
        found.into_iter().collect()
    }

    /// Sets a task blocked or pending by what it depends on.
    fn block_or_unblock(&mut self, key: TaskKey) {
        let bad = self.tasks.graph().dependencies(key).find_map(|on| {
            let on = &self.tasks[on];
            match on.state() {
                TaskState::Failed => Some(format!("{:?} failed", on.spec.id)),
                TaskState::Cancelled => Some(format!("{:?} was cancelled", on.spec.id)),
                TaskState::Blocked => Some(format!("{:?} is blocked", on.spec.id)),
                _ => None,
            }
        });
        match (self.tasks[key].state(), bad) {
            (TaskState::Pending, Some(why)) => self.block(key, &why),
            (TaskState::Blocked, None) => {
                self.tasks.step(key, TaskState::Pending);
                self.tasks.change(key).reason = None;
            }
            _ => {}
        }
    }

    /// A one-off task was handed over.
    pub(super) fn on_delegated(
        &mut self,
        mut spec: TaskSpec,
        session: Option<String>,
    ) -> Result<(), Refusal> {
        if self.phase == Phase::Done {
            return Err(Ignored("the mission has ended".into()).into());
        }
        spec.kind = TaskKind::Delegation;
        if let Some(key) = self.tasks.find(&spec.id)
            && self.tasks[key].spec == spec
        {
            return Err(Ignored(format!("delegation {:?} is there already", spec.id)).into());
        }
        validate::check_delegation(&spec, &self.tasks)?;
        let mut task = self.new_task(spec);
        task.continued = session;
        let key = self.tasks.insert(task);
        self.tasks.step(key, TaskState::Ready);
        self.delegations.push_back(key);
        Ok(())
    }

    /// One task was given up.
    pub(super) fn on_task_cancelled(&mut self, id: &str, reason: &str) -> Result<(), Refusal> {
        if self.phase == Phase::Done {
            return Err(Ignored("the mission has ended".into()).into());
        }
        let Some(key) = self.tasks.find(id) else { return Err(self.unknown_task(id).into()) };
        let state = self.tasks[key].state();
        if !state.may_become(TaskState::Cancelled) {
            return Err(Ignored(format!("task {id:?} is {state:?}")).into());
        }
        self.cancel(key, reason);
        self.commander_moved();
        if !self.tasks[key].is_delegation() {
            self.block_dependants(key, &format!("{id:?} was cancelled: {reason}"));
        }
        Ok(())
    }

    pub(super) fn unknown_task(&self, id: &str) -> Error {
        let ids = self.tasks.graph().iter().map(|(_, task)| task.spec.id.as_str());
        let hint = validate::closest(id, ids).map(|close| format!("; did you mean {close:?}?"));
        let message = format!("no task {id:?}{}", hint.unwrap_or_default());
        Error::new(crate::error::ErrorKind::UnknownTask, message)
    }
}
