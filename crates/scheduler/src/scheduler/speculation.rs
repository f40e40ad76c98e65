//! Speculation: a straggler gets a second attempt beside its first, and the first of them to pass its checks wins.
//!
//! A straggler is a task of the plan whose turn has run for longer than twice the median of its accepted peers. It gets
//! one second attempt, where a lane and a permit are free and nothing else waits for them. Both count as one attempt: where
//! one fails, the other goes on; only the failure of the last one is a failed attempt. The task follows its main attempt,
//! through the table of its states, and the second becomes the main one where it wins or where the first fails.
//!
//! Never more than one of the two is checked at a time: checks that pass may be the last word, on which the work is
//! merged, and that can happen once only.

use crate::{
    command::{Command, NoticeKind},
    event::ReportStatus,
    graph::TaskKey,
    lease::{Lane, LeaseId},
    phase::Phase,
    scheduler::{
        Ignored, Scheduler,
        engagement::Refusals,
        leases::{Job, Report, Turn},
        review::Subject,
    },
    task::TaskState,
    view::SecondView,
};

/// The second attempt at a task, beside its main one.
#[derive(Debug)]
pub(crate) struct Second {
    pub(crate) lease: LeaseId,
    pub(crate) lane: Lane,
    /// What it reported, once its turn has ended with "done".
    report: Option<Report>,
    /// Whether its checks run.
    checking: bool,
    /// How long its turn took, once that has ended by itself, in milliseconds.
    ran_ms: Option<u64>,
}

impl Second {
    pub(crate) fn view(&self) -> SecondView {
        SecondView { lease: self.lease, checking: self.checking }
    }
}

impl Scheduler {
    /// Of each turn that may be a straggler's: when it becomes one. Only of those that would get a second attempt now.
    pub(super) fn stragglers(&self) -> impl Iterator<Item = (LeaseId, u64)> {
        let looks = self.config.speculation && self.phase == Phase::Running;
        let leases = looks.then(|| self.leases.iter()).into_iter().flatten();
        leases.filter_map(|(id, lease)| {
            let Job::Work(key) = lease.job else { return None };
            let turn = lease.running.as_ref()?;
            let most = self.running_times.most(self.tasks[key].spec.role)?;
            let at = turn.older_than(most)?;
            (turn.report.is_none() && self.may_speculate(key)).then_some((id, at))
        })
    }

    /// Whether a task would get a second attempt if it were a straggler.
    fn may_speculate(&self, key: TaskKey) -> bool {
        let task = &self.tasks[key];
        let role = task.spec.role;
        let now = self.clock.now();
        let none_yet = task.work.as_ref().is_some_and(|work| !work.speculated);
        let room = self.permit_is_free() && self.ledger.fits(now, true);
        none_yet
            && !task.is_delegation()
            && room
            && !self.pressure.is_high()
            && !self.has_work(role)
            && self.lanes.free(role).is_some()
            && self.circuits.admits_but(&task.spec.agent, &self.refused_by(key), now)
    }

    /// A turn takes much longer than those of its peers: a second attempt begins.
    pub(super) fn on_straggled(&mut self, id: LeaseId) -> Result<(), Ignored> {
        let now = self.clock.now();
        let due = self.stragglers().any(|(straggler, at)| straggler == id && at <= now);
        let Some(Job::Work(key)) = self.leases.get(id).map(|lease| lease.job).filter(|_| due) else {
            return Err(Ignored(format!("{id} is no straggler that could get a second attempt")));
        };
        let task = &self.tasks[key];
        let (role, agent) = (task.spec.role, task.spec.agent.clone());
        let lane = self.lanes.free(role).expect("a straggler's second attempt has a lane");
        let admission = self
            .admit(&agent, &self.refused_by(key), true)
            .expect("a straggler's second attempt has permit, budget and model");
        self.lanes.take(lane);
        let turn = Turn::new(admission, now);
        let model = turn.model();
        let (files, attempt) = (self.tasks[key].scope_globs(), self.tasks[key].attempt());
        let lease = self.leases.open(Job::Second(key), lane, attempt, turn);
        let lessons = self.lessons.told(&files);
        let task = self.tasks.change(key);
        let (id, copy) = (task.spec.id.clone(), task.other_copy());
        let message = format!("{}: takes twice as long as others; a second attempt begins", task.spec.title);
        let work = task.work_mut();
        work.speculated = true;
        work.second = Some(Second { lease, lane, report: None, checking: false, ran_ms: None });
        self.out.push(Command::Start {
            lease,
            task: id.clone(),
            lane,
            attempt,
            turn: 1,
            agent,
            model,
            session: None,
            reason: None,
            lessons,
            copy,
        });
        self.out.push(Command::Notify { kind: NoticeKind::SecondAttempt, task: Some(id), message });
        Ok(())
    }

    /// The second attempt's turn ended: with "done" its checks come, with anything else it is over.
    pub(super) fn second_fell_silent(&mut self, key: TaskKey, report: Option<Report>, ran_ms: Option<u64>) {
        if let Some(second) = &mut self.tasks.change(key).work_mut().second {
            second.ran_ms = ran_ms;
        }
        self.second_ended(key, report, "its turn ended without success");
    }

    /// The same of a turn that did not end by itself, or for that reason.
    pub(super) fn second_ended(&mut self, key: TaskKey, report: Option<Report>, why: &str) {
        let done = report.filter(|report| report.status == ReportStatus::Done);
        let second = self.tasks.change(key).work_mut().second.as_mut();
        match (second, done) {
            (Some(second), Some(report)) => {
                second.report = Some(report);
                if self.tasks[key].state() != TaskState::Verifying {
                    self.check_second(key);
                }
            }
            _ => self.drop_second(key, why),
        }
    }

    /// No sign of life of the second attempt, or too long a turn.
    pub(super) fn second_hung(&mut self, key: TaskKey, id: LeaseId, why: &str) {
        let report = self.stop_turn(id);
        self.second_ended(key, report, why);
    }

    /// Asks for the checks of a second attempt that is done.
    fn check_second(&mut self, key: TaskKey) {
        let review_follows = self.wants_review(key);
        let task = self.tasks.change(key);
        let (id, attempt, copy) = (task.spec.id.clone(), task.attempt(), task.other_copy());
        let commands = task.spec.verify.clone();
        let second = task.work_mut().second.as_mut().expect("it has reported");
        second.checking = true;
        let files = second.report.as_ref().map(|report| report.files.clone()).unwrap_or_default();
        self.out.push(Command::Verify { task: Some(id), attempt, copy, commands, files, review_follows });
    }

    /// Whether a second attempt's checks run: those of the main one wait for their result.
    pub(super) fn second_is_checked(&self, key: TaskKey) -> bool {
        let second = self.tasks[key].work.as_ref().and_then(|work| work.second.as_ref());
        second.is_some_and(|second| second.checking)
    }

    /// Whether a result of checks is about the second attempt, and waited for.
    pub(super) fn is_of_second(&self, id: &str, attempt: u32, copy: u32) -> Option<TaskKey> {
        let key = self.tasks.find(id)?;
        let task = &self.tasks[key];
        (copy == task.other_copy() && attempt == task.attempt() && self.second_is_checked(key)).then_some(key)
    }

    /// The second attempt failed its checks: the main one goes on, where its own checks waited with these.
    pub(super) fn second_failed(&mut self, key: TaskKey, why: &str) {
        self.drop_second(key, why);
        if self.tasks[key].state() == TaskState::Verifying {
            self.ask_verification(key);
        }
    }

    /// Ends a second attempt, if there is one; the main one goes on.
    pub(super) fn drop_second(&mut self, key: TaskKey, why: &str) {
        if self.tasks[key].work.as_ref().is_none_or(|work| work.second.is_none()) {
            return;
        }
        let task = self.tasks.change(key);
        let (id, message) =
            (task.spec.id.clone(), format!("{}: its second attempt is over: {why}", task.spec.title));
        let second = task.work_mut().second.take();
        self.end_second(second);
        self.out.push(Command::Notify { kind: NoticeKind::SecondAttempt, task: Some(id), message });
    }

    /// Ends the lease of a second attempt and gives its lane back.
    pub(super) fn end_second(&mut self, second: Option<Second>) {
        if let Some(second) = second {
            self.end_lease(second.lease);
            self.lanes.give_back(second.lane);
        }
    }

    /// The main attempt can't go on. Where there is a second, that takes its place, and the attempt is not used up;
    /// whether there is one.
    pub(super) fn second_takes_over(&mut self, key: TaskKey, why: &str) -> bool {
        if self.tasks[key].work.as_ref().is_none_or(|work| work.second.is_none()) {
            return false;
        }
        let checked = self.second_is_checked(key);
        self.promote(key, why);
        // Its checks waited for those of the other.
        if self.tasks[key].state() == TaskState::Verifying && !checked {
            self.ask_verification(key);
        }
        true
    }

    /// The second attempt passed its checks first, or is the only one left: the other is stopped.
    pub(super) fn promote(&mut self, key: TaskKey, why: &str) {
        let work = self.tasks.change(key).work_mut();
        let Some(second) = work.second.take() else { return };
        let (lease, lane, retry_at) = (work.lease.take(), work.lane.take(), work.retry_at.take());
        (work.next, work.avoided) = (None, None);
        (work.compacts, work.compacted, work.transient) = (false, false, 0);
        work.refusals = Refusals::default();
        work.backoff.reset();
        (work.lease, work.lane) = (Some(second.lease), Some(second.lane));
        if let Some(lease) = lease {
            self.end_lease(lease);
        }
        if let Some(lane) = lane {
            self.lanes.give_back(lane);
        }
        if let Some(at) = retry_at {
            self.timers.remove(&(at, Subject::Task(key)));
        }
        let promoted =
            self.leases.get_mut(second.lease).expect("a second attempt forgets its lease when that ends");
        promoted.job = Job::Work(key);
        let session = promoted.session().map(str::to_owned);
        let task = self.tasks.change(key);
        task.copy = task.other_copy();
        task.ran_ms = second.ran_ms;
        task.session = session;
        task.reason = None;
        task.forget_turn();
        let (id, message) =
            (task.spec.id.clone(), format!("{}: its second attempt goes on alone: {why}", task.spec.title));
        let reported = second.report.is_some();
        if let Some(report) = second.report {
            self.keep_report(key, report);
        }
        if self.tasks[key].state() == TaskState::Verifying && !reported {
            self.tasks.step(key, TaskState::Ready);
        }
        if self.tasks[key].state() == TaskState::Ready {
            self.tasks.step(key, TaskState::Running);
        }
        if self.tasks[key].state() == TaskState::Running && reported {
            self.tasks.step(key, TaskState::Verifying);
        }
        self.out.push(Command::Notify { kind: NoticeKind::SecondAttempt, task: Some(id), message });
    }

    /// The mission stops, or its process died: a second attempt whose checks run takes the place of the main one, for
    /// their result counts; any other is over.
    pub(super) fn settle_second(&mut self, key: TaskKey, why: &str) {
        if self.second_is_checked(key) {
            self.promote(key, why);
        } else {
            self.drop_second(key, why);
        }
    }
}
