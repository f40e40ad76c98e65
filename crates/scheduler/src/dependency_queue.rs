//! A priority queue of tasks that depend on each other, for callers that carry tasks out themselves.

mod ended;
mod state;
#[cfg(test)]
mod tests;

use self::ended::Ended;
pub use self::state::{QueueCounts, QueueState};
use crate::{
    csr::{Csr, CsrBuf},
    error::{Error, ErrorKind, Problem},
    graph::{Batch, Dag},
    ready::ReadyQueue,
};

/// Tasks whose records are kept although they have ended: fewer are not worth moving the rest.
const KEPT: usize = if cfg!(test) { 4 } else { 4_096 };

/// Most tasks in one batch: a mere number must not take all memory.
const MAX_BATCH: u32 = 1 << 24;

/// Tasks that depend on each other, by number, handed out in the order in which they should run: only when all that
/// a task depends on is done; by priority; within a priority by the length of the way to an end (the critical path),
/// then in the order in which they became ready.
///
/// It is Python's `graphlib.TopologicalSorter` with priorities and failures, and open at the end: tasks are added at
/// any time. Everything goes in and out in batches of numbers, so that a caller on the other side of a border pays
/// for one crossing a batch. What a task *is* only the caller knows.
///
/// | state | moves to |
/// |---|---|
/// | waiting | ready, when the last thing that it depends on is done; blocked, when one of them ends badly; cancelled |
/// | ready | running, by [`take`](Self::take); cancelled |
/// | running | done, by [`done`](Self::done); failed, by [`failed`](Self::failed); cancelled |
/// | done, failed, blocked, cancelled | |
///
/// Memory is bounded by the tasks between the oldest that has not ended and the newest, and a few bytes for each run
/// of tasks that ended badly; every call is amortised O(1) a task and dependency, O(log n) where the heights of what
/// is ready differ, plus what really changes in heights.
///
/// ```
/// use orchestrator_scheduler::DependencyQueue;
///
/// let mut queue = DependencyQueue::new();
/// // Tasks 0 to 3; 1 and 2 depend on 0, and 3 on both.
/// queue.add(4, &[], &[0, 0, 1, 2, 4], &[0, 0, 1, 2])?;
/// let mut room = [0; 8];
/// let taken = queue.take(&mut room);
/// assert_eq!(room[..taken], [0]);
/// queue.done(&[0])?;
/// let taken = queue.take(&mut room);
/// assert_eq!(room[..taken], [1, 2]);
/// # Ok::<(), orchestrator_scheduler::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct DependencyQueue {
    dag: Dag,
    /// The state of every task that is still here, and its priority.
    marks: Vec<Mark>,
    ready: [ReadyQueue; 3],
    counts: QueueCounts,
    ended: Ended,
    /// How many of the first marks are known to be of tasks that have ended.
    ended_first: usize,
}

/// A task's state, with its priority (0 to 2) in the two bits above.
#[derive(Clone, Copy, Debug)]
struct Mark(u8);

impl Mark {
    fn new(state: QueueState, priority: u8) -> Self {
        Self(state as u8 | priority << 3)
    }

    fn state(self) -> QueueState {
        QueueState::ALL[usize::from(self.0 & 7)]
    }

    fn priority(self) -> usize {
        usize::from(self.0 >> 3)
    }

    fn set(&mut self, state: QueueState) {
        self.0 = self.0 & !7 | state as u8;
    }
}

impl DependencyQueue {
    /// A queue without tasks.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `count` tasks and gives the number of the first; the others follow it. Numbers begin at 0 and are not used
    /// again.
    ///
    /// Task `i` of the batch has `priorities[i]` (0 high, 1 normal, 2 low; an empty list makes all normal), and depends
    /// on `dependencies[offsets[i]..offsets[i + 1]]`: on older tasks by their number, on others of the batch by the
    /// number that they get. With an empty list of offsets none depends on anything. A dependency that is done is met at
    /// once; on one that ended otherwise the task is blocked at once, and so is what depends on it.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidPlan`] with every problem, by the path of the item (`dependencies[3]`), and nothing is added:
    /// more than 2^24 tasks, a priority above 2, lists of the wrong length, offsets that don't ascend, an unknown task, one that depends on
    /// itself, a cycle.
    pub fn add(
        &mut self,
        count: u32,
        priorities: &[u8],
        offsets: &[u32],
        dependencies: &[u32],
    ) -> Result<u32, Error> {
        if count > MAX_BATCH {
            let message = format!("is {count}; a batch has at most {MAX_BATCH} tasks: add them in parts");
            return Err(refused(vec![Problem::new("count", message)]));
        }
        check_priorities(count, priorities)?;
        let none;
        let edges = if offsets.is_empty() && dependencies.is_empty() {
            none = (0..count).map(|_| []).collect::<CsrBuf>();
            none.as_csr()
        } else {
            Csr::new(offsets, dependencies)?
        };
        if edges.rows() != count as usize {
            let message = format!("has {} entries; {count} tasks need {count} + 1", offsets.len());
            return Err(refused(vec![Problem::new("offsets", message)]));
        }
        self.forget_ended();
        let batch = Batch::new(self.dag.end(), self.dag.edges(), edges)?;
        let Self { dag, marks, ready, .. } = self;
        let first = dag.first();
        dag.extend(&batch, |id, height| {
            let mark = marks[(id - first) as usize];
            if mark.state() == QueueState::Ready {
                ready[mark.priority()].raise(id.into(), height);
            }
        });
        let normal = |at: usize| priorities.get(at).copied().unwrap_or(1);
        self.marks.extend((0..batch.len()).map(|at| Mark::new(QueueState::Waiting, normal(at))));
        *self.counts.of_mut(QueueState::Waiting) += count;
        self.block_behind_ended(&batch);
        for id in batch.base..self.dag.end() {
            if self.dag.is_free(id) && self.mark(id).state() == QueueState::Waiting {
                self.make_ready(id);
            }
        }
        Ok(batch.base)
    }

    /// Hands out tasks to run, the first that should run first, as many as there is room for; gives how many. They are
    /// running from then on.
    pub fn take(&mut self, into: &mut [u32]) -> usize {
        let mut taken = 0;
        let Self { dag, marks, ready, .. } = self;
        let first = dag.first();
        'classes: for queue in ready {
            while taken < into.len() {
                let Some(id) = queue.pop(|id| dag.height(small(id))) else { continue 'classes };
                let id = small(id);
                marks[(id - first) as usize].set(QueueState::Running);
                into[taken] = id;
                taken += 1;
            }
        }
        self.counts.move_many(QueueState::Ready, QueueState::Running, taken);
        taken
    }

    /// Says that running tasks are done: what depends on them waits for one less.
    ///
    /// # Errors
    /// [`ErrorKind::WrongState`] when one of them is not running, or is listed twice, with its number and state;
    /// [`ErrorKind::UnknownTask`]. Nothing is changed then.
    pub fn done(&mut self, ids: &[u32]) -> Result<(), Error> {
        self.end_running(ids, QueueState::Done)?;
        for id in ids {
            let Self { dag, marks, ready, counts, .. } = self;
            let first = dag.first();
            dag.meet(*id, |free, height| {
                let mark = &mut marks[(free - first) as usize];
                mark.set(QueueState::Ready);
                counts.move_many(QueueState::Waiting, QueueState::Ready, 1);
                ready[mark.priority()].push(free.into(), height);
            });
        }
        Ok(())
    }

    /// [`done`](Self::done) with the first `done` entries of `batch`, then [`take`](Self::take) into `batch`, of at most
    /// `most` tasks: one call a turn.
    ///
    /// # Errors
    /// As [`done`](Self::done); nothing is handed out then.
    ///
    /// # Panics
    /// When `done` or `most` is greater than the batch.
    pub fn advance(&mut self, batch: &mut [u32], done: usize, most: usize) -> Result<usize, Error> {
        self.done(&batch[..done])?;
        Ok(self.take(&mut batch[..most]))
    }

    /// Says that running tasks failed; gives the tasks that are blocked by it now, because they depend on one of them,
    /// directly or not.
    ///
    /// # Errors
    /// As [`done`](Self::done).
    pub fn failed(&mut self, ids: &[u32]) -> Result<Vec<u32>, Error> {
        self.end_running(ids, QueueState::Failed)?;
        Ok(self.block_behind(ids))
    }

    /// Takes tasks out that have not ended, running ones included; those that have ended stay as they are. Gives the
    /// tasks that are blocked by it now.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownTask`], and nothing is changed.
    pub fn cancel(&mut self, ids: &[u32]) -> Result<Vec<u32>, Error> {
        if let Some(unknown) = ids.iter().find(|id| **id >= self.dag.end()) {
            return Err(self.unknown(*unknown));
        }
        let mut cancelled = Vec::with_capacity(ids.len());
        for id in ids {
            let Some(at) = id.checked_sub(self.dag.first()) else { continue };
            let mark = &mut self.marks[at as usize];
            let state = mark.state();
            if !state.is_end() {
                if state == QueueState::Ready {
                    self.ready[mark.priority()].remove((*id).into());
                }
                mark.set(QueueState::Cancelled);
                self.counts.move_many(state, QueueState::Cancelled, 1);
                cancelled.push(*id);
            }
        }
        Ok(self.block_behind(&cancelled))
    }

    /// How many tasks are in each state.
    #[must_use]
    pub fn counts(&self) -> &QueueCounts {
        &self.counts
    }

    /// How many tasks were added: the number that the next one gets.
    #[must_use]
    pub fn added(&self) -> u32 {
        self.dag.end()
    }

    /// The state of a task; `None` for a number that none has.
    #[must_use]
    pub fn state(&self, id: u32) -> Option<QueueState> {
        if id >= self.dag.end() {
            return None;
        }
        Some(match id.checked_sub(self.dag.first()) {
            Some(at) => self.marks[at as usize].state(),
            None => self.ended.state(id),
        })
    }

    /// Tasks on the longest way from a task to an end, itself included, of those that still can run; 0 for one that has
    /// ended. `None` for a number that no task has.
    #[must_use]
    pub fn height(&self, id: u32) -> Option<u32> {
        (id < self.dag.end()).then(|| self.dag.height(id))
    }

    /// Moves running tasks to an end, all or none.
    fn end_running(&mut self, ids: &[u32], end: QueueState) -> Result<(), Error> {
        for (at, id) in ids.iter().enumerate() {
            let state = self.state(*id);
            if state == Some(QueueState::Running) {
                self.mark_mut(*id).set(end);
                continue;
            }
            let error = match state {
                None => self.unknown(*id),
                Some(_) if ids[..at].contains(id) => {
                    Error::new(ErrorKind::WrongState, format!("task {id} is listed twice"))
                }
                Some(state) => Error::new(
                    ErrorKind::WrongState,
                    format!("task {id} is {state}, and only a running task can become {end}"),
                ),
            };
            for id in &ids[..at] {
                self.mark_mut(*id).set(QueueState::Running);
            }
            return Err(error);
        }
        self.counts.move_many(QueueState::Running, end, ids.len());
        Ok(())
    }

    /// Takes tasks that ended badly, and all that waits for them, out of the graph; gives the latter.
    fn block_behind(&mut self, ids: &[u32]) -> Vec<u32> {
        let mut gone = ids.to_vec();
        let mut next = 0;
        while let Some(id) = gone.get(next).copied() {
            next += 1;
            let Self { dag, marks, counts, .. } = self;
            for dependant in dag.dependants(id) {
                let mark = &mut marks[(dependant - dag.first()) as usize];
                if mark.state() == QueueState::Waiting {
                    mark.set(QueueState::Blocked);
                    counts.move_many(QueueState::Waiting, QueueState::Blocked, 1);
                    gone.push(dependant);
                }
            }
        }
        self.dag.leave(&gone);
        gone.split_off(ids.len())
    }

    /// Blocks the new tasks that depend on something that ended badly.
    fn block_behind_ended(&mut self, batch: &Batch<'_>) {
        let ended_badly = |id: u32| self.state(id).is_some_and(QueueState::is_bad_end);
        let blocked: Vec<u32> = (batch.base..)
            .zip(0..batch.len())
            .filter(|(_, row)| {
                batch.dependencies.row(*row).iter().any(|on| *on < batch.base && ended_badly(*on))
            })
            .map(|(id, _)| id)
            .collect();
        for id in &blocked {
            self.mark_mut(*id).set(QueueState::Blocked);
        }
        self.counts.move_many(QueueState::Waiting, QueueState::Blocked, blocked.len());
        if !blocked.is_empty() {
            self.block_behind(&blocked);
        }
    }

    fn make_ready(&mut self, id: u32) {
        let height = self.dag.height(id);
        let mark = self.mark_mut(id);
        mark.set(QueueState::Ready);
        let priority = mark.priority();
        self.counts.move_many(QueueState::Waiting, QueueState::Ready, 1);
        self.ready[priority].push(id.into(), height);
    }

    /// Lets go of the oldest tasks, when half of all are such that have ended: so each is moved once on average.
    fn forget_ended(&mut self) {
        let rest = self.marks[self.ended_first..].iter();
        self.ended_first += rest.take_while(|mark| mark.state().is_end()).count();
        let gone = self.ended_first;
        if gone < KEPT || gone * 2 < self.marks.len() {
            return;
        }
        self.ended_first = 0;
        let first = self.dag.first();
        for (id, mark) in (first..).zip(self.marks.drain(..gone)) {
            self.ended.push(id, mark.state());
        }
        self.dag.forget_before(first + u32::try_from(gone).expect("there are less than 2^32 tasks"));
    }

    fn mark(&self, id: u32) -> Mark {
        self.marks[(id - self.dag.first()) as usize]
    }

    fn mark_mut(&mut self, id: u32) -> &mut Mark {
        &mut self.marks[(id - self.dag.first()) as usize]
    }

    fn unknown(&self, id: u32) -> Error {
        let message = format!("there is no task {id}: {} were added", self.dag.end());
        Error::new(ErrorKind::UnknownTask, message)
    }
}

fn check_priorities(count: u32, priorities: &[u8]) -> Result<(), Error> {
    let mut problems = Vec::new();
    if !priorities.is_empty() && priorities.len() != count as usize {
        let message = format!("has {} entries for {count} tasks", priorities.len());
        problems.push(Problem::new("priorities", message));
    }
    let wrong = priorities.iter().enumerate().filter(|(_, priority)| **priority > 2);
    problems.extend(wrong.take(Batch::MAX_PROBLEMS).map(|(at, priority)| {
        let message = format!("is {priority}: 0 is high, 1 normal, 2 low");
        Problem::new(format!("priorities[{at}]"), message)
    }));
    if problems.is_empty() { Ok(()) } else { Err(refused(problems)) }
}

fn refused(problems: Vec<Problem>) -> Error {
    Error::with_problems(ErrorKind::InvalidPlan, "the tasks are refused", problems)
}

/// Ids are kept as `u64` in the ready queues.
fn small(id: u64) -> u32 {
    u32::try_from(id).expect("only u32s were queued")
}
