//! Memory: tasks of low priority wait while it is short.

use orchestrator_scheduler::{Event, Memory, NoticeKind, Priority, TaskState};

use crate::bench::{Bench, With, notices, task, workers};

const ROOM: u64 = 1_000;

/// Takes a measurement; whether it changed anything.
fn measure(bench: &mut Bench, used: u64) -> bool {
    let event = bench.scheduler.measured(Memory { used, limit: ROOM });
    event.map(|event| bench.send(event)).is_some()
}

fn short(bench: &mut Bench) {
    assert!(measure(bench, 870));
}

#[test]
fn tasks_of_low_priority_wait_while_memory_is_short_and_say_so() {
    let mut bench = Bench::new(workers(4));
    short(&mut bench);
    let tasks = [task("high").priority(Priority::High), task("normal"), task("low").priority(Priority::Low)];
    bench.send(Event::PlanSubmitted { plan: crate::bench::plan(&tasks) });
    bench.send(Event::Resumed {});
    assert_eq!(bench.running_tasks(), ["high", "normal"]);
    assert_eq!(bench.task("low").reason.as_deref(), Some("memory is at 87 %: a task of low priority waits"));
    assert_eq!(bench.scheduler.mission().memory_percent, Some(87));
}

#[test]
fn they_start_when_it_has_become_less_by_enough() {
    let mut bench = Bench::running(workers(1), &[task("a"), task("low").priority(Priority::Low)]);
    short(&mut bench);
    bench.complete("a");
    assert!(!measure(&mut bench, 760), "not low enough to count");
    assert_eq!(bench.state("low"), TaskState::Ready);
    assert!(measure(&mut bench, 740));
    assert_eq!(bench.state("low"), TaskState::Running);
    assert_eq!((bench.task("low").reason, bench.scheduler.mission().memory_percent), (None, None));
}

#[test]
fn what_runs_goes_on_and_finishes() {
    let mut bench = Bench::running(workers(2), &[task("low").priority(Priority::Low).verified_by("check")]);
    short(&mut bench);
    bench.do_work("low");
    bench.verify("low", false);
    assert_eq!(bench.state("low"), TaskState::Running, "its next attempt is no new work");
}

#[test]
fn people_are_told_of_both_once() {
    let mut bench = Bench::running(workers(1), &[task("a")]);
    short(&mut bench);
    measure(&mut bench, 900);
    measure(&mut bench, 100);
    measure(&mut bench, 110);
    let expected = [
        "memory is at 87 %: tasks of low priority wait",
        "memory is at 10 %: tasks of low priority may start again",
    ];
    assert_eq!(notices(&bench.commands, NoticeKind::MemoryPressure), expected);
    bench.ignored(Event::PressureFell { percent: 10 });
}

#[test]
fn as_long_as_something_waits_for_memory_there_is_a_next_time_to_measure_it() {
    let mut bench = Bench::running(workers(1), &[task("low").priority(Priority::Low), task("a")]);
    short(&mut bench);
    bench.complete("a");
    bench.pass_time(100_000);
    let wake = bench.scheduler.next_wake().unwrap();
    assert!(wake <= bench.now + 5_000, "{wake}");
    assert_eq!(bench.state("low"), TaskState::Ready);
}
