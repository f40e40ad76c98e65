//! A host with faults: it carries out commands, late, twice, wrongly or not at all.

mod turn;
mod weather;

pub(crate) use self::weather::MODELS;

use std::collections::{BTreeMap, BTreeSet};

use orchestrator_scheduler::{Command, Event, Fingerprint, Lane, LeaseId, SessionErrorKind, Usage};

use self::weather::Weather;
use crate::{case::Case, chance::Chance, fault::Fault, luck::Luck};

/// Sessions and checks under way, as events that are to come.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) luck: Luck,
    seed: u64,
    weather: Weather,
    coming: BTreeMap<(u64, u64), Event>,
    sequence: u64,
    sessions: u64,
    /// How often the commander fell silent.
    edges: u64,
    /// What the host's own record says of each turn under way.
    records: BTreeMap<LeaseId, Ended>,
    /// Leases whose session nobody was told of: no question can be traced to them. One that could be, with its answer
    /// lost, would stand open for ever: a look needs the session.
    nameless: BTreeSet<LeaseId>,
    /// Until when the last question of a session stands open.
    questions: BTreeMap<LeaseId, u64>,
    /// Turns whose session went silent: no event and no record will ever tell of them.
    pub(crate) silent: BTreeSet<LeaseId>,
    /// What each lease has used.
    used: BTreeMap<LeaseId, Usage>,
    /// How often each check was asked for.
    checks: BTreeMap<Check, u64>,
    /// Checks whose result nobody will ever tell.
    lost_checks: BTreeSet<Check>,
    pub(crate) turns: u64,
}

/// The task, or the mission, the attempt, and the copy of the project.
type Check = (Option<String>, u32, u32);

/// The record of a turn: which it is, and since when it has ended with what.
#[derive(Debug)]
struct Ended {
    turn: u32,
    end: Option<(u64, Event)>,
}

/// How an event may fail to come as it should.
#[derive(Clone, Copy, Debug)]
struct Way {
    /// The fault that loses it.
    lost: Fault,
    /// Its usual delay, in milliseconds.
    spread: u64,
}

impl Host {
    pub(crate) fn new(case: &Case, start: u64) -> Self {
        Self {
            luck: Luck::new(case.seed, case.faults),
            seed: case.seed,
            weather: Weather::drawn(case, start),
            coming: BTreeMap::new(),
            sequence: 0,
            sessions: 0,
            edges: 0,
            records: BTreeMap::new(),
            nameless: BTreeSet::new(),
            questions: BTreeMap::new(),
            silent: BTreeSet::new(),
            used: BTreeMap::new(),
            checks: BTreeMap::new(),
            lost_checks: BTreeSet::new(),
            turns: 0,
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
        self.records.clear();
        self.questions.clear();
    }

    /// Whether the result of a check was lost for good.
    pub(crate) fn lost_check(&self, task: Option<&str>, of: Option<(u32, u32)>) -> bool {
        self.lost_checks.iter().any(|(subject, attempt, copy)| {
            subject.as_deref() == task && of.is_none_or(|of| of == (*attempt, *copy))
        })
    }

    pub(crate) fn carry_out(&mut self, now: u64, command: &Command) {
        match command {
            Command::Start { lease, turn, session, lane, model, .. } => {
                if session.is_some() || self.open(now, *lease) {
                    self.work(now, *lease, *turn, *lane, model.as_deref());
                }
            }
            Command::Prompt { lease, turn, lane, model, .. } => {
                self.work(now, *lease, *turn, *lane, model.as_deref());
            }
            Command::Compact { lease, turn, lane, model, .. } => {
                self.compact(now, *lease, *turn, *lane, model.as_deref());
            }
            Command::Review { lease, turn, lane, model, .. } => {
                if self.open(now, *lease) {
                    self.judge(now, *lease, *turn, *lane, model.as_deref());
                }
            }
            Command::ReviewPrompt { lease, turn, lane, model, .. } => {
                self.judge(now, *lease, *turn, *lane, model.as_deref());
            }
            Command::Verify { task, attempt, copy, .. } => self.check(now, task.as_deref(), *attempt, *copy),
            Command::Poll { lease, .. } => self.look(now, *lease),
            Command::Abort { lease, .. } => self.abort(now, *lease),
            Command::Continue { edge, session, .. } => self.continue_commander(now, edge, session),
            Command::ScopeAnswered { .. }
            | Command::Retry { .. }
            | Command::Notify { .. }
            | Command::Finish { .. } => {}
        }
    }

    /// Opens a session; gives whether that worked.
    fn open(&mut self, now: u64, lease: LeaseId) -> bool {
        let mut chance = Chance::of(&[self.seed, 10, lease.0]);
        if self.luck.strikes(Fault::NeverOpens, &mut chance, 3) {
            return false;
        }
        self.sessions += 1;
        let session = format!("s{}", self.sessions);
        let way = Way { lost: Fault::LostStart, spread: 30 };
        if !self.tell(now, way, &mut chance, Event::SessionStarted { lease, session }) {
            self.nameless.insert(lease);
        }
        true
    }

    fn check(&mut self, now: u64, task: Option<&str>, attempt: u32, copy: u32) {
        let check = (task.map(str::to_owned), attempt, copy);
        let name = task.map_or(0, |id| id.bytes().fold(1, |sum, byte| sum * 31 + u64::from(byte)));
        let times = self.checks.entry(check.clone()).or_default();
        *times += 1;
        let times = *times;
        let mut chance = Chance::of(&[self.seed, 11, name, u64::from(attempt), times]);
        let passed = !self.luck.strikes(Fault::FailedCheck, &mut chance, 15);
        let (task, attempt, copy) = check.clone();
        let mut own = Chance::of(&[self.seed, 14, name, u64::from(attempt), times]);
        let fingerprint = self.luck.strikes(Fault::Circles, &mut own, 60).then(|| fingerprint(&mut own));
        let way = Way { lost: Fault::LostCheck, spread: 200 };
        let outside = task.is_some() && self.luck.strikes(Fault::OutsideScope, &mut own, 8);
        if let Some(task) = task.clone().filter(|_| outside) {
            let files = vec!["elsewhere".into()];
            if !self.tell(now, way, &mut chance, Event::ScopeViolated { task, attempt, copy, files }) {
                self.lost_checks.insert(check);
            }
            return;
        }
        let verified = Event::Verified { task, attempt, copy, passed, report: "checked".into(), fingerprint };
        if self.tell(now, way, &mut chance, verified) {
            self.lost_checks.remove(&check);
        } else {
            self.lost_checks.insert(check);
        }
    }

    /// The commander falls silent; gives the edge.
    pub(crate) fn next_edge(&mut self) -> String {
        self.edges += 1;
        format!("edge {}", self.edges)
    }

    /// The commander is prompted, says something, and falls silent again, or goes on by itself.
    fn continue_commander(&mut self, now: u64, edge: &str, session: &str) {
        let mut chance = Chance::of(&[self.seed, 15, self.edges]);
        let (edge, way) = (edge.to_owned(), Way { lost: Fault::LostProgress, spread: 40 });
        if self.luck.strikes(Fault::ContinueFails, &mut chance, 15) {
            let message = "no connection".into();
            self.tell(now, way, &mut chance, Event::ContinueFailed { edge, message });
            return;
        }
        self.tell(now, way, &mut chance, Event::ContinueAccepted { edge });
        if chance.percent(70) {
            let edge = self.next_edge();
            let idle = Event::CommanderIdle { session: session.to_owned(), edge };
            self.tell(now + 100, way, &mut chance, idle);
        }
    }

    /// A look at the record: whether the turn has ended, and else, whether a question is answered. An event may have
    /// told of it already.
    fn look(&mut self, now: u64, lease: LeaseId) {
        let ended = self.records.get(&lease).and_then(|record| record.end.as_ref());
        if let Some((_, end)) = ended.filter(|(at, _)| *at <= now) {
            self.put(now + 10, end.clone());
        } else if self.questions.get(&lease).is_some_and(|until| *until <= now) {
            self.put(now + 10, Event::ClockStarted { lease });
        }
    }

    fn abort(&mut self, now: u64, lease: LeaseId) {
        let turn = self.records.remove(&lease).map(|record| record.turn);
        self.silent.remove(&lease);
        self.questions.remove(&lease);
        let mut chance = Chance::of(&[self.seed, 12, lease.0, u64::from(turn.unwrap_or(0))]);
        if !self.luck.strikes(Fault::LateAfterAbort, &mut chance, 20) {
            self.coming.retain(|_, event| lease_of(event) != Some(lease));
        }
        if self.luck.strikes(Fault::AbortEcho, &mut chance, 20) {
            let echo = Event::SessionError {
                lease,
                turn,
                kind: SessionErrorKind::Aborted,
                message: "aborted".into(),
                retry_after_ms: None,
            };
            self.put(now + chance.between(1, 5), echo);
        }
    }

    /// Whether a lane is one of the slow ones.
    fn is_slow(&mut self, lane: Lane) -> bool {
        let mut chance = Chance::of(&[self.seed, 13, lane.role as u64, u64::from(lane.index)]);
        self.luck.strikes(Fault::SlowLane, &mut chance, 15)
    }

    /// Lets an event come after `at`: soon, late, twice or never. Gives whether it comes.
    fn tell(&mut self, at: u64, way: Way, chance: &mut Chance, event: Event) -> bool {
        let usual = at + chance.between(1, way.spread);
        let (late, second) = (chance.between(500, 6_000), chance.between(0, 3_000));
        let doubled = self.luck.strikes(Fault::Doubled, chance, 6);
        if doubled {
            self.put(usual + second, event.clone());
        }
        let lost = self.luck.strikes(way.lost, chance, 4);
        let late = if self.luck.strikes(Fault::Late, chance, 4) { late } else { 0 };
        if !lost {
            self.put(usual + late, event);
        }
        doubled || !lost
    }

    fn put(&mut self, at: u64, event: Event) {
        self.sequence += 1;
        self.coming.insert((at, self.sequence), event);
    }
}

/// What a turn of a task that goes round in circles leaves behind: one of few changes, errors and calls.
fn fingerprint(chance: &mut Chance) -> Fingerprint {
    let mut one_of = |texts: &[&str; 2]| chance.percent(80).then(|| chance.pick(texts).to_owned());
    Fingerprint {
        diff: one_of(&["one change", "another"]),
        error: one_of(&["no such name", "no such tool"]),
        call: one_of(&["read a", "read b"]),
    }
}

/// The lease that an event of a session is about.
pub(crate) fn lease_of(event: &Event) -> Option<LeaseId> {
    match event {
        Event::SessionStarted { lease, .. }
        | Event::Progress { lease }
        | Event::ClockStopped { lease }
        | Event::ClockStarted { lease }
        | Event::SessionIdle { lease, .. }
        | Event::SessionError { lease, .. }
        | Event::ScopeRequested { lease, .. }
        | Event::ToolRepeated { lease, .. }
        | Event::ProviderRetrying { lease, .. }
        | Event::TaskReported { lease, .. }
        | Event::Reviewed { lease, .. } => Some(*lease),
        _ => None,
    }
}
