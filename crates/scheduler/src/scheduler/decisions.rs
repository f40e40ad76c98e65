//! What waits for the commander, and goes on by its word.

use crate::{
    command::{Command, NoticeKind, PromptReason},
    event::Decision,
    graph::TaskKey,
    phase::Phase,
    scheduler::{Ignored, Scheduler, excerpt, mission::MAX_NAMED, work::Next},
    task::TaskState,
};

impl Scheduler {
    /// A task under review goes no further without the commander. It keeps its files and its session; its lane is free
    /// for others.
    pub(super) fn ask_commander(&mut self, key: TaskKey, question: &str) {
        let task = self.tasks.change(key);
        let work = task.work_mut();
        work.waiting = Some(question.to_owned());
        if let Some(lane) = work.lane.take() {
            self.lanes.give_back(lane);
        }
        let task = &self.tasks[key];
        let (id, message) = (task.spec.id.clone(), format!("{}: {question}", task.spec.title));
        self.waiting.insert(key);
        self.out.push(Command::Notify { kind: NoticeKind::NeedsDecision, task: Some(id), message });
    }

    /// The commander decided about a task.
    pub(super) fn on_decided(&mut self, id: &str, decision: Decision, reason: String) -> Result<(), Ignored> {
        let key = self.tasks.find(id).ok_or_else(|| Ignored(format!("there is no task {id:?}")))?;
        if !self.waiting.remove(&key) {
            return Err(Ignored(format!("task {id:?} waits for no decision")));
        }
        self.tasks.change(key).work_mut().waiting = None;
        self.commander_moved();
        match decision {
            Decision::Accept => self.accept(key),
            Decision::Retry => {
                let findings = self.tasks[key].findings.clone();
                let why = format!("to be tried once more: {}", excerpt(&reason));
                self.queue_turn(key, Next::Prompt(PromptReason::Decided { reason, findings }), 0, why);
            }
            Decision::Fail => self.fail(key, format!("given up: {}", excerpt(&reason))),
        }
        Ok(())
    }

    /// After a round of dispatch: where nothing is left but what waits for the commander, and what waits for the files of
    /// that, the mission says so.
    pub(super) fn stop_where_all_waits(&mut self) {
        let checks = self.tasks.in_state(TaskState::Verifying) > 0;
        let later = !self.timers.is_empty() || !self.reviews.is_empty() || !self.retries.is_empty();
        let short = self.pressure.is_high() && self.has_low();
        let held = short || self.held.values().any(|keys| !keys.is_empty());
        if self.phase != Phase::Running
            || self.waiting.is_empty()
            || self.permits.in_use() > 0
            || checks
            || later
            || held
        {
            return;
        }
        self.mission.moved = false;
        let message = self.what_waits();
        self.decide(message);
    }

    /// The commander did something that may bring the mission on.
    pub(super) fn commander_moved(&mut self) {
        self.continuation.progressed();
        self.mission.moved = true;
    }

    /// What the commander has to decide, in words.
    pub(super) fn what_waits(&self) -> String {
        let tasks = self.waiting.iter().map(|key| &self.tasks[*key]).take(MAX_NAMED);
        let named = tasks.map(|task| {
            let question = task.work.as_ref().and_then(|work| work.waiting.as_deref());
            format!("{:?} ({})", task.spec.id, question.unwrap_or("no reason given"))
        });
        format!("a decision is needed: {}", named.collect::<Vec<_>>().join("; "))
    }
}
