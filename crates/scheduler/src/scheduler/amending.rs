//! What may be changed about single tasks of the plan, by hand or by the commander.

use std::collections::BTreeSet;

use crate::{
    error::Error,
    event::{AmendedStatus, Amendment},
    graph::TaskKey,
    phase::Phase,
    scheduler::{Ignored, Refusal, Scheduler, tasks::Task},
    task::TaskState,
    validate::Change,
};

/// Why tasks are cancelled that an amendment cancels.
const DROPPED: &str = "taken out of the plan";

impl Scheduler {
    /// Single tasks are to change: all of it is taken, or nothing.
    pub(super) fn on_amended(&mut self, revision: Option<u64>, items: Vec<Amendment>) -> Result<(), Refusal> {
        if self.phase == Phase::Done {
            return Err(Ignored("the mission has ended".into()).into());
        }
        let current = self.tasks.revision();
        if let Some(made_for) = revision.filter(|revision| *revision != current) {
            return Err(Ignored(format!("the plan is at version {current}, not {made_for}")).into());
        }
        let keys = self.amendable(&items)?;
        self.commander_moved();
        if items.iter().any(|item| item.status == Some(AmendedStatus::Pending)) {
            self.reopen();
        }
        for (item, key) in items.into_iter().zip(keys) {
            self.amend(key, item);
        }
        Ok(())
    }

    /// The tasks that the items are about, where every one of them may be had.
    fn amendable(&self, items: &[Amendment]) -> Result<Vec<TaskKey>, Refusal> {
        let mut keys = Vec::with_capacity(items.len());
        let mut refused = Vec::new();
        let mut seen = BTreeSet::new();
        let mut changes = false;
        for item in items {
            let key = self.tasks.find(&item.id).ok_or_else(|| -> Error { self.unknown_task(&item.id) })?;
            let task = &self.tasks[key];
            changes |= item.status.is_some();
            changes |= item.title.as_ref().is_some_and(|title| *title != task.spec.title);
            let why =
                if seen.insert(&item.id) { objection(task, item) } else { Some("is there twice".into()) };
            refused.extend(why.map(|why| format!("{:?} {why}", item.id)));
            keys.push(key);
        }
        if !refused.is_empty() {
            return Err(Ignored(refused.join("; ")).into());
        }
        if !changes {
            return Err(Ignored("nothing would change".into()).into());
        }
        Ok(keys)
    }

    fn amend(&mut self, key: TaskKey, item: Amendment) {
        if let Some(title) = item.title.filter(|title| *title != self.tasks[key].spec.title) {
            self.tasks.retitle(key, title);
        }
        match item.status {
            Some(AmendedStatus::Cancelled) => {
                self.cancel(key, DROPPED);
                self.block_dependants(key, &format!("{:?} was cancelled: {DROPPED}", item.id));
            }
            Some(AmendedStatus::Pending) => {
                let spec = self.tasks[key].spec.clone();
                self.take_tasks(vec![spec], &[Change::Replace(key)]);
            }
            None => {}
        }
    }
}

/// Why a task can't be had as an item wants it.
fn objection(task: &Task, item: &Amendment) -> Option<String> {
    if task.is_delegation() {
        return Some("is a delegation, no task of the plan".into());
    }
    let state = task.state();
    match item.status {
        Some(AmendedStatus::Cancelled) if !state.may_become(TaskState::Cancelled) => {
            return Some(format!("is {state:?} and can't be cancelled"));
        }
        Some(AmendedStatus::Pending) if !matches!(state, TaskState::Failed | TaskState::Cancelled) => {
            return Some(format!("is {state:?}: only what failed or was cancelled is tried again"));
        }
        _ => {}
    }
    let title = item.title.as_ref().filter(|title| **title != task.spec.title)?;
    if title.trim().is_empty() {
        return Some("can't be without a title".into());
    }
    task.started_at.is_some().then(|| "has started and keeps its title".into())
}
