//! The threads.

use std::{
    collections::{HashMap, VecDeque},
    fmt, io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{
    job::{Signal, Weigh},
    priority::give_way,
    refusal::Refusal,
    submitter::{Jobs, Limits},
};
use crate::{
    deque::{self, Deque, Stealer, steal_round},
    random::Random,
};

/// Most ids that a thread takes from the injector at once.
const BATCH: usize = 8;

/// As large as a main thread's on Linux: parsers and walkers recurse.
const STACK_BYTES: usize = 8 << 20;

/// How much a pool may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolLimits {
    /// Most threads, at least 1.
    pub threads: usize,
    /// How long a thread waits for work before it ends.
    pub idle: Duration,
    /// Most jobs that wait for a thread.
    pub waiting: usize,
    /// How long a dropped pool waits for its threads. One that doesn't heed its signal is left to itself then.
    pub farewell: Duration,
}

impl Default for PoolLimits {
    /// As many threads as processors, from 2 (so that a long job keeps no short one waiting) to 4.
    fn default() -> Self {
        let processors = thread::available_parallelism().map_or(2, usize::from);
        Self {
            threads: processors.clamp(2, 4),
            idle: Duration::from_secs(10),
            waiting: 1024,
            farewell: Duration::from_secs(2),
        }
    }
}

/// What a pool is doing at present.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolCounts {
    /// Threads that are there.
    pub threads: usize,
    /// Of these, how many wait for work.
    pub asleep: usize,
    /// Jobs that wait for a thread.
    pub waiting: usize,
    /// Jobs that a thread is at.
    pub running: usize,
}

/// A bounded number of threads for [jobs](super). Making one starts none.
pub struct Pool {
    shared: Arc<Shared>,
}

impl Pool {
    /// A pool without threads so far.
    ///
    /// # Panics
    /// When it may have no thread.
    #[must_use]
    pub fn new(limits: PoolLimits) -> Self {
        assert!(limits.threads > 0, "a pool has at least one thread");
        let (deques, stealers): (Vec<_>, Vec<_>) =
            (0..limits.threads).map(|_| deque::with_capacity(BATCH)).unzip();
        let free = deques.into_iter().enumerate().map(|(index, deque)| Seat { index, deque }).collect();
        let state = State { free, ..State::default() };
        let shared = Shared {
            limits,
            stealers,
            state: Mutex::new(state),
            work: Condvar::new(),
            quiet: Condvar::new(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// A submitter of jobs that give a `T`.
    #[must_use]
    pub fn jobs<T: Weigh + Send + 'static>(&self, limits: Limits) -> Jobs<T> {
        Jobs::new(Arc::clone(&self.shared), limits)
    }

    /// What it is doing.
    #[must_use]
    pub fn counts(&self) -> PoolCounts {
        let state = self.shared.lock();
        PoolCounts {
            threads: state.threads.len(),
            asleep: state.asleep,
            waiting: state.waiting.len(),
            running: state.running.len(),
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let (dropped, threads) = {
            let mut state = self.shared.lock();
            state.ended = true;
            for signal in state.running.values() {
                signal.set();
            }
            state.injector.clear();
            let dropped: Vec<Task> = state.waiting.drain().map(|(_, task)| task).collect();
            self.shared.work.notify_all();
            let (mut state, _) = self
                .shared
                .quiet
                .wait_timeout_while(state, self.shared.limits.farewell, |state| state.seated > 0)
                .unwrap_or_else(PoisonError::into_inner);
            // Those that are still at work are not waited for any longer.
            let ended = if state.seated == 0 { std::mem::take(&mut state.threads) } else { HashMap::new() };
            let threads: Vec<JoinHandle<()>> = ended.into_values().collect();
            (dropped, threads)
        };
        // Their submitters are told, which takes locks of theirs: none of ours is held.
        drop(dropped);
        for thread in threads {
            // Each has left its seat and is about to return; none panics, for jobs are caught.
            drop(thread.join());
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("limits", &self.shared.limits)
            .field("counts", &self.counts())
            .finish_non_exhaustive()
    }
}

/// A job's function, with all that becomes of it.
type Run = Box<dyn FnOnce() + Send>;

/// A job that waits: what to run, and how to end it early.
pub(super) struct Task {
    pub(super) run: Run,
    pub(super) signal: Arc<Signal>,
}

/// Where a thread sits: its number among the stealers, and the owner's end of its deque.
struct Seat {
    index: usize,
    deque: Deque,
}

#[derive(Default)]
struct State {
    /// Ids in the order of submission. Those of withdrawn jobs may still be in a deque.
    injector: VecDeque<u64>,
    /// What ids stand for, until a thread begins.
    waiting: HashMap<u64, Task>,
    running: HashMap<u64, Arc<Signal>>,
    /// Seats without a thread.
    free: Vec<Seat>,
    /// Threads by their seats.
    threads: HashMap<usize, JoinHandle<()>>,
    /// Seats with a thread.
    seated: usize,
    asleep: usize,
    last_id: u64,
    ended: bool,
}

pub(super) struct Shared {
    pub(super) limits: PoolLimits,
    stealers: Vec<Stealer>,
    state: Mutex<State>,
    /// There is work, or the pool has ended.
    work: Condvar,
    /// A thread has left its seat.
    quiet: Condvar,
}

impl Shared {
    /// Nothing panics under this lock, so it is never poisoned.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A name for a job that is submitted now or later.
    pub(super) fn new_id(&self) -> u64 {
        let mut state = self.lock();
        state.last_id += 1;
        state.last_id
    }

    /// Lets a job wait for a thread, unless `most_waiting` do, and starts one if all are at work. One that is refused
    /// comes back.
    pub(super) fn submit(
        self: &Arc<Self>,
        id: u64,
        task: Task,
        most_waiting: usize,
    ) -> Result<(), (Task, Refusal)> {
        let mut state = self.lock();
        if state.ended {
            return Err((task, Refusal::Ended));
        }
        if state.waiting.len() >= most_waiting {
            return Err((task, Refusal::Full { waiting: state.waiting.len() }));
        }
        // Those asleep may have been woken for jobs before this one.
        if state.asleep <= state.waiting.len()
            && let Some(seat) = state.free.pop()
        {
            let index = seat.index;
            match self.start(seat) {
                Ok(thread) => {
                    state.seated += 1;
                    state.threads.insert(index, thread);
                }
                // The threads that there are will come to it.
                Err((seat, error)) => {
                    state.free.push(seat);
                    if state.seated == 0 {
                        return Err((task, Refusal::NoThread(error)));
                    }
                }
            }
        }
        state.waiting.insert(id, task);
        state.injector.push_back(id);
        self.work.notify_one();
        Ok(())
    }

    /// Takes back a job that has not begun, or tells the function of one that has.
    pub(super) fn withdraw(&self, id: u64) {
        let mut state = self.lock();
        let task = state.waiting.remove(&id);
        if task.is_some() {
            state.injector.retain(|waiting| *waiting != id);
        } else if let Some(signal) = state.running.get(&id) {
            signal.set();
        }
        drop(state);
        // What the function held goes outside of the lock.
        drop(task);
    }

    /// The seat waits in a slot that both sides know: a thread that could not be started gives it back.
    fn start(self: &Arc<Self>, seat: Seat) -> Result<JoinHandle<()>, (Seat, io::Error)> {
        let slot = Arc::new(Mutex::new(Some(seat)));
        let (shared, theirs) = (Arc::clone(self), Arc::clone(&slot));
        let take = |slot: &Mutex<Option<Seat>>| {
            let seat = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
            seat.expect("the seat is taken once: by the thread, or by us when there is none")
        };
        thread::Builder::new()
            .name("orchestrator-job".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || {
                give_way();
                shared.work(take(&theirs));
            })
            .map_err(|error| (take(&slot), error))
    }

    /// What a thread does from its start to its end.
    fn work(&self, seat: Seat) {
        let mut random = Random::seeded(seat.index as u64);
        let mut next = self.next(seat, None, &mut random);
        while let Some((seat, id, run)) = next {
            // It catches panics itself.
            run();
            next = self.next(seat, Some(id), &mut random);
        }
    }

    /// The next job, as soon as there is one, after one that was done. None when the thread is to end; its seat is free
    /// then, by the same lock under which it saw that nothing waits.
    fn next(&self, mut seat: Seat, done: Option<u64>, random: &mut Random) -> Option<(Seat, u64, Run)> {
        let mut next = seat.deque.pop().or_else(|| self.steal(seat.index, random));
        let mut state = self.lock();
        let done = done.and_then(|id| state.running.remove(&id));
        loop {
            if state.ended {
                break;
            }
            // Nobody adds to a deque but under the lock that we hold: what is seen as empty stays so while we doze off.
            next = next
                .or_else(|| seat.deque.pop())
                .or_else(|| self.take_batch(&mut state, &mut seat))
                .or_else(|| self.steal(seat.index, random));
            if let Some(id) = next.take() {
                // None: it was withdrawn when it was in a deque.
                let Some(Task { run, signal }) = state.waiting.remove(&id) else { continue };
                state.running.insert(id, signal);
                return Some((seat, id, run));
            }
            state.asleep += 1;
            let (woken, waited) =
                self.work.wait_timeout(state, self.limits.idle).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            state.asleep -= 1;
            if waited.timed_out() && state.waiting.is_empty() {
                // Dropped, its handle lets the thread go: nobody waits for one that ended for lack of work.
                state.threads.remove(&seat.index);
                break;
            }
        }
        state.seated -= 1;
        state.free.push(seat);
        self.quiet.notify_all();
        drop((state, done));
        None
    }

    fn steal(&self, thief: usize, random: &mut Random) -> Option<u64> {
        let last = self.stealers.len() - 1;
        let first = usize::try_from(random.between(0, last as u64)).unwrap_or(0);
        steal_round(self.stealers.len(), thief, first, |victim| &self.stealers[victim])
    }

    /// The oldest of the injector, and this thread's share of the others into its deque, so that the oldest of them is
    /// popped first.
    fn take_batch(&self, state: &mut State, seat: &mut Seat) -> Option<u64> {
        let first = state.injector.pop_front()?;
        let share = (state.injector.len() / self.limits.threads).min(BATCH - 1);
        for id in state.injector.drain(..share).rev() {
            seat.deque.push(id).expect("it was empty, and a batch fits");
        }
        if share > 0 {
            self.work.notify_one();
        }
        Some(first)
    }
}

/// The moment after so much time; none where the clock can't express it.
pub(super) fn moment(after: Duration) -> Option<Instant> {
    Instant::now().checked_add(after)
}
