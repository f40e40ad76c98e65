//! What can be seen of a mission: documents for the store, the panel and the commander.

use serde::{Deserialize, Serialize};

use crate::{
    breaker::BreakerState,
    budget::{Budget, Usage},
    command::MissionOutcome,
    event::Finding,
    lease::{Lane, LeaseId, Purpose},
    phase::Phase,
    pools::strings::Name,
    stagnation::Tried,
    task::{Priority, Role, TaskKind, TaskState, first, is_first},
};

/// What a verification said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// Whether all checks passed.
    pub passed: bool,
    /// What they printed.
    pub report: String,
}

/// Files that a worker asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScopeRequest {
    /// Globs.
    pub files: Vec<Name>,
    /// What for.
    pub reason: String,
}

/// A second attempt at a task, beside its first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecondView {
    /// Its lease.
    pub lease: LeaseId,
    /// Whether its checks run.
    pub checking: bool,
}

/// A continuation of the commander that left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContinuationView {
    /// The idle edge that it answers.
    pub edge: String,
    /// The commander's session.
    pub session: String,
    /// Whether the host was seen to take it in.
    pub accepted: bool,
}

/// One task as it stands. Times are milliseconds of the events' clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskView {
    /// Its name.
    pub id: Name,
    /// One line for people.
    pub title: String,
    /// Who does it.
    pub agent: Name,
    /// On which lanes.
    pub role: Role,
    /// Of the plan, or an errand.
    pub kind: TaskKind,
    /// Where it is.
    pub state: TaskState,
    /// Which goes first.
    pub priority: Priority,
    /// What must be accepted before.
    pub depends_on: Vec<Name>,
    /// Its scope: what was declared, and what it was given since.
    pub files: Vec<Name>,
    /// Whether the plan asks for a review.
    pub review: bool,
    /// The present try, or the last; 0 before the first.
    pub attempt: u32,
    /// How many tries it gets.
    pub attempts: u32,
    /// The work lease, while it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<LeaseId>,
    /// Which copy of the project it works in, 1 or 2: its second attempt has the other one.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub copy: u32,
    /// The attempt beside its first, while there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<SecondView>,
    /// The lane that it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<Lane>,
    /// The session of its work, also after its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// Why it is where it is: of a failure, a block, a retry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When its next turn is due, while it waits out a pause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<u64>,
    /// What its worker said at the end of the last turn; a delegation's result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// What its worker gave as evidence.
    pub evidence: Vec<String>,
    /// The files that its worker reported.
    pub files_reported: Vec<String>,
    /// The last verification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verification: Option<Verification>,
    /// The last review's findings.
    pub findings: Vec<Finding>,
    /// The attempts that failed, oldest first; of many the newest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tried: Vec<Tried>,
    /// What it waits for the commander to decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<String>,
    /// The files that it asks for, which others are at work on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope_request: Option<ScopeRequest>,
    /// The models that refused it, and are not asked again for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused_by: Vec<Name>,
    /// When its first turn began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<u64>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<u64>,
    /// When it last changed.
    pub updated_at: u64,
}

/// One engagement as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LeaseView {
    /// Its number.
    pub lease: LeaseId,
    /// What it is for.
    pub purpose: Purpose,
    /// For which task; `None` is the mission's seal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<Name>,
    /// On which lane; none while the mission is paused, so that delegations find one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<Lane>,
    /// The try of a work lease, the round of a review.
    pub attempt: u32,
    /// Prompts sent so far.
    pub turn: u32,
    /// Which of the task's copies of the project it works in: 1, or 2.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub copy: u32,
    /// The session, as soon as it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The model of its last prompt; none where the host chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Name>,
    /// What it has used since it was opened.
    pub used: Usage,
    /// Whether a turn is under way: it holds a permit, and its timers run.
    pub running: bool,
    /// Whether its timers stand still for a permission question.
    pub clock_stopped: bool,
}

/// How many tasks of the plan are in each state. Delegations are not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "each field is the state of its name")]
pub struct Counts {
    pub pending: u32,
    pub ready: u32,
    pub running: u32,
    pub verifying: u32,
    pub reviewing: u32,
    pub accepted: u32,
    pub failed: u32,
    pub cancelled: u32,
    pub blocked: u32,
}

/// A model whose circuit is not closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelView {
    /// Its name; none is the model that the host chooses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Name>,
    /// Open: it is not asked. Half-open: one turn tries it.
    pub state: BreakerState,
    /// When it is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<u64>,
}

/// The mission as a whole, without its tasks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MissionView {
    /// Where it is.
    pub phase: Phase,
    /// What it is to reach.
    pub goal: String,
    /// The commands of its own verification.
    pub verify: Vec<Name>,
    /// Grows with every change of the plan's tasks, their titles and their states. Documents of before it was counted
    /// have none.
    #[serde(default)]
    pub revision: u64,
    /// How many turns may run at once now.
    pub limit: u32,
    /// How many do.
    pub in_use: u32,
    /// The plan's tasks by state.
    pub counts: Counts,
    /// The most that the mission may use.
    pub budget: Budget,
    /// What it has used, as of `updated_at`.
    pub used: Usage,
    /// Of that, what was used outside of any lease.
    pub used_by_commander: Usage,
    /// What is reserved for the turns under way.
    pub reserved: Usage,
    /// The continuation of the commander whose turn is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continuation: Option<ContinuationView>,
    /// How many continuations in a row brought nothing so far.
    pub continued_in_vain: u32,
    /// The models that do not answer, or are being tried again.
    pub models: Vec<ModelView>,
    /// While memory is short: how much of it is used, in percent. Tasks of low priority wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_percent: Option<u8>,
    /// Why it is paused or waits for a decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<MissionOutcome>,
    /// Its last own verification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mission_verification: Option<Verification>,
    /// What the last seal found.
    pub seal_findings: Vec<Finding>,
    /// When it was first resumed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<u64>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<u64>,
    /// When anything last changed.
    pub updated_at: u64,
}

/// All of it. Two schedulers that were given the same events have equal snapshots.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// The mission; in JSON its fields are the snapshot's own.
    #[serde(flatten)]
    pub mission: MissionView,
    /// Every task, in the order in which they came.
    pub tasks: Vec<TaskView>,
    /// Every live lease, oldest first.
    pub leases: Vec<LeaseView>,
}
