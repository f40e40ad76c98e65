//! The scheduler: events with a time go in, commands come out.
//!
//! | file | what it decides |
//! |---|---|
//! | `planning` | how plans and delegations become tasks |
//! | `amending` | what may be changed about single tasks of the plan |
//! | `dispatch` | who gets the free lanes and permits |
//! | `admission` | what a turn needs to begin, and how it gives that back |
//! | `circuits` | which model a turn is asked of |
//! | `sessions` | what an event of a session is about, and whether it still counts |
//! | `work` | how work turns begin and end, and what comes after |
//! | `review` | the same of reviews and the seal |
//! | `failures` | what comes after a work turn that ended with an error |
//! | `speculation` | when a straggler gets a second attempt, and which of the two wins |
//! | `scopes` | files that a worker asks for, or changed without asking |
//! | `continuation` | when a silent commander is continued |
//! | `decisions` | what waits for the commander, and goes on by its word |
//! | `mission` | start, pause, decisions, the mission's own checks, its end |
//! | `due` | what the time alone brings |
//! | `tasks`, `leases`, `engagement` | what is kept of each |
//! | `look` | what can be seen of it all |

mod admission;
mod amending;
mod circuits;
pub(crate) mod continuation;
mod decisions;
mod dispatch;
mod due;
mod engagement;
mod failures;
pub(crate) mod leases;
mod look;
mod mission;
mod planning;
pub(crate) mod review;
mod scopes;
mod sessions;
pub(crate) mod speculation;
pub(crate) mod tasks;
mod work;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use self::{
    circuits::Circuits,
    continuation::Continuation,
    leases::{Leases, Report},
    mission::Mission,
    review::Subject,
    sessions::Answered,
    tasks::Tasks,
};
use crate::{
    budget::{Budget, Ledger, Usage},
    clock::Clock,
    command::{Command, NoticeKind},
    config::{Config, ReviewPolicy},
    error::{Error, ErrorKind},
    event::Event,
    graph::TaskKey,
    lanes::Lanes,
    lease::LeaseId,
    lessons::Lessons,
    limiter::Limiter,
    parking::Parking,
    permit::Permits,
    phase::Phase,
    poller::Poller,
    pools::strings::Name,
    pressure::{Pressure, PressureChange},
    random::Random,
    running_times::RunningTimes,
    stagnation::Causes,
    task::Role,
    view::TaskView,
};

/// The version of the scheduler's rules. It grows with every change that could make the same events lead to other
/// commands: a journal is replayed only by the rules that it was recorded with.
pub const RULES: u32 = 4;

/// The longest pause that a provider may ask for without the user being asked, in milliseconds: 15 minutes.
const MAX_RETRY_AFTER_MS: u64 = 15 * 60_000;

/// Errors of the provider in a row that use no attempt.
const MAX_TRANSIENT: u32 = 8;

/// What one event came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// What is to be done now, in this order.
    pub commands: Vec<Command>,
    /// Why the event changed nothing: late, a duplicate, or senseless where things stand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignored: Option<String>,
}

/// Decides what runs when: no clock, no thread, no I/O of its own.
///
/// Given the same configuration and the same events at the same times, it gives the same commands.
///
/// ```
/// use orchestrator_scheduler::{Command, Config, Event, Plan, Scheduler};
///
/// let plan: Plan = serde_json::from_str(
///     r#"{ "tasks": [{ "id": "a", "title": "A", "prompt": "Do A.", "agent": "worker", "role": "worker" }] }"#,
/// )?;
/// let mut scheduler = Scheduler::new(Config::default())?;
/// scheduler.handle(0, Event::PlanSubmitted { plan })?;
/// let outcome = scheduler.handle(1, Event::Resumed {})?;
/// assert!(matches!(&outcome.commands[..], [Command::Start { task, .. }] if task == "a"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Scheduler {
    config: Config,
    /// Whether anything happened yet.
    began: bool,
    clock: Clock,
    updated_at: u64,
    random: Random,
    phase: Phase,
    mission: Mission,
    tasks: Tasks,
    leases: Leases,
    lanes: Lanes,
    parking: Parking,
    permits: Permits,
    limiter: Limiter,
    circuits: Circuits,
    ledger: Ledger,
    /// Whether the budget alone kept a turn from beginning, in the present round of dispatch.
    starved: bool,
    pressure: Pressure,
    /// Ready tasks whose models do not answer, by role and agent.
    held: BTreeMap<(Role, Name), VecDeque<TaskKey>>,
    /// Tasks between their first turn and their end.
    engaged: BTreeSet<TaskKey>,
    /// Those of them that wait for the commander.
    waiting: BTreeSet<TaskKey>,
    continuation: Continuation,
    lessons: Lessons,
    /// How long accepted tasks took.
    running_times: RunningTimes,
    /// Why checks failed lately.
    causes: Causes,
    /// Tasks whose next turn may begin, first come first served.
    retries: VecDeque<TaskKey>,
    reviews: VecDeque<Subject>,
    delegations: VecDeque<TaskKey>,
    /// Pauses before retries, by their end.
    timers: BTreeSet<(u64, Subject)>,
    /// The pace of the looks at the turns under way. Not part of what a replay restores.
    poller: Poller,
    /// The commands of the present event.
    out: Vec<Command>,
}

/// Why an event changes nothing.
#[derive(Debug)]
struct Ignored(String);

/// Why an event was not taken.
#[derive(Debug)]
enum Refusal {
    Ignored(Ignored),
    Invalid(Error),
}

impl From<Ignored> for Refusal {
    fn from(ignored: Ignored) -> Self {
        Self::Ignored(ignored)
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Invalid(error)
    }
}

impl Scheduler {
    /// A scheduler with nothing to do.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`].
    pub fn new(config: Config) -> Result<Self, Error> {
        config.validate()?;
        Ok(Self {
            began: false,
            clock: Clock::default(),
            updated_at: 0,
            random: Random::seeded(config.seed),
            phase: Phase::Planning,
            mission: Mission::default(),
            tasks: Tasks::new(config.attempts),
            leases: Leases::default(),
            lanes: Lanes::new(&config.lanes),
            parking: Parking::default(),
            permits: Permits::default(),
            limiter: Limiter::new(config.lanes.total()),
            circuits: Circuits::new(&config.models, config.seed),
            ledger: Ledger::new(config.budget),
            starved: false,
            pressure: Pressure::default(),
            held: BTreeMap::new(),
            engaged: BTreeSet::new(),
            waiting: BTreeSet::new(),
            continuation: Continuation::default(),
            lessons: Lessons::default(),
            running_times: RunningTimes::default(),
            causes: Causes::default(),
            retries: VecDeque::new(),
            reviews: VecDeque::new(),
            delegations: VecDeque::new(),
            timers: BTreeSet::new(),
            poller: Poller::default(),
            out: Vec::new(),
            config,
        })
    }

    /// Takes in one event that happened at `at_ms`. A time before the last one counts as no time passed.
    ///
    /// An event that is late, double or senseless is no error: [`Outcome::ignored`] says why, and nothing changes.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidPlan`], [`ErrorKind::UnknownTask`] and, for a budget, [`ErrorKind::InvalidConfig`] for bad
    /// input; [`ErrorKind::Journal`] for a journal of other rules. Nothing has changed then.
    pub fn handle(&mut self, at_ms: u64, event: Event) -> Result<Outcome, Error> {
        let now = self.clock.advance(at_ms);
        self.tasks.set_now(now);
        let limit = self.limiter.limit();
        let decides = event.is_journaled();
        let looks = matches!(event, Event::PollDue {});
        match self.apply(event) {
            Ok(()) => {}
            Err(Refusal::Invalid(error)) => return Err(error),
            Err(Refusal::Ignored(Ignored(reason))) => {
                return Ok(Outcome { commands: std::mem::take(&mut self.out), ignored: Some(reason) });
            }
        }
        if decides {
            self.began = true;
            self.updated_at = now;
            self.settle();
            self.dispatch();
            self.announce_limit(limit);
        }
        if !looks {
            self.pace();
        }
        Ok(Outcome { commands: std::mem::take(&mut self.out), ignored: None })
    }

    fn apply(&mut self, event: Event) -> Result<(), Refusal> {
        match event {
            Event::Opened { config, rules } => self.on_opened(config, rules)?,
            Event::PlanSubmitted { plan } => self.on_plan(plan)?,
            Event::Amended { revision, items } => self.on_amended(revision, items)?,
            Event::Delegated { task, continue_session } => self.on_delegated(task, continue_session)?,
            Event::Resumed {} => self.on_resumed()?,
            Event::Paused { reason } => self.on_paused(reason)?,
            Event::Interrupted {} => self.on_interrupted()?,
            Event::Cancelled { task: Some(id), reason } => self.on_task_cancelled(&id, &reason)?,
            Event::Cancelled { task: None, reason } => self.on_mission_cancelled(reason)?,
            Event::SessionStarted { lease, session } => self.on_session_started(lease, session)?,
            Event::Progress { lease } => self.on_progress(lease)?,
            Event::ClockStopped { lease } => self.on_clock(lease, true)?,
            Event::ClockStarted { lease } => self.on_clock(lease, false)?,
            Event::SessionIdle { lease, turn, text, fingerprint, refused } => {
                self.on_idle(lease, turn, Answered { text, fingerprint, refused })?;
            }
            Event::ToolRepeated { lease, turn, call, times } => {
                self.on_tool_repeated(lease, turn, &call, times)?;
            }
            Event::ProviderRetrying { lease, turn, message, next_ms } => {
                self.on_provider_retrying(lease, turn, message, next_ms)?;
            }
            Event::SessionError { lease, turn, kind, message, retry_after_ms } => {
                self.on_error(lease, turn, kind, message, retry_after_ms)?;
            }
            Event::TaskReported { lease, turn, status, summary, evidence, files } => {
                self.on_reported(lease, turn, Report { status, summary, evidence, files })?;
            }
            Event::Verified { task: Some(id), attempt, copy, passed, report, fingerprint } => {
                self.on_task_verified(&id, (attempt, copy), passed, report, fingerprint)?;
            }
            Event::Verified { task: None, attempt, passed, report, .. } => {
                self.on_mission_verified(attempt, passed, report)?;
            }
            Event::Reviewed { lease, turn, voided: true, .. } => self.on_voided(lease, turn)?,
            Event::Reviewed { lease, turn, verdict, findings, voided: false } => {
                self.on_reviewed(lease, turn, verdict, findings)?;
            }
            Event::ScopeRequested { lease, turn, files, reason } => {
                self.on_scope_requested(lease, turn, files, reason)?;
            }
            Event::ScopeDecided { task, granted, reason } => {
                self.on_scope_decided(&task, granted, reason)?;
            }
            Event::ScopeViolated { task, attempt, copy, files } => {
                self.on_scope_violated(&task, (attempt, copy), files)?;
            }
            Event::CommanderIdle { session, edge } => self.on_commander_idle(session, edge)?,
            Event::ContinueAccepted { edge } => self.on_continue_accepted(&edge)?,
            Event::ContinueFailed { edge, message } => self.on_continue_failed(&edge, &message)?,
            Event::UserSpoke {} => self.on_user_spoke()?,
            Event::Decided { task, decision, reason } => self.on_decided(&task, decision, reason)?,
            Event::Used { lease, usage } => self.on_used(lease, usage)?,
            Event::BudgetSet { budget } => self.on_budget_set(budget)?,
            Event::BudgetDue {} => self.on_budget_due()?,
            Event::ProbeDue { model } => self.on_probe_due(&model.map(Name::from))?,
            Event::PressureRose { percent } => self.on_pressure(PressureChange::Rose { percent })?,
            Event::PressureFell { percent } => self.on_pressure(PressureChange::Fell { percent })?,
            Event::Stalled { lease } => self.on_stalled(lease)?,
            Event::TimedOut { lease } => self.on_timed_out(lease)?,
            Event::Straggled { lease } => self.on_straggled(lease)?,
            Event::RetryDue { task } => self.on_retry_due(task.as_deref())?,
            Event::PollDue {} => self.on_poll_due()?,
        }
        Ok(())
    }

    fn on_opened(&mut self, config: Config, rules: u32) -> Result<(), Refusal> {
        if self.began {
            return Err(Ignored("the mission has its settings already".into()).into());
        }
        if rules != RULES {
            let message = format!("the mission was recorded by rules {rules}, and these are rules {RULES}");
            return Err(Error::new(ErrorKind::Journal, message).into());
        }
        let clock = self.clock.clone();
        *self = Self { clock, ..Self::new(config)? };
        Ok(())
    }

    /// Something was used.
    fn on_used(&mut self, lease: Option<LeaseId>, total: Usage) -> Result<(), Ignored> {
        if let Some(id) = lease.filter(|id| !self.leases.was_opened(*id)) {
            return Err(Ignored(format!("there is no {id}")));
        }
        let growth = match lease {
            Some(id) => self.leases.used(id, total),
            None => self.mission.used(total),
        };
        if growth == Usage::default() {
            return Err(Ignored("that use is counted already".into()));
        }
        let reservation = match lease {
            Some(id) => {
                self.leases.get_mut(id).and_then(|lease| Some(&mut lease.running.as_mut()?.reservation))
            }
            None => self.continuation.reservation_mut(),
        };
        self.ledger.used(reservation, growth);
        if let Some(id) = lease.filter(|_| growth.calls > 0) {
            self.answered_once(id);
        }
        if let Some(limit) = self.ledger.exhausted(self.clock.now()) {
            self.stop_for_budget(&limit.to_string());
        }
        Ok(())
    }

    fn on_budget_set(&mut self, budget: Budget) -> Result<(), Refusal> {
        let problems = budget.problems();
        if !problems.is_empty() {
            return Err(
                Error::with_problems(ErrorKind::InvalidConfig, "the budget is refused", problems).into()
            );
        }
        if budget == self.ledger.budget() {
            return Err(Ignored("the budget is the same".into()).into());
        }
        self.ledger.set_budget(budget);
        if let Some(limit) = self.ledger.exhausted(self.clock.now()) {
            self.stop_for_budget(&limit.to_string());
        }
        Ok(())
    }

    fn wants_review(&self, key: TaskKey) -> bool {
        match self.config.review {
            ReviewPolicy::Always => true,
            ReviewPolicy::Plan => self.tasks[key].spec.review,
            ReviewPolicy::Never => false,
        }
    }

    fn announce_limit(&mut self, before: u32) {
        let after = self.limiter.limit();
        if after != before {
            let message = format!("{after} sessions at once, {before} before");
            self.out.push(Command::Notify { kind: NoticeKind::LimitChanged, task: None, message });
        }
    }
}

/// What a journal needs besides events.
impl Scheduler {
    /// Lets time pass in which nothing happened, so that a clock that was set back moves no deadline by the jump.
    pub(crate) fn pass(&mut self, now_ms: u64) {
        self.clock.advance(now_ms);
    }

    /// The tasks that changed since this was last asked.
    pub(crate) fn take_changed(&mut self) -> Vec<TaskView> {
        self.tasks.take_changed()
    }

    /// Puts the signs of life back after a replay.
    pub(crate) fn restore_signs_of_life(&mut self, signs: &[(LeaseId, u64)]) {
        self.leases.restore_signs_of_life(signs);
    }
}

/// The beginning of a text, for reasons and notices.
fn excerpt(text: &str) -> String {
    const MOST: usize = 300;
    let text = text.trim();
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    text.chars().take(MOST).chain(['…']).collect()
}
