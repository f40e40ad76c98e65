//! Commands: all that the scheduler asks for.
//!
//! `turn` counts the prompts that a lease has sent, from 1; the events that answer can quote it.

use serde::{Deserialize, Serialize};

use crate::{
    event::Finding,
    lease::{Lane, LeaseId},
    lessons::Lesson,
    pools::strings::Name,
    stagnation::{Sign, Tried},
    task::{first, is_first},
};

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Command {
    /// Open a session, or go on in `session`, and send the task's prompt.
    Start {
        /// The new engagement.
        lease: LeaseId,
        /// The task.
        task: Name,
        /// Its lane.
        lane: Lane,
        /// The try, from 1.
        attempt: u32,
        /// The lease's prompt, from 1.
        turn: u32,
        /// The agent.
        agent: Name,
        /// The model to ask, `provider/model`; `None` leaves it to the host.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        model: Option<Name>,
        /// An earlier session to go on in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<String>,
        /// What a new session has to know of those before it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<PromptReason>,
        /// What failed elsewhere in the mission and what mended it, the nearest to the task's files first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        lessons: Vec<Lesson>,
        /// Which of the task's copies of the project it works in: 1, or 2. A second attempt has the other one.
        #[serde(default = "first", skip_serializing_if = "is_first")]
        copy: u32,
    },
    /// Send the next prompt to the same session.
    Prompt {
        /// The engagement.
        lease: LeaseId,
        /// The task.
        task: Name,
        /// Its lane.
        lane: Lane,
        /// The try, from 1.
        attempt: u32,
        /// The lease's prompt, from 1.
        turn: u32,
        /// The model to ask, `provider/model`; `None` leaves it to the host.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        model: Option<Name>,
        /// The session.
        session: String,
        /// Why the session is asked again.
        reason: PromptReason,
    },
    /// Have the host compact the session's context. It is a turn like any other: it is answered by `session_idle` or
    /// `session_error`.
    Compact {
        /// The engagement.
        lease: LeaseId,
        /// The task.
        task: Name,
        /// Its lane.
        lane: Lane,
        /// The try, from 1.
        attempt: u32,
        /// The lease's prompt, from 1.
        turn: u32,
        /// The model to ask, `provider/model`; `None` leaves it to the host.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        model: Option<Name>,
        /// The session.
        session: String,
    },
    /// Stop that session's turn.
    Abort {
        /// The engagement; it may have ended by this.
        lease: LeaseId,
        /// The session.
        session: String,
    },
    /// Look at the host's own record of that session: if its turn has ended and no event said so, report it as if one
    /// had. It may be left undone: the next look comes by itself.
    Poll {
        /// The engagement.
        lease: LeaseId,
        /// The session.
        session: String,
    },
    /// Run the checks.
    Verify {
        /// The task; `None` is the mission.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        task: Option<Name>,
        /// To be quoted by the result.
        attempt: u32,
        /// Which of the task's copies of the project is checked: 1, or 2. To be quoted by the result.
        #[serde(default = "first", skip_serializing_if = "is_first")]
        copy: u32,
        /// The commands that must pass.
        commands: Vec<Name>,
        /// The files that the worker reported.
        files: Vec<String>,
        /// Whether a reviewer looks at it once the checks pass; if not, they are the last word.
        review_follows: bool,
    },
    /// Open a reviewer's session and ask for a verdict.
    Review {
        /// The new engagement.
        lease: LeaseId,
        /// The task; `None` is the mission's seal.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        task: Option<Name>,
        /// The reviewer's lane.
        lane: Lane,
        /// The round, from 1.
        attempt: u32,
        /// The lease's prompt, from 1.
        turn: u32,
        /// The model to ask, `provider/model`; `None` leaves it to the host.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        model: Option<Name>,
    },
    /// The reviewer went idle without a verdict: ask again in the same session.
    ReviewPrompt {
        /// The engagement.
        lease: LeaseId,
        /// The task; `None` is the mission's seal.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        task: Option<Name>,
        /// The reviewer's lane.
        lane: Lane,
        /// The session.
        session: String,
        /// The round, from 1.
        attempt: u32,
        /// The lease's prompt, from 1.
        turn: u32,
        /// The model to ask, `provider/model`; `None` leaves it to the host.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        model: Option<Name>,
    },
    /// The answer to `scope_requested`, or to what the commander decided about it.
    ScopeAnswered {
        /// The engagement that asked.
        lease: LeaseId,
        /// Whether the task may change these files from now on.
        granted: bool,
        /// Which.
        files: Vec<Name>,
        /// Why.
        reason: String,
    },
    /// Prompt the commander, with its own agent and model, if its session is still idle and the user has not spoken;
    /// then say `continue_accepted` or `continue_failed`.
    Continue {
        /// The idle edge: at most one prompt for each.
        edge: String,
        /// The commander's session.
        session: String,
        /// What there is to go on with.
        reason: String,
    },
    /// For people: a next turn was queued.
    Retry {
        /// The task; `None` is the mission's seal.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        task: Option<Name>,
        /// The try, or the round of a review, that comes.
        attempt: u32,
        /// Not before this time, in milliseconds.
        at_ms: u64,
        /// Why.
        reason: String,
    },
    /// For people, and for the commander where it says `needs_decision`.
    Notify {
        /// What kind of news.
        kind: NoticeKind,
        /// About which task.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        task: Option<Name>,
        /// The news.
        message: String,
    },
    /// The mission ended.
    Finish {
        /// How.
        outcome: MissionOutcome,
        /// In words.
        message: String,
    },
}

/// Why a session is prompted again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum PromptReason {
    /// The turn ended without a report.
    NotReported {
        /// The last message of that turn.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    /// The checks failed.
    VerificationFailed {
        /// What they printed.
        report: String,
    },
    /// The reviewer said no.
    ReviewRejected {
        /// What was found.
        findings: Vec<Finding>,
    },
    /// The worker said that it did not work out.
    ReportedFailed {
        /// In its words.
        summary: String,
    },
    /// The turn was cut off: the process that it ran in ended.
    Interrupted {},
    /// The task goes round in circles: look at what was tried, and name a different strategy before anything else. If
    /// it goes on so, the task fails.
    Stagnating {
        /// By what it is seen.
        sign: Sign,
        /// What was tried, oldest first.
        tried: Vec<Tried>,
        /// Why the last turn was not enough, where its session goes on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        because: Option<Box<PromptReason>>,
    },
    /// Files outside of the task's scope were changed: undo that, or ask for them.
    OutOfScope {
        /// Which.
        files: Vec<String>,
    },
    /// The context was full, and has been compacted: go on.
    Compacted {},
    /// The turn ended by a permission that was refused: go on without it.
    Refused {
        /// What was refused, for people.
        what: Vec<String>,
    },
    /// The commander decided that it be tried once more.
    Decided {
        /// Why.
        reason: String,
        /// What the reviewer found.
        findings: Vec<Finding>,
    },
    /// The turn was cut short by the provider.
    SessionError {
        /// What was said.
        message: String,
    },
}

/// What kind of news a [`Command::Notify`] brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// A task was accepted.
    TaskAccepted,
    /// A task failed for good.
    TaskFailed,
    /// A task waits for one that failed or was cancelled.
    TaskBlocked,
    /// The mission waits for the commander.
    NeedsDecision,
    /// More, or fewer, sessions may run at once.
    LimitChanged,
    /// A model failed again and again, and is not asked for a while.
    ModelPaused,
    /// It answers again.
    ModelResumed,
    /// A second attempt at a task began beside its first, took its place, or is over.
    SecondAttempt,
    /// Memory is short, or no longer: tasks of low priority wait, or do not.
    MemoryPressure,
}

/// How a mission ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissionOutcome {
    /// Every task accepted or dropped on purpose, verified, and sealed where asked for.
    Accepted,
    /// Nothing more can be done.
    Failed,
    /// Given up by the user or the commander.
    Cancelled,
}
