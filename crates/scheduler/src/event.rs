//! Events: all that the scheduler is told.
//!
//! Leases are named by the commands that opened them. Where an event can quote the `turn` of the command that it
//! answers, it should: a late event of an earlier turn of the same session is then recognised and ignored.

use serde::{Deserialize, Serialize};

use crate::{
    budget::{Budget, Usage},
    config::Config,
    lease::LeaseId,
    plan::Plan,
    pools::strings::Name,
    stagnation::Fingerprint,
    task::{TaskSpec, first, is_first},
};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Event {
    /// The first record of every journal, written by [`Journaled`](crate::Journaled): a mission keeps the settings
    /// that it began with, and is replayed only by the rules that it was recorded with.
    Opened {
        /// The settings of the mission.
        config: Config,
        /// [`RULES`](crate::RULES) at that time.
        rules: u32,
    },
    /// Tasks are added, or replaced where they have not started or have ended unaccepted.
    PlanSubmitted {
        /// What is to be done.
        plan: Plan,
    },
    /// Changes to single tasks of the plan: all of them are taken, or none.
    Amended {
        /// The plan's revision that they were made for; `None`: any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        revision: Option<u64>,
        /// At most one a task.
        items: Vec<Amendment>,
    },
    /// A one-off task: runs as soon as a lane and a permit are free, whatever the mission's phase.
    Delegated {
        /// What is to be done; its `kind` is taken as `delegation`.
        task: TaskSpec,
        /// An earlier session to go on in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        continue_session: Option<String>,
    },
    /// Start the mission, or go on with it.
    Resumed {},
    /// Stop for now: sessions at work are aborted and their attempts do not count.
    Paused {
        /// Why, for people.
        reason: String,
    },
    /// The process that drove the mission died after the last event, and all its sessions fell silent with it. The
    /// mission pauses; turns that were cut off go on in their sessions when it is resumed, and their attempts do not
    /// count. Errands fail: whoever waited for them is gone.
    Interrupted {},
    /// Give up one task, or the whole mission.
    Cancelled {
        /// The task; `None` is the mission.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        task: Option<String>,
        /// Why, for people.
        reason: String,
    },
    /// A session was opened for a lease.
    SessionStarted {
        /// For which engagement.
        lease: LeaseId,
        /// The session's id.
        session: String,
    },
    /// A sign of life. Never journaled.
    Progress {
        /// Of which engagement.
        lease: LeaseId,
    },
    /// A permission question is open: neither the stall nor the turn timer runs.
    ClockStopped {
        /// Of which engagement.
        lease: LeaseId,
    },
    /// The question is answered.
    ClockStarted {
        /// Of which engagement.
        lease: LeaseId,
    },
    /// The session is confirmed idle and its last message is complete.
    SessionIdle {
        /// Of which engagement.
        lease: LeaseId,
        /// The turn that ended, as its command named it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        turn: Option<u32>,
        /// The last message.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
        /// What the turn left behind.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fingerprint: Option<Fingerprint>,
        /// Permissions that were refused during the turn, for people: hosts end a turn by that.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        refused: Vec<String>,
    },
    /// Within one turn, a tool was called again and again with the same arguments, and nothing else between.
    ToolRepeated {
        /// Of which engagement.
        lease: LeaseId,
        /// The turn, as its command named it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        turn: Option<u32>,
        /// The tool and its arguments, for people.
        call: String,
        /// How often in a row; fewer than three are ignored.
        times: u32,
    },
    /// The host repeats a request by itself, because the provider pushed back. No sign of life: a turn that does nothing
    /// else for `stall_timeout_ms` is stopped, and goes on later or with the next model.
    ProviderRetrying {
        /// Of which engagement.
        lease: LeaseId,
        /// The turn, as its command named it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        turn: Option<u32>,
        /// What the provider said.
        message: String,
        /// How long the host waits before it asks again, in milliseconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next_ms: Option<u64>,
    },
    /// The session's turn ended with an error, or the session could not be opened.
    SessionError {
        /// Of which engagement.
        lease: LeaseId,
        /// The turn that ended, as its command named it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        turn: Option<u32>,
        /// What kind of error.
        kind: SessionErrorKind,
        /// What the provider or the host said.
        message: String,
        /// How long the provider asked to wait, in milliseconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after_ms: Option<u64>,
    },
    /// A worker called `report_task`. The last report of a turn counts.
    TaskReported {
        /// Of which engagement.
        lease: LeaseId,
        /// The turn, as its command named it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        turn: Option<u32>,
        /// What the worker says about it.
        status: ReportStatus,
        /// In its words.
        summary: String,
        /// What shows it.
        #[serde(default)]
        evidence: Vec<String>,
        /// Files that it says it changed.
        #[serde(default)]
        files: Vec<String>,
    },
    /// The checks of a task, or of the mission, have run.
    Verified {
        /// The task; `None` is the mission.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        task: Option<String>,
        /// As the command named it; another attempt than the current one is ignored.
        attempt: u32,
        /// As the command named it.
        #[serde(default = "first", skip_serializing_if = "is_first")]
        copy: u32,
        /// Whether all checks passed.
        passed: bool,
        /// What they printed.
        report: String,
        /// What the turn before them left behind, and with which error they failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fingerprint: Option<Fingerprint>,
    },
    /// A reviewer called `review_task`.
    Reviewed {
        /// Of which engagement.
        lease: LeaseId,
        /// The turn, as its command named it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        turn: Option<u32>,
        /// Yes or no.
        verdict: Verdict,
        /// What was found.
        #[serde(default)]
        findings: Vec<Finding>,
        /// Whether files changed while the reviewer looked: then the verdict does not count, and is asked for again in a
        /// new session.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        voided: bool,
    },
    /// The commander, or the user, answered what a task waits for.
    Decided {
        /// The task.
        task: String,
        /// What is to become of it.
        decision: Decision,
        /// Why, for the worker and for people.
        reason: String,
    },
    /// A worker called `request_scope`.
    ScopeRequested {
        /// Of which engagement.
        lease: LeaseId,
        /// The turn, as its command named it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        turn: Option<u32>,
        /// Globs of the files that it needs besides its own.
        files: Vec<Name>,
        /// What for.
        reason: String,
    },
    /// The commander, or the user, decided about a request for files that others are at work on.
    ScopeDecided {
        /// The task that asked.
        task: String,
        /// Whether it gets them; ignored as long as the others are at work.
        granted: bool,
        /// Why, for the worker.
        reason: String,
    },
    /// The checks of a task found changes outside of its scope. Comes in the place of `verified`.
    ScopeViolated {
        /// The task.
        task: String,
        /// As the command named it; another attempt than the current one is ignored.
        attempt: u32,
        /// As the command named it.
        #[serde(default = "first", skip_serializing_if = "is_first")]
        copy: u32,
        /// The files outside.
        files: Vec<String>,
    },
    /// The commander's session is confirmed idle.
    CommanderIdle {
        /// The session.
        session: String,
        /// Names this fall into silence: the same one told twice counts once.
        edge: String,
    },
    /// The host was seen to take in the prompt of a `continue`.
    ContinueAccepted {
        /// Of which edge.
        edge: String,
    },
    /// The prompt of a `continue` could not be sent, or was not seen to be taken in.
    ContinueFailed {
        /// Of which edge.
        edge: String,
        /// Why.
        message: String,
    },
    /// The user typed something to the commander: that goes before anything queued.
    UserSpoke {},
    /// What was used so far: by a lease, since it was opened, or outside of any. A total, so that an event that comes
    /// twice or late counts nothing twice. Its `runningMs` and `children` are the scheduler's own to count.
    Used {
        /// By which engagement, alive or not; `None` is the commander.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lease: Option<LeaseId>,
        /// The running total.
        usage: Usage,
    },
    /// Other limits from now on. Raised above what is used, they let a mission go on that was stopped by them: it
    /// still waits for `resumed`.
    BudgetSet {
        /// The new limits.
        budget: Budget,
    },
    /// Memory is short: tasks of low priority wait. Made by [`Scheduler::measured`](crate::Scheduler::measured).
    PressureRose {
        /// Of the memory that may be used, how much is.
        percent: u8,
    },
    /// Memory is no longer short. Made by [`Scheduler::measured`](crate::Scheduler::measured).
    PressureFell {
        /// Of the memory that may be used, how much is.
        percent: u8,
    },
    /// The running time of the budget is used up. Made by [`Scheduler::due`](crate::Scheduler::due).
    BudgetDue {},
    /// The pause of a model that did not answer is over. Made by [`Scheduler::due`](crate::Scheduler::due).
    ProbeDue {
        /// The model; `None` is the one that the host chooses.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        model: Option<String>,
    },
    /// No sign of life for too long. Made by [`Scheduler::due`](crate::Scheduler::due).
    Stalled {
        /// Of which engagement.
        lease: LeaseId,
    },
    /// The turn lasted too long. Made by [`Scheduler::due`](crate::Scheduler::due).
    TimedOut {
        /// Of which engagement.
        lease: LeaseId,
    },
    /// The turn takes much longer than those of accepted peers. Made by [`Scheduler::due`](crate::Scheduler::due), where a
    /// second attempt can begin.
    Straggled {
        /// Of which engagement.
        lease: LeaseId,
    },
    /// The pause before a retry is over. Made by [`Scheduler::due`](crate::Scheduler::due).
    RetryDue {
        /// The task; `None` is the mission's seal.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        task: Option<String>,
    },
    /// It is time to look at the host's own record of the turns under way. Made by
    /// [`Scheduler::due`](crate::Scheduler::due). Never journaled.
    PollDue {},
}

/// How hard an event has to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Durability {
    /// May be lost with the power: it can be asked for again.
    Normal,
    /// On the disk before its commands leave.
    Full,
}

impl Event {
    /// How hard the event has to be kept, if it is journaled at all.
    #[must_use]
    pub fn durability(&self) -> Durability {
        match self {
            Event::ClockStopped { .. }
            | Event::ClockStarted { .. }
            | Event::SessionStarted { .. }
            | Event::Used { .. }
            | Event::PressureRose { .. }
            | Event::PressureFell { .. }
            | Event::ProbeDue { .. }
            | Event::Progress { .. }
            | Event::PollDue {} => Durability::Normal,
            _ => Durability::Full,
        }
    }

    /// Whether the event decides anything: signs of life and looks do not, and are not journaled.
    #[must_use]
    pub fn is_journaled(&self) -> bool {
        !matches!(self, Event::Progress { .. } | Event::PollDue {})
    }
}

/// What is to change about one task of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Amendment {
    /// The task.
    pub id: String,
    /// What becomes of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<AmendedStatus>,
    /// Its new title; only while no turn of it has begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// The states that people and agents may put a task in. `accepted` is none of them: that takes its checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AmendedStatus {
    /// Try a failed or cancelled task again, as it was planned, with all its attempts.
    Pending,
    /// Drop it.
    Cancelled,
}

/// What a worker says about its task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportStatus {
    /// Done; to be checked.
    Done,
    /// It needs a decision; trying again would not help.
    Blocked,
    /// It did not work out; another attempt may.
    Failed,
}

/// What a reviewer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Approve,
    /// Not yet: see the findings.
    Reject,
}

/// What becomes of a task that waits for the commander.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It is good as it is.
    Accept,
    /// The worker tries once more, and is told why. The attempt does not count.
    Retry,
    /// It fails.
    Fail,
}

/// One thing that a reviewer found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Finding {
    /// In which file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// At which line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// How bad, in the reviewer's word.
    pub severity: String,
    /// What.
    pub message: String,
}

/// What kind of error ended a session's turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionErrorKind {
    /// The provider said: too many requests.
    RateLimit,
    /// The provider said: not now.
    Overloaded,
    /// No answer in time.
    Timeout,
    /// The context does not fit the model.
    ContextOverflow,
    /// The credentials were refused.
    Auth,
    /// The account has nothing left.
    Quota,
    /// The model refused.
    Refusal,
    /// The model called a tool in a form that could not be read.
    BadToolCall,
    /// The host does not have the session any more.
    Gone,
    /// The turn was aborted; where the scheduler asked for it, the event is ignored.
    Aborted,
    /// Anything else.
    Unknown,
}
