//! How one turn goes.

use orchestrator_scheduler::{Event, Finding, Lane, LeaseId, ReportStatus, SessionErrorKind, Usage, Verdict};

use super::{Ended, Host, Way, fingerprint};
use crate::{chance::Chance, fault::Fault, paths::GLOBS};

const ERRORS: [SessionErrorKind; 7] = [
    SessionErrorKind::Gone,
    SessionErrorKind::Timeout,
    SessionErrorKind::Overloaded,
    SessionErrorKind::ContextOverflow,
    SessionErrorKind::Refusal,
    SessionErrorKind::BadToolCall,
    SessionErrorKind::Unknown,
];

const USER_ERRORS: [SessionErrorKind; 3] =
    [SessionErrorKind::Auth, SessionErrorKind::Quota, SessionErrorKind::Aborted];

/// Longest time between two signs of life of a turn that is not silent, in milliseconds.
const LONGEST_QUIET_MS: u64 = 1_500;

/// A turn under way.
struct Turn {
    lease: LeaseId,
    number: u32,
    /// What its events quote.
    quoted: Option<u32>,
    chance: Chance,
    /// How far it has come.
    at: u64,
    slow: bool,
}

impl Host {
    /// A worker's turn.
    pub(super) fn work(&mut self, now: u64, lease: LeaseId, number: u32, lane: Lane, model: Option<&str>) {
        let Some(mut turn) = self.begin(now, lease, number, lane, model) else { return };
        if self.loops(&turn) {
            return;
        }
        let chance = &mut turn.chance;
        let status = if self.luck.strikes(Fault::SaysBlocked, chance, 2) {
            ReportStatus::Blocked
        } else if self.luck.strikes(Fault::SaysFailed, chance, 4) {
            ReportStatus::Failed
        } else {
            ReportStatus::Done
        };
        let report = Event::TaskReported {
            lease,
            turn: turn.quoted,
            status,
            summary: "said".into(),
            evidence: Vec::new(),
            files: Vec::new(),
        };
        let silent = self.luck.strikes(Fault::NoReport, chance, 4);
        let idle_first = self.luck.strikes(Fault::IdleFirst, chance, 4);
        if !silent {
            let at = turn.at + if idle_first { 100 } else { 0 };
            self.tell(at, Way { lost: Fault::LostReport, spread: 50 }, &mut turn.chance, report);
        }
        self.end_well(turn);
    }

    /// The host compacts a session's context.
    pub(super) fn compact(&mut self, now: u64, lease: LeaseId, number: u32, lane: Lane, model: Option<&str>) {
        if let Some(turn) = self.begin(now, lease, number, lane, model) {
            self.end_well(turn);
        }
    }

    /// Whether the turn goes on for ever: it calls one tool again and again, or the host asks a provider that never
    /// answers.
    fn loops(&mut self, turn: &Turn) -> bool {
        let (lease, quoted) = (turn.lease, turn.quoted);
        let mut chance = Chance::of(&[self.seed, 21, lease.0, u64::from(turn.number)]);
        let way = Way { lost: Fault::LostProgress, spread: 20 };
        if self.luck.strikes(Fault::HostRetries, &mut chance, 6) {
            let next_ms = chance.pick(&[None, Some(300), Some(5_000), Some(4_000_000)]);
            for at in 1..=chance.between(1, 6) {
                let message = "asking again".into();
                let event = Event::ProviderRetrying { lease, turn: quoted, message, next_ms };
                self.tell(turn.at + at * 400, way, &mut chance, event);
            }
            if chance.percent(50) {
                return true;
            }
        }
        if self.luck.strikes(Fault::AsksScope, &mut chance, 8) {
            let files = vec![chance.pick(&GLOBS).into()];
            let asks = Event::ScopeRequested { lease, turn: quoted, files, reason: "needed".into() };
            self.tell(turn.at, way, &mut chance, asks);
        }
        let loops = self.luck.strikes(Fault::SameCall, &mut chance, 4);
        if loops {
            let times = u32::try_from(chance.between(2, 4)).unwrap();
            let event = Event::ToolRepeated { lease, turn: quoted, call: "read a".into(), times };
            self.tell(turn.at, way, &mut chance, event);
        }
        loops
    }

    /// A reviewer's turn.
    pub(super) fn judge(&mut self, now: u64, lease: LeaseId, number: u32, lane: Lane, model: Option<&str>) {
        let Some(mut turn) = self.begin(now, lease, number, lane, model) else { return };
        let rejected = self.luck.strikes(Fault::Rejected, &mut turn.chance, 15);
        let (verdict, findings) = if rejected {
            let message = if number.is_multiple_of(2) { "wrong" } else { "bad" };
            let finding =
                Finding { file: None, line: None, severity: "error".into(), message: message.into() };
            (Verdict::Reject, vec![finding])
        } else {
            (Verdict::Approve, Vec::new())
        };
        let mut own = Chance::of(&[self.seed, 22, lease.0, u64::from(number)]);
        let voided = self.luck.strikes(Fault::VoidVerdict, &mut own, 15);
        if !self.luck.strikes(Fault::NoVerdict, &mut turn.chance, 5) {
            let verdict = Event::Reviewed { lease, turn: turn.quoted, verdict, findings, voided };
            self.tell(turn.at, Way { lost: Fault::LostVerdict, spread: 50 }, &mut turn.chance, verdict);
        }
        self.end_well(turn);
    }

    /// The beginning of any turn, up to what it has to say; `None` where it does not come to that.
    fn begin(
        &mut self,
        now: u64,
        lease: LeaseId,
        number: u32,
        lane: Lane,
        model: Option<&str>,
    ) -> Option<Turn> {
        self.turns += 1;
        self.silent.remove(&lease);
        self.records.insert(lease, Ended { turn: number, end: None });
        let mut chance = Chance::of(&[self.seed, 20, lease.0, u64::from(number)]);
        let quoted = (!self.luck.strikes(Fault::Unquoted, &mut chance, 20)).then_some(number);
        let slow = self.is_slow(lane);
        let mut turn = Turn { lease, number, quoted, chance, at: now + 31, slow };
        self.live(&mut turn);
        if self.luck.strikes(Fault::Silence, &mut turn.chance, 4) {
            self.silent.insert(lease);
            return None;
        }
        self.ask(&mut turn);
        self.use_up(&mut turn);
        let spell = self.weather.meets(model, now, turn.at);
        if spell.is_none() && model.is_some() && self.weather.meets(None, now, turn.at).is_some() {
            self.luck.strikes_now(Fault::Models);
        }
        if let Some(spell) = spell {
            self.luck.strikes_now(spell.fault());
            turn.at = spell.hits_at(now + 1);
            let (kind, retry_after) = spell.error(turn.at);
            self.fail(turn, kind, retry_after);
            return None;
        }
        let chance = &mut turn.chance;
        let retry_after = chance.percent(50).then(|| chance.between(0, 20_000));
        let (error, user_error) = (chance.pick(&ERRORS), chance.pick(&USER_ERRORS));
        let mut own = Chance::of(&[self.seed, 23, lease.0, u64::from(number)]);
        if self.luck.strikes(Fault::LongWait, &mut own, 2) {
            self.fail(turn, SessionErrorKind::RateLimit, Some(7_200_000));
            return None;
        }
        if self.luck.strikes(Fault::RateLimit, chance, 4) {
            self.fail(turn, SessionErrorKind::RateLimit, retry_after);
            return None;
        }
        if self.luck.strikes(Fault::TurnError, chance, 5) {
            self.fail(turn, error, retry_after);
            return None;
        }
        if self.luck.strikes(Fault::UserError, chance, 1) {
            self.fail(turn, user_error, None);
            return None;
        }
        Some(turn)
    }

    /// Signs of life.
    fn live(&mut self, turn: &mut Turn) {
        for _ in 0..turn.chance.between(0, 3) {
            let gap = turn.chance.between(1, 900);
            let mut left = if turn.slow { gap * 20 } else { gap };
            while left > 0 {
                let quiet = left.min(LONGEST_QUIET_MS);
                left -= quiet;
                turn.at += quiet;
                let way = Way { lost: Fault::LostProgress, spread: 1 };
                self.tell(turn.at, way, &mut turn.chance, Event::Progress { lease: turn.lease });
            }
        }
    }

    /// A permission question, and its answer.
    fn ask(&mut self, turn: &mut Turn) {
        let (lease, chance) = (turn.lease, &mut turn.chance);
        let open = chance.between(1_000, 15_000);
        if !self.nameless.contains(&lease) && self.luck.strikes(Fault::Question, chance, 5) {
            let asked = Way { lost: Fault::LostQuestion, spread: 10 };
            let answered = Way { lost: Fault::LostAnswer, spread: 10 };
            self.questions.insert(lease, turn.at + open);
            self.tell(turn.at, asked, chance, Event::ClockStopped { lease });
            self.tell(turn.at + open, answered, chance, Event::ClockStarted { lease });
            turn.at += open + 10;
        }
    }

    /// Requests and what they cost, told as they come in.
    fn use_up(&mut self, turn: &mut Turn) {
        let (lease, chance) = (turn.lease, &mut turn.chance);
        let (tokens, calls) = (chance.between(100, 30_000), chance.between(1, 4));
        let used = self.used.entry(lease).or_default();
        *used = Usage {
            tokens: used.tokens + tokens,
            micro_usd: used.micro_usd + tokens * 3,
            calls: used.calls + calls,
            ..Usage::default()
        };
        let used = Event::Used { lease: Some(lease), usage: *used };
        self.tell(turn.at, Way { lost: Fault::LostUse, spread: 60 }, chance, used);
    }

    fn end_well(&mut self, turn: Turn) {
        let mut own = Chance::of(&[self.seed, 24, turn.lease.0, u64::from(turn.number)]);
        let fingerprint = self.luck.strikes(Fault::Circles, &mut own, 60).then(|| fingerprint(&mut own));
        let text = Some("text".into());
        let refused = self.luck.strikes(Fault::Refusal, &mut own, 10).then(|| "bash (npm test)".into());
        let refused = refused.into_iter().collect();
        let idle = Event::SessionIdle { lease: turn.lease, turn: turn.quoted, text, fingerprint, refused };
        let way = Way { lost: Fault::LostIdle, spread: 50 };
        self.end(turn, 50, way, idle);
    }

    fn fail(&mut self, mut turn: Turn, kind: SessionErrorKind, retry_after_ms: Option<u64>) {
        // Some have had their say before.
        let said = turn.chance.percent(20);
        let report = Event::TaskReported {
            lease: turn.lease,
            turn: turn.quoted,
            status: ReportStatus::Done,
            summary: "said".into(),
            evidence: Vec::new(),
            files: Vec::new(),
        };
        if said {
            self.tell(turn.at, Way { lost: Fault::LostReport, spread: 5 }, &mut turn.chance, report);
        }
        let error = Event::SessionError {
            lease: turn.lease,
            turn: turn.quoted,
            kind,
            message: "failed".into(),
            retry_after_ms,
        };
        self.end(turn, 10, Way { lost: Fault::LostError, spread: 50 }, error);
    }

    /// The turn ends, as the host's record shows from then on.
    fn end(&mut self, mut turn: Turn, after: u64, way: Way, end: Event) {
        let at = turn.at + after;
        self.records.insert(turn.lease, Ended { turn: turn.number, end: Some((at, end.clone())) });
        self.tell(at, way, &mut turn.chance, end);
    }
}
