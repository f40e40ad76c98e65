//! How much of the processors the pool's threads claim beside their program's own.

/// Nice value added to that of the program: a third of its weight, where all processors are busy.
#[cfg(target_os = "linux")]
const NICE: i32 = 5;

/// Lets this thread, with those that it starts, give way to the program's others: what waits for a job is slower by that,
/// and what answers a user is not. On Linux only, where a thread has a nice value of its own.
#[cfg(target_os = "linux")]
pub(super) fn give_way() {
    use rustix::{
        process::{getpriority_process, setpriority_process},
        thread::gettid,
    };

    let this = Some(gettid());
    // It is a courtesy: where it is refused the thread does the same work.
    let _refused = getpriority_process(this).and_then(|nice| setpriority_process(this, nice + NICE));
}

#[cfg(not(target_os = "linux"))]
pub(super) fn give_way() {}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::thread;

    use rustix::{
        process::{Pid, getpriority_process},
        thread::gettid,
    };

    use super::{NICE, give_way};

    fn nice(thread: Pid) -> i32 {
        getpriority_process(Some(thread)).unwrap()
    }

    #[test]
    fn a_thread_and_those_that_it_starts_give_way_and_the_program_does_not() {
        let before = nice(gettid());
        let (lowered, inherited) = thread::spawn(|| {
            give_way();
            let inherited = thread::spawn(|| nice(gettid())).join().unwrap();
            (nice(gettid()), inherited)
        })
        .join()
        .unwrap();
        let expected = (before + NICE).min(19);
        assert_eq!((lowered, inherited), (expected, expected));
        assert_eq!(nice(gettid()), before);
    }
}
