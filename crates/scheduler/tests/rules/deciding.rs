//! Rounds of a review that lead nowhere, and what the commander decides about them.

use orchestrator_scheduler::{
    Command, Decision, Event, Finding, MissionOutcome, NoticeKind, Phase, PromptReason, TaskState, Verdict,
};

use crate::bench::{Bench, With, aborts, idle, notices, reviewed, task, verdict};

fn decided(decision: Decision) -> Event {
    Event::Decided { task: "a".into(), decision, reason: "the finding is right".into() }
}

/// The reviewer rejects it, and falls silent.
fn reject(bench: &mut Bench, message: &str) -> Vec<Command> {
    let finding = Finding {
        file: Some("a.ts".into()),
        line: Some(3),
        severity: "error".into(),
        message: message.into(),
    };
    let lease = bench.review(Some("a"));
    let (verdict, findings) = (Verdict::Reject, vec![finding]);
    let commands = bench.send(Event::Reviewed { lease, turn: None, verdict, findings, voided: false });
    bench.send(idle(lease));
    commands
}

/// A task that was rejected twice for the same, and one besides it that still runs.
fn disputed() -> (Bench, Vec<Command>) {
    let mut bench = Bench::running(reviewed(1), &[task("a").reviewed(), task("b")]);
    bench.complete("a");
    reject(&mut bench, "Off by 1 in line 3");
    bench.complete("a");
    let commands = reject(&mut bench, "off by 1 in line 7");
    (bench, commands)
}

#[test]
fn a_second_rejection_for_the_same_finding_goes_to_the_commander_and_not_to_a_third_round() {
    let (bench, commands) = disputed();
    let asked = notices(&commands, NoticeKind::NeedsDecision);
    assert!(asked[0].contains("rejected it twice for the same: off by 1"), "{asked:?}");
    let a = bench.task("a");
    assert_eq!((a.state, a.attempt, a.lane), (TaskState::Reviewing, 2, None));
    assert!(a.waiting.is_some());
    assert_eq!(Bench::started(&commands), ["b"], "the lane is free for others");
}

#[test]
fn another_finding_brings_another_round() {
    let mut bench = Bench::running(reviewed(1), &[task("a").reviewed()]);
    for (message, attempt) in [("off by one", 2), ("no test", 3)] {
        bench.complete("a");
        reject(&mut bench, message);
        assert_eq!((bench.state("a"), bench.task("a").attempt), (TaskState::Running, attempt));
    }
}

#[test]
fn the_commander_may_accept_retry_or_fail_it() {
    let (mut bench, _) = disputed();
    bench.send(decided(Decision::Accept));
    assert_eq!(bench.state("a"), TaskState::Accepted);

    let (mut bench, _) = disputed();
    bench.complete("b");
    let commands = bench.send(decided(Decision::Retry));
    assert!(Bench::started(&commands).is_empty());
    let commands =
        if bench.state("a") == TaskState::Running { commands } else { bench.send(Event::Resumed {}) };
    let told = commands.iter().any(|command| {
        matches!(command, Command::Prompt { attempt: 2, reason: PromptReason::Decided { findings, .. }, .. }
            if findings.len() == 1)
    });
    assert!(told, "the attempt does not count: {commands:?}");

    let (mut bench, _) = disputed();
    bench.send(decided(Decision::Fail));
    assert_eq!(bench.state("a"), TaskState::Failed);
    bench.ignored(decided(Decision::Accept));
}

#[test]
fn where_only_decisions_are_left_the_mission_waits_for_the_commander() {
    let (mut bench, _) = disputed();
    let commands = bench.complete("b");
    assert_eq!(bench.phase(), Phase::Deciding);
    let asked = notices(&commands, NoticeKind::NeedsDecision);
    assert!(asked[0].contains("a decision is needed") && asked[0].contains("\"a\""), "{asked:?}");
    bench.send(decided(Decision::Accept));
    bench.send(Event::Resumed {});
    assert_eq!(bench.phase(), Phase::Sealing);
}

#[test]
fn resumed_without_a_decision_the_mission_has_failed() {
    let (mut bench, _) = disputed();
    bench.complete("b");
    let commands = bench.send(Event::Resumed {});
    let failed =
        |command: &Command| matches!(command, Command::Finish { outcome: MissionOutcome::Failed, .. });
    assert!(commands.iter().any(failed), "{commands:?}");
}

#[test]
fn a_task_that_waits_is_dropped_like_any_other() {
    let (mut bench, _) = disputed();
    bench.send(crate::bench::cancelled(Some("a")));
    assert_eq!(bench.state("a"), TaskState::Cancelled);
    bench.ignored(decided(Decision::Retry));
}

#[test]
fn a_pause_changes_nothing_about_what_waits() {
    let (mut bench, _) = disputed();
    bench.send(crate::bench::paused());
    bench.send(Event::Resumed {});
    assert!(bench.task("a").waiting.is_some());
    bench.complete("b");
    assert_eq!(bench.phase(), Phase::Deciding);
}

#[test]
fn a_verdict_is_void_where_files_changed_meanwhile_and_another_reviewer_is_asked() {
    let mut bench = Bench::running(reviewed(1), &[task("a").reviewed()]);
    bench.complete("a");
    for round in 2..=3 {
        let lease = bench.review(Some("a"));
        bench.send(Event::SessionStarted { lease, session: format!("r{round}") });
        let commands = bench.send(voided(lease));
        assert_eq!(aborts(&commands), 1);
        let again =
            |command: &Command| matches!(command, Command::Review { attempt, .. } if *attempt == round);
        assert!(commands.iter().any(again), "{commands:?}");
        assert_eq!(bench.state("a"), TaskState::Reviewing);
        bench.ignored(verdict(lease, Verdict::Approve));
    }
    bench.send(voided(bench.review(Some("a"))));
    assert_eq!(bench.state("a"), TaskState::Failed, "each counts as a round without a verdict");
}

fn voided(lease: orchestrator_scheduler::LeaseId) -> Event {
    Event::Reviewed { lease, turn: None, verdict: Verdict::Approve, findings: Vec::new(), voided: true }
}
