//! Work turns and what follows them.

use orchestrator_scheduler::{
    Command, NoticeKind, PromptReason, ReportStatus, ReviewPolicy, TaskState, Verdict,
};

use crate::bench::{Bench, With, aborts, idle, notices, reported, reviewed, task, verdict, workers};

/// The only prompt among these commands.
fn prompt(commands: &[Command]) -> (u32, u32, &PromptReason) {
    let mut prompts = commands.iter().filter_map(|command| match command {
        Command::Prompt { attempt, turn, reason, .. } => Some((*attempt, *turn, reason)),
        _ => None,
    });
    let prompt = prompts.next().unwrap_or_else(|| panic!("no prompt in {commands:?}"));
    assert_eq!(prompts.next(), None);
    prompt
}

#[test]
fn a_report_counts_when_the_session_is_quiet() {
    let mut bench = Bench::running(workers(1), &[task("a").verified_by("npm test")]);
    bench.open("a");
    assert!(bench.report("a", ReportStatus::Done, "done").is_empty());
    assert_eq!(bench.state("a"), TaskState::Running);
    let commands = bench.idle("a");
    let expected = Command::Verify {
        task: Some("a".into()),
        attempt: 1,
        copy: 1,
        commands: vec!["npm test".into()],
        files: vec!["src/a.ts".to_owned()],
        review_follows: false,
    };
    assert_eq!(commands, [expected]);
    assert_eq!(bench.state("a"), TaskState::Verifying);
    assert_eq!(bench.task("a").summary.as_deref(), Some("done"));
}

#[test]
fn the_last_report_of_a_turn_counts() {
    let mut bench = Bench::running(workers(1), &[task("a")]);
    bench.open("a");
    bench.report("a", ReportStatus::Failed, "hm");
    bench.report("a", ReportStatus::Done, "after all");
    bench.idle("a");
    assert_eq!(bench.state("a"), TaskState::Verifying);
    assert_eq!(bench.task("a").summary.as_deref(), Some("after all"));
}

#[test]
fn a_quiet_turn_without_a_report_uses_an_attempt_in_the_same_session() {
    let mut bench = Bench::running(workers(1), &[task("a")]);
    bench.open("a");
    let lease = bench.lease("a");
    let commands = bench.idle("a");
    let reason = PromptReason::NotReported { text: Some("that's it".to_owned()) };
    assert_eq!(prompt(&commands), (2, 2, &reason));
    assert_eq!(bench.lease("a"), lease);
    bench.idle("a");
    let commands = bench.idle("a");
    assert_eq!(bench.state("a"), TaskState::Failed);
    assert_eq!(notices(&commands, NoticeKind::TaskFailed).len(), 1);
    assert_eq!(bench.task("a").attempt, 3);
}

#[test]
fn a_reported_failure_uses_an_attempt_once_the_session_is_quiet() {
    let mut bench = Bench::running(workers(1), &[task("a")]);
    bench.open("a");
    assert!(bench.report("a", ReportStatus::Failed, "no luck").is_empty());
    let commands = bench.idle("a");
    assert_eq!(prompt(&commands), (2, 2, &PromptReason::ReportedFailed { summary: "no luck".to_owned() }));
}

#[test]
fn a_blocked_report_fails_the_task_at_once_and_stops_its_session() {
    let mut bench = Bench::running(workers(1), &[task("a"), task("b")]);
    bench.open("a");
    let commands = bench.report("a", ReportStatus::Blocked, "which database?");
    assert_eq!(bench.state("a"), TaskState::Failed);
    assert_eq!(bench.task("a").reason.as_deref(), Some("blocked: which database?"));
    assert_eq!(aborts(&commands), 1);
    assert_eq!(Bench::started(&commands), ["b"]);
}

#[test]
fn a_failed_verification_goes_back_to_the_same_session_with_its_output() {
    let mut bench = Bench::running(workers(1), &[task("a")]);
    bench.do_work("a");
    let commands = bench.verify("a", false);
    let reason = PromptReason::VerificationFailed { report: "2 errors".to_owned() };
    assert_eq!(prompt(&commands), (2, 2, &reason));
    bench.do_work("a");
    bench.verify("a", false);
    bench.do_work("a");
    bench.verify("a", false);
    assert_eq!(bench.state("a"), TaskState::Failed);
    let reason = bench.task("a").reason.unwrap();
    assert_eq!(reason, "verification failed: 2 errors (attempt 3 of 3)");
}

#[test]
fn a_task_gives_its_permit_back_but_keeps_its_lane_while_it_is_verified() {
    let mut bench = Bench::running(workers(1), &[task("a"), task("b")]);
    bench.do_work("a");
    assert_eq!(bench.scheduler.mission().in_use, 0);
    assert!(bench.task("a").lane.is_some());
    assert_eq!(bench.state("b"), TaskState::Ready, "the only lane is kept");
}

#[test]
fn a_passed_verification_accepts_unless_a_review_is_asked_for() {
    let mut plain = Bench::running(reviewed(1), &[task("a")]);
    plain.complete("a");
    assert_eq!(plain.state("a"), TaskState::Accepted);
    let mut marked = Bench::running(reviewed(1), &[task("a").reviewed()]);
    marked.complete("a");
    assert_eq!(marked.state("a"), TaskState::Reviewing);
    let always = orchestrator_scheduler::Config { review: ReviewPolicy::Always, ..workers(1) };
    let mut always = Bench::running(always, &[task("a")]);
    always.complete("a");
    assert_eq!(always.state("a"), TaskState::Reviewing);
    let mut never = Bench::running(workers(1), &[task("a").reviewed()]);
    never.complete("a");
    assert_eq!(never.state("a"), TaskState::Accepted);
}

#[test]
fn repairs_of_all_kinds_share_the_attempts() {
    let mut bench = Bench::running(reviewed(1), &[task("a").reviewed()]);
    bench.open("a");
    bench.idle("a"); // 1: no report
    bench.do_work("a");
    bench.verify("a", false); // 2: the checks
    bench.complete("a");
    let review = bench.review(Some("a"));
    bench.send(verdict(review, Verdict::Reject)); // 3: the review
    assert_eq!(bench.state("a"), TaskState::Failed);
}

#[test]
fn a_failed_task_blocks_all_that_wait_for_it_and_the_rest_goes_on() {
    let tasks = [task("a"), task("b").after(&["a"]), task("c").after(&["b"]), task("d")];
    let mut bench = Bench::running(workers(2), &tasks);
    bench.open("a");
    let commands = bench.report("a", ReportStatus::Blocked, "why?");
    assert_eq!([bench.state("b"), bench.state("c")], [TaskState::Blocked; 2]);
    assert_eq!(bench.state("d"), TaskState::Running);
    assert_eq!(notices(&commands, NoticeKind::TaskBlocked).len(), 2);
    assert!(bench.task("c").reason.unwrap().contains("\"a\" failed: blocked: why?"));
    assert!(notices(&bench.complete("d"), NoticeKind::NeedsDecision)[0].contains("\"a\" failed"));
}

#[test]
fn a_turn_without_a_session_can_still_end_and_the_next_begins_anew() {
    let mut bench = Bench::running(workers(1), &[task("a")]);
    let first = bench.lease("a");
    let commands = bench.send(idle(first));
    assert_eq!(Bench::started(&commands), ["a"]);
    assert_ne!(bench.lease("a"), first, "no session to prompt: a new lease");
    let lease = bench.lease("a");
    bench.send(reported(lease, ReportStatus::Done, "ok"));
    bench.send(idle(lease));
    assert_eq!(bench.state("a"), TaskState::Verifying);
}
