//! What sessions say: that they opened, that they live, that a turn ended.

use crate::{
    command::Command,
    event::SessionErrorKind,
    failure::Remedy,
    lease::LeaseId,
    scheduler::{
        Ignored, Scheduler,
        admission::answer_of,
        circuits::{Answer, Model},
        excerpt,
        failures::Trouble,
        leases::{Job, Lease, Report},
        review::REVIEWER,
        work::Next,
    },
    stagnation::{Fingerprint, REPEATED_CALLS, Sign},
};

/// What a turn leaves that ended by itself, besides its report.
pub(super) struct Answered {
    pub(super) text: Option<String>,
    pub(super) fingerprint: Option<Fingerprint>,
    pub(super) refused: Vec<String>,
}

impl Scheduler {
    pub(super) fn on_session_started(&mut self, id: LeaseId, session: String) -> Result<(), Ignored> {
        let elsewhere = self.leases.of_session(&session);
        let Some(lease) = self.leases.get_mut(id) else {
            if self.leases.is_unanswered(id) && elsewhere.is_none() {
                // Opened for a lease that ended meanwhile: it must not go on by itself.
                self.out.push(Command::Abort { lease: id, session });
                return Err(Ignored(format!("{id} has ended; its session is stopped")));
            }
            return Err(self.no_lease(id));
        };
        if let Some(present) = lease.session() {
            return Err(Ignored(format!("{id} has session {present:?} already")));
        }
        if let Some(other) = elsewhere {
            return Err(Ignored(format!("session {session:?} is that of {other}")));
        }
        if let Some(turn) = &mut lease.running {
            turn.sign_of_life(self.clock.now());
        }
        if let Job::Work(key) = lease.job {
            self.tasks.change(key).session = Some(session.clone());
        }
        self.leases.bind(id, session);
        Ok(())
    }

    pub(super) fn on_progress(&mut self, id: LeaseId) -> Result<(), Ignored> {
        let now = self.clock.now();
        let lease = self.running_lease(id, None)?;
        if let Some(turn) = &mut lease.running {
            turn.sign_of_life(now);
        }
        Ok(())
    }

    pub(super) fn on_clock(&mut self, id: LeaseId, stop: bool) -> Result<(), Ignored> {
        let now = self.clock.now();
        let lease = self.running_lease(id, None)?;
        if stop && lease.session().is_none() {
            // No look could ever find that its question was answered.
            return Err(Ignored(format!("{id} has no session that could ask")));
        }
        match &mut lease.running {
            Some(turn) if stop && !turn.clock_stopped() => turn.stop_clock(now),
            Some(turn) if !stop && turn.clock_stopped() => turn.start_clock(now),
            _ => {
                let how = if stop { "stands still" } else { "runs" };
                return Err(Ignored(format!("the clock of {id} {how} already")));
            }
        }
        Ok(())
    }

    pub(super) fn on_idle(
        &mut self,
        id: LeaseId,
        turn: Option<u32>,
        Answered { text, fingerprint, refused }: Answered,
    ) -> Result<(), Ignored> {
        let now = self.clock.now();
        let lease = self.running_lease(id, turn)?;
        let job = lease.job;
        let lasted = lease.running.as_ref().map(|turn| turn.lasted(now));
        let report = self.end_turn(id, Answer::Given);
        self.limiter.succeeded();
        match job {
            Job::Work(key) => {
                let task = self.tasks.change(key);
                task.ran_ms = lasted;
                if let Some(fingerprint) = fingerprint {
                    task.stagnation_mut().note(fingerprint);
                }
                if report.is_some() || !self.refusal_is_told(key, refused) {
                    self.work_ended(key, report, text);
                }
            }
            Job::Second(key) => self.second_fell_silent(key, report, lasted),
            Job::Review { subject, .. } => {
                self.calm_review(subject);
                if !self.reviewer_goes_on(id, subject, &refused) {
                    self.next_round(id, subject, true, "the turn ended without a verdict");
                }
            }
            Job::Judged(_) => self.end_lease(id),
        }
        Ok(())
    }

    pub(super) fn on_error(
        &mut self,
        id: LeaseId,
        turn: Option<u32>,
        kind: SessionErrorKind,
        message: String,
        retry_after: Option<u64>,
    ) -> Result<(), Ignored> {
        let lease = self.running_lease(id, turn)?;
        let (job, model) = (lease.job, lease.model.clone());
        let report = self.end_turn(id, answer_of(kind, retry_after));
        let failure = kind.failure();
        if failure.blames_provider {
            self.limiter.pushed_back(self.clock.now());
        }
        let trouble = Trouble { kind, message, retry_after, model };
        match job {
            Job::Work(key) => self.work_failed(key, report, trouble),
            Job::Second(key) => {
                if trouble.remedy() == Remedy::Wait {
                    self.wait_longer(key, retry_after);
                }
                self.second_ended(key, report, &trouble.to_string());
            }
            Job::Judged(_) => self.end_lease(id),
            Job::Review { subject, .. } => match trouble.remedy() {
                Remedy::Wait => self.pause_review(id, subject, retry_after, &trouble.to_string()),
                Remedy::AskUser => {
                    self.withdraw_review(id, subject);
                    self.stop_for_user(format!("review: {}", trouble.for_user()));
                }
                _ => self.next_round(id, subject, false, &trouble.to_string()),
            },
        }
        Ok(())
    }

    /// A tool is called again and again: the turn is stopped, for it will not end by itself.
    pub(super) fn on_tool_repeated(
        &mut self,
        id: LeaseId,
        turn: Option<u32>,
        call: &str,
        times: u32,
    ) -> Result<(), Ignored> {
        let lease = self.running_lease(id, turn)?;
        if times < REPEATED_CALLS {
            return Err(Ignored(format!("{times} times the same call may be meant so")));
        }
        let job = lease.job;
        let reported = lease.running.as_ref().is_some_and(|turn| turn.report.is_some());
        if reported || matches!(job, Job::Judged(_)) {
            return Err(Ignored(format!("{id} has said its last word: its session is about to fall silent")));
        }
        self.answer(id, Answer::Given);
        let why = format!("{times} times in a row the same tool call: {}", excerpt(call));
        match job {
            Job::Work(key) => self.end_attempt(key, Next::Fresh(None), why, Some(Sign::SameCall)),
            Job::Second(key) => self.drop_second(key, &why),
            Job::Review { subject, .. } | Job::Judged(subject) => self.next_round(id, subject, false, &why),
        }
        Ok(())
    }

    /// The host asks the provider again by itself, and always of the same model. Where the provider names too long a
    /// pause, the user is asked; where that model is left alone by now and another would answer, the turn goes on with
    /// that; otherwise the watchdog says when it has been enough.
    pub(super) fn on_provider_retrying(
        &mut self,
        id: LeaseId,
        turn: Option<u32>,
        message: String,
        next_ms: Option<u64>,
    ) -> Result<(), Ignored> {
        let lease = self.running_lease(id, turn)?;
        let (job, model) = (lease.job, lease.model.clone());
        if let Some(turn) = &mut lease.running {
            turn.pushed_back = Some((message.clone(), next_ms));
        }
        let kind = SessionErrorKind::Overloaded;
        self.limiter.pushed_back(self.clock.now());
        self.call_ended(id, answer_of(kind, next_ms));
        if self.may_change_model(job, &model) {
            self.held_back(id, message, next_ms);
            return Ok(());
        }
        let trouble = Trouble { kind, message, retry_after: next_ms, model };
        if trouble.remedy() != Remedy::AskUser {
            return Ok(());
        }
        match job {
            Job::Work(key) => self.give_to_user(key, &trouble),
            Job::Second(key) => self.second_hung(key, id, &trouble.to_string()),
            Job::Review { subject, .. } => {
                self.withdraw_review(id, subject);
                self.stop_for_user(format!("review: {}", trouble.for_user()));
            }
            Job::Judged(_) => self.end_lease(id),
        }
        Ok(())
    }

    /// Whether the model of a turn is left alone while another that may be asked for the same would answer.
    fn may_change_model(&self, job: Job, model: &Model) -> bool {
        let (agent, refused_by) = match job {
            Job::Work(key) | Job::Second(key) => {
                let task = &self.tasks[key];
                (task.spec.agent.as_str(), task.work.as_ref().map_or(&[][..], |work| &work.refused_by))
            }
            Job::Review { .. } => (REVIEWER, &[][..]),
            Job::Judged(_) => return false,
        };
        self.circuits.has_better(agent, model, refused_by, self.clock.now())
    }

    /// A turn has ended by itself; gives what was reported.
    fn end_turn(&mut self, id: LeaseId, answer: Answer) -> Option<Report> {
        let turn = self.leases.get_mut(id)?.running.take()?;
        self.close_turn(turn, answer)
    }

    /// The lease with a turn under way that an event is about.
    pub(super) fn running_lease(&mut self, id: LeaseId, turn: Option<u32>) -> Result<&mut Lease, Ignored> {
        let Some(lease) = self.leases.get(id) else { return Err(self.no_lease(id)) };
        if lease.running.is_none() {
            return Err(Ignored(format!("no turn of {id} is under way")));
        }
        if let Some(turn) = turn.filter(|turn| *turn != lease.turn) {
            return Err(Ignored(format!("{id} is at turn {}, not {turn}", lease.turn)));
        }
        Ok(self.leases.get_mut(id).expect("it was there a line above"))
    }

    fn no_lease(&self, id: LeaseId) -> Ignored {
        Ignored(if self.leases.was_opened(id) {
            format!("{id} has ended")
        } else {
            format!("there is no {id}")
        })
    }

    /// Ends a lease; a turn under way is aborted.
    pub(super) fn end_lease(&mut self, id: LeaseId) {
        let Some(mut lease) = self.leases.close(id) else { return };
        if let (Some(_), Some(session)) = (&lease.running, lease.session()) {
            self.out.push(Command::Abort { lease: id, session: session.to_owned() });
        }
        if let Some(turn) = lease.running.take() {
            self.close_turn(turn, Answer::Unknown);
        }
        if matches!(lease.job, Job::Review { own_lane: true, .. } | Job::Judged(_)) {
            self.lanes.give_back(lease.lane);
        }
    }
}
