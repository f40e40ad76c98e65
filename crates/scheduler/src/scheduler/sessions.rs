//! What sessions say: that they opened, that they live, that a turn ended.

use crate::{
    command::Command,
    event::SessionErrorKind,
    lease::LeaseId,
    scheduler::{
        Ignored, Scheduler,
        admission::answer_of,
        circuits::Answer,
        excerpt,
        leases::{Job, Lease, Report},
    },
};

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
        text: Option<String>,
    ) -> Result<(), Ignored> {
        let job = self.running_lease(id, turn)?.job;
        let report = self.end_turn(id, Answer::Given);
        self.limiter.succeeded();
        match job {
            Job::Work(key) => self.work_ended(key, report, text),
            Job::Review { subject, .. } => {
                self.calm_review(subject);
                self.next_round(id, subject, true, "the turn ended without a verdict");
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
        use SessionErrorKind::{Aborted, Auth, Overloaded, Quota, RateLimit, Timeout};
        let job = self.running_lease(id, turn)?.job;
        let report = self.end_turn(id, answer_of(kind, retry_after));
        if matches!(kind, RateLimit | Overloaded | Timeout) {
            self.limiter.pushed_back(self.clock.now());
        }
        match job {
            Job::Work(key) => self.work_failed(key, report, kind, message, retry_after),
            Job::Judged(_) => self.end_lease(id),
            Job::Review { subject, .. } => {
                let why = describe(kind, &message);
                match kind {
                    RateLimit | Overloaded | Timeout => self.pause_review(id, subject, retry_after, &why),
                    Auth | Quota | Aborted => {
                        self.withdraw_review(id, subject);
                        self.stop_for_user(format!("review: {why}"));
                    }
                    _ => self.next_round(id, subject, false, &why),
                }
            }
        }
        Ok(())
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

/// An error in words.
pub(super) fn describe(kind: SessionErrorKind, message: &str) -> String {
    use SessionErrorKind as Kind;
    let what = match kind {
        Kind::RateLimit => "too many requests",
        Kind::Overloaded => "the provider is overloaded",
        Kind::Timeout => "no answer in time",
        Kind::ContextOverflow => "the context is full",
        Kind::Auth => "the credentials were refused",
        Kind::Quota => "the account has nothing left",
        Kind::Refusal => "the model refused",
        Kind::BadToolCall => "the model called a tool in a form that could not be read",
        Kind::Gone => "the session is gone",
        Kind::Aborted => "the session was interrupted",
        Kind::Unknown => "the session failed",
    };
    if message.is_empty() { what.to_owned() } else { format!("{what}: {}", excerpt(message)) }
}
