//! Stalls, turns that last too long, stopped clocks, clocks that jump.

use orchestrator_scheduler::{Command, Config, Event, ReportStatus, TaskState};

use crate::bench::{Bench, aborts, idle, task, workers};

const STALL: u64 = 120_000;
const TURN: u64 = 1_800_000;

fn opened() -> Bench {
    let mut bench = Bench::running(workers(1), &[task("a")]);
    bench.open("a");
    bench
}

#[test]
fn a_silent_turn_is_stopped_and_the_next_attempt_has_a_new_session_on_the_same_lane() {
    let mut bench = opened();
    let (lease, lane) = (bench.lease("a"), bench.task("a").lane);
    assert!(bench.pass_time(STALL - 1).is_empty());
    let commands = bench.pass_time(1);
    assert_eq!(aborts(&commands), 1);
    assert_eq!(Bench::started(&commands), ["a"]);
    assert_ne!(bench.lease("a"), lease);
    assert_eq!((bench.task("a").attempt, bench.task("a").lane), (2, lane));
}

#[test]
fn a_sign_of_life_puts_the_stall_off() {
    let mut bench = opened();
    let lease = bench.lease("a");
    bench.pass_time(STALL - 1);
    bench.send(Event::Progress { lease });
    assert!(bench.pass_time(STALL - 1).is_empty());
    assert_eq!(aborts(&bench.pass_time(1)), 1);
}

#[test]
fn a_lively_turn_is_stopped_when_it_lasts_too_long() {
    let mut bench = opened();
    let lease = bench.lease("a");
    for _ in 0..TURN / 60_000 - 1 {
        assert!(bench.pass_time(60_000).is_empty());
        bench.send(Event::Progress { lease });
    }
    let commands = bench.pass_time(60_000);
    assert_eq!(aborts(&commands), 1);
    assert_eq!(bench.task("a").reason.as_deref(), Some("the turn took too long"));
}

#[test]
fn no_timer_runs_while_a_permission_question_is_open() {
    let mut bench = opened();
    let lease = bench.lease("a");
    bench.pass_time(100_000);
    bench.send(Event::ClockStopped { lease });
    assert!(bench.ignored(Event::ClockStopped { lease }).contains("stands still already"));
    assert!(bench.pass_time(10 * TURN).is_empty());
    bench.send(Event::ClockStarted { lease });
    assert!(bench.ignored(Event::ClockStarted { lease }).contains("runs already"));
    assert!(bench.pass_time(STALL - 1).is_empty());
    bench.send(Event::Progress { lease });
    // 100 s before the question and the time since count towards the length of the turn.
    let left = TURN - 100_000 - (STALL - 1);
    let mut passed = 0;
    while passed + 60_000 < left {
        assert!(bench.pass_time(60_000).is_empty());
        bench.send(Event::Progress { lease });
        passed += 60_000;
    }
    assert!(!bench.pass_time(left - passed).is_empty());
}

#[test]
fn a_turn_that_reported_done_but_never_falls_silent_is_stopped_and_verified() {
    let mut bench = opened();
    let lease = bench.lease("a");
    bench.report("a", ReportStatus::Done, "done");
    let commands = bench.pass_time(STALL);
    assert_eq!(aborts(&commands), 1);
    assert!(commands.iter().any(|command| matches!(command, Command::Verify { .. })));
    assert_eq!((bench.state("a"), bench.lease("a")), (TaskState::Verifying, lease));
    assert!(bench.ignored(idle(lease)).contains("no turn"));
}

#[test]
fn the_last_stalled_attempt_fails_the_task() {
    let mut bench = opened();
    for _ in 0..3 {
        bench.pass_time(STALL);
    }
    assert_eq!(bench.state("a"), TaskState::Failed);
    assert_eq!(bench.task("a").reason.as_deref(), Some("no sign of life (attempt 3 of 3)"));
}

#[test]
fn a_session_that_opens_after_its_lease_ended_is_stopped() {
    let mut bench = Bench::running(workers(1), &[task("a")]);
    let lease = bench.lease("a");
    bench.pass_time(STALL);
    let outcome = bench.try_send(Event::SessionStarted { lease, session: "late".to_owned() }).unwrap();
    assert_eq!(outcome.commands, [Command::Abort { lease, session: "late".to_owned() }]);
    assert!(outcome.ignored.is_some());
}

#[test]
fn a_clock_set_back_stops_no_timer() {
    let mut bench = Bench::running(Config { stall_timeout_ms: 5_000, ..workers(1) }, &[task("a")]);
    bench.now = 1_000_000;
    bench.open("a");
    bench.now = 400_000;
    let lease = bench.lease("a");
    bench.send(Event::Progress { lease });
    assert_eq!(bench.scheduler.next_wake(), Some(400_500));
    assert!(bench.scheduler.due(400_499).is_empty());
    assert_eq!(bench.scheduler.due(404_999), [Event::PollDue {}]);
    assert_eq!(bench.scheduler.due(405_000), [Event::Stalled { lease }, Event::PollDue {}]);
    assert_eq!(bench.task("a").updated_at, 1_000_000, "time never runs back");
}

#[test]
fn a_retry_is_not_due_before_its_time() {
    let mut bench = opened();
    bench.error("a", orchestrator_scheduler::SessionErrorKind::RateLimit);
    assert!(bench.ignored(Event::RetryDue { task: Some("a".to_owned()) }).contains("due at"));
    assert!(bench.ignored(Event::RetryDue { task: None }).contains("no retry of the seal"));
}
