use std::{
    collections::BTreeSet,
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::Duration,
};

use super::*;

/// Longer than anything here takes, however busy the machine is.
const LONG: Duration = Duration::from_secs(60);

fn pool(threads: usize) -> Pool {
    Pool::new(PoolLimits { threads, idle: LONG, waiting: 1024, farewell: LONG })
}

/// A thread of the pool's, kept busy until it is let go; its signal tells when it was told to stop.
struct Busy {
    id: JobId,
    go: Sender<()>,
}

fn busy(jobs: &Jobs<Vec<u8>>) -> Busy {
    let (go, waits) = mpsc::channel::<()>();
    let (begun, begins) = mpsc::channel();
    let id = jobs.submit(0, None, move |_| block(&begun, &waits)).unwrap();
    begins.recv().unwrap();
    Busy { id, go }
}

fn block(begun: &Sender<()>, go: &Receiver<()>) -> Vec<u8> {
    begun.send(()).unwrap();
    // The other end is dropped when it is let go.
    assert!(go.recv().is_err());
    Vec::new()
}

fn until(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..60_000 {
        if condition() {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
    panic!("not within a minute: {what}");
}

#[test]
fn every_job_runs_once_and_its_result_is_kept_until_it_is_taken() {
    let pool = pool(3);
    let jobs = pool.jobs(Limits::default());
    let runs = Arc::new(AtomicUsize::new(0));
    let ids: BTreeSet<JobId> = (0..500)
        .map(|_| {
            let runs = Arc::clone(&runs);
            jobs.submit(1, None, move |_| {
                runs.fetch_add(1, Ordering::Relaxed);
                vec![1_u8]
            })
            .unwrap()
        })
        .collect();
    until("all have finished", || jobs.counts().pending == 0);
    let taken: BTreeSet<JobId> = jobs.drain(usize::MAX).into_iter().map(|(id, _)| id).collect();
    assert_eq!(taken, ids);
    assert_eq!(runs.load(Ordering::Relaxed), 500);
    assert_eq!(jobs.counts(), JobCounts::default());
}

#[test]
fn jobs_run_side_by_side() {
    let pool = pool(3);
    let jobs = pool.jobs(Limits::default());
    let barrier = Arc::new(Barrier::new(3));
    for _ in 0..3 {
        let barrier = Arc::clone(&barrier);
        jobs.submit(0, None, move |_| {
            barrier.wait();
            Vec::new()
        })
        .unwrap();
    }
    until("each waits for the others", || jobs.counts().finished == 3);
}

#[test]
fn a_pool_starts_threads_with_its_jobs_and_no_more_than_it_may() {
    let pool = pool(2);
    let jobs = pool.jobs(Limits::default());
    assert_eq!(pool.counts().threads, 0);
    let first = busy(&jobs);
    assert_eq!(pool.counts().threads, 1);
    let second = busy(&jobs);
    let third = jobs.submit(0, None, |_| Vec::new()).unwrap();
    assert_eq!(pool.counts(), PoolCounts { threads: 2, asleep: 0, waiting: 1, running: 2 });
    drop((first, second));
    until("the third had its turn", || jobs.counts().pending == 0);
    assert!(jobs.drain(usize::MAX).iter().any(|(id, _)| *id == third));
}

#[test]
fn threads_end_when_nothing_was_to_do_for_long_and_come_back() {
    let limits = PoolLimits { threads: 1, idle: Duration::from_millis(1), ..PoolLimits::default() };
    let pool = Pool::new(limits);
    let jobs = pool.jobs(Limits::default());
    for _ in 0..20 {
        let id = jobs.submit(1, None, |_| vec![1]).unwrap();
        assert_eq!(jobs.wait(LONG), [(id, Outcome::Done(vec![1]))]);
        until("the thread has ended", || pool.counts().threads == 0);
    }
}

#[test]
fn a_job_that_comes_as_the_last_thread_ends_is_not_left_lying() {
    let limits = PoolLimits { threads: 1, idle: Duration::from_nanos(1), ..PoolLimits::default() };
    let pool = Pool::new(limits);
    let jobs = pool.jobs(Limits::default());
    for _ in 0..2_000 {
        jobs.submit(1, None, |_| vec![1]).unwrap();
        assert_eq!(jobs.wait(LONG).len(), 1);
    }
}

#[test]
fn a_panic_ends_its_job_and_not_its_thread() {
    let pool = pool(1);
    let jobs = pool.jobs(Limits::default());
    let failed = jobs.submit(1, None, |_| -> Vec<u8> { panic!("lane {} is gone", 7) }).unwrap();
    assert_eq!(jobs.wait(LONG), [(failed, Outcome::Panicked("lane 7 is gone".to_owned()))]);
    let next = jobs.submit(1, None, |_| vec![1]).unwrap();
    assert_eq!(jobs.wait(LONG), [(next, Outcome::Done(vec![1]))]);
    assert_eq!(pool.counts().threads, 1);
}

#[test]
fn when_as_many_wait_as_may_one_more_is_refused() {
    let pool = Pool::new(PoolLimits { threads: 1, waiting: 2, ..PoolLimits::default() });
    let jobs = pool.jobs(Limits::default());
    let busy = busy(&jobs);
    let waiting = [0, 1].map(|_| jobs.submit(1, None, |_| vec![1]).unwrap());
    let refused = jobs.submit(1, None, |_| vec![1]).unwrap_err();
    assert!(matches!(refused, Refusal::Full { waiting: 2 }), "{refused}");
    jobs.cancel(waiting[0]);
    jobs.submit(1, None, |_| vec![1]).unwrap();
    drop(busy);
}

#[test]
fn results_have_no_more_bytes_than_the_limit_allows_and_jobs_wait_for_room_in_order() {
    let pool = pool(1);
    let jobs = pool.jobs(Limits { bytes: 100 });
    let busy = busy(&jobs);
    let first = jobs.submit(60, None, |_| vec![0; 10]).unwrap();
    let second = jobs.submit(60, None, |_| vec![0; 45]).unwrap();
    let large = jobs.submit(60, None, |_| vec![0; 20]).unwrap();
    let small = jobs.submit(1, None, |_| vec![0; 1]).unwrap();
    let counts = jobs.counts();
    assert_eq!((counts.pending, counts.held, counts.bytes), (5, 3, 60), "a small one does not overtake");
    drop(busy);
    until("two have finished, and what the first did not need was enough for the second", || {
        jobs.counts().finished == 3
    });
    let counts = jobs.counts();
    assert_eq!((counts.held, counts.bytes), (2, 55), "nobody takes the results, so the others wait");
    let mut taken: Vec<JobId> = jobs.drain(usize::MAX).into_iter().skip(1).map(|(id, _)| id).collect();
    while taken.len() < 4 {
        taken.extend(jobs.wait(LONG).into_iter().map(|(id, _)| id));
    }
    assert_eq!(taken, [first, second, large, small]);
    assert_eq!(jobs.counts(), JobCounts::default());
}

#[test]
fn a_reservation_above_the_limit_of_all_is_refused() {
    let pool = pool(1);
    let jobs = pool.jobs(Limits { bytes: 100 });
    let refused = jobs.submit(101, None, |_| Vec::new()).unwrap_err();
    assert!(matches!(refused, Refusal::NoRoom { asked: 101, limit: 100 }), "{refused}");
}

#[test]
fn as_many_may_wait_for_room_as_for_a_thread() {
    let pool = Pool::new(PoolLimits { threads: 1, waiting: 2, ..PoolLimits::default() });
    let jobs = pool.jobs(Limits { bytes: 100 });
    let busy = busy(&jobs);
    let first = jobs.submit(60, None, |_| vec![1]).unwrap();
    let held = [0, 1].map(|_| jobs.submit(60, None, |_| vec![1]).unwrap());
    let refused = jobs.submit(1, None, |_| vec![1]).unwrap_err();
    assert!(matches!(refused, Refusal::Full { waiting: 2 }), "{refused}");
    let other = pool.jobs::<Vec<u8>>(Limits::default());
    let others = other.submit(1, None, |_| vec![1]).unwrap();
    jobs.cancel(first);
    assert_eq!((jobs.counts().held, pool.counts().waiting), (1, 2), "accepted, it is not refused any more");
    drop(busy);
    until("all have finished", || jobs.counts().finished == 3);
    assert_eq!(jobs.drain(usize::MAX).iter().skip(1).map(|(id, _)| *id).collect::<Vec<_>>(), held);
    assert_eq!(other.wait(LONG), [(others, Outcome::Done(vec![1]))]);
}

#[test]
fn jobs_that_wait_for_room_can_be_cancelled_time_out_and_end_with_their_pool() {
    let pool = Pool::new(PoolLimits { threads: 1, farewell: Duration::ZERO, ..PoolLimits::default() });
    let jobs = pool.jobs(Limits { bytes: 100 });
    let busy = busy(&jobs);
    let held = Arc::new(());
    let submit = |time| {
        let held = Arc::clone(&held);
        jobs.submit(60, time, move |_| panic!("never run, it holds {held:?}")).unwrap()
    };
    let first = submit(None);
    let cancelled = submit(None);
    let overdue = submit(Some(Duration::ZERO));
    let ended = submit(None);
    jobs.cancel(cancelled);
    assert_eq!(jobs.drain(usize::MAX), [(overdue, Outcome::TimedOut)]);
    assert_eq!(jobs.counts().held, 1);
    drop(pool);
    assert_eq!(jobs.drain(usize::MAX), [(first, Outcome::Ended), (ended, Outcome::Ended)]);
    assert_eq!(Arc::strong_count(&held), 1, "what the functions held is dropped");
    drop(busy);
}

#[test]
fn a_result_above_its_reservation_is_told_of_and_not_kept() {
    let pool = pool(1);
    let jobs = pool.jobs(Limits::default());
    let id = jobs.submit(10, None, |_| Vec::<u8>::with_capacity(11)).unwrap();
    let taken = jobs.wait(LONG);
    assert!(
        matches!(taken[..], [(one, Outcome::TooLarge { bytes: 11.., reserved: 10 })] if one == id),
        "{taken:?}"
    );
    assert_eq!(jobs.counts().bytes, 0);
}

#[test]
fn a_drain_takes_what_fits_and_at_least_one() {
    let pool = pool(1);
    let jobs = pool.jobs(Limits::default());
    for _ in 0..3 {
        jobs.submit(10, None, |_| vec![0; 10]).unwrap();
    }
    until("all have finished", || jobs.counts().finished == 3);
    assert_eq!(jobs.drain(5).len(), 1);
    assert_eq!(jobs.drain(20).len(), 2);
    assert_eq!(jobs.drain(20), []);
}

#[test]
fn a_cancelled_job_that_waits_never_runs() {
    let pool = pool(1);
    let jobs = pool.jobs(Limits::default());
    let Busy { id, go } = busy(&jobs);
    let held = Arc::new(());
    let theirs = Arc::clone(&held);
    let waiting = jobs
        .submit(1, None, move |_| {
            drop(theirs);
            unreachable!("it was cancelled")
        })
        .unwrap();
    jobs.cancel(waiting);
    assert_eq!(Arc::strong_count(&held), 1, "what it held is let go at once");
    jobs.cancel(waiting);
    drop(go);
    assert_eq!(jobs.wait(LONG), [(id, Outcome::Done(Vec::new()))]);
    assert_eq!(jobs.counts(), JobCounts::default());
}

#[test]
fn a_cancelled_job_that_runs_is_told_and_its_result_is_dropped() {
    let pool = pool(1);
    let jobs: Jobs<Vec<u8>> = pool.jobs(Limits::default());
    let (begun, begins) = mpsc::channel();
    let (told, tells) = mpsc::channel();
    let id = jobs
        .submit(1, None, move |signal| {
            begun.send(()).unwrap();
            until("it was told", || signal.is_set());
            told.send(()).unwrap();
            vec![1]
        })
        .unwrap();
    begins.recv().unwrap();
    jobs.cancel(id);
    tells.recv_timeout(LONG).unwrap();
    assert_eq!(jobs.wait(LONG), []);
}

#[test]
fn a_result_that_nobody_took_can_be_dropped() {
    let pool = pool(1);
    let jobs = pool.jobs(Limits::default());
    let id = jobs.submit(10, None, |_| vec![0; 10]).unwrap();
    until("it has finished", || jobs.counts().finished == 1);
    jobs.cancel(id);
    assert_eq!(jobs.counts(), JobCounts::default());
}

#[test]
fn a_job_whose_time_is_over_before_it_began_times_out_without_running() {
    let pool = pool(1);
    let jobs = pool.jobs(Limits::default());
    let busy = busy(&jobs);
    let late = jobs.submit(1, Some(Duration::ZERO), |_| unreachable!("its time was over")).unwrap();
    assert_eq!(jobs.wait(LONG), [(late, Outcome::TimedOut)]);
    drop(busy);
}

#[test]
fn a_job_whose_time_is_over_while_it_runs_is_told_and_times_out() {
    let pool = pool(1);
    let jobs: Jobs<Vec<u8>> = pool.jobs(Limits::default());
    let (told, tells) = mpsc::channel();
    let time = Duration::from_millis(20);
    let id = jobs
        .submit(1, Some(time), move |signal| {
            assert!(signal.remaining().is_some_and(|left| left <= time));
            until("the flag is set", || signal.flag().load(Ordering::Relaxed));
            told.send(()).unwrap();
            vec![1]
        })
        .unwrap();
    assert_eq!(jobs.wait(LONG), [(id, Outcome::TimedOut)]);
    tells.recv_timeout(LONG).unwrap();
    assert_eq!(jobs.counts(), JobCounts::default());
}

#[test]
fn a_dropped_submitter_cancels_its_jobs_and_no_others() {
    let pool = pool(1);
    let jobs: Jobs<Vec<u8>> = pool.jobs(Limits::default());
    let others = pool.jobs(Limits::default());
    let (begun, begins) = mpsc::channel();
    jobs.submit(1, None, move |signal| {
        begun.send(()).unwrap();
        until("it was told", || signal.is_set());
        vec![1]
    })
    .unwrap();
    begins.recv().unwrap();
    jobs.submit(1, None, |_| unreachable!("its submitter is gone")).unwrap();
    let other = others.submit(1, None, |_| vec![2]).unwrap();
    drop(jobs);
    assert_eq!(others.wait(LONG), [(other, Outcome::Done(vec![2]))]);
    until("nothing is left", || pool.counts().running == 0);
    assert_eq!(pool.counts().waiting, 0);
}

#[test]
fn a_dropped_pool_tells_what_runs_ends_what_waits_and_leaves_no_thread() {
    let pool = pool(2);
    let jobs: Jobs<Vec<u8>> = pool.jobs(Limits::default());
    let (begun, begins) = mpsc::channel();
    let on = Arc::new(());
    for _ in 0..2 {
        let (begun, on) = (begun.clone(), Arc::clone(&on));
        jobs.submit(1, None, move |signal| {
            begun.send(()).unwrap();
            until("it was told", || signal.is_set());
            drop(on);
            vec![1]
        })
        .unwrap();
        begins.recv().unwrap();
    }
    let waiting = jobs.submit(1, None, |_| unreachable!("the pool is gone")).unwrap();
    drop(pool);
    assert_eq!(Arc::strong_count(&on), 1, "the threads have ended");
    let outcomes = jobs.drain(usize::MAX);
    assert_eq!(outcomes.len(), 3);
    assert!(outcomes.contains(&(waiting, Outcome::Ended)));
    assert!(matches!(jobs.submit(1, None, |_| vec![1]), Err(Refusal::Ended)));
}

#[test]
fn a_dropped_pool_does_not_wait_for_a_job_that_heeds_nothing() {
    let pool =
        Pool::new(PoolLimits { threads: 1, farewell: Duration::from_millis(1), ..PoolLimits::default() });
    let jobs = pool.jobs(Limits::default());
    let busy = busy(&jobs);
    drop(pool);
    drop(busy);
    until("it went on by itself", || jobs.counts().pending == 0);
}

#[test]
fn jobs_of_a_thread_that_is_kept_busy_are_stolen_by_the_others() {
    let pool = pool(2);
    let jobs = pool.jobs(Limits::default());
    let (first, second) = (busy(&jobs), busy(&jobs));
    let order = Arc::new(Mutex::new(Vec::new()));
    let blocker = Arc::new(Mutex::new(()));
    let held = blocker.lock().unwrap();
    // A thread takes the blocker and, with it, its share of what comes after.
    let blocks = Arc::clone(&blocker);
    jobs.submit(0, None, move |_| {
        drop(blocks.lock());
        Vec::new()
    })
    .unwrap();
    for number in 0..10 {
        let order = Arc::clone(&order);
        jobs.submit(0, None, move |_| {
            order.lock().unwrap().push(number);
            Vec::new()
        })
        .unwrap();
    }
    drop(first);
    until("one of the two has taken the blocker", || pool.counts().waiting <= 10);
    drop(second);
    until("the other one did all the rest", || order.lock().unwrap().len() == 10);
    drop(held);
    until("all have finished", || jobs.counts().pending == 0);
}
