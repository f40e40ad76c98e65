//! The phases of a mission, as a table.

use serde::{Deserialize, Serialize};

use crate::moves::{self, Move};

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
        moves::lists(PHASE_MOVES, self, to)
    }
}

/// Every legal move of a mission. Anything else is a bug in the scheduler, and panics.
pub const PHASE_MOVES: &[Move<Phase>] = {
    use Phase::{Deciding, Done, Paused, Planning, Running, Sealing, Verifying};
    &[
        Move::new(Planning, Running, "resumed, with a plan"),
        Move::new(Planning, Paused, "interrupted, or continued in vain"),
        Move::new(Planning, Done, "cancelled"),
        Move::new(Running, Paused, "interrupted, or only the user can mend it"),
        Move::new(Running, Deciding, "nothing can go on, or tasks fail of one cause"),
        Move::new(Running, Verifying, "every task is accepted, or dropped on purpose"),
        Move::new(Running, Done, "cancelled"),
        Move::new(Paused, Running, "resumed"),
        Move::new(Paused, Done, "cancelled"),
        Move::new(Deciding, Running, "resumed, with something to do"),
        Move::new(Deciding, Paused, "interrupted, or continued in vain"),
        Move::new(Deciding, Done, "resumed with nothing new, or cancelled"),
        Move::new(Verifying, Running, "new tasks came"),
        Move::new(Verifying, Paused, "interrupted"),
        Move::new(Verifying, Deciding, "the mission's checks failed"),
        Move::new(Verifying, Sealing, "the mission's checks passed, or there are none"),
        Move::new(Verifying, Done, "cancelled"),
        Move::new(Sealing, Running, "new tasks came"),
        Move::new(Sealing, Paused, "interrupted"),
        Move::new(Sealing, Deciding, "rejected, or no verdict"),
        Move::new(Sealing, Done, "approved, no seal asked for, or cancelled"),
    ]
};
