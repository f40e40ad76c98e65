//! Permits and the limit.

use orchestrator_scheduler::{
    Command, Config, Event, LaneCounts, NoticeKind, ReviewPolicy, SessionErrorKind, TaskState, Verdict,
};

use crate::bench::{Bench, With, idle, notices, task, verdict, workers};

/// Four workers whose limit has been brought down to 1.
fn limited_to_one(tasks: &[orchestrator_scheduler::TaskSpec]) -> Bench {
    let config = Config {
        lanes: LaneCounts { planner: 1, worker: 4, reviewer: 1 },
        review: ReviewPolicy::Always,
        attempts: 20,
        ..Config::default()
    };
    let mut bench = Bench::running(config, tasks);
    for _ in 0..3 {
        let id = bench.running_tasks().remove(0);
        bench.error(&id, SessionErrorKind::Overloaded);
        bench.pass_time(1_000);
    }
    assert_eq!(bench.scheduler.mission().limit, 1);
    bench
}

#[test]
fn the_limit_halves_on_a_push_back_and_says_so() {
    let mut bench = Bench::running(workers(4), &[task("a")]);
    bench.open("a");
    let commands = bench.error("a", SessionErrorKind::RateLimit);
    assert_eq!(notices(&commands, NoticeKind::LimitChanged), ["3 sessions at once, 7 before"]);
}

#[test]
fn a_burst_is_one_signal() {
    let tasks: Vec<_> = ["a", "b", "c", "d"].map(task).to_vec();
    let mut bench = Bench::running(workers(4), &tasks);
    for id in ["a", "b", "c", "d"] {
        bench.error(id, SessionErrorKind::RateLimit);
    }
    assert_eq!(bench.scheduler.mission().limit, 3);
}

#[test]
fn the_limit_grows_with_three_good_turns_in_a_row() {
    let tasks: Vec<_> = ["a", "b", "c", "d"].map(task).to_vec();
    let mut bench = Bench::running(workers(4), &tasks);
    bench.error("a", SessionErrorKind::RateLimit);
    bench.do_work("b");
    bench.do_work("c");
    let commands = bench.do_work("d");
    assert_eq!(notices(&commands, NoticeKind::LimitChanged), ["4 sessions at once, 3 before"]);
}

#[test]
fn a_stall_halves_the_limit() {
    let mut bench = Bench::running(workers(4), &[task("a")]);
    bench.pass_time(120_000);
    assert_eq!(bench.scheduler.mission().limit, 3);
}

#[test]
fn no_more_turns_begin_than_the_limit_allows() {
    let tasks: Vec<_> = (0..9).map(|i| task(&format!("t{i}"))).collect();
    let mut bench = Bench::running(Config { review: ReviewPolicy::Never, ..workers(4) }, &tasks);
    assert_eq!(bench.running_tasks().len(), 4);
    bench.error("t0", SessionErrorKind::RateLimit);
    assert_eq!((bench.scheduler.mission().limit, bench.running_tasks().len()), (3, 3));
    bench.pass_time(3_000);
    assert_eq!(bench.running_tasks().len(), 3, "the retry waits for a permit");
}

#[test]
fn with_a_limit_of_one_reviews_and_work_still_all_get_their_turn() {
    let tasks: Vec<_> = ["a", "b", "c"].map(|id| task(id).reviewed()).to_vec();
    let mut bench = limited_to_one(&tasks);
    let mut steps = 0;
    while bench.phase() == orchestrator_scheduler::Phase::Running {
        steps += 1;
        assert!(steps < 100, "locked up: {:#?}", bench.scheduler.snapshot());
        assert!(bench.scheduler.mission().in_use <= bench.scheduler.mission().limit.max(1));
        let snapshot = bench.scheduler.snapshot();
        let turn =
            snapshot.leases.iter().find(|lease| lease.running).map(|lease| (lease.lease, lease.purpose));
        match turn {
            Some((_, orchestrator_scheduler::Purpose::Work)) => {
                let id = bench.running_tasks().remove(0);
                bench.complete(&id);
            }
            Some((review, _)) => {
                bench.try_send(verdict(review, Verdict::Approve)).unwrap();
                bench.try_send(idle(review)).unwrap();
            }
            None => drop(bench.pass_time(60_000)),
        }
    }
    assert_eq!(bench.phase(), orchestrator_scheduler::Phase::Sealing);
}

#[test]
fn a_review_goes_before_new_work_when_permits_are_short() {
    let tasks: Vec<_> = ["a", "b", "c"].map(|id| task(id).reviewed()).to_vec();
    let mut bench = limited_to_one(&tasks);
    while bench.running_tasks().is_empty() {
        bench.pass_time(1_000);
    }
    let id = bench.running_tasks().remove(0);
    let commands = bench.do_work(&id);
    let next: Vec<&Command> =
        commands.iter().filter(|c| matches!(c, Command::Prompt { .. } | Command::Start { .. })).collect();
    assert_eq!(next.len(), 1, "the permit goes on to the next task");
    bench.verify(&id, true);
    assert_eq!(bench.state(&id), TaskState::Reviewing);
    let other = bench.running_tasks().remove(0);
    let commands = bench.do_work(&other);
    assert!(commands.iter().any(|command| matches!(command, Command::Review { .. })), "{commands:?}");
}

#[test]
fn every_permit_comes_back() {
    let mut bench = Bench::running(workers(3), &[task("a"), task("b"), task("c")]);
    bench.open("a");
    bench.do_work("b");
    bench.error("c", SessionErrorKind::RateLimit);
    bench.send(Event::Cancelled { task: None, reason: "enough".to_owned() });
    assert_eq!(bench.scheduler.mission().in_use, 0);
}
