//! One-off tasks.

use orchestrator_scheduler::{
    Command, ErrorKind, Event, Phase, ReportStatus, SessionErrorKind, TaskKind, TaskSpec, TaskState,
};

use crate::bench::{Bench, With, cancelled, paused, plan, reported, task, workers};

fn delegated(task: TaskSpec) -> Event {
    Event::Delegated { task, continue_session: None }
}

#[test]
fn a_delegation_runs_at_once_with_no_plan_and_ends_with_its_text() {
    let mut bench = Bench::new(workers(1));
    let commands = bench.send(delegated(task("d")));
    assert_eq!(Bench::started(&commands), ["d"]);
    assert_eq!(bench.task("d").kind, TaskKind::Delegation);
    bench.open("d");
    bench.idle("d");
    assert_eq!(bench.state("d"), TaskState::Accepted);
    assert_eq!(bench.task("d").summary.as_deref(), Some("that's it"));
    assert_eq!(bench.phase(), Phase::Planning);
}

#[test]
fn a_delegation_runs_while_the_mission_is_paused_even_on_the_only_lane() {
    for reach in ["running", "verifying", "waiting"] {
        let mut bench = Bench::running(workers(1), &[task("a")]);
        bench.open("a");
        match reach {
            "verifying" => drop(bench.do_work("a")),
            "waiting" => drop(bench.error("a", SessionErrorKind::RateLimit)),
            _ => {}
        }
        bench.send(paused());
        assert_eq!(Bench::started(&bench.send(delegated(task("d")))), ["d"], "{reach}");
        bench.send(Event::Resumed {});
        bench.idle("d");
        bench.pass_time(5_000);
        assert_eq!(bench.state("d"), TaskState::Accepted);
    }
}

#[test]
fn pausing_leaves_a_delegation_alone() {
    let mut bench = Bench::running(workers(2), &[task("a")]);
    bench.send(delegated(task("d")));
    bench.send(paused());
    assert_eq!([bench.state("a"), bench.state("d")], [TaskState::Ready, TaskState::Running]);
}

#[test]
fn a_delegation_waits_for_a_lane_and_goes_before_the_plan() {
    let mut bench = Bench::running(workers(1), &[task("a"), task("b")]);
    assert!(bench.send(delegated(task("d"))).is_empty());
    assert_eq!(Bench::started(&bench.complete("a")), ["d"]);
}

#[test]
fn a_delegation_goes_on_in_an_earlier_session_once_that_is_free() {
    let mut bench = Bench::new(workers(2));
    let again = |id| Event::Delegated { task: task(id), continue_session: Some("s".to_owned()) };
    let commands = bench.send(again("d"));
    assert!(matches!(&commands[..], [Command::Start { session: Some(s), .. }] if s == "s"));
    assert!(bench.send(again("e")).is_empty(), "the session is at work");
    let commands = bench.idle("d");
    assert!(commands.iter().any(|command| {
        matches!(command, Command::Start { task, session: Some(s), .. } if task == "e" && s == "s")
    }));
    assert_eq!(bench.scheduler.lease_of_session("s").unwrap().task.as_deref(), Some("e"));
}

#[test]
fn a_delegations_errors_do_not_stop_the_mission() {
    for (kind, state) in [
        (SessionErrorKind::Auth, TaskState::Failed),
        (SessionErrorKind::Aborted, TaskState::Failed),
        (SessionErrorKind::Refusal, TaskState::Failed),
        (SessionErrorKind::BadToolCall, TaskState::Running),
        (SessionErrorKind::RateLimit, TaskState::Ready),
    ] {
        let mut bench = Bench::running(workers(2), &[task("a")]);
        bench.send(delegated(task("d")));
        bench.open("d");
        bench.error("d", kind);
        assert_eq!((bench.state("d"), bench.phase()), (state, Phase::Running), "{kind:?}");
        bench.send(paused());
        bench.pass_time(3_000);
        let expected = if state == TaskState::Ready { TaskState::Running } else { state };
        assert_eq!(bench.state("d"), expected, "{kind:?}, also while paused");
    }
}

#[test]
fn a_delegations_report_is_kept_and_never_fails_it() {
    let mut bench = Bench::new(workers(1));
    bench.send(delegated(task("d")));
    bench.send(reported(bench.lease("d"), ReportStatus::Blocked, "see there"));
    let lease = bench.lease("d");
    bench.send(Event::SessionIdle { lease, turn: None, text: None, fingerprint: None, refused: Vec::new() });
    assert_eq!(bench.state("d"), TaskState::Accepted);
    assert_eq!(bench.task("d").summary.as_deref(), Some("see there"));
}

#[test]
fn a_delegation_does_not_hold_up_the_missions_end_and_ends_with_it() {
    let mut bench = Bench::running(workers(2), &[task("a")]);
    bench.send(delegated(task("d")));
    bench.complete("a");
    assert_eq!((bench.phase(), bench.state("d")), (Phase::Done, TaskState::Cancelled));
    bench.ignored(delegated(task("e")));
}

#[test]
fn a_delegation_respects_scopes_and_can_be_cancelled() {
    let mut bench = Bench::running(workers(2), &[task("a").files(&["x"])]);
    assert!(bench.send(delegated(task("d").files(&["x"]))).is_empty());
    bench.send(cancelled(Some("d")));
    assert_eq!(bench.state("d"), TaskState::Cancelled);
    bench.complete("a");
    assert_eq!(bench.phase(), Phase::Done);
}

#[test]
fn a_delegation_that_would_wait_or_be_checked_is_refused() {
    let mut bench = Bench::new(workers(1));
    bench.send(Event::PlanSubmitted { plan: plan(&[task("a")]) });
    let error = bench.try_send(delegated(task("a").after(&["a"]).reviewed())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidPlan);
    let paths: Vec<&str> = error.problems().iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(paths, ["task.id", "task.depends_on", "task.review"]);
    bench.send(delegated(task("d")));
    assert!(bench.ignored(delegated(task("d"))).contains("there already"));
}
