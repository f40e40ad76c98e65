//! Work turns: how they begin, how they end, and what comes after.

use crate::{
    command::{Command, NoticeKind, PromptReason},
    event::ReportStatus,
    graph::TaskKey,
    lease::{Lane, LeaseId},
    scheduler::{
        Ignored, Scheduler,
        admission::Admission,
        circuits::Answer,
        excerpt,
        leases::{Job, Report, Turn},
        review::Subject,
    },
    stagnation::{Fingerprint, Stagnation},
    task::TaskState,
    view::Verification,
};

/// How the next attempt begins.
#[derive(Debug)]
pub(crate) enum Next {
    /// In the same session, if there is one, which is told why.
    Prompt(PromptReason),
    /// In the same session, if there is one, whose context is compacted first.
    Compact,
    /// In a new session, which may have to know of those before it.
    Fresh(Option<PromptReason>),
}

impl Scheduler {
    /// Begins a ready task's turn on a lane that is free, or the task's already.
    pub(super) fn begin_turn(&mut self, key: TaskKey, lane: Lane, admission: Admission) {
        if self.tasks[key].lane().is_none() {
            self.lanes.take(lane);
        }
        if self.engaged.insert(key)
            && let Some(scope) = self.tasks[key].scope
        {
            self.parking.occupy(key, scope);
        }
        self.tasks.step(key, TaskState::Running);
        let now = self.clock.now();
        let turn = Turn::new(admission, now);
        let model = turn.model();
        self.tasks.engage(key);
        let task = self.tasks.change(key);
        task.work_mut().lane = Some(lane);
        task.started_at.get_or_insert(now);
        task.ran_ms = None;
        let (id, attempt) = (task.spec.id.clone(), task.attempt());
        let work = task.work_mut();
        let (kept, reason, compacts) = (work.lease, work.next.take(), work.compacts);
        work.avoided = None;
        if let Some(lease) = kept {
            let live = self.leases.get_mut(lease).expect("a task forgets its lease when that ends");
            let session =
                live.session().expect("only a lease with a session is kept between turns").to_owned();
            live.lane = lane;
            live.go_on(turn, attempt);
            let turn = live.turn;
            self.out.push(match reason.filter(|_| !compacts) {
                Some(reason) => {
                    Command::Prompt { lease, task: id, lane, attempt, turn, model, session, reason }
                }
                None => Command::Compact { lease, task: id, lane, attempt, turn, model, session },
            });
        } else {
            let (agent, copy) = (task.spec.agent.clone(), task.copy);
            let session = task.continued.take();
            let lease = self.leases.open(Job::Work(key), lane, attempt, turn);
            task.work_mut().lease = Some(lease);
            task.session.clone_from(&session);
            if let Some(session) = &session {
                self.leases.bind(lease, session.clone());
            }
            let files = task.scope_globs();
            let lessons = if task.is_delegation() { Vec::new() } else { self.lessons.told(&files) };
            self.out.push(Command::Start {
                lease,
                task: id,
                lane,
                attempt,
                turn: 1,
                agent,
                model,
                session,
                reason,
                lessons,
                copy,
            });
        }
    }

    /// `report_task` was called.
    pub(super) fn on_reported(
        &mut self,
        id: LeaseId,
        turn: Option<u32>,
        report: Report,
    ) -> Result<(), Ignored> {
        let job = self.running_lease(id, turn)?.job;
        let (Job::Work(key) | Job::Second(key)) = job else {
            return Err(Ignored(format!("{id} is no work")));
        };
        if job == Job::Second(key) && report.status == ReportStatus::Blocked {
            self.drop_second(key, &format!("blocked: {}", excerpt(&report.summary)));
        } else if report.status == ReportStatus::Blocked && !self.tasks[key].is_delegation() {
            let why = format!("blocked: {}", excerpt(&report.summary));
            if !self.second_takes_over(key, &why) {
                self.keep_report(key, report);
                self.fail(key, why);
            }
        } else if let Some(turn) = self.leases.get_mut(id).and_then(|lease| lease.running.as_mut()) {
            turn.sign_of_life(self.clock.now());
            turn.report = Some(report);
        }
        Ok(())
    }

    /// A turn ended by a permission that was refused: that is not the worker's fault, so the same attempt goes on
    /// without. One that is refused again and again uses its attempts as any other.
    pub(super) fn refusal_is_told(&mut self, key: TaskKey, what: Vec<String>) -> bool {
        let work = self.tasks.change(key).work_mut();
        if !work.refusals.forgive(&what) {
            return false;
        }
        work.transient = 0;
        work.backoff.reset();
        let why = format!("it was refused {}", excerpt(&what.join("; ")));
        self.queue_turn(key, Next::Prompt(PromptReason::Refused { what }), 0, why);
        true
    }

    /// The session of a work turn fell silent.
    pub(super) fn work_ended(&mut self, key: TaskKey, report: Option<Report>, text: Option<String>) {
        let work = self.tasks.change(key).work_mut();
        work.transient = 0;
        work.backoff.reset();
        if std::mem::take(&mut work.compacts) && report.is_none() {
            let next = Next::Prompt(PromptReason::Compacted {});
            self.queue_turn(key, next, 0, "its context was full, and is compacted".to_owned());
            return;
        }
        let status = report.as_ref().map(|report| report.status);
        if let Some(report) = report {
            self.keep_report(key, report);
        }
        if self.tasks[key].is_delegation() {
            let task = self.tasks.change(key);
            task.summary = text.or(task.summary.take());
            self.accept(key);
            return;
        }
        match status {
            Some(ReportStatus::Done) => self.verify(key),
            Some(ReportStatus::Failed | ReportStatus::Blocked) => {
                let summary = self.tasks[key].summary.clone().unwrap_or_default();
                let why = format!("reported failed: {}", excerpt(&summary));
                self.use_attempt(key, Next::Prompt(PromptReason::ReportedFailed { summary }), why);
            }
            None => {
                let why = "the turn ended without a report".to_owned();
                self.use_attempt(key, Next::Prompt(PromptReason::NotReported { text }), why);
            }
        }
    }

    /// No sign of life, or too long a turn. The turn still counts as under way.
    pub(super) fn work_hung(&mut self, key: TaskKey, id: LeaseId, why: &str) {
        let lease = self.leases.get_mut(id).expect("a hung turn has a lease");
        let turn = lease.running.as_ref().expect("a hung turn is under way");
        let reported = turn.report.as_ref().map(|report| report.status);
        if reported == Some(ReportStatus::Done) && !self.tasks[key].is_delegation() {
            let report = self.stop_turn(id);
            self.work_ended(key, report, None);
        } else {
            self.use_attempt(key, Next::Fresh(None), why.to_owned());
        }
    }

    /// A turn was cut off, and its session is silent: the same attempt goes on there when the mission does.
    pub(super) fn work_interrupted(&mut self, key: TaskKey, id: LeaseId) {
        let Some(turn) = self.leases.get_mut(id).and_then(|lease| lease.running.take()) else { return };
        let done = turn.report.as_ref().is_some_and(|report| report.status == ReportStatus::Done);
        let report = self.close_turn(turn, Answer::Unknown);
        let why = "OpenCode ended while it was at work".to_owned();
        if self.tasks[key].is_delegation() {
            self.fail(key, why);
        } else if let Some(report) = report.filter(|_| done) {
            // Its checks are asked for when the mission goes on.
            self.keep_report(key, report);
            self.tasks.step(key, TaskState::Verifying);
        } else {
            let next = self.again(key, PromptReason::Interrupted {});
            self.queue_turn(key, next, 0, why);
        }
    }

    /// How a turn that was cut off goes on: by the compaction that it was, or by a message.
    pub(super) fn again(&self, key: TaskKey, reason: PromptReason) -> Next {
        let compacts = self.tasks[key].work.as_ref().is_some_and(|work| work.compacts);
        if compacts { Next::Compact } else { Next::Prompt(reason) }
    }

    /// Stops a turn whose lease goes on; gives what was reported.
    pub(super) fn stop_turn(&mut self, id: LeaseId) -> Option<Report> {
        let lease = self.leases.get_mut(id)?;
        let turn = lease.running.take()?;
        if let Some(session) = lease.session() {
            self.out.push(Command::Abort { lease: id, session: session.to_owned() });
        }
        self.close_turn(turn, Answer::Unknown)
    }

    pub(super) fn keep_report(&mut self, key: TaskKey, report: Report) {
        let task = self.tasks.change(key);
        task.summary = Some(report.summary);
        task.evidence = report.evidence;
        task.files = report.files;
    }

    fn verify(&mut self, key: TaskKey) {
        self.tasks.step(key, TaskState::Verifying);
        if !self.second_is_checked(key) {
            self.ask_verification(key);
        }
    }

    /// Asks for the checks of a task that is verifying, again after a pause: those under way may have died.
    pub(super) fn ask_verification(&mut self, key: TaskKey) {
        let task = &self.tasks[key];
        self.out.push(Command::Verify {
            task: Some(task.spec.id.clone()),
            attempt: task.attempt(),
            copy: task.copy,
            commands: task.spec.verify.clone(),
            files: task.files.clone(),
            review_follows: self.wants_review(key),
        });
    }

    /// The checks of a task have run.
    pub(super) fn on_task_verified(
        &mut self,
        id: &str,
        (attempt, copy): (u32, u32),
        passed: bool,
        report: String,
        fingerprint: Option<Fingerprint>,
    ) -> Result<(), Ignored> {
        if let Some(key) = self.is_of_second(id, attempt, copy) {
            if !passed {
                self.second_failed(key, &format!("verification failed: {}", excerpt(&report)));
                return Ok(());
            }
            self.promote(key, "it passed its checks first");
        }
        let key = self.in_verification(id, attempt, copy)?;
        if passed {
            self.drop_second(key, "the first passed its checks");
        }
        let asked = self.wants_review(key);
        let error = fingerprint.as_ref().and_then(|fingerprint| fingerprint.error.clone());
        let task = self.tasks.change(key);
        task.verification = Some(Verification { passed, report: report.clone() });
        if let Some(fingerprint) = fingerprint {
            task.stagnation_mut().note(fingerprint);
        }
        if passed {
            self.causes.passed(&self.tasks[key].spec.id);
        }
        if !passed {
            let why = format!("verification failed: {}", excerpt(&report));
            self.use_attempt(key, Next::Prompt(PromptReason::VerificationFailed { report }), why);
            self.look_for_common_cause(key, error);
        } else if asked {
            self.tasks.step(key, TaskState::Reviewing);
            self.request_review(Subject::Task(key));
        } else {
            self.accept(key);
        }
        Ok(())
    }

    /// Ends the turn of a lease that can go on in the session that it has; whether it can.
    pub(super) fn quiet(&mut self, id: LeaseId) -> bool {
        let Some(lease) = self.leases.get_mut(id).filter(|lease| lease.session().is_some()) else {
            return false;
        };
        if let Some(turn) = lease.running.take() {
            self.close_turn(turn, Answer::Unknown);
        }
        true
    }

    /// Queues the next turn of a task that keeps its lane, after a pause in milliseconds.
    pub(super) fn queue_turn(&mut self, key: TaskKey, next: Next, pause: u64, why: String) {
        let lease = self.tasks[key].lease().expect("a task has a lease until its next turn is queued");
        let (goes_on, reason, compacts) = match next {
            Next::Prompt(reason) => (true, Some(reason), false),
            Next::Compact => (true, None, true),
            Next::Fresh(reason) => (false, reason, false),
        };
        let kept = goes_on && self.quiet(lease);
        if !kept {
            self.end_lease(lease);
            let work = self.tasks.change(key).work_mut();
            (work.lease, work.compacted) = (None, false);
        }
        self.tasks.step(key, TaskState::Ready);
        let at = self.clock.now().saturating_add(pause);
        let task = self.tasks.change(key);
        let work = task.work_mut();
        // What a session was to be told is of no use to a new one.
        work.next = reason.filter(|_| kept == goes_on);
        work.compacts = compacts && kept;
        task.reason = Some(why.clone());
        let (id, attempt) = (task.spec.id.clone(), task.attempt());
        if pause == 0 {
            self.queue_retry(key);
        } else {
            task.work_mut().retry_at = Some(at);
            self.timers.insert((at, Subject::Task(key)));
        }
        let at_ms = self.clock.outside(at);
        self.out.push(Command::Retry { task: Some(id), attempt, at_ms, reason: why });
    }

    /// The mission stops under a running task: it is as if the attempt had not begun.
    pub(super) fn requeue(&mut self, key: TaskKey) {
        self.tasks.step(key, TaskState::Ready);
        let lane = self.tasks[key].lane();
        self.disengage(key);
        self.queue_again(key, lane);
    }

    /// Done and checked.
    pub(super) fn accept(&mut self, key: TaskKey) {
        let lane = self.tasks[key].lane();
        self.tasks.step(key, TaskState::Accepted);
        self.tasks.change(key).reason = None;
        self.disengage(key);
        if !self.tasks[key].is_delegation() {
            let task = &self.tasks[key];
            if let Some(ran) = task.ran_ms.filter(|_| self.config.speculation) {
                self.running_times.accepted(task.spec.role, ran);
            }
            self.learn(key);
            self.continuation.progressed();
            self.mission.changed = true;
            let free = self.tasks.graph_mut().meet(key);
            self.make_ready(free, lane);
        }
        let task = &self.tasks[key];
        let message = format!("{}: accepted", task.spec.title);
        let id = task.spec.id.clone();
        self.out.push(Command::Notify { kind: NoticeKind::TaskAccepted, task: Some(id), message });
    }

    /// Keeps what failed before a task was accepted, and what mended it, for those who begin later.
    fn learn(&mut self, key: TaskKey) {
        let task = &self.tasks[key];
        let failed = task.stagnation().and_then(Stagnation::last_tried);
        let Some((failed, mended)) = failed.zip(task.summary.as_deref()) else { return };
        let planned = task.scope_globs().into_iter().map(|glob| glob.to_string());
        let files = planned.chain(task.files.iter().cloned()).collect();
        self.lessons.learn(task.spec.id.clone(), &failed.ended, mended, files);
    }

    /// Out of attempts, or nothing that an attempt could mend.
    pub(super) fn fail(&mut self, key: TaskKey, why: String) {
        self.tasks.step(key, TaskState::Failed);
        self.drop_review(Subject::Task(key));
        self.disengage(key);
        let task = self.tasks.id(key);
        let message = format!("{}: {why}", self.tasks[key].spec.title);
        self.out.push(Command::Notify { kind: NoticeKind::TaskFailed, task: Some(task.clone()), message });
        self.block_dependants(key, &format!("{task:?} failed: {why}"));
        self.tasks.change(key).reason = Some(why);
    }

    /// Taken out on purpose.
    pub(super) fn cancel(&mut self, key: TaskKey, why: &str) {
        self.tasks.step(key, TaskState::Cancelled);
        self.tasks.change(key).reason = Some(why.to_owned());
        self.drop_review(Subject::Task(key));
        self.disengage(key);
    }

    /// Blocks all that waits for a task that failed or was cancelled, directly or not.
    pub(super) fn block_dependants(&mut self, key: TaskKey, why: &str) {
        let mut open = vec![key];
        while let Some(key) = open.pop() {
            let dependants: Vec<TaskKey> = self.tasks.graph().dependants(key).collect();
            for dependant in dependants {
                if self.tasks[dependant].state() == TaskState::Pending {
                    self.block(dependant, why);
                    open.push(dependant);
                }
            }
        }
    }

    pub(super) fn block(&mut self, key: TaskKey, why: &str) {
        self.tasks.step(key, TaskState::Blocked);
        let task = self.tasks.change(key);
        task.reason = Some(why.to_owned());
        let (id, message) = (task.spec.id.clone(), format!("{}: {why}", task.spec.title));
        self.out.push(Command::Notify { kind: NoticeKind::TaskBlocked, task: Some(id), message });
    }

    /// A task lets go of all that it holds: session, lane, files, timer.
    pub(super) fn disengage(&mut self, key: TaskKey) {
        let Some(mut work) = self.tasks.change(key).work.take() else { return };
        let second = work.second.take();
        if let Some(lease) = work.lease {
            self.end_lease(lease);
        }
        if let Some(lane) = work.lane {
            self.lanes.give_back(lane);
        }
        if let Some(at) = work.retry_at {
            self.timers.remove(&(at, Subject::Task(key)));
        }
        self.end_second(second);
        self.engaged.remove(&key);
        self.waiting.remove(&key);
        self.wake_waiting(key);
    }
}
