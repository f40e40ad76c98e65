//! A host with faults: it carries out commands, late, twice, wrongly or not at all.

use std::collections::{BTreeMap, BTreeSet};

use orchestrator_scheduler::{
    Command, Event, Finding, LeaseId, ReportStatus, SessionErrorKind, TaskState, Verdict,
};

use crate::chance::Chance;

/// How bad a host is, in percent of all cases.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Faults {
    /// A turn that goes wrong in any way.
    pub(crate) bad_turn: u64,
    /// An event that comes a second time, later.
    pub(crate) doubled: u64,
    /// A check that fails.
    pub(crate) failed_check: u64,
    /// An abort that leaves what is under way to arrive late.
    pub(crate) late_after_abort: u64,
    /// An event that quotes its turn.
    pub(crate) quoted: u64,
}

/// Sessions and checks under way, as events that are to come.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) faults: Faults,
    coming: BTreeMap<(u64, u64), Event>,
    sequence: u64,
    sessions: u64,
    /// Sessions whose turn is under way.
    busy: BTreeSet<LeaseId>,
    /// Ends of turns that no event told of, and since when: what only a look shows.
    missed: BTreeMap<LeaseId, (u64, Event)>,
}

const ERRORS: [SessionErrorKind; 10] = [
    SessionErrorKind::RateLimit,
    SessionErrorKind::Overloaded,
    SessionErrorKind::Timeout,
    SessionErrorKind::RateLimit,
    SessionErrorKind::ContextOverflow,
    SessionErrorKind::Auth,
    SessionErrorKind::Refusal,
    SessionErrorKind::BadToolCall,
    SessionErrorKind::Aborted,
    SessionErrorKind::Unknown,
];

impl Host {
    pub(crate) fn new(faults: Faults) -> Self {
        Self {
            faults,
            coming: BTreeMap::new(),
            sequence: 0,
            sessions: 0,
            busy: BTreeSet::new(),
            missed: BTreeMap::new(),
        }
    }

    /// When the next event comes.
    pub(crate) fn next_at(&self) -> Option<u64> {
        self.coming.first_key_value().map(|((at, _), _)| *at)
    }

    pub(crate) fn take_next(&mut self) -> Option<Event> {
        self.coming.pop_first().map(|(_, event)| event)
    }

    /// Everything under way dies without a word.
    pub(crate) fn die(&mut self) {
        self.coming.clear();
        self.busy.clear();
        self.missed.clear();
    }

    pub(crate) fn carry_out(&mut self, now: u64, command: &Command, chance: &mut Chance) {
        match command {
            Command::Start { lease, turn, session, .. } => {
                if session.is_none() {
                    self.open(now, *lease, chance);
                }
                self.work(now, *lease, *turn, chance);
            }
            Command::Prompt { lease, turn, .. } => self.work(now, *lease, *turn, chance),
            Command::Review { lease, turn, .. } => {
                self.open(now, *lease, chance);
                self.judge(now, *lease, *turn, chance);
            }
            Command::ReviewPrompt { lease, turn, .. } => self.judge(now, *lease, *turn, chance),
            Command::Verify { task, attempt, .. } => {
                let passed = !chance.percent(self.faults.failed_check);
                let (task, attempt) = (task.clone(), *attempt);
                self.send(
                    now,
                    200,
                    chance,
                    Event::Verified { task, attempt, passed, report: "checked".into() },
                );
            }
            Command::Poll { lease, .. } => {
                if let Some((_, end)) = self.missed.get(lease).filter(|(at, _)| *at <= now) {
                    self.send(now, 10, chance, end.clone());
                }
            }
            Command::Abort { lease, .. } => {
                self.busy.remove(lease);
                self.missed.remove(lease);
                if !chance.percent(self.faults.late_after_abort) {
                    self.coming.retain(|_, event| lease_of(event) != Some(*lease));
                }
                let error = Event::SessionError {
                    lease: *lease,
                    turn: None,
                    kind: SessionErrorKind::Aborted,
                    message: "aborted".into(),
                    retry_after_ms: None,
                };
                // Only a lease that has ended is sure to have no next turn that this could be taken for.
                if chance.percent(50) {
                    self.send(now, 5, chance, error);
                }
            }
            Command::Retry { .. } | Command::Notify { .. } | Command::Finish { .. } => {}
        }
    }

    fn open(&mut self, now: u64, lease: LeaseId, chance: &mut Chance) {
        if chance.percent(self.faults.bad_turn / 3) {
            return;
        }
        self.sessions += 1;
        let session = format!("s{}", self.sessions);
        self.send(now, 30, chance, Event::SessionStarted { lease, session });
    }

    fn work(&mut self, now: u64, lease: LeaseId, turn: u32, chance: &mut Chance) {
        let turn = chance.percent(self.faults.quoted).then_some(turn);
        let at = self.live(now, lease, chance);
        let report = |status| Event::TaskReported {
            lease,
            turn,
            status,
            summary: "said".into(),
            evidence: Vec::new(),
            files: Vec::new(),
        };
        let idle = Event::SessionIdle { lease, turn, text: Some("text".into()) };
        if !chance.percent(self.faults.bad_turn) {
            self.send(at, 50, chance, report(ReportStatus::Done));
            self.send(at + 50, 50, chance, idle);
            return;
        }
        match chance.between(0, 9) {
            0 => self.send(at, 50, chance, idle),
            1 => {
                self.send(at, 50, chance, report(ReportStatus::Done));
                self.miss(at + 50, lease, idle, chance);
            }
            2 => self.send(at, 50, chance, report(ReportStatus::Blocked)),
            3 => {
                self.send(at, 50, chance, report(ReportStatus::Failed));
                self.send(at + 50, 50, chance, idle);
            }
            4 => {}
            5 => {
                self.send(at, 10, chance, Event::ClockStopped { lease });
                self.send(at + 5_000, 5_000, chance, Event::ClockStarted { lease });
                self.send(at + 10_000, 50, chance, idle);
            }
            6 => {
                // Idle is seen before the report.
                self.send(at, 50, chance, idle);
                self.send(at, 100, chance, report(ReportStatus::Done));
            }
            _ => {
                let kind = chance.pick(&ERRORS);
                self.fail(at, lease, turn, kind, chance);
            }
        }
    }

    fn judge(&mut self, now: u64, lease: LeaseId, turn: u32, chance: &mut Chance) {
        let turn = chance.percent(self.faults.quoted).then_some(turn);
        let at = self.live(now, lease, chance);
        let verdict =
            if chance.percent(self.faults.failed_check) { Verdict::Reject } else { Verdict::Approve };
        let findings = if verdict == Verdict::Reject {
            vec![Finding { file: None, line: None, severity: "error".into(), message: "wrong".into() }]
        } else {
            Vec::new()
        };
        let judged = Event::Reviewed { lease, turn, verdict, findings };
        let idle = Event::SessionIdle { lease, turn, text: None };
        if !chance.percent(self.faults.bad_turn) {
            self.send(at, 50, chance, judged);
            self.send(at + 50, 50, chance, idle);
            return;
        }
        match chance.between(0, 5) {
            0 => self.send(at, 50, chance, idle),
            1 => {
                self.send(at, 50, chance, judged);
                self.miss(at + 50, lease, idle, chance);
            }
            2 => {}
            3 => {
                self.send(at, 50, chance, judged);
                let kind = chance.pick(&ERRORS);
                self.fail(at + 50, lease, turn, kind, chance);
            }
            _ => {
                let kind = chance.pick(&ERRORS);
                self.fail(at, lease, turn, kind, chance);
            }
        }
    }

    /// A turn that ends unheard, or not at all.
    fn miss(&mut self, at: u64, lease: LeaseId, end: Event, chance: &mut Chance) {
        if chance.percent(50) {
            self.missed.insert(lease, (at, end));
        }
    }

    fn fail(
        &mut self,
        at: u64,
        lease: LeaseId,
        turn: Option<u32>,
        kind: SessionErrorKind,
        chance: &mut Chance,
    ) {
        let retry_after_ms = chance.percent(30).then(|| chance.between(0, 20_000));
        let event = Event::SessionError { lease, turn, kind, message: "failed".into(), retry_after_ms };
        self.send(at, 50, chance, event);
    }

    /// Signs of life; gives the time after the last.
    fn live(&mut self, now: u64, lease: LeaseId, chance: &mut Chance) -> u64 {
        self.busy.insert(lease);
        self.missed.remove(&lease);
        let mut at = now + 30;
        for _ in 0..chance.between(0, 3) {
            at += chance.between(1, 900);
            self.send(at, 1, chance, Event::Progress { lease });
        }
        at + 1
    }

    /// Lets an event come within `spread` milliseconds after `at`, maybe twice.
    fn send(&mut self, at: u64, spread: u64, chance: &mut Chance, event: Event) {
        if chance.percent(self.faults.doubled) {
            self.put(at + spread + chance.between(0, 2_000), event.clone());
        }
        self.put(at + chance.between(1, spread), event);
    }

    fn put(&mut self, at: u64, event: Event) {
        self.sequence += 1;
        self.coming.insert((at, self.sequence), event);
    }
}

fn lease_of(event: &Event) -> Option<LeaseId> {
    match event {
        Event::SessionStarted { lease, .. }
        | Event::Progress { lease }
        | Event::ClockStopped { lease }
        | Event::ClockStarted { lease }
        | Event::SessionIdle { lease, .. }
        | Event::SessionError { lease, .. }
        | Event::TaskReported { lease, .. }
        | Event::Reviewed { lease, .. } => Some(*lease),
        _ => None,
    }
}

/// Whether a task in this state has its files.
pub(crate) fn has_files(state: TaskState) -> bool {
    matches!(state, TaskState::Running | TaskState::Verifying | TaskState::Reviewing)
}
