//! Looks at the host's own record of the turns under way.

use orchestrator_scheduler::{Command, Event, LeaseId, ReportStatus, SessionErrorKind, Verdict};

use crate::bench::{Bench, idle, reviewed, task, verdict, workers};

/// The leases that were looked at and when, counted from `from`.
fn looks(bench: &mut Bench, from: u64) -> Vec<(u64, LeaseId)> {
    let looked = |(at, look)| match look {
        Command::Poll { lease, .. } => (at - from, lease),
        other => panic!("{other:?} is no look"),
    };
    bench.looks.drain(..).map(looked).collect()
}

/// When sessions are looked at within `ms` from now, counted from now.
fn times(bench: &mut Bench, ms: u64) -> Vec<u64> {
    let from = bench.now;
    bench.looks.clear();
    bench.pass_time(ms);
    looks(bench, from).into_iter().map(|(at, _)| at).collect()
}

#[test]
fn looks_begin_with_the_first_session_and_grow_rare_while_nothing_moves() {
    let mut bench = Bench::running(workers(1), &[task("a")]);
    assert!(times(&mut bench, 60_000).is_empty(), "there is no session to look at yet");
    bench.open("a");
    assert_eq!(times(&mut bench, 20_000), [500, 1_500, 3_500, 7_500, 12_500, 17_500]);
}

#[test]
fn every_session_whose_turn_is_under_way_is_looked_at_and_no_other() {
    let mut bench = Bench::running(workers(3), &[task("a"), task("b"), task("c")]);
    bench.open("a");
    bench.open("b");
    bench.do_work("a");
    bench.pass_time(500);
    let b = bench.lease("b");
    let session = format!("session-{}", b.0);
    assert_eq!(bench.looks, [(bench.now, Command::Poll { lease: b, session })]);
}

#[test]
fn whatever_moves_brings_the_next_look_near() {
    type Movement = fn(&mut Bench);
    let movements: [Movement; 7] = [
        |bench| drop(bench.send(Event::Progress { lease: bench.lease("a") })),
        |bench| drop(bench.open("b")),
        |bench| drop(bench.idle("a")),
        |bench| drop(bench.report("a", ReportStatus::Done, "done")),
        |bench| drop(bench.error("a", SessionErrorKind::Unknown)),
        |bench| drop(bench.send(Event::ClockStopped { lease: bench.lease("a") })),
        |bench| {
            bench.send(Event::ClockStopped { lease: bench.lease("a") });
            bench.send(Event::ClockStarted { lease: bench.lease("a") });
        },
    ];
    for (at, moves) in movements.into_iter().enumerate() {
        let mut bench = Bench::running(workers(3), &[task("a"), task("b"), task("c")]);
        bench.open("a");
        bench.open("c");
        bench.pass_time(13_000);
        moves(&mut bench);
        assert_eq!(times(&mut bench, 1_500).first(), Some(&500), "movement {at}");
    }
}

#[test]
fn what_is_ignored_is_no_movement() {
    let mut bench = Bench::running(workers(1), &[task("a")]);
    bench.open("a");
    bench.pass_time(13_000);
    bench.ignored(idle(LeaseId(99)));
    assert_eq!(times(&mut bench, 5_000), [4_500]);
}

#[test]
fn steady_signs_of_life_do_not_put_a_look_off() {
    let mut bench = Bench::running(workers(1), &[task("a")]);
    bench.open("a");
    let (from, lease) = (bench.now, bench.lease("a"));
    for _ in 0..50 {
        bench.pass_time(100);
        bench.send(Event::Progress { lease });
    }
    let times: Vec<u64> = looks(&mut bench, from).into_iter().map(|(at, _)| at).collect();
    assert_eq!(times, (500..=5_000).step_by(500).collect::<Vec<_>>());
}

#[test]
fn a_session_with_an_open_question_is_looked_at_too() {
    let mut bench = Bench::running(workers(1), &[task("a")]);
    bench.open("a");
    bench.send(Event::ClockStopped { lease: bench.lease("a") });
    assert_eq!(times(&mut bench, 4_000), [500, 1_500, 3_500]);
}

#[test]
fn reviews_are_looked_at_and_the_end_of_the_last_turn_ends_the_looks() {
    let mut bench = Bench::running(reviewed(1), &[task("a")]);
    bench.complete("a");
    let seal = bench.review(None);
    assert_eq!(bench.scheduler.next_wake(), Some(bench.now + 120_000), "only the stall is waited for");
    bench.send(Event::SessionStarted { lease: seal, session: "seal".to_owned() });
    let from = bench.now;
    bench.pass_time(500);
    assert_eq!(looks(&mut bench, from), [(500, seal)]);
    bench.send(verdict(seal, Verdict::Approve));
    assert_eq!(bench.scheduler.next_wake(), None);
}

#[test]
fn a_look_is_not_due_before_its_time_and_changes_nothing() {
    let mut bench = Bench::running(workers(1), &[task("a")]);
    bench.open("a");
    assert!(bench.ignored(Event::PollDue {}).contains("due at 1500"));
    let before = bench.scheduler.snapshot();
    bench.pass_time(500);
    assert_eq!(bench.looks.len(), 1);
    assert_eq!(bench.scheduler.snapshot(), before);
}
