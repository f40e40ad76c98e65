//! Work on other threads: functions that take milliseconds or seconds, run by a bounded pool of threads.
//!
//! A [`Pool`] has the threads, a [`Jobs`] the jobs of one submitter: a job is any function with a [`Signal`] that tells
//! it when its result is no longer wanted. Nobody is called back. A result is kept until its submitter takes it, by
//! [`Jobs::drain`] or [`Jobs::wait`], on a thread of the submitter's.
//!
//! ```
//! use std::time::Duration;
//!
//! use orchestrator_scheduler::jobs::{Limits, Outcome, Pool, PoolLimits};
//!
//! let pool = Pool::new(PoolLimits::default());
//! let jobs = pool.jobs(Limits::default());
//! let id = jobs.submit(1024, None, |_signal| vec![7_u8; 100])?;
//! let finished = jobs.wait(Duration::from_secs(10));
//! assert_eq!(finished, [(id, Outcome::Done(vec![7; 100]))]);
//! # Ok::<(), orchestrator_scheduler::jobs::Refusal>(())
//! ```
//!
//! | what | is bounded by |
//! |---|---|
//! | threads | [`PoolLimits::threads`]: started with the jobs that need them, ended after [`PoolLimits::idle`] without any |
//! | jobs that wait for a thread, of all submitters | [`PoolLimits::waiting`]: one more is refused |
//! | bytes of results, kept or still to come | [`Limits::bytes`]: each job reserves what its result may have at most; as many as may wait for a thread wait until their reservations fit, first come first, and one that never would is refused |
//! | time of a job | its own limit, from submission: then it has [`Outcome::TimedOut`], and its function is told by the signal |
//!
//! The threads claim less of the processors than the program's others, where the system lets them: a search of a whole tree
//! must not hold up who answers the user.
//!
//! A panic ends its job, not its thread. A dropped [`Jobs`] cancels what it has; a dropped [`Pool`] cancels everything
//! and waits for its threads, [`PoolLimits::farewell`] at most.
//!
//! What waits lies in one injector. A thread takes several at once into its own [`Deque`](crate::deque), where the
//! others steal them: the lock is held once for a batch. Ids enter a deque under that lock only, and a thread falls
//! asleep under it after a look at every deque, so that no wake-up is lost. Nothing is shared but by the deque, the lock
//! and flags, so there is nothing here that would need a proof of its own.

mod job;
mod pool;
mod priority;
mod refusal;
mod submitter;
#[cfg(test)]
mod tests;

pub use job::{Outcome, Signal, Weigh};
pub use pool::{Pool, PoolCounts, PoolLimits};
pub use refusal::Refusal;
pub use submitter::{JobCounts, JobId, Jobs, Limits};
