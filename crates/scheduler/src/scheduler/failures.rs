//! What comes after a work turn that failed: by the table of [`FAILURES`](crate::FAILURES), by the attempts that are
//! left, and by what was tried before.

use std::fmt;

use crate::{
    command::PromptReason,
    event::{ReportStatus, SessionErrorKind},
    failure::Remedy,
    graph::TaskKey,
    lease::LeaseId,
    phase::Phase,
    pools::strings::Name,
    scheduler::{
        MAX_RETRY_AFTER_MS, MAX_TRANSIENT, Scheduler,
        circuits::{Model, name},
        excerpt,
        leases::{Job, Report},
        mission::MAX_NAMED,
        review::{REVIEWER, Subject},
        work::Next,
    },
    stagnation::{Sign, Tried},
};

/// An error that ended a turn.
#[derive(Debug)]
pub(crate) struct Trouble {
    pub(crate) kind: SessionErrorKind,
    /// What the provider or the host said.
    pub(crate) message: String,
    /// The pause that the provider asked for, in milliseconds.
    pub(crate) retry_after: Option<u64>,
    /// The model that was asked.
    pub(crate) model: Model,
}

impl Trouble {
    /// By the table; but nobody waits for hours without being asked.
    pub(crate) fn remedy(&self) -> Remedy {
        match self.kind.failure().remedy {
            Remedy::Wait if self.too_long() => Remedy::AskUser,
            remedy => remedy,
        }
    }

    /// In words, for somebody who has to mend it.
    pub(crate) fn for_user(&self) -> String {
        let wait = match self.retry_after.filter(|_| self.too_long()) {
            Some(pause) => format!("; it asks to wait {} minutes", pause.div_ceil(60_000)),
            None => String::new(),
        };
        format!("{self} ({}){wait}", name(&self.model))
    }

    fn too_long(&self) -> bool {
        self.retry_after.is_some_and(|pause| pause > MAX_RETRY_AFTER_MS)
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.failure().what)?;
        if self.message.is_empty() { Ok(()) } else { write!(f, ": {}", excerpt(&self.message)) }
    }
}

impl Scheduler {
    /// A work turn was cut short by an error.
    pub(super) fn work_failed(&mut self, key: TaskKey, report: Option<Report>, trouble: Trouble) {
        let remedy = trouble.remedy();
        if let Some(status) = report.as_ref().map(|report| report.status)
            && !self.tasks[key].is_delegation()
            && (status == ReportStatus::Done || remedy != Remedy::AskUser)
        {
            // The last word was said before the error came.
            self.work_ended(key, report, None);
            return;
        }
        let why = trouble.to_string();
        let compacts = std::mem::take(&mut self.tasks.change(key).work_mut().compacts);
        match remedy {
            Remedy::Wait if compacts => self.pause_work(key, Next::Compact, trouble.retry_after, why),
            Remedy::Wait => {
                let next = Next::Prompt(PromptReason::SessionError { message: trouble.message });
                self.pause_work(key, next, trouble.retry_after, why);
            }
            // Nothing was tried: the same attempt begins anew.
            Remedy::Reopen => self.pause_work(key, Next::Fresh(None), trouble.retry_after, why),
            Remedy::AskUser => self.give_to_user(key, &trouble),
            Remedy::Compact if self.may_compact(key) => {
                self.tasks.change(key).work_mut().compacted = true;
                self.queue_turn(key, Next::Compact, 0, why);
            }
            Remedy::TellSession if !compacts => {
                let next = Next::Prompt(PromptReason::SessionError { message: trouble.message });
                self.use_attempt(key, next, why);
            }
            Remedy::NextModel if !self.has_next_model(key, trouble.model) => {
                let agent = &self.tasks[key].spec.agent;
                let why = format!("{why}; {agent} has no other model to ask");
                if self.second_takes_over(key, &why) {
                    // That has the same model, which has not declined there: its next turn may be asked of it.
                    self.tasks.change(key).work_mut().refused_by.clear();
                } else {
                    self.fail(key, why);
                }
            }
            _ => self.use_attempt(key, Next::Fresh(None), why),
        }
    }

    /// Whether the context of a task's session may be compacted: once a session.
    fn may_compact(&self, key: TaskKey) -> bool {
        let session = self.tasks[key].lease().and_then(|id| self.leases.get(id)?.session());
        session.is_some() && self.tasks[key].work.as_ref().is_some_and(|work| !work.compacted)
    }

    /// A model refused a task, and is not asked again for it. Whether another is left.
    fn has_next_model(&mut self, key: TaskKey, model: Model) -> bool {
        let task = self.tasks.change(key);
        let agent = task.spec.agent.clone();
        let refused_by = &mut task.work_mut().refused_by;
        let Some(model) = model else { return false };
        if !refused_by.contains(&model) {
            refused_by.push(model);
        }
        let refused_by = refused_by.clone();
        self.circuits.has_other(&agent, &refused_by)
    }

    /// Only the user can mend it: the mission pauses, and the attempt does not count. An errand fails, for no pause
    /// touches it.
    pub(super) fn give_to_user(&mut self, key: TaskKey, trouble: &Trouble) {
        if self.tasks[key].is_delegation() {
            self.fail(key, trouble.for_user());
            return;
        }
        let reason = format!("task {:?}: {}", self.tasks[key].spec.id, trouble.for_user());
        self.requeue(key);
        self.stop_for_user(reason);
    }

    /// The host asked the provider again and again, and nothing came of it: the turn is stopped and goes on later, with
    /// the next model where the first is left alone.
    pub(super) fn held_back(&mut self, id: LeaseId, message: String, retry_after: Option<u64>) {
        let why = format!("the provider pushed back for too long: {}", excerpt(&message));
        let Some(lease) = self.leases.get(id) else { return };
        let (job, model) = (lease.job, lease.model.clone());
        let report = self.stop_turn(id);
        let done = report.as_ref().is_some_and(|report| report.status == ReportStatus::Done);
        match job {
            // Only what is prompted no more: in the moment of its stop a session takes no other message.
            Job::Work(key) if done && !self.tasks[key].is_delegation() => self.work_ended(key, report, None),
            Job::Work(key) => {
                let next = self.again(key, PromptReason::SessionError { message });
                let now = self.clock.now();
                let task = self.tasks.change(key);
                let agent = task.spec.agent.clone();
                let work = task.work_mut();
                work.avoided.clone_from(&model);
                let others: Vec<Name> = work.refused_by.iter().chain(&work.avoided).cloned().collect();
                // The pause is that of the model which pushed back.
                let another = model.is_some() && self.circuits.admits_but(&agent, &others, now);
                self.pause_work(key, next, retry_after.filter(|_| !another), why);
            }
            Job::Second(key) => self.second_ended(key, report, &why),
            Job::Review { subject, .. } => {
                let another =
                    model.is_some_and(|model| self.circuits.admits_but(REVIEWER, &[model], self.clock.now()));
                self.pause_review(id, subject, retry_after.filter(|_| !another), &why);
            }
            Job::Judged(_) => self.end_lease(id),
        }
    }

    /// An attempt is used up: the next one is queued, or the task fails.
    pub(super) fn use_attempt(&mut self, key: TaskKey, next: Next, why: String) {
        self.end_attempt(key, next, why, None);
    }

    /// The same, where the caller knows a sign of stagnation. By a sign the next attempt becomes a diagnostic one; by a
    /// second the task fails, whatever attempts are left.
    pub(super) fn end_attempt(&mut self, key: TaskKey, next: Next, why: String, sign: Option<Sign>) {
        if self.second_takes_over(key, &why) {
            return;
        }
        let attempts = self.config.attempts;
        let task = self.tasks.change(key);
        let says = match &next {
            Next::Prompt(PromptReason::NotReported { .. } | PromptReason::SessionError { .. })
            | Next::Compact
            | Next::Fresh(_) => None,
            Next::Prompt(_) => task.summary.as_deref().map(excerpt),
        };
        // A task that fails stays at its last try.
        let used = task.attempt();
        let tried = Tried { attempt: used, ended: why.clone(), summary: says };
        let stagnation = task.stagnation_mut();
        let sign = stagnation.failed(tried).or(sign);
        if used >= attempts {
            let circles = sign.map(|sign| format!("; {sign}")).unwrap_or_default();
            self.fail(key, format!("{why}{circles} (attempt {attempts} of {attempts})"));
            return;
        }
        let Some(sign) = sign else {
            task.used = used;
            self.queue_turn(key, next, 0, why);
            return;
        };
        if !stagnation.diagnose() {
            let how = format!("{sign}, although it was told to change its strategy");
            self.fail(key, format!("{why}; {how} (attempt {used} of {attempts})"));
            return;
        }
        let tried = stagnation.tried();
        task.used = used;
        let next = match next {
            Next::Prompt(because) => {
                let because = Some(Box::new(because));
                Next::Prompt(PromptReason::Stagnating { sign, tried, because })
            }
            Next::Compact | Next::Fresh(_) => {
                Next::Fresh(Some(PromptReason::Stagnating { sign, tried, because: None }))
            }
        };
        self.queue_turn(key, next, 0, format!("{why}; {sign}"));
    }

    /// The provider pushed back, or the session is gone: the same attempt again after a pause. After [`MAX_TRANSIENT`]
    /// in a row it uses an attempt nevertheless.
    fn pause_work(&mut self, key: TaskKey, next: Next, retry_after: Option<u64>, why: String) {
        let task = self.tasks.change(key);
        let work = task.work_mut();
        let pause = work.backoff.next(&mut self.random, retry_after);
        work.transient += 1;
        if work.transient > MAX_TRANSIENT {
            if self.second_takes_over(key, &why) {
                return;
            }
            let task = self.tasks.change(key);
            task.work_mut().transient = 0;
            task.used += 1;
            if task.used >= self.config.attempts {
                self.fail(key, format!("{why}, {} times in a row", MAX_TRANSIENT + 1));
                return;
            }
        }
        self.queue_turn(key, next, pause, why);
    }

    /// The provider asked the second attempt of a task for a pause: the main one, where it waits, waits as long.
    pub(super) fn wait_longer(&mut self, key: TaskKey, retry_after: Option<u64>) {
        let Some((known, pause)) = self.tasks[key].retry_at().zip(retry_after) else { return };
        let at = self.clock.now().saturating_add(pause);
        if at > known {
            self.timers.remove(&(known, Subject::Task(key)));
            self.timers.insert((at, Subject::Task(key)));
            self.tasks.change(key).work_mut().retry_at = Some(at);
        }
    }

    /// The checks of a task failed: where several tasks fail of one cause, the commander is asked before more are tried.
    pub(super) fn look_for_common_cause(&mut self, key: TaskKey, error: Option<String>) {
        let Some(error) = error else { return };
        let Some(tasks) = self.causes.failed(self.tasks.id(key), &error) else { return };
        if self.phase != Phase::Running {
            return;
        }
        self.causes.clear();
        let named: Vec<&str> = tasks.iter().map(Name::as_str).take(MAX_NAMED).collect();
        let reason = format!(
            "{} tasks fail of one cause ({}): {}. Mend it, or change the plan, then go on",
            tasks.len(),
            named.join(", "),
            excerpt(&error)
        );
        self.stop_for_commander(reason);
    }
}
