//! The live leases.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::{
    budget::{Reservation, Usage},
    event::ReportStatus,
    graph::TaskKey,
    lease::{Lane, LeaseId, Purpose},
    permit::Permit,
    scheduler::{
        admission::Admission,
        circuits::{Asked, Model},
        review::Subject,
    },
};

/// One engagement of a lane with a session.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) job: Job,
    /// The lane that it began on.
    pub(crate) lane: Lane,
    /// The try of a work lease, the round of a review.
    pub(crate) attempt: u32,
    /// Prompts sent so far.
    pub(crate) turn: u32,
    /// The turn under way.
    pub(crate) running: Option<Turn>,
    /// The model of the last prompt.
    pub(crate) model: Model,
    session: Option<String>,
}

/// What a lease is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Job {
    Work(TaskKey),
    /// The second attempt at a task, beside its first.
    Second(TaskKey),
    /// `own_lane`: whether the review's lane is the lease's own, rather than that of the reviewed task.
    Review {
        subject: Subject,
        own_lane: bool,
    },
    /// A review on a lane of its own whose verdict is in: its session is about to fall silent.
    Judged(Subject),
}

impl Job {
    pub(crate) fn purpose(self) -> Purpose {
        match self {
            Job::Work(_) | Job::Second(_) => Purpose::Work,
            Job::Review { subject, .. } | Job::Judged(subject) => match subject {
                Subject::Task(_) => Purpose::Review,
                Subject::Mission => Purpose::Seal,
            },
        }
    }

    pub(crate) fn task(self) -> Option<TaskKey> {
        match self {
            Job::Work(key) | Job::Second(key) => Some(key),
            Job::Review { subject, .. } | Job::Judged(subject) => subject.task(),
        }
    }
}

/// A turn under way: it holds a permit, and its timers run.
#[derive(Debug)]
pub(crate) struct Turn {
    _permit: Permit,
    /// The call of its model, until something is known of how that answers.
    pub(crate) asked: Option<Asked>,
    pub(crate) reservation: Reservation,
    /// Since when its length counts; moved on by the time that the clock stood still.
    started_at: u64,
    /// The last sign of life. Not part of what a replay restores.
    last_sign: u64,
    /// Since when the clock stands still.
    stopped_at: Option<u64>,
    /// What the provider said last while the host repeats a request by itself, and the pause that it named.
    pub(crate) pushed_back: Option<(String, Option<u64>)>,
    /// The worker's last word.
    pub(crate) report: Option<Report>,
}

/// What a worker reported.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) status: ReportStatus,
    pub(crate) summary: String,
    pub(crate) evidence: Vec<String>,
    pub(crate) files: Vec<String>,
}

impl Turn {
    pub(crate) fn new(admission: Admission, now: u64) -> Self {
        let Admission { permit, asked, reservation } = admission;
        Self {
            _permit: permit,
            asked: Some(asked),
            reservation,
            started_at: now,
            last_sign: now,
            stopped_at: None,
            pushed_back: None,
            report: None,
        }
    }

    /// The model that a turn just begun is asked of.
    pub(crate) fn model(&self) -> Model {
        self.asked.as_ref().and_then(|asked| asked.model.clone())
    }

    pub(crate) fn sign_of_life(&mut self, now: u64) {
        self.last_sign = self.last_sign.max(now);
    }

    pub(crate) fn clock_stopped(&self) -> bool {
        self.stopped_at.is_some()
    }

    pub(crate) fn stop_clock(&mut self, now: u64) {
        self.stopped_at = Some(now);
    }

    pub(crate) fn start_clock(&mut self, now: u64) {
        if let Some(at) = self.stopped_at.take() {
            self.started_at += now - at;
            self.last_sign = now;
        }
    }

    /// How long it has lasted, in milliseconds, without the time that its clock stood still.
    pub(crate) fn lasted(&self, now: u64) -> u64 {
        self.stopped_at.unwrap_or(now).saturating_sub(self.started_at)
    }

    /// When it has lasted longer than so many milliseconds; `None` while the clock stands still.
    pub(crate) fn older_than(&self, ms: u64) -> Option<u64> {
        (!self.clock_stopped()).then(|| self.started_at.saturating_add(ms).saturating_add(1))
    }

    /// When the turn counts as stalled, and when as too long; `None` while the clock stands still.
    pub(crate) fn deadlines(&self, stall_ms: u64, turn_ms: u64) -> Option<(u64, u64)> {
        (!self.clock_stopped())
            .then(|| (self.last_sign.saturating_add(stall_ms), self.started_at.saturating_add(turn_ms)))
    }
}

/// The live leases, by number and by session.
#[derive(Debug, Default)]
pub(crate) struct Leases {
    live: BTreeMap<LeaseId, Lease>,
    by_session: HashMap<String, LeaseId>,
    /// Leases that ended before their session was known.
    unanswered: BTreeSet<LeaseId>,
    /// What every lease that was ever opened has used so far, by its own count.
    used: HashMap<LeaseId, Usage>,
    next: u64,
}

impl Leases {
    /// Opens a lease with its first turn.
    pub(crate) fn open(&mut self, job: Job, lane: Lane, attempt: u32, turn: Turn) -> LeaseId {
        self.next += 1;
        let id = LeaseId(self.next);
        let model = turn.model();
        self.live
            .insert(id, Lease { job, lane, attempt, turn: 1, running: Some(turn), model, session: None });
        id
    }

    /// Ends a lease; the permit of a turn under way goes back with it.
    pub(crate) fn close(&mut self, id: LeaseId) -> Option<Lease> {
        let lease = self.live.remove(&id)?;
        match &lease.session {
            Some(session) => {
                self.by_session.remove(session);
            }
            None => {
                self.unanswered.insert(id);
            }
        }
        Some(lease)
    }

    pub(crate) fn bind(&mut self, id: LeaseId, session: String) {
        if let Some(lease) = self.live.get_mut(&id) {
            lease.session = Some(session.clone());
            self.by_session.insert(session, id);
        }
    }

    pub(crate) fn get(&self, id: LeaseId) -> Option<&Lease> {
        self.live.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: LeaseId) -> Option<&mut Lease> {
        self.live.get_mut(&id)
    }

    pub(crate) fn of_session(&self, session: &str) -> Option<LeaseId> {
        self.by_session.get(session).copied()
    }

    /// Takes in what a lease has used by its own count; gives by how much that has grown.
    pub(crate) fn used(&mut self, id: LeaseId, total: Usage) -> Usage {
        let known = self.used.entry(id).or_default();
        let growth = total.growth(*known);
        *known = known.most(total);
        growth
    }

    /// What a lease has used, by its own count.
    pub(crate) fn used_by(&self, id: LeaseId) -> Usage {
        self.used.get(&id).copied().unwrap_or_default()
    }

    /// Whether the lease was opened once, alive or not.
    pub(crate) fn was_opened(&self, id: LeaseId) -> bool {
        (1..=self.next).contains(&id.0)
    }

    /// Whether the lease ended before its session was known.
    pub(crate) fn is_unanswered(&self, id: LeaseId) -> bool {
        self.unanswered.contains(&id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (LeaseId, &Lease)> {
        self.live.iter().map(|(id, lease)| (*id, lease))
    }

    /// The sessions whose turn is under way.
    pub(crate) fn under_way(&self) -> impl Iterator<Item = (LeaseId, &str)> {
        self.iter().filter_map(|(id, lease)| Some((id, lease.running.as_ref().and(lease.session())?)))
    }

    pub(crate) fn ids(&self) -> Vec<LeaseId> {
        self.live.keys().copied().collect()
    }

    /// The last sign of life of every turn under way.
    pub(crate) fn signs_of_life(&self) -> Vec<(LeaseId, u64)> {
        let sign = |(id, lease): (&LeaseId, &Lease)| Some((*id, lease.running.as_ref()?.last_sign));
        self.live.iter().filter_map(sign).collect()
    }

    /// Puts them back into leases that were built anew.
    pub(crate) fn restore_signs_of_life(&mut self, signs: &[(LeaseId, u64)]) {
        for (id, at) in signs {
            if let Some(turn) = self.live.get_mut(id).and_then(|lease| lease.running.as_mut()) {
                turn.sign_of_life(*at);
            }
        }
    }
}

impl Lease {
    /// Begins the next turn.
    pub(crate) fn go_on(&mut self, turn: Turn, attempt: u32) {
        self.model = turn.model();
        self.running = Some(turn);
        self.attempt = attempt;
        self.turn += 1;
    }

    pub(crate) fn session(&self) -> Option<&str> {
        self.session.as_deref()
    }
}
