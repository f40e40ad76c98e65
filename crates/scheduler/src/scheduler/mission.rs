//! The mission as a whole: start, pause, decisions, its own verification and seal, its end.

use crate::{
    budget::Usage,
    command::{Command, MissionOutcome, NoticeKind},
    config::ReviewPolicy,
    event::Finding,
    graph::TaskKey,
    phase::Phase,
    pools::strings::Name,
    scheduler::{
        Ignored, Scheduler, excerpt,
        leases::Job,
        review::{Review, Subject},
    },
    task::{TaskState, first},
    view::Verification,
};

/// Tasks that a message names before it says "and … more".
pub(super) const MAX_NAMED: usize = 10;

/// What the mission has besides its tasks.
#[derive(Debug, Default)]
pub(super) struct Mission {
    pub(super) goal: String,
    pub(super) verify: Vec<Name>,
    pub(super) reason: Option<String>,
    pub(super) outcome: Option<MissionOutcome>,
    /// Counts the mission's own verifications, so that a late result of an earlier one is known.
    pub(super) verifications: u32,
    pub(super) verification: Option<Verification>,
    pub(super) seal: Review,
    pub(super) seal_findings: Vec<Finding>,
    /// Whether something was accepted, or the checks were changed, since the mission's last checks failed.
    pub(super) changed: bool,
    /// Whether the commander did anything since it was asked what is to become of tasks that wait for it.
    pub(super) moved: bool,
    pub(super) started_at: Option<u64>,
    pub(super) ended_at: Option<u64>,
    /// What was used outside of any lease.
    used: Usage,
}

impl Mission {
    pub(super) fn used_outside(&self) -> Usage {
        self.used
    }

    /// Takes in a running total of what was used outside of any lease; gives by how much it has grown.
    pub(super) fn used(&mut self, total: Usage) -> Usage {
        let growth = total.growth(self.used);
        self.used = self.used.most(total);
        growth
    }
}

impl Scheduler {
    /// Moves the mission to another phase.
    ///
    /// # Panics
    /// When [`PHASE_MOVES`](crate::PHASE_MOVES) does not list the move: the scheduler has a bug.
    pub(super) fn enter(&mut self, to: Phase) {
        let from = self.phase;
        assert!(from.may_become(to), "a mission can't go from {from:?} to {to:?}");
        self.phase = to;
        let now = self.clock.now();
        if matches!(to, Phase::Running | Phase::Verifying | Phase::Sealing) {
            self.ledger.run(now);
        } else {
            self.ledger.rest(now);
        }
    }

    /// Moves on where nothing of the plan is left to do. Called after every event; its cost is constant but at the
    /// mission's turning points.
    pub(super) fn settle(&mut self) {
        if self.phase != Phase::Running || self.tasks.active() > 0 {
            return;
        }
        if self.tasks.all_fine() {
            self.verify_mission();
        } else {
            let message = self.standstill();
            self.decide(message);
        }
    }

    /// `run_mission` was called.
    pub(super) fn on_resumed(&mut self) -> Result<(), Ignored> {
        if self.phase != Phase::Done
            && let Some(limit) = self.ledger.exhausted(self.clock.now())
        {
            return Err(Ignored(limit.to_string()));
        }
        match self.phase {
            Phase::Planning if self.tasks.planned() == 0 => {
                return Err(Ignored("there is no plan yet".into()));
            }
            Phase::Planning => {
                self.enter(Phase::Running);
            }
            Phase::Paused => {
                self.go_on();
            }
            Phase::Deciding => {
                let sealable = self.tasks.all_fine() && self.mission.changed;
                let undecided = !self.waiting.is_empty() && !self.mission.moved;
                if (self.tasks.active() > 0 && !undecided) || sealable {
                    self.go_on();
                } else {
                    let message = match &self.mission.reason {
                        Some(reason) => format!("nothing has changed since: {reason}"),
                        None => self.standstill(),
                    };
                    self.finish(MissionOutcome::Failed, message);
                }
            }
            Phase::Running | Phase::Verifying | Phase::Sealing => {
                return Err(Ignored("the mission is under way".into()));
            }
            Phase::Done => return Err(Ignored("the mission has ended".into())),
        }
        self.continuation.progressed();
        let now = self.clock.now();
        self.mission.started_at.get_or_insert(now);
        Ok(())
    }

    /// What was being checked when the mission stopped is checked anew: who did it may have ended since.
    fn go_on(&mut self) {
        self.mission.reason = None;
        self.enter(Phase::Running);
        for key in self.engaged_in(TaskState::Verifying) {
            self.ask_verification(key);
        }
    }

    /// Esc was pressed.
    pub(super) fn on_paused(&mut self, reason: String) -> Result<(), Ignored> {
        let may_be_continued = match self.phase {
            Phase::Planning => self.tasks.planned() > 0,
            Phase::Paused | Phase::Done => false,
            Phase::Running | Phase::Deciding | Phase::Verifying | Phase::Sealing => true,
        };
        if !may_be_continued {
            return Err(Ignored(format!(
                "nothing runs that could be paused: the mission is {:?}",
                self.phase
            )));
        }
        self.pause(reason);
        Ok(())
    }

    /// The process died.
    pub(super) fn on_interrupted(&mut self) -> Result<(), Ignored> {
        let runs = matches!(self.phase, Phase::Running | Phase::Verifying | Phase::Sealing);
        let errands = self.errands_in(TaskState::Ready);
        if !runs && errands.is_empty() && self.leases.iter().all(|(_, lease)| lease.running.is_none()) {
            return Err(Ignored("nothing was under way".into()));
        }
        for key in errands {
            self.cancel(key, "OpenCode ended before it was done");
        }
        // What lies between the last event and this one was no running time.
        self.ledger.rest(self.updated_at);
        for id in self.leases.ids() {
            if let Some(Job::Second(key)) = self.leases.get(id).map(|lease| lease.job) {
                self.settle_second(key, "OpenCode ended while it was at work");
            }
        }
        for id in self.leases.ids() {
            if let Some(Job::Work(key)) = self.leases.get(id).map(|lease| lease.job) {
                self.work_interrupted(key, id);
            }
        }
        if runs {
            self.pause("OpenCode ended while the mission ran".to_owned());
        }
        Ok(())
    }

    /// Only the user can mend it.
    pub(super) fn stop_for_user(&mut self, reason: String) {
        self.pause(reason.clone());
        self.notify(NoticeKind::NeedsDecision, reason);
    }

    /// The commander has to say how to go on, before more is tried.
    pub(super) fn stop_for_commander(&mut self, reason: String) {
        self.take_back_turns();
        self.decide(reason);
    }

    fn pause(&mut self, reason: String) {
        self.take_back_turns();
        self.enter(Phase::Paused);
        self.mission.reason = Some(reason);
    }

    /// Takes back every turn of the plan's tasks and reviews. What is being checked goes on being checked; what waits
    /// for a retry keeps its session but not its lane, so that delegations find one.
    fn take_back_turns(&mut self) {
        for id in self.leases.ids() {
            if let Some(Job::Second(key)) = self.leases.get(id).map(|lease| lease.job) {
                self.settle_second(key, "the mission is paused");
            }
        }
        for id in self.leases.ids() {
            let Some(lease) = self.leases.get(id) else { continue };
            let running = lease.running.is_some();
            match lease.job {
                Job::Work(key) if self.tasks[key].is_delegation() => {}
                Job::Work(key) if running => self.requeue(key),
                Job::Work(_) | Job::Second(_) => {}
                Job::Review { subject: Subject::Mission, .. } | Job::Judged(_) => self.end_lease(id),
                Job::Review { subject, .. } if running => self.withdraw_review(id, subject),
                Job::Review { subject, .. } => {
                    self.end_lease(id);
                    self.review_mut(subject).lease = None;
                }
            }
        }
        let engaged: Vec<TaskKey> = self.engaged.iter().copied().collect();
        for key in engaged {
            if !self.tasks[key].is_delegation()
                && let Some(lane) = self.tasks.change(key).work_mut().lane.take()
            {
                self.lanes.give_back(lane);
            }
        }
        self.drop_review(Subject::Mission);
        self.drop_continuation();
    }

    /// The commander has to say how to go on.
    pub(super) fn decide(&mut self, message: String) {
        self.enter(Phase::Deciding);
        self.mission.reason = Some(message.clone());
        let told =
            |command: &Command| matches!(command, Command::Notify { kind: NoticeKind::NeedsDecision, .. });
        if !self.out.iter().any(told) {
            self.notify(NoticeKind::NeedsDecision, message);
        }
    }

    fn verify_mission(&mut self) {
        self.enter(Phase::Verifying);
        self.mission.verifications += 1;
        if self.mission.verify.is_empty() {
            self.seal();
        } else {
            self.out.push(Command::Verify {
                task: None,
                attempt: self.mission.verifications,
                copy: first(),
                commands: self.mission.verify.clone(),
                files: Vec::new(),
                review_follows: self.config.review != ReviewPolicy::Never,
            });
        }
    }

    /// The mission's own checks have run.
    pub(super) fn on_mission_verified(
        &mut self,
        attempt: u32,
        passed: bool,
        report: String,
    ) -> Result<(), Ignored> {
        if self.phase != Phase::Verifying {
            return Err(Ignored(format!("the mission is {:?} and waits for no checks", self.phase)));
        }
        if attempt != self.mission.verifications {
            let current = self.mission.verifications;
            return Err(Ignored(format!("the mission is at verification {current}, not {attempt}")));
        }
        let why = format!("the mission's verification failed: {}", excerpt(&report));
        self.mission.verification = Some(Verification { passed, report });
        if passed {
            self.seal();
        } else {
            self.mission.changed = false;
            self.decide(why);
        }
        Ok(())
    }

    fn seal(&mut self) {
        self.enter(Phase::Sealing);
        if self.config.review == ReviewPolicy::Never {
            self.succeed();
        } else {
            self.request_review(Subject::Mission);
        }
    }

    /// The reviewer of the whole mission has spoken.
    pub(super) fn sealed(&mut self, approved: bool) {
        if approved {
            self.succeed();
            return;
        }
        self.mission.changed = false;
        let why = match self.mission.seal_findings.first() {
            Some(first) => format!("the seal was refused: {}", excerpt(&first.message)),
            None => "the seal was refused".to_owned(),
        };
        self.decide(why);
    }

    fn succeed(&mut self) {
        let accepted = self.tasks.in_state(TaskState::Accepted);
        let dropped = self.tasks.in_state(TaskState::Cancelled);
        let message = if dropped == 0 {
            format!("{accepted} tasks accepted")
        } else {
            format!("{accepted} tasks accepted, {dropped} dropped")
        };
        self.finish(MissionOutcome::Accepted, message);
    }

    /// The user or the commander gave up the mission.
    pub(super) fn on_mission_cancelled(&mut self, reason: String) -> Result<(), Ignored> {
        if self.phase == Phase::Done {
            return Err(Ignored("the mission has ended".into()));
        }
        self.finish(MissionOutcome::Cancelled, reason);
        Ok(())
    }

    /// Ends the mission: what is under way is cancelled, every lease ends, every permit comes back.
    fn finish(&mut self, outcome: MissionOutcome, message: String) {
        let open: Vec<TaskKey> = self
            .tasks
            .graph()
            .iter()
            .filter(|(_, task)| !task.state().is_end())
            .map(|(key, _)| key)
            .collect();
        for key in open {
            self.cancel(key, &message);
        }
        self.drop_review(Subject::Mission);
        self.drop_continuation();
        for id in self.leases.ids() {
            self.end_lease(id);
        }
        self.retries.clear();
        self.reviews.clear();
        self.delegations.clear();
        self.held.clear();
        self.enter(Phase::Done);
        self.mission.reason = Some(message.clone());
        self.mission.outcome = Some(outcome);
        self.mission.ended_at = Some(self.clock.now());
        self.out.push(Command::Finish { outcome, message });
    }

    /// New tasks came while the mission was being checked: they go first.
    pub(super) fn reopen(&mut self) {
        if matches!(self.phase, Phase::Verifying | Phase::Sealing) {
            self.drop_review(Subject::Mission);
            self.enter(Phase::Running);
        }
    }

    fn engaged_in(&self, state: TaskState) -> Vec<TaskKey> {
        self.engaged.iter().copied().filter(|key| self.tasks[*key].state() == state).collect()
    }

    fn notify(&mut self, kind: NoticeKind, message: String) {
        self.out.push(Command::Notify { kind, task: None, message });
    }

    /// Why nothing can go on, in words.
    fn standstill(&self) -> String {
        if !self.waiting.is_empty() {
            return self.what_waits();
        }
        let stuck = self.tasks.graph().iter().map(|(_, task)| task).filter(|task| {
            !task.is_delegation() && matches!(task.state(), TaskState::Failed | TaskState::Blocked)
        });
        let mut named: Vec<String> = stuck
            .clone()
            .take(MAX_NAMED)
            .map(|task| {
                let state = if task.state() == TaskState::Failed { "failed" } else { "blocked" };
                format!(
                    "{:?} {state} ({})",
                    task.spec.id,
                    task.reason.as_deref().unwrap_or("no reason given")
                )
            })
            .collect();
        if named.is_empty() {
            return "every task was cancelled".to_owned();
        }
        let more = stuck.count() - named.len();
        if more > 0 {
            named.push(format!("and {more} more"));
        }
        format!("nothing can go on: {}", named.join("; "))
    }
}
