//! The phases of a mission, as a table.

use serde::{Deserialize, Serialize};

/// Where a mission is. The legal moves are in [`PHASE_MOVES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Tasks may be submitted; none runs before `resumed`.
    Planning,
    /// Tasks run.
    Running,
    /// Stopped by the user, or by an error that only the user can mend.
    Paused,
    /// Nothing can go on without the commander.
    Deciding,
    /// All tasks ended well; the mission's own checks run.
    Verifying,
    /// They passed; a reviewer looks at the whole.
    Sealing,
    /// Over. Never left.
    Done,
}

impl Phase {
    /// Whether [`PHASE_MOVES`] lists the move.
    #[must_use]
    pub fn may_become(self, to: Phase) -> bool {
        PHASE_MOVES.contains(&(self, to))
    }
}

/// Every legal move of a mission. Anything else is a bug in the scheduler, and panics.
pub const PHASE_MOVES: &[(Phase, Phase)] = {
    use Phase::{Deciding, Done, Paused, Planning, Running, Sealing, Verifying};
    &[
        (Planning, Running),
        (Planning, Done), // cancelled
        (Running, Paused),
        (Running, Deciding),  // nothing can go on
        (Running, Verifying), // every task accepted, or dropped on purpose
        (Running, Done),      // cancelled
        (Paused, Running),
        (Paused, Done), // cancelled
        (Deciding, Running),
        (Deciding, Done),     // nothing changed, or cancelled
        (Verifying, Running), // new tasks came
        (Verifying, Paused),
        (Verifying, Deciding), // the checks failed
        (Verifying, Sealing),  // the checks passed, or there are none
        (Verifying, Done),     // cancelled
        (Sealing, Running),    // new tasks came
        (Sealing, Paused),
        (Sealing, Deciding), // rejected, or no verdict
        (Sealing, Done),     // approved, no seal asked for, or cancelled
    ]
};
