//! Reviews: of tasks, and of the mission at its end (the seal). Both go the same way.

use crate::{
    backoff::Backoff,
    command::{Command, PromptReason},
    event::{Finding, Verdict},
    graph::TaskKey,
    lease::{Lane, LeaseId},
    scheduler::{
        Ignored, MAX_TRANSIENT, Scheduler,
        admission::Admission,
        engagement::Refusals,
        excerpt,
        leases::{Job, Turn},
        work::Next,
    },
    stagnation::normalised,
    task::Role,
};

/// Findings of one review that are remembered.
const MOST_FINDINGS: usize = 50;

/// The agent whose models reviews are asked of.
pub(super) const REVIEWER: &str = "reviewer";

/// What a review looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    Task(TaskKey),
    Mission,
}

impl Subject {
    pub(crate) fn task(self) -> Option<TaskKey> {
        match self {
            Subject::Task(key) => Some(key),
            Subject::Mission => None,
        }
    }
}

/// Where the review of one subject stands.
#[derive(Debug, Default)]
pub(crate) struct Review {
    /// From 1.
    pub(crate) round: u32,
    /// The reviewer's engagement, until its verdict.
    pub(crate) lease: Option<LeaseId>,
    pub(crate) retry_at: Option<u64>,
    /// Errors of the provider in a row.
    transient: u32,
    backoff: Backoff,
    refusals: Refusals,
}

impl Scheduler {
    /// Asks for a review, from the first round.
    pub(super) fn request_review(&mut self, subject: Subject) {
        *self.review_mut(subject) = Review { round: 1, ..Review::default() };
        self.reviews.push_back(subject);
    }

    pub(super) fn review(&self, subject: Subject) -> Option<&Review> {
        match subject {
            Subject::Task(key) => self.tasks.get(key)?.work.as_ref().map(|work| &work.review),
            Subject::Mission => Some(&self.mission.seal),
        }
    }

    pub(super) fn review_mut(&mut self, subject: Subject) -> &mut Review {
        match subject {
            Subject::Task(key) => &mut self.tasks.change(key).work_mut().review,
            Subject::Mission => &mut self.mission.seal,
        }
    }

    /// Starts the queued reviews that find a lane and a permit.
    pub(super) fn dispatch_reviews(&mut self) {
        for _ in 0..self.reviews.len() {
            let Some(subject) = self.reviews.pop_front() else { return };
            let new_session = self.review(subject).is_some_and(|review| review.lease.is_none());
            let place = self.lane_for(subject);
            match place.and_then(|place| Some((place, self.admit(REVIEWER, &[], new_session)?))) {
                Some(((lane, own_lane), admission)) => self.start_review(subject, lane, own_lane, admission),
                None => self.reviews.push_back(subject),
            }
        }
    }

    /// The lane for a review, and whether it becomes the review's own. The review of a task that itself sits on a
    /// reviewer's lane takes place there: else such tasks could hold every reviewer's lane and wait for one.
    fn lane_for(&self, subject: Subject) -> Option<(Lane, bool)> {
        let review = self.review(subject)?;
        if let Some(lease) = review.lease.and_then(|id| self.leases.get(id)) {
            return Some((lease.lane, false));
        }
        let held = subject.task().and_then(|key| self.tasks[key].lane());
        match held {
            Some(lane) if lane.role == Role::Reviewer => Some((lane, false)),
            _ => self.lanes.free(Role::Reviewer).map(|lane| (lane, true)),
        }
    }

    fn start_review(&mut self, subject: Subject, lane: Lane, own_lane: bool, admission: Admission) {
        let task = subject.task().map(|key| self.tasks.id(key));
        let turn = Turn::new(admission, self.clock.now());
        let model = turn.model();
        let review = self.review_mut(subject);
        let attempt = review.round;
        if let Some(id) = review.lease {
            let lease = self.leases.get_mut(id).expect("a review forgets its lease when that ends");
            let session =
                lease.session().expect("only a lease with a session is kept between turns").to_owned();
            lease.go_on(turn, attempt);
            let turn = lease.turn;
            self.out.push(Command::ReviewPrompt { lease: id, task, lane, session, attempt, turn, model });
            return;
        }
        if own_lane {
            self.lanes.take(lane);
        }
        let lease = self.leases.open(Job::Review { subject, own_lane }, lane, attempt, turn);
        self.review_mut(subject).lease = Some(lease);
        self.out.push(Command::Review { lease, task, lane, attempt, turn: 1, model });
    }

    /// `review_task` was called.
    pub(super) fn on_reviewed(
        &mut self,
        id: LeaseId,
        turn: Option<u32>,
        verdict: Verdict,
        findings: Vec<Finding>,
    ) -> Result<(), Ignored> {
        let (subject, own_lane) = self.judging(id, turn)?;
        if own_lane {
            self.running_lease(id, turn)?.job = Job::Judged(subject);
        } else {
            // The lane is the task's, whose next turn may begin at once.
            self.end_lease(id);
        }
        self.review_mut(subject).lease = None;
        match (subject, verdict) {
            (Subject::Task(key), Verdict::Approve) => {
                self.tasks.change(key).findings = findings;
                self.accept(key);
            }
            (Subject::Task(key), Verdict::Reject) => {
                let again = self.rejected_again(key, &findings);
                self.tasks.change(key).findings.clone_from(&findings);
                if let Some(finding) = again {
                    let what = excerpt(&finding.message);
                    self.ask_commander(key, &format!("the reviewer rejected it twice for the same: {what}"));
                    return Ok(());
                }
                let why = match findings.first() {
                    Some(first) => format!("rejected by the reviewer: {}", excerpt(&first.message)),
                    None => "rejected by the reviewer".to_owned(),
                };
                self.use_attempt(key, Next::Prompt(PromptReason::ReviewRejected { findings }), why);
            }
            (Subject::Mission, verdict) => {
                self.mission.seal_findings = findings;
                self.sealed(verdict == Verdict::Approve);
            }
        }
        Ok(())
    }

    /// Files changed while the reviewer looked: another has to look at what is there now.
    pub(super) fn on_voided(&mut self, id: LeaseId, turn: Option<u32>) -> Result<(), Ignored> {
        let (subject, _) = self.judging(id, turn)?;
        self.next_round(id, subject, false, "files changed while the reviewer looked: the verdict is void");
        Ok(())
    }

    /// What a lease is to give its verdict on, and whether it has a lane of its own.
    fn judging(&mut self, id: LeaseId, turn: Option<u32>) -> Result<(Subject, bool), Ignored> {
        match self.running_lease(id, turn)?.job {
            Job::Review { subject, own_lane } => Ok((subject, own_lane)),
            Job::Judged(_) => Err(Ignored(format!("{id} has given its verdict already"))),
            Job::Work(_) | Job::Second(_) => Err(Ignored(format!("{id} is no review"))),
        }
    }

    /// The finding for which the task was rejected before, if there is one; all are remembered.
    fn rejected_again(&mut self, key: TaskKey, findings: &[Finding]) -> Option<Finding> {
        let known = &mut self.tasks.change(key).rejected_for;
        let named = |finding: &Finding| {
            format!("{}: {}", finding.file.as_deref().unwrap_or_default(), normalised(&finding.message))
        };
        let again = findings.iter().find(|finding| known.contains(&named(finding))).cloned();
        known.extend(findings.iter().take(MOST_FINDINGS).map(named));
        again
    }

    /// The reviewer's turn ended without a verdict: the next round, in the same session or in a new one.
    pub(super) fn next_round(&mut self, id: LeaseId, subject: Subject, same_session: bool, why: &str) {
        self.quiet_review(id, subject, same_session);
        self.review_mut(subject).round += 1;
        if self.out_of_rounds(subject) {
            return;
        }
        self.reviews.push_back(subject);
        self.announce_review(subject, self.clock.now(), why);
    }

    /// A reviewer's turn ended by a permission that was refused: the same round goes on without. Whether it does.
    pub(super) fn reviewer_goes_on(&mut self, id: LeaseId, subject: Subject, refused: &[String]) -> bool {
        if !self.review_mut(subject).refusals.forgive(refused) {
            return false;
        }
        self.quiet_review(id, subject, true);
        self.reviews.push_back(subject);
        let why = format!("it was refused {}", excerpt(&refused.join("; ")));
        self.announce_review(subject, self.clock.now(), &why);
        true
    }

    /// The provider pushed back: the same round again after a pause, at most [`MAX_TRANSIENT`] times in a row.
    pub(super) fn pause_review(
        &mut self,
        id: LeaseId,
        subject: Subject,
        retry_after: Option<u64>,
        why: &str,
    ) {
        self.quiet_review(id, subject, true);
        let mut backoff = self.review_mut(subject).backoff.clone();
        let pause = backoff.next(&mut self.random, retry_after);
        let at = self.clock.now().saturating_add(pause);
        let review = self.review_mut(subject);
        review.backoff = backoff;
        review.transient += 1;
        if review.transient > MAX_TRANSIENT {
            review.transient = 0;
            review.round += 1;
        }
        if self.out_of_rounds(subject) {
            return;
        }
        self.review_mut(subject).retry_at = Some(at);
        self.timers.insert((at, subject));
        self.announce_review(subject, at, why);
    }

    /// A reviewer's turn ended well, if without a verdict: the row of errors is broken.
    pub(super) fn calm_review(&mut self, subject: Subject) {
        let review = self.review_mut(subject);
        review.transient = 0;
        review.backoff.reset();
    }

    /// Takes a review back to where it waits for a lane; its round stays.
    pub(super) fn withdraw_review(&mut self, id: LeaseId, subject: Subject) {
        self.quiet_review(id, subject, false);
        self.reviews.push_back(subject);
    }

    /// Ends the turn; the lease too, unless it is to go on in the session that it has.
    fn quiet_review(&mut self, id: LeaseId, subject: Subject, keep: bool) {
        if !keep || !self.quiet(id) {
            self.end_lease(id);
            self.review_mut(subject).lease = None;
        }
    }

    /// Fails a subject whose reviewers gave no verdict in all their rounds.
    fn out_of_rounds(&mut self, subject: Subject) -> bool {
        if self.review_mut(subject).round <= self.config.attempts {
            return false;
        }
        self.drop_review(subject);
        match subject {
            Subject::Task(key) => self.fail(key, "no verdict from the reviewer".to_owned()),
            Subject::Mission => {
                self.mission.changed = false;
                self.decide("no verdict from the reviewer of the whole mission".to_owned());
            }
        }
        true
    }

    /// Ends a review that is no longer wanted: its place in the queue, its lease, its timer.
    pub(super) fn drop_review(&mut self, subject: Subject) {
        if self.review(subject).is_none() {
            return;
        }
        self.reviews.retain(|queued| *queued != subject);
        let review = std::mem::take(self.review_mut(subject));
        if let Some(id) = review.lease {
            self.end_lease(id);
        }
        if let Some(at) = review.retry_at {
            self.timers.remove(&(at, subject));
        }
    }

    fn announce_review(&mut self, subject: Subject, at: u64, why: &str) {
        let task = subject.task().map(|key| self.tasks.id(key));
        let attempt = self.review_mut(subject).round;
        let reason = format!("review: {why}");
        self.out.push(Command::Retry { task, attempt, at_ms: self.clock.outside(at), reason });
    }
}
