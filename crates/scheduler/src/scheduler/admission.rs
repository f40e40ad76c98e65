//! What a turn needs to begin (a permit, a model that answers, room in the budget), and how it gives that back.

use crate::{
    breaker::BreakerState,
    budget::Reservation,
    command::{Command, NoticeKind},
    event::SessionErrorKind,
    graph::TaskKey,
    lease::LeaseId,
    permit::Permit,
    phase::Phase,
    pools::strings::Name,
    scheduler::{
        MAX_RETRY_AFTER_MS, Scheduler,
        circuits::{Answer, Asked, name},
        leases::{Report, Turn},
    },
    task::TaskState,
};

/// The right to begin one turn. What becomes of it is told by [`Scheduler::close_turn`].
#[derive(Debug)]
#[must_use = "a turn that is not begun has to be closed"]
pub(crate) struct Admission {
    pub(super) permit: Permit,
    pub(super) asked: Asked,
    pub(super) reservation: Reservation,
}

impl Scheduler {
    pub(super) fn permit_is_free(&self) -> bool {
        self.permits.in_use() < self.limiter.limit()
    }

    /// Whether a permit is free, and a turn fits into the budget. Remembers where only the budget is in the way.
    pub(super) fn has_room(&mut self, new_session: bool) -> bool {
        if !self.permit_is_free() {
            return false;
        }
        let fits = self.ledger.fits(self.clock.now(), new_session);
        self.starved |= !fits;
        fits
    }

    /// Lets a turn of an agent begin, if all that it needs is there: a model among it, but none of those that refused.
    pub(super) fn admit(&mut self, agent: &str, refused_by: &[Name], new_session: bool) -> Option<Admission> {
        let now = self.clock.now();
        if !self.has_room(new_session) || !self.circuits.admits_but(agent, refused_by, now) {
            return None;
        }
        let permit = self.permits.acquire(self.limiter.limit())?;
        let reservation = self.ledger.reserve(now, new_session)?;
        let asked = self.circuits.ask(agent, refused_by, now).expect("a model that admits a call takes it");
        Some(Admission { permit, asked, reservation })
    }

    /// Takes in what a turn under way, or just ended, says about its model. Only the first word counts.
    pub(super) fn answer(&mut self, id: LeaseId, answer: Answer) {
        let asked = self.leases.get_mut(id).and_then(|lease| lease.running.as_mut()?.asked.take());
        if let Some(asked) = asked {
            self.answered(asked, answer);
        }
    }

    /// A call of a turn under way was answered, and the turn goes on with the next: one turn can take half an hour, and
    /// nobody should wait so long to know that the model answers.
    pub(super) fn answered_once(&mut self, id: LeaseId) {
        if let Some(turn) = self.leases.get_mut(id).and_then(|lease| lease.running.as_mut()) {
            turn.pushed_back = None;
        }
        self.call_ended(id, Answer::Given);
    }

    /// A call of a turn under way ended, and the turn goes on with the next.
    pub(super) fn call_ended(&mut self, id: LeaseId, answer: Answer) {
        let now = self.clock.now();
        let Some(turn) = self.leases.get_mut(id).and_then(|lease| lease.running.as_mut()) else { return };
        let Some(asked) = turn.asked.take() else { return };
        let model = asked.model.clone();
        self.answered(asked, answer);
        let next = self.circuits.ask_again(model, now);
        if let Some(turn) = self.leases.get_mut(id).and_then(|lease| lease.running.as_mut()) {
            turn.asked = next;
        }
    }

    /// Ends a turn: what it held goes back. Gives what was reported.
    pub(super) fn close_turn(&mut self, mut turn: Turn, answer: Answer) -> Option<Report> {
        if let Some(asked) = turn.asked.take() {
            self.answered(asked, answer);
        }
        self.ledger.settle(turn.reservation);
        turn.report
    }

    fn answered(&mut self, asked: Asked, answer: Answer) {
        let Some(change) = self.circuits.answered(asked, answer, self.clock.now()) else { return };
        let model = name(&change.model);
        let (kind, message) = match (change.state, change.retry_at) {
            (BreakerState::Open, Some(at)) => {
                let seconds = at.saturating_sub(self.clock.now()).div_ceil(1_000);
                let message = format!("{model} failed again and again: not asked for {seconds} s");
                (NoticeKind::ModelPaused, message)
            }
            (BreakerState::Closed, _) => (NoticeKind::ModelResumed, format!("{model} answers again")),
            _ => return,
        };
        self.out.push(Command::Notify { kind, task: None, message });
    }

    /// After a round of dispatch: where only the budget is in the way of all that could go on, nothing ever will, unless
    /// the commander's turn gives up what is held for it. As long as checks run, something goes on.
    pub(super) fn stop_where_starved(&mut self) {
        let stands = std::mem::take(&mut self.starved)
            && self.permits.in_use() == 0
            && self.tasks.in_state(TaskState::Verifying) == 0
            && self.phase != Phase::Verifying;
        if !stands {
            return;
        }
        if let Some(limit) = self.ledger.spent_up(self.clock.now()) {
            self.stop_for_budget(&limit.to_string());
        } else if self.release_continuation() {
            self.dispatch();
        }
    }

    pub(super) fn errands_in(&self, state: TaskState) -> Vec<TaskKey> {
        let tasks = self.tasks.graph().iter();
        let errands = tasks.filter(|(_, task)| task.is_delegation() && task.state() == state);
        errands.map(|(key, _)| key).collect()
    }

    /// A limit of the budget is reached: the mission pauses, and errands, which no pause touches, fail.
    pub(super) fn stop_for_budget(&mut self, reason: &str) {
        for key in self.errands_in(TaskState::Ready) {
            self.cancel(key, reason);
        }
        for key in self.errands_in(TaskState::Running) {
            self.fail(key, reason.to_owned());
        }
        let runs = matches!(self.phase, Phase::Running | Phase::Verifying | Phase::Sealing);
        if runs || self.continuation.is_wanted() {
            self.stop_for_user(reason.to_owned());
        }
    }
}

/// What an error says about the model.
pub(super) fn answer_of(kind: SessionErrorKind, retry_after_ms: Option<u64>) -> Answer {
    let failure = kind.failure();
    if failure.blames_provider {
        // A longer pause is for the user to wait out, and must not outlast the answer.
        Answer::Failed { retry_after_ms: retry_after_ms.map(|pause| pause.min(MAX_RETRY_AFTER_MS)) }
    } else if failure.answered {
        Answer::Given
    } else {
        Answer::Unknown
    }
}
