//! When a straggler gets a second attempt, and which of the two counts.

use orchestrator_scheduler::{
    Budget, Command, Config, Event, LaneCounts, LeaseId, LeaseView, NoticeKind, Phase, Purpose, ReportStatus,
    ReviewPolicy, SessionErrorKind, TaskState, Verdict,
};

use crate::bench::{
    Bench, With, aborts, cancelled, failed, idle, notices, paused, reported, task, verdict, verified, workers,
};

const IDS: [&str; 4] = ["a", "b", "c", "slow"];

fn speculating(workers_at_once: u32) -> Config {
    Config { speculation: true, ..workers(workers_at_once) }
}

/// Three peers took 1, 2 and 3 s and are accepted; "slow" has run for 3 s.
fn bench_of(config: Config, tasks: &[orchestrator_scheduler::TaskSpec]) -> Bench {
    let mut bench = Bench::running(config, tasks);
    for id in IDS {
        bench.open(id);
    }
    for id in ["a", "b", "c"] {
        bench.pass_time(1_000);
        bench.complete(id);
    }
    bench
}

fn plan() -> [orchestrator_scheduler::TaskSpec; 4] {
    IDS.map(task)
}

/// "slow" has its second attempt, in a session.
fn two_attempts() -> (Bench, LeaseId, LeaseId) {
    let mut bench = bench_of(speculating(4), &plan());
    bench.pass_time(1_001);
    let (first, second) = (bench.lease("slow"), second_of(&bench));
    bench.send(Event::SessionStarted { lease: second, session: "second".into() });
    (bench, first, second)
}

fn second_of(bench: &Bench) -> LeaseId {
    bench.task("slow").second.expect("a second attempt").lease
}

fn checked(copy: u32, passed: bool) -> Event {
    let Event::Verified { task, attempt, report, fingerprint, .. } = verified(Some("slow"), 1, passed) else {
        unreachable!("it makes no other event")
    };
    Event::Verified { task, attempt, copy, passed, report, fingerprint }
}

fn reports_done(bench: &mut Bench, lease: LeaseId, summary: &str) -> Vec<Command> {
    bench.send(reported(lease, ReportStatus::Done, summary));
    bench.send(idle(lease))
}

/// The copies whose checks are asked for.
fn verifies(commands: &[Command]) -> Vec<u32> {
    let copy = |command: &Command| match command {
        Command::Verify { task: Some(_), copy, .. } => Some(*copy),
        _ => None,
    };
    commands.iter().filter_map(copy).collect()
}

fn no_second(bench: &Bench) {
    assert_eq!(bench.task("slow").second, None);
    let leases = bench.scheduler.snapshot().leases;
    let works = |lease: &&LeaseView| lease.task.as_deref() == Some("slow") && lease.purpose == Purpose::Work;
    assert!(leases.iter().filter(works).count() <= 1);
}

#[test]
fn a_task_that_runs_for_over_twice_the_median_of_three_peers_gets_one_second_attempt() {
    let mut bench = bench_of(speculating(4), &plan());
    assert!(Bench::started(&bench.pass_time(1_000)).is_empty(), "4 s are twice the median, and not over it");
    let commands = bench.pass_time(1);
    assert_eq!(Bench::started(&commands), ["slow"]);
    let (first, second) = (bench.lease("slow"), second_of(&bench));
    assert!(
        matches!(commands[0], Command::Start { lease, attempt: 1, copy: 2, session: None, .. } if lease == second)
    );
    assert_ne!(first, second);
    assert_eq!(bench.scheduler.mission().in_use, 2);
    let lanes = [first, second].map(|lease| bench.scheduler.lease(lease).unwrap().lane);
    assert_ne!(lanes[0], lanes[1]);
    assert!(Bench::started(&bench.pass_time(60_000)).is_empty());
    bench.ignored(Event::Straggled { lease: first });
}

#[test]
fn nobody_gets_one_without_the_setting_or_with_fewer_peers() {
    let mut bench = bench_of(workers(4), &plan());
    assert!(Bench::started(&bench.pass_time(60_000)).is_empty());
    let mut bench = Bench::running(speculating(4), &plan());
    for id in IDS {
        bench.open(id);
    }
    bench.complete("a");
    bench.complete("b");
    assert!(Bench::started(&bench.pass_time(60_000)).is_empty());
}

#[test]
fn a_ready_task_goes_before_a_second_attempt_and_lane_permit_and_budget_must_be_there() {
    let mut tasks = plan().to_vec();
    tasks.extend(["x", "y", "z"].map(|id| task(id).after(&["c"])));
    let mut bench = bench_of(speculating(4), &tasks);
    assert_eq!(bench.running_tasks(), ["slow", "x", "y", "z"]);
    assert!(Bench::started(&bench.pass_time(1_500)).is_empty(), "no lane is left");
    bench.open("x");
    bench.complete("x");
    assert_eq!(Bench::started(&bench.pass_time(1)), ["slow"], "now one is");
    tasks.push(task("ready").after(&["c"]));
    let mut bench = bench_of(speculating(4), &tasks);
    bench.pass_time(1_500);
    bench.open("x");
    assert_eq!(Bench::started(&bench.complete("x")), ["ready"]);
    assert!(Bench::started(&bench.pass_time(1)).is_empty());
    let budget = Budget { children: Some(4), ..Budget::default() };
    let mut bench = bench_of(Config { budget, ..speculating(4) }, &plan());
    assert!(Bench::started(&bench.pass_time(60_000)).is_empty(), "a session more than the budget has");
    assert_eq!(bench.phase(), Phase::Running, "and nobody stops for that");
}

#[test]
fn what_a_second_attempt_may_use_is_reserved_before_it_begins() {
    let budget = Budget { children: Some(5), ..Budget::default() };
    let mut bench = bench_of(Config { budget, ..speculating(4) }, &plan());
    assert_eq!(Bench::started(&bench.pass_time(1_001)), ["slow"]);
    assert_eq!(bench.scheduler.mission().used.children, 5);
}

#[test]
fn time_at_a_question_does_not_make_a_straggler() {
    let mut bench = bench_of(speculating(4), &plan());
    let lease = bench.lease("slow");
    bench.send(Event::ClockStopped { lease });
    assert!(Bench::started(&bench.pass_time(60_000)).is_empty());
    bench.send(Event::ClockStarted { lease });
    assert!(Bench::started(&bench.pass_time(1_000)).is_empty());
    assert_eq!(Bench::started(&bench.pass_time(1)), ["slow"]);
}

#[test]
fn the_second_wins_where_it_is_verified_first_and_the_first_is_stopped() {
    let (mut bench, first, second) = two_attempts();
    let commands = reports_done(&mut bench, second, "by the second");
    assert_eq!(verifies(&commands), [2]);
    assert_eq!(bench.state("slow"), TaskState::Running, "the first goes on meanwhile");
    let commands = bench.send(checked(2, true));
    assert!(
        commands.iter().any(|c| matches!(c, Command::Abort { lease, .. } if *lease == first)),
        "{commands:?}"
    );
    assert_eq!(bench.state("slow"), TaskState::Accepted);
    assert_eq!(bench.phase(), Phase::Done);
    let task = bench.task("slow");
    assert_eq!((task.copy, task.attempt, task.summary.as_deref()), (2, 1, Some("by the second")));
    assert_eq!(task.session.as_deref(), Some("second"));
    no_second(&bench);
    bench.ignored(reported(first, ReportStatus::Done, "late"));
}

#[test]
fn the_first_wins_where_it_is_verified_first_and_the_second_is_stopped() {
    let (mut bench, first, second) = two_attempts();
    assert_eq!(verifies(&reports_done(&mut bench, first, "by the first")), [1]);
    let commands = bench.send(checked(1, true));
    assert!(
        commands.iter().any(|c| matches!(c, Command::Abort { lease, .. } if *lease == second)),
        "{commands:?}"
    );
    let task = bench.task("slow");
    assert_eq!((task.state, task.copy, task.attempt), (TaskState::Accepted, 1, 1));
    assert_eq!(task.summary.as_deref(), Some("by the first"));
    no_second(&bench);
}

#[test]
fn only_the_winner_is_reviewed() {
    let config = Config { review: ReviewPolicy::Always, ..speculating(4) };
    let tasks = plan();
    let mut bench = Bench::running(config, &tasks);
    for id in IDS {
        bench.open(id);
    }
    for id in ["a", "b", "c"] {
        bench.pass_time(1_000);
        bench.complete(id);
        let review = bench.review(Some(id));
        bench.send(verdict(review, Verdict::Approve));
        bench.send(idle(review));
    }
    bench.pass_time(1_001);
    let second = second_of(&bench);
    bench.send(Event::SessionStarted { lease: second, session: "second".into() });
    reports_done(&mut bench, second, "done");
    bench.send(checked(2, true));
    assert_eq!(bench.state("slow"), TaskState::Reviewing);
    no_second(&bench);
    let review = bench.review(Some("slow"));
    assert_eq!(bench.scheduler.lease(review).unwrap().copy, 2);
    bench.send(verdict(review, Verdict::Reject));
    assert_eq!(bench.task("slow").attempt, 2);
    assert_eq!(bench.lease("slow"), second, "the winner's session goes on");
    assert!(Bench::started(&bench.pass_time(60_000)).is_empty(), "there is one second attempt at most");
}

#[test]
fn two_that_are_done_are_never_checked_at_once() {
    let (mut bench, first, second) = two_attempts();
    assert_eq!(verifies(&reports_done(&mut bench, second, "second")), [2]);
    assert!(verifies(&reports_done(&mut bench, first, "first")).is_empty(), "the second's checks run");
    bench.ignored(checked(1, true));
    assert_eq!(verifies(&bench.send(checked(2, false))), [1]);
    no_second(&bench);
    bench.send(checked(1, true));
    assert_eq!(bench.task("slow").summary.as_deref(), Some("first"));

    let (mut bench, first, second) = two_attempts();
    assert_eq!(verifies(&reports_done(&mut bench, first, "first")), [1]);
    assert!(verifies(&reports_done(&mut bench, second, "second")).is_empty(), "the first's checks run");
    bench.ignored(checked(2, true));
    assert_eq!(verifies(&bench.send(checked(1, false))), [2], "and its result waits for those");
    bench.send(checked(2, true));
    assert_eq!(bench.task("slow").summary.as_deref(), Some("second"));
    assert_eq!(bench.task("slow").attempt, 1);
}

#[test]
fn where_the_second_fails_the_first_goes_on_and_no_attempt_is_used() {
    let ends: [fn(&mut Bench, LeaseId); 6] = [
        |bench, second| drop(bench.send(failed(second, SessionErrorKind::Unknown))),
        |bench, second| drop(bench.send(failed(second, SessionErrorKind::RateLimit))),
        |bench, second| drop(bench.send(failed(second, SessionErrorKind::Auth))),
        |bench, second| drop(bench.send(idle(second))),
        |bench, second| drop(bench.send(reported(second, ReportStatus::Blocked, "no"))),
        |bench, second| {
            reports_done(bench, second, "so it says");
            bench.send(checked(2, false));
        },
    ];
    for (at, end) in ends.into_iter().enumerate() {
        let (mut bench, first, second) = two_attempts();
        end(&mut bench, second);
        no_second(&bench);
        assert_eq!((bench.state("slow"), bench.lease("slow")), (TaskState::Running, first), "case {at}");
        assert_eq!(bench.task("slow").attempt, 1);
        assert_eq!(bench.scheduler.mission().in_use, 1);
        bench.complete("slow");
        assert_eq!(bench.phase(), Phase::Done, "case {at}");
    }
}

#[test]
fn a_pause_that_the_second_was_asked_for_is_kept_by_the_first_that_waits() {
    let (mut bench, first, second) = two_attempts();
    let limited = |lease, pause| Event::SessionError {
        lease,
        turn: None,
        kind: SessionErrorKind::RateLimit,
        message: "slow down".into(),
        retry_after_ms: Some(pause),
    };
    bench.send(limited(first, 20_000));
    bench.pass_time(10);
    bench.send(limited(second, 20_000));
    no_second(&bench);
    assert_eq!(bench.task("slow").retry_at, Some(bench.now + 20_000));
    assert!(Bench::started(&bench.pass_time(19_999)).is_empty());
    bench.pass_time(1);
    assert_eq!(bench.state("slow"), TaskState::Running);
}

#[test]
fn where_the_first_fails_the_second_goes_on_alone_and_no_attempt_is_used() {
    let ends: [fn(&mut Bench, LeaseId); 6] = [
        |bench, first| drop(bench.send(failed(first, SessionErrorKind::Unknown))),
        |bench, first| drop(bench.send(failed(first, SessionErrorKind::Refusal))),
        |bench, first| drop(bench.send(idle(first))),
        |bench, first| drop(bench.send(reported(first, ReportStatus::Blocked, "no"))),
        |bench, first| {
            let (call, times) = ("ls".to_owned(), 3);
            bench.send(Event::ToolRepeated { lease: first, turn: None, call, times });
        },
        |bench, first| {
            reports_done(bench, first, "so it says");
            bench.send(checked(1, false));
        },
    ];
    for (at, end) in ends.into_iter().enumerate() {
        let (mut bench, first, second) = two_attempts();
        end(&mut bench, first);
        no_second(&bench);
        assert_eq!((bench.state("slow"), bench.lease("slow")), (TaskState::Running, second), "case {at}");
        let task = bench.task("slow");
        assert_eq!((task.attempt, task.copy, task.session.as_deref()), (1, 2, Some("second")), "case {at}");
        reports_done(&mut bench, second, "done");
        bench.send(checked(2, true));
        assert_eq!(bench.phase(), Phase::Done, "case {at}");
    }
}

#[test]
fn where_the_only_model_declines_the_first_it_is_asked_again_for_the_second() {
    let models = std::collections::BTreeMap::from([("worker".to_owned(), vec!["x/only".to_owned()])]);
    let mut bench = bench_of(Config { models, ..speculating(4) }, &plan());
    bench.pass_time(1_001);
    let (first, second) = (bench.lease("slow"), second_of(&bench));
    bench.send(Event::SessionStarted { lease: second, session: "second".into() });
    bench.send(failed(first, SessionErrorKind::Refusal));
    assert_eq!(bench.lease("slow"), second, "it goes on alone");
    let commands = bench.send(idle(second));
    assert!(commands.iter().any(|command| matches!(command, Command::Prompt { .. })), "{commands:?}");
}

#[test]
fn where_both_fail_one_attempt_is_used() {
    let (mut bench, first, second) = two_attempts();
    bench.send(failed(first, SessionErrorKind::Unknown));
    bench.send(failed(second, SessionErrorKind::Unknown));
    assert_eq!(bench.task("slow").attempt, 2);
    no_second(&bench);
}

#[test]
fn a_second_attempt_that_hangs_is_over_and_the_first_goes_on() {
    let (mut bench, first, _) = two_attempts();
    let until = bench.now + 120_000;
    while bench.now < until {
        bench.send(Event::Progress { lease: first });
        bench.pass_time(10_000);
    }
    no_second(&bench);
    assert_eq!((bench.state("slow"), bench.lease("slow")), (TaskState::Running, first));
}

#[test]
fn a_second_goes_on_while_the_first_waits_for_its_provider_and_may_win() {
    let (mut bench, first, second) = two_attempts();
    bench.send(failed(first, SessionErrorKind::RateLimit));
    assert_eq!(bench.state("slow"), TaskState::Ready);
    reports_done(&mut bench, second, "done");
    bench.send(checked(2, true));
    assert_eq!(bench.phase(), Phase::Done);
    assert_eq!(bench.scheduler.next_wake(), None, "no retry is waited for");
}

#[test]
fn cancelling_and_pausing_stop_both() {
    let (mut bench, ..) = two_attempts();
    assert_eq!(aborts(&bench.send(cancelled(Some("slow")))), 2);
    let (mut bench, ..) = two_attempts();
    assert_eq!(aborts(&bench.send(paused())), 2);
    no_second(&bench);
    bench.send(Event::Resumed {});
    assert_eq!(bench.running_tasks(), ["slow"]);
    assert_eq!(bench.task("slow").copy, 1);
}

#[test]
fn checks_of_a_second_attempt_that_run_at_a_pause_count() {
    for stop in [paused(), Event::Interrupted {}] {
        let (mut bench, _, second) = two_attempts();
        reports_done(&mut bench, second, "done");
        bench.send(stop);
        assert_eq!((bench.state("slow"), bench.task("slow").copy), (TaskState::Verifying, 2));
        no_second(&bench);
        assert_eq!(verifies(&bench.send(Event::Resumed {})), [2]);
        bench.send(checked(2, true));
        assert_eq!(bench.phase(), Phase::Done);
    }
}

#[test]
fn people_are_told_of_the_second_attempt() {
    let mut bench = bench_of(speculating(4), &plan());
    let commands = bench.pass_time(1_001);
    let told = notices(&commands, NoticeKind::SecondAttempt);
    assert!(told.len() == 1 && told[0].contains("second attempt"), "{told:?}");
}

#[test]
fn lanes_of_other_roles_do_not_count() {
    let lanes = LaneCounts { planner: 2, worker: 4, reviewer: 2 };
    let mut bench = bench_of(Config { lanes, ..speculating(4) }, &plan());
    let commands: Vec<Command> = bench.pass_time(1_001);
    let lane = commands.iter().find_map(|command| match command {
        Command::Start { lane, .. } => Some(lane.role),
        _ => None,
    });
    assert_eq!(lane, Some(orchestrator_scheduler::Role::Worker));
}
