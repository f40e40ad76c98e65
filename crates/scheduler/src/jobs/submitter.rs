//! The jobs of one submitter.

use std::{
    collections::{HashMap, VecDeque},
    fmt, mem,
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{
    job::{Outcome, Signal, Weigh, said},
    pool::{Shared, Task, moment},
    refusal::Refusal,
};

/// Names a job; of one pool, no two have the same.
pub type JobId = u64;

/// How much the jobs of one submitter may keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of results that are kept or reserved.
    pub bytes: usize,
}

impl Default for Limits {
    /// 64 MiB.
    fn default() -> Self {
        Self { bytes: 64 << 20 }
    }
}

/// How many jobs a submitter has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobCounts {
    /// Neither finished nor cancelled.
    pub pending: usize,
    /// Of these, how many wait for room for their results.
    pub held: usize,
    /// Finished, and not yet taken.
    pub finished: usize,
    /// What is kept or reserved.
    pub bytes: usize,
}

/// The jobs of one submitter, whose results are of one type. Dropped, it cancels those that are left.
pub struct Jobs<T: Weigh + Send + 'static> {
    table: Arc<Table<T>>,
}

impl<T: Weigh + Send + 'static> Jobs<T> {
    pub(super) fn new(pool: Arc<Shared>, limits: Limits) -> Self {
        Self { table: Arc::new(Table { pool, limits, state: Mutex::default(), changed: Condvar::new() }) }
    }

    /// Lets a function run as soon as a thread is free, and as there is room for its result, which may have `reserve`
    /// bytes: jobs that wait for room begin in the order in which they came. It has `time` from now on, or as long as
    /// it likes.
    pub fn submit(
        &self,
        reserve: usize,
        time: Option<Duration>,
        function: impl FnOnce(&Signal) -> T + Send + 'static,
    ) -> Result<JobId, Refusal> {
        let table = &self.table;
        if reserve > table.limits.bytes {
            return Err(Refusal::NoRoom { asked: reserve, limit: table.limits.bytes });
        }
        let id = table.pool.new_id();
        let signal = Arc::new(Signal::new(time.and_then(moment)));
        let (place, theirs) = (Place { id, table: Arc::clone(table) }, Arc::clone(&signal));
        let run = Box::new(move || {
            let place = place;
            // What a panic leaves behind was the function's own, and is dropped with it.
            let outcome = match panic::catch_unwind(AssertUnwindSafe(|| function(&theirs))) {
                Ok(result) => Outcome::Done(result),
                Err(payload) => Outcome::Panicked(said(&*payload)),
            };
            place.table.finish(place.id, outcome);
        });
        let task = Task { run, signal: Arc::clone(&signal) };

        let most = table.pool.limits.waiting;
        let mut state = table.lock();
        let refused = if !state.held.is_empty() || state.bytes.saturating_add(reserve) > table.limits.bytes {
            if state.held.len() < most {
                state.held.push_back(Held { id, reserve, task });
                state.pending.insert(id, Pending { signal, reserve: 0 });
                return Ok(id);
            }
            (task, Refusal::Full { waiting: state.held.len() })
        } else {
            // The lock is held until it is in the table: it may be finished before the pool has told of it.
            match table.pool.submit(id, task, most) {
                Ok(()) => {
                    state.bytes += reserve;
                    state.pending.insert(id, Pending { signal, reserve });
                    return Ok(id);
                }
                Err(refused) => refused,
            }
        };
        drop(state);
        let (task, refusal) = refused;
        drop(task);
        Err(refusal)
    }

    /// Gives a job up: it has no outcome any more, also where it has finished and nobody has taken that yet. A function
    /// that runs is told by its signal. Of a job that is not there, nothing comes.
    pub fn cancel(&self, id: JobId) {
        let mut state = self.table.lock();
        let pending = state.pending.remove(&id);
        let held = state.take_held(id);
        if let Some(pending) = &pending {
            state.bytes -= pending.reserve;
        } else if let Some(at) = state.finished.iter().position(|(finished, ..)| *finished == id) {
            state.remove(at);
        }
        self.table.release(state);
        if pending.is_some() && held.is_none() {
            self.table.pool.withdraw(id);
        }
    }

    /// Takes what has finished, oldest first: as many as together have `most_bytes`, but at least one. The others stay
    /// for the next time.
    #[must_use]
    pub fn drain(&self, most_bytes: usize) -> Vec<(JobId, Outcome<T>)> {
        self.expire();
        let mut state = self.table.lock();
        let mut taken = Vec::new();
        let mut bytes = 0;
        while let Some((_, _, size)) = state.finished.front() {
            bytes += size;
            if bytes > most_bytes && !taken.is_empty() {
                break;
            }
            taken.extend(state.remove(0));
        }
        self.table.release(state);
        taken
    }

    /// As [`drain`](Self::drain), of everything; when nothing has finished, it waits until something has, or for so
    /// long.
    #[must_use]
    pub fn wait(&self, longest: Duration) -> Vec<(JobId, Outcome<T>)> {
        let until = moment(longest);
        loop {
            let taken = self.drain(usize::MAX);
            let now = Instant::now();
            let state = self.table.lock();
            if !taken.is_empty() {
                return taken;
            }
            // It finished after the look above.
            if !state.finished.is_empty() {
                continue;
            }
            if state.pending.is_empty() || until.is_some_and(|until| now >= until) {
                return taken;
            }
            let deadlines = state.pending.values().filter_map(|pending| pending.signal.deadline());
            let next = deadlines.chain(until).min();
            let pause = next.map_or(longest, |next| next.saturating_duration_since(now));
            drop(self.table.changed.wait_timeout(state, pause).unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// How many jobs there are.
    #[must_use]
    pub fn counts(&self) -> JobCounts {
        let state = self.table.lock();
        JobCounts {
            pending: state.pending.len(),
            held: state.held.len(),
            finished: state.finished.len(),
            bytes: state.bytes,
        }
    }

    /// Ends those whose time is over.
    fn expire(&self) {
        let now = Instant::now();
        let mut state = self.table.lock();
        let overdue: Vec<JobId> = state
            .pending
            .iter()
            .filter(|(_, pending)| pending.signal.is_overdue(now))
            .map(|(id, _)| *id)
            .collect();
        let held: Vec<Held> = overdue.iter().filter_map(|id| state.take_held(*id)).collect();
        for id in &overdue {
            state.finish(*id, Outcome::TimedOut);
        }
        self.table.release(state);
        drop(held);
        for id in overdue {
            self.table.pool.withdraw(id);
        }
    }
}

impl<T: Weigh + Send + 'static> Drop for Jobs<T> {
    fn drop(&mut self) {
        let (held, pending) = {
            let mut state = self.table.lock();
            state.finished.clear();
            let pending: Vec<JobId> = state.pending.drain().map(|(id, _)| id).collect();
            (mem::take(&mut state.held), pending)
        };
        drop(held);
        for id in pending {
            self.table.pool.withdraw(id);
        }
    }
}

impl<T: Weigh + Send + 'static> fmt::Debug for Jobs<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jobs")
            .field("limits", &self.table.limits)
            .field("counts", &self.counts())
            .finish_non_exhaustive()
    }
}

struct Table<T> {
    pool: Arc<Shared>,
    limits: Limits,
    /// Taken before the pool's lock, where both are.
    state: Mutex<State<T>>,
    /// Something has finished.
    changed: Condvar,
}

struct State<T> {
    pending: HashMap<JobId, Pending>,
    /// Of those pending, the ones that wait for room, oldest first. To be dropped without the lock: see [`Place`].
    held: VecDeque<Held>,
    /// With the bytes that each keeps.
    finished: VecDeque<(JobId, Outcome<T>, usize)>,
    bytes: usize,
}

struct Pending {
    signal: Arc<Signal>,
    /// What is reserved for it: nothing as long as it is held.
    reserve: usize,
}

/// A job that waits for room for its result.
struct Held {
    id: JobId,
    reserve: usize,
    task: Task,
}

impl<T> Default for State<T> {
    fn default() -> Self {
        Self { pending: HashMap::new(), held: VecDeque::new(), finished: VecDeque::new(), bytes: 0 }
    }
}

impl<T: Weigh> Table<T> {
    /// Nothing panics under this lock, so it is never poisoned.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the lock go, after those held have begun that there is room for now.
    fn release(&self, mut state: MutexGuard<'_, State<T>>) {
        let mut refused = Vec::new();
        while let Some(Held { id, reserve, task }) = state.take_fitting(self.limits.bytes) {
            // They have been accepted, so they are not counted among those that wait for a thread.
            match self.pool.submit(id, task, usize::MAX) {
                Ok(()) => {
                    state.bytes += reserve;
                    state.pending.entry(id).and_modify(|pending| pending.reserve = reserve);
                }
                Err((task, _)) => {
                    state.finish(id, Outcome::Ended);
                    refused.push(task);
                }
            }
        }
        drop(state);
        drop(refused);
    }

    /// Weighed before the lock is taken, for that is the result's own code.
    fn finish(&self, id: JobId, outcome: Outcome<T>) {
        let bytes = if let Outcome::Done(result) = &outcome { result.bytes() } else { 0 };
        let mut state = self.lock();
        let late = state.pending.get(&id).is_some_and(|pending| pending.signal.is_overdue(Instant::now()));
        let outcome = if late { Outcome::TimedOut } else { outcome };
        let left = state.finish_weighed(id, outcome, bytes);
        self.release(state);
        self.changed.notify_all();
        drop(left);
    }
}

impl<T> State<T> {
    fn finish(&mut self, id: JobId, outcome: Outcome<T>) {
        drop(self.finish_weighed(id, outcome, 0));
    }

    /// Gives back the outcome of a job that nobody waits for any more, or that was too large.
    fn finish_weighed(&mut self, id: JobId, outcome: Outcome<T>, bytes: usize) -> Option<Outcome<T>> {
        let Some(Pending { reserve, .. }) = self.pending.remove(&id) else { return Some(outcome) };
        self.bytes -= reserve;
        if bytes > reserve && matches!(outcome, Outcome::Done(_)) {
            self.finished.push_back((id, Outcome::TooLarge { bytes, reserved: reserve }, 0));
            return Some(outcome);
        }
        let bytes = if matches!(outcome, Outcome::Done(_)) { bytes } else { 0 };
        self.bytes += bytes;
        self.finished.push_back((id, outcome, bytes));
        None
    }

    /// The oldest of those held, if there is room for it.
    fn take_fitting(&mut self, limit: usize) -> Option<Held> {
        let first = self.held.front()?;
        if self.bytes.saturating_add(first.reserve) > limit {
            return None;
        }
        self.held.pop_front()
    }

    fn take_held(&mut self, id: JobId) -> Option<Held> {
        let at = self.held.iter().position(|held| held.id == id)?;
        self.held.remove(at)
    }

    fn remove(&mut self, at: usize) -> Option<(JobId, Outcome<T>)> {
        let (id, outcome, bytes) = self.finished.remove(at)?;
        self.bytes -= bytes;
        Some((id, outcome))
    }
}

/// A job's place in its submitter's table. A function that is dropped before it ran leaves the job ended: its pool is
/// gone. After an outcome, this says nothing.
struct Place<T: Weigh> {
    id: JobId,
    table: Arc<Table<T>>,
}

impl<T: Weigh> Drop for Place<T> {
    fn drop(&mut self) {
        self.table.finish(self.id, Outcome::Ended);
    }
}
