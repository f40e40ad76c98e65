//! The states of a task in a dependency queue, and how many are in each.

use std::fmt;

/// Where a task of a [`DependencyQueue`](crate::DependencyQueue) is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum QueueState {
    /// Something that it depends on is not done.
    Waiting = 0,
    /// It could run.
    Ready = 1,
    /// It was handed out.
    Running = 2,
    /// It was carried out.
    Done = 3,
    /// It was handed out, and failed.
    Failed = 4,
    /// Something that it depends on ended without being done.
    Blocked = 5,
    /// It was taken out.
    Cancelled = 6,
}

impl QueueState {
    /// Every state, in the order of their numbers.
    pub const ALL: [QueueState; 7] = [
        QueueState::Waiting,
        QueueState::Ready,
        QueueState::Running,
        QueueState::Done,
        QueueState::Failed,
        QueueState::Blocked,
        QueueState::Cancelled,
    ];

    /// Whether nothing follows it.
    #[must_use]
    pub fn is_end(self) -> bool {
        self as u8 >= QueueState::Done as u8
    }

    pub(super) fn is_bad_end(self) -> bool {
        self as u8 > QueueState::Done as u8
    }
}

impl fmt::Display for QueueState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            QueueState::Waiting => "waiting",
            QueueState::Ready => "ready",
            QueueState::Running => "running",
            QueueState::Done => "done",
            QueueState::Failed => "failed",
            QueueState::Blocked => "blocked",
            QueueState::Cancelled => "cancelled",
        })
    }
}

/// How many tasks are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueCounts([u32; 7]);

impl QueueCounts {
    /// How many are in a state.
    #[must_use]
    pub fn of(&self, state: QueueState) -> u32 {
        self.0[state as usize]
    }

    /// How many have not ended.
    #[must_use]
    pub fn open(&self) -> u32 {
        self.of(QueueState::Waiting) + self.of(QueueState::Ready) + self.of(QueueState::Running)
    }

    /// All of them, in the order of [`QueueState::ALL`].
    #[must_use]
    pub fn all(&self) -> [u32; 7] {
        self.0
    }

    pub(super) fn of_mut(&mut self, state: QueueState) -> &mut u32 {
        &mut self.0[state as usize]
    }

    pub(super) fn move_many(&mut self, from: QueueState, to: QueueState, count: usize) {
        let count = u32::try_from(count).expect("there are less than 2^32 tasks");
        *self.of_mut(from) -= count;
        *self.of_mut(to) += count;
    }
}
