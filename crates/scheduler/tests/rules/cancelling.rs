//! Giving up tasks, or all of them, in every state.

use orchestrator_scheduler::{
    Command, ErrorKind, MissionOutcome, Phase, ReportStatus, SessionErrorKind, TaskState, Verdict,
};

use crate::bench::{
    Bench, With, aborts, cancelled, idle, paused, plan, reviewed, task, verdict, verified, workers,
};

/// Brings a mission to where a test begins.
type Reach<'a> = &'a dyn Fn(&mut Bench);

#[test]
fn a_running_task_is_stopped_and_what_waits_for_it_is_blocked() {
    let tasks = [task("a"), task("b").after(&["a"]), task("c")];
    let mut bench = Bench::running(workers(1), &tasks);
    bench.open("a");
    let lease = bench.lease("a");
    let commands = bench.send(cancelled(Some("a")));
    assert_eq!(aborts(&commands), 1);
    assert_eq!(Bench::started(&commands), ["c"]);
    assert_eq!([bench.state("a"), bench.state("b")], [TaskState::Cancelled, TaskState::Blocked]);
    bench.ignored(idle(lease));
    bench.ignored(cancelled(Some("a")));
}

#[test]
fn a_task_can_be_cancelled_in_every_state_that_it_has_not_ended_in() {
    let verifying = |bench: &mut Bench| drop(bench.do_work("a"));
    let reviewing = |bench: &mut Bench| drop(bench.complete("a"));
    let waiting = |bench: &mut Bench| {
        bench.open("a");
        bench.error("a", SessionErrorKind::RateLimit);
    };
    let failed = |bench: &mut Bench| {
        bench.open("a");
        bench.report("a", ReportStatus::Blocked, "no");
    };
    let in_pause = |bench: &mut Bench| drop(bench.send(paused()));
    let nothing = |_: &mut Bench| {};
    let reach: [(Reach<'_>, TaskState); 6] = [
        (&nothing, TaskState::Running),
        (&verifying, TaskState::Verifying),
        (&reviewing, TaskState::Reviewing),
        (&waiting, TaskState::Ready),
        (&failed, TaskState::Failed),
        (&in_pause, TaskState::Ready),
    ];
    for (reach, state) in reach {
        let mut bench = Bench::running(reviewed(1), &[task("a").reviewed(), task("b").after(&["a"])]);
        reach(&mut bench);
        assert_eq!(bench.state("a"), state);
        bench.send(cancelled(Some("a")));
        assert_eq!([bench.state("a"), bench.state("b")], [TaskState::Cancelled, TaskState::Blocked]);
        bench.send(cancelled(Some("b")));
        let snapshot = bench.scheduler.snapshot();
        assert_eq!((snapshot.mission.in_use, snapshot.leases.len()), (0, 0), "from {state:?}");
        bench.pass_time(100_000_000);
    }
}

#[test]
fn a_late_result_for_a_cancelled_task_is_ignored() {
    let mut bench = Bench::running(workers(1), &[task("a"), task("b")]);
    bench.do_work("a");
    bench.send(cancelled(Some("a")));
    bench.ignored(verified(Some("a"), 1, true));
}

#[test]
fn an_accepted_task_can_not_be_cancelled_and_an_unknown_one_is_an_error() {
    let mut bench = Bench::running(workers(1), &[task("build"), task("b")]);
    bench.complete("build");
    bench.ignored(cancelled(Some("build")));
    let error = bench.try_send(cancelled(Some("biuld"))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownTask);
    assert_eq!(error.to_string(), "no task \"biuld\"; did you mean \"build\"?");
}

#[test]
fn tasks_that_were_dropped_on_purpose_do_not_keep_the_mission_from_succeeding() {
    let mut bench = Bench::running(workers(2), &[task("a"), task("b")]);
    bench.complete("a");
    let commands = bench.send(cancelled(Some("b")));
    assert_eq!(bench.phase(), Phase::Done);
    let message = "1 tasks accepted, 1 dropped".to_owned();
    assert_eq!(commands, [Command::Finish { outcome: MissionOutcome::Accepted, message }]);
}

#[test]
fn a_mission_of_which_every_task_was_dropped_does_not_succeed() {
    let mut bench = Bench::running(workers(2), &[task("a")]);
    bench.send(cancelled(Some("a")));
    assert_eq!(bench.phase(), Phase::Deciding);
    let commands = bench.send(orchestrator_scheduler::Event::Resumed {});
    assert!(matches!(&commands[..], [Command::Finish { outcome: MissionOutcome::Failed, .. }]));
}

#[test]
fn cancelling_the_mission_ends_everything_in_every_phase() {
    let planning = |_: &mut Bench| {};
    let running = |bench: &mut Bench| {
        bench.send(orchestrator_scheduler::Event::Resumed {});
        bench.open("a");
    };
    let pausing = |bench: &mut Bench| {
        running(bench);
        bench.send(paused());
    };
    let deciding = |bench: &mut Bench| {
        running(bench);
        bench.report("a", ReportStatus::Blocked, "no");
    };
    let verifying = |bench: &mut Bench| {
        running(bench);
        bench.complete("a");
    };
    let sealing = |bench: &mut Bench| {
        verifying(bench);
        bench.send(verified(None, 1, true));
    };
    let reach: [(Reach<'_>, Phase); 6] = [
        (&planning, Phase::Planning),
        (&running, Phase::Running),
        (&pausing, Phase::Paused),
        (&deciding, Phase::Deciding),
        (&verifying, Phase::Verifying),
        (&sealing, Phase::Sealing),
    ];
    for (reach, phase) in reach {
        let mut bench = Bench::new(reviewed(1));
        let mut plan = plan(&[task("a")]);
        plan.verify = vec!["npm test".into()];
        bench.send(orchestrator_scheduler::Event::PlanSubmitted { plan });
        reach(&mut bench);
        assert_eq!(bench.phase(), phase);
        let commands = bench.send(cancelled(None));
        assert!(matches!(commands.last(), Some(Command::Finish { outcome: MissionOutcome::Cancelled, .. })));
        let snapshot = bench.scheduler.snapshot();
        assert_eq!((snapshot.mission.in_use, snapshot.leases.len()), (0, 0));
        assert!(snapshot.tasks.iter().all(|task| task.state.is_end()));
        assert_eq!(bench.scheduler.next_wake(), None);
        bench.ignored(cancelled(None));
    }
}

#[test]
fn the_reviewer_that_spoke_last_is_stopped_with_the_mission() {
    let mut bench = Bench::running(reviewed(1), &[task("a")]);
    bench.complete("a");
    let seal = bench.review(None);
    bench.send(orchestrator_scheduler::Event::SessionStarted { lease: seal, session: "s".to_owned() });
    let commands = bench.send(verdict(seal, Verdict::Approve));
    assert_eq!(aborts(&commands), 1);
    assert!(matches!(commands.last(), Some(Command::Finish { outcome: MissionOutcome::Accepted, .. })));
}
