//! Phases: decisions, the mission's own checks, the seal, the end.

use orchestrator_scheduler::{
    Command, Event, MissionOutcome, NoticeKind, Phase, Plan, ReportStatus, SessionErrorKind, TaskSpec,
    TaskState, Verdict,
};

use crate::bench::{
    Bench, With, cancelled, failed, idle, notices, plan, reviewed, task, verdict, verified, workers,
};

fn checked(tasks: &[TaskSpec]) -> Plan {
    Plan { verify: vec!["npm test".into()], ..plan(tasks) }
}

/// A mission whose only task is accepted and whose checks run.
fn verifying() -> Bench {
    let mut bench = Bench::new(reviewed(1));
    bench.send(Event::PlanSubmitted { plan: checked(&[task("a")]) });
    bench.send(Event::Resumed {});
    bench.complete("a");
    bench
}

fn finished(commands: &[Command]) -> Option<MissionOutcome> {
    commands.iter().find_map(|command| match command {
        Command::Finish { outcome, .. } => Some(*outcome),
        _ => None,
    })
}

#[test]
fn all_accepted_means_verification_then_the_seal_then_the_end() {
    let mut bench = verifying();
    let asked = Command::Verify {
        task: None,
        attempt: 1,
        copy: 1,
        commands: vec!["npm test".into()],
        files: vec![],
        review_follows: true,
    };
    assert!(bench.commands.contains(&asked));
    let commands = bench.send(verified(None, 1, true));
    assert!(matches!(&commands[..], [Command::Review { task: None, attempt: 1, .. }]), "{commands:?}");
    assert_eq!(bench.phase(), Phase::Sealing);
    let commands = bench.send(verdict(bench.review(None), Verdict::Approve));
    assert_eq!(finished(&commands), Some(MissionOutcome::Accepted));
    assert_eq!(bench.scheduler.mission().outcome, Some(MissionOutcome::Accepted));
    assert!(bench.scheduler.snapshot().leases.is_empty());
}

#[test]
fn without_checks_and_reviews_the_last_acceptance_ends_the_mission() {
    let mut bench = Bench::running(workers(1), &[task("a")]);
    assert_eq!(finished(&bench.complete("a")), Some(MissionOutcome::Accepted));
}

#[test]
fn resuming_without_a_plan_is_ignored() {
    assert!(Bench::new(workers(1)).ignored(Event::Resumed {}).contains("no plan"));
}

#[test]
fn when_nothing_can_go_on_the_commander_decides() {
    let mut bench = Bench::running(workers(1), &[task("a"), task("b").after(&["a"])]);
    bench.open("a");
    let commands = bench.report("a", ReportStatus::Blocked, "which one?");
    assert_eq!(bench.phase(), Phase::Deciding);
    let message = notices(&commands, NoticeKind::NeedsDecision)[0];
    assert!(
        message.contains("\"a\" failed (blocked: which one?)") && message.contains("\"b\" blocked"),
        "{message}"
    );
    assert_eq!(bench.scheduler.mission().reason.as_deref(), Some(message));
}

#[test]
fn resuming_with_nothing_new_ends_the_mission_as_failed() {
    let mut bench = Bench::running(workers(1), &[task("a")]);
    bench.open("a");
    bench.report("a", ReportStatus::Blocked, "?");
    assert_eq!(finished(&bench.send(Event::Resumed {})), Some(MissionOutcome::Failed));
}

#[test]
fn dropping_what_failed_lets_the_mission_go_on_to_its_end() {
    let mut bench = Bench::running(workers(2), &[task("a"), task("b")]);
    bench.complete("b");
    bench.open("a");
    bench.report("a", ReportStatus::Blocked, "?");
    bench.send(cancelled(Some("a")));
    assert_eq!(bench.phase(), Phase::Deciding, "it is the commander's to go on");
    assert_eq!(finished(&bench.send(Event::Resumed {})), Some(MissionOutcome::Accepted));
}

#[test]
fn failed_checks_need_a_decision_and_are_not_repeated_for_nothing() {
    let mut bench = verifying();
    let commands = bench.send(verified(None, 1, false));
    assert_eq!(bench.phase(), Phase::Deciding);
    assert!(notices(&commands, NoticeKind::NeedsDecision)[0].contains("2 errors"));
    assert_eq!(bench.scheduler.mission().mission_verification.unwrap().report, "2 errors");
    assert_eq!(finished(&bench.send(Event::Resumed {})), Some(MissionOutcome::Failed));
}

#[test]
fn failed_checks_are_repeated_when_something_was_accepted_since() {
    let mut bench = verifying();
    bench.send(verified(None, 1, false));
    bench.send(Event::PlanSubmitted { plan: plan(&[task("fix")]) });
    assert_eq!(bench.phase(), Phase::Deciding);
    bench.send(Event::Resumed {});
    bench.complete("fix");
    bench.send(verified(None, 2, true));
    assert_eq!(bench.phase(), Phase::Sealing);
}

#[test]
fn other_checks_are_something_new() {
    let mut bench = verifying();
    bench.send(verified(None, 1, false));
    let mut other = plan(&[task("a")]);
    other.verify = vec!["npm run test".into()];
    bench.send(Event::PlanSubmitted { plan: other });
    bench.send(Event::Resumed {});
    assert_eq!(bench.phase(), Phase::Verifying);
}

#[test]
fn a_refused_seal_needs_a_decision() {
    let mut bench = verifying();
    bench.send(verified(None, 1, true));
    let seal = bench.review(None);
    let commands = bench.send(verdict(seal, Verdict::Reject));
    assert_eq!(bench.phase(), Phase::Deciding);
    assert!(notices(&commands, NoticeKind::NeedsDecision)[0].contains("off by one"));
    assert_eq!(bench.scheduler.mission().seal_findings.len(), 1);
    bench.send(idle(seal));
    assert!(bench.scheduler.snapshot().leases.is_empty());
    assert_eq!(finished(&bench.send(Event::Resumed {})), Some(MissionOutcome::Failed));
}

#[test]
fn a_seal_without_a_verdict_needs_a_decision() {
    let mut bench = verifying();
    bench.send(verified(None, 1, true));
    for _ in 0..3 {
        bench.pass_time(120_000);
    }
    assert_eq!(bench.phase(), Phase::Deciding);
    assert_eq!(finished(&bench.send(Event::Resumed {})), Some(MissionOutcome::Failed));
}

#[test]
fn a_seals_provider_error_is_tried_again_later() {
    let mut bench = verifying();
    bench.send(verified(None, 1, true));
    let seal = bench.review(None);
    bench.send(failed(seal, SessionErrorKind::Overloaded));
    let due = bench.scheduler.due(bench.now + 3_000);
    assert_eq!(due, [Event::RetryDue { task: None }]);
    let commands = bench.pass_time(3_000);
    assert!(commands.iter().any(|command| matches!(command, Command::Review { task: None, attempt: 1, .. })));
}

#[test]
fn a_seal_that_is_refused_credentials_stops_for_the_user_and_is_repeated() {
    let mut bench = verifying();
    bench.send(verified(None, 1, true));
    bench.send(failed(bench.review(None), SessionErrorKind::Auth));
    assert_eq!(bench.phase(), Phase::Paused);
    bench.send(Event::Resumed {});
    bench.send(verified(None, 2, true));
    assert_eq!(bench.phase(), Phase::Sealing);
    assert_eq!(bench.scheduler.snapshot().leases.len(), 1);
}

#[test]
fn nothing_is_taken_after_the_end() {
    let mut bench = Bench::running(workers(1), &[task("a")]);
    bench.complete("a");
    bench.ignored(Event::PlanSubmitted { plan: plan(&[task("b")]) });
    bench.ignored(Event::Resumed {});
    bench.ignored(cancelled(Some("a")));
    assert_eq!(bench.state("a"), TaskState::Accepted);
}

#[test]
fn counts_follow_the_tasks() {
    let mut bench = Bench::running(workers(1), &[task("a"), task("b"), task("c").after(&["a"])]);
    bench.send(Event::Delegated { task: task("d"), continue_session: None });
    let counts = bench.scheduler.mission().counts;
    assert_eq!((counts.running, counts.ready, counts.pending), (1, 1, 1), "delegations are not counted");
}
