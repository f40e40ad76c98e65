//! How tasks ended whose records are gone.

use super::QueueState;

/// The ends of the oldest tasks: done, but for the runs that are listed.
#[derive(Debug, Default)]
pub(super) struct Ended {
    /// Ascending, apart.
    bad: Vec<BadRun>,
}

/// Tasks with successive numbers that ended in the same way, and not well.
#[derive(Clone, Copy, Debug)]
struct BadRun {
    first: u32,
    last: u32,
    state: QueueState,
}

impl Ended {
    /// Adds a task that comes after all before.
    pub(super) fn push(&mut self, id: u32, state: QueueState) {
        match self.bad.last_mut() {
            _ if state == QueueState::Done => {}
            Some(run) if run.state == state && run.last + 1 == id => run.last = id,
            _ => self.bad.push(BadRun { first: id, last: id, state }),
        }
    }

    pub(super) fn state(&self, id: u32) -> QueueState {
        let after = self.bad.partition_point(|run| run.first <= id);
        let run = after.checked_sub(1).map(|at| self.bad[at]);
        run.filter(|run| id <= run.last).map_or(QueueState::Done, |run| run.state)
    }
}
