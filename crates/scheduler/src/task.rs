//! A task: what is asked ([`TaskSpec`]), and the table of states that it goes through ([`MOVES`]).

use serde::{Deserialize, Serialize};

use crate::{
    moves::{self, Move},
    pools::strings::{Name, Names},
};

/// Which lanes a task uses. Custom agents are mapped to one of these by the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Plans and explores.
    Planner,
    /// Changes the project.
    Worker,
    /// Judges what a worker did.
    Reviewer,
}

impl Role {
    /// Every role, in the order in which lanes are filled.
    pub const ALL: [Role; 3] = [Role::Planner, Role::Worker, Role::Reviewer];
}

/// Which of the ready tasks goes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Before anything else that is ready.
    High,
    /// The usual.
    #[default]
    Normal,
    /// Only when a lane finds nothing else.
    Low,
}

/// Where a task comes from, and with that how it ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// A task of the plan: verified, reviewed where asked for, part of the mission's success.
    #[default]
    Task,
    /// A one-off errand: accepted when its session goes idle, no part of the mission's success.
    Delegation,
}

/// One task as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TaskSpec {
    /// Name of the task within its mission: `^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`.
    pub id: Name,
    /// One line for people.
    pub title: String,
    /// What the agent is told; at most 1 MiB. Kept here so that a replay has everything.
    pub prompt: String,
    /// The agent that does it.
    pub agent: Name,
    /// The lanes that it uses.
    pub role: Role,
    /// Globs of the files that it may change, relative to the project. Tasks with overlapping scopes never run
    /// at once. Empty: the scope is unknown and overlaps nothing.
    #[serde(default)]
    pub files: Vec<Name>,
    /// Tasks that must be accepted first.
    #[serde(default)]
    pub depends_on: Vec<Name>,
    /// Commands that must pass before it is accepted.
    #[serde(default)]
    pub verify: Vec<Name>,
    /// Whether a reviewer looks at it under the policy `plan`.
    #[serde(default)]
    pub review: bool,
    /// Which of the ready tasks goes first.
    #[serde(default)]
    pub priority: Priority,
    /// Set by the event that brings the task; a plan holds only `task`.
    #[serde(default)]
    pub kind: TaskKind,
}

impl TaskSpec {
    /// Shares every name with those that `names` has: plans say the same agents, ids and commands again and again.
    pub(crate) fn share(&mut self, names: &mut Names) {
        let Self { id, agent, files, depends_on, verify, .. } = self;
        let lists = [files, depends_on, verify];
        for name in [id, agent].into_iter().chain(lists.into_iter().flatten()) {
            *name = names.adopt(name.clone());
        }
    }
}

/// The copy of the project that a task's attempt works in where nothing else is said.
pub(crate) fn first() -> u32 {
    1
}

/// Whether it is that.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
pub(crate) fn is_first(copy: &u32) -> bool {
    *copy == first()
}

/// Where a task is. The legal moves are in [`MOVES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// Waits for its dependencies.
    Pending,
    /// Could start, or waits for its next turn after a failed one.
    Ready,
    /// A session is at work on it.
    Running,
    /// Its session is quiet; the checks run.
    Verifying,
    /// The checks passed; a reviewer looks at it.
    Reviewing,
    /// Done and checked. Never left.
    Accepted,
    /// Out of attempts, or it needs a decision.
    Failed,
    /// Taken out by the user or the commander.
    Cancelled,
    /// A task that it depends on failed or was cancelled.
    Blocked,
}

impl TaskState {
    /// Every state, in the order of the declaration.
    pub const ALL: [TaskState; 9] = [
        TaskState::Pending,
        TaskState::Ready,
        TaskState::Running,
        TaskState::Verifying,
        TaskState::Reviewing,
        TaskState::Accepted,
        TaskState::Failed,
        TaskState::Cancelled,
        TaskState::Blocked,
    ];

    /// Whether the scheduler will do no more about the task by itself.
    #[must_use]
    pub fn is_end(self) -> bool {
        matches!(self, Self::Accepted | Self::Failed | Self::Cancelled | Self::Blocked)
    }

    /// Whether [`MOVES`] lists the move.
    #[must_use]
    pub fn may_become(self, to: TaskState) -> bool {
        moves::lists(MOVES, self, to)
    }
}

/// Every legal move of a task. Anything else is a bug in the scheduler, and panics.
pub const MOVES: &[Move<TaskState>] = {
    use TaskState::{Accepted, Blocked, Cancelled, Failed, Pending, Ready, Reviewing, Running, Verifying};
    &[
        Move::new(Pending, Ready, "all that it depends on is accepted"),
        Move::new(Pending, Blocked, "something that it depends on failed or was cancelled"),
        Move::new(Pending, Cancelled, "dropped"),
        Move::new(Ready, Running, "lane, permit, files, model and budget are there"),
        Move::new(Ready, Pending, "replaced before its next turn began"),
        Move::new(Ready, Cancelled, "dropped"),
        Move::new(Running, Verifying, "reported done, and its session is quiet"),
        Move::new(Running, Ready, "a retry is queued, or the mission was paused"),
        Move::new(Running, Failed, "out of attempts, or reported blocked"),
        Move::new(Running, Cancelled, "dropped"),
        Move::new(Running, Accepted, "an errand's session is quiet"),
        Move::new(Verifying, Reviewing, "the checks passed, and a review is asked for"),
        Move::new(Verifying, Accepted, "the checks passed"),
        Move::new(Verifying, Ready, "the checks failed, a retry is queued, or a second attempt goes on"),
        Move::new(Verifying, Failed, "the checks failed, and no attempt is left"),
        Move::new(Verifying, Cancelled, "dropped"),
        Move::new(Reviewing, Accepted, "approved"),
        Move::new(Reviewing, Ready, "rejected, a retry is queued"),
        Move::new(Reviewing, Failed, "rejected and no attempt is left, or no verdict came"),
        Move::new(Reviewing, Cancelled, "dropped"),
        Move::new(Blocked, Pending, "what blocked it was replaced"),
        Move::new(Blocked, Cancelled, "dropped"),
        Move::new(Failed, Pending, "replaced by a new plan, or tried again"),
        Move::new(Failed, Cancelled, "dropped, so that the mission may end without it"),
        Move::new(Cancelled, Pending, "replaced by a new plan, or tried again"),
    ]
};
