//! Esc, and going on, in every state.

use orchestrator_scheduler::{Command, Event, Phase, PromptReason, SessionErrorKind, TaskState, Verdict};

use crate::bench::{Bench, With, aborts, idle, paused, plan, reviewed, task, verdict, verified, workers};

#[test]
fn running_sessions_are_stopped_and_their_attempts_do_not_count() {
    let mut bench = Bench::running(workers(2), &[task("a"), task("b"), task("c")]);
    bench.open("a");
    let commands = bench.send(paused());
    assert_eq!(aborts(&commands), 1, "b's session is not known yet");
    assert_eq!(bench.phase(), Phase::Paused);
    let snapshot = bench.scheduler.snapshot();
    assert!(snapshot.leases.is_empty() && snapshot.mission.in_use == 0);
    assert_eq!(snapshot.mission.counts.ready, 3);
    let commands = bench.send(Event::Resumed {});
    assert_eq!(Bench::started(&commands), ["a", "b"], "those that had begun go first");
    assert_eq!(bench.task("a").attempt, 1);
}

#[test]
fn a_task_being_verified_stays_so_and_its_checks_are_asked_for_again() {
    let mut bench = Bench::running(workers(1), &[task("a")]);
    bench.do_work("a");
    assert!(bench.send(paused()).is_empty());
    assert_eq!((bench.state("a"), bench.task("a").lane), (TaskState::Verifying, None));
    let commands = bench.send(Event::Resumed {});
    assert!(matches!(&commands[..], [Command::Verify { attempt: 1, .. }]), "{commands:?}");
    bench.verify("a", true);
    assert_eq!(bench.state("a"), TaskState::Accepted);
}

#[test]
fn a_result_of_the_checks_is_taken_while_paused() {
    let tasks = [task("a"), task("b").after(&["a"]), task("c")];
    let mut bench = Bench::running(workers(2), &tasks);
    bench.do_work("a");
    bench.do_work("c");
    bench.send(paused());
    assert!(Bench::started(&bench.verify("a", true)).is_empty());
    let session = bench.task("c").session;
    assert!(!bench.verify("c", false).iter().any(|command| matches!(command, Command::Prompt { .. })));
    let commands = bench.send(Event::Resumed {});
    assert_eq!(Bench::started(&commands), ["b"]);
    let repaired = commands.iter().any(|command| {
        matches!(command, Command::Prompt { session: s, reason: PromptReason::VerificationFailed { .. }, .. }
            if Some(s) == session.as_ref())
    });
    assert!(repaired, "{commands:?}");
}

#[test]
fn a_task_being_reviewed_stays_so_and_its_reviewer_starts_anew() {
    let mut bench = Bench::running(reviewed(1), &[task("a").reviewed()]);
    bench.complete("a");
    let review = bench.review(Some("a"));
    bench.send(Event::SessionStarted { lease: review, session: "r".to_owned() });
    assert_eq!(aborts(&bench.send(paused())), 1);
    assert_eq!(bench.state("a"), TaskState::Reviewing);
    bench.ignored(verdict(review, Verdict::Approve));
    let commands = bench.send(Event::Resumed {});
    assert!(matches!(&commands[..], [Command::Review { attempt: 1, .. }]), "{commands:?}");
    let commands = bench.send(verdict(bench.review(Some("a")), Verdict::Reject));
    assert!(commands.iter().any(|command| matches!(command, Command::Prompt { .. })), "the session is kept");
}

#[test]
fn a_retry_that_waits_keeps_its_session_and_its_time() {
    let mut bench = Bench::running(workers(1), &[task("a"), task("b")]);
    bench.open("a");
    let lease = bench.lease("a");
    bench.error("a", SessionErrorKind::RateLimit);
    bench.send(paused());
    assert_eq!((bench.lease("a"), bench.task("a").lane), (lease, None));
    assert!(bench.pass_time(10_000).is_empty(), "the pause is over, but the mission is paused");
    let commands = bench.send(Event::Resumed {});
    assert!(matches!(&commands[..], [Command::Prompt { lease: l, .. }] if *l == lease), "{commands:?}");
}

#[test]
fn a_retry_that_is_due_after_resuming_finds_its_lane_again() {
    let mut bench = Bench::running(workers(1), &[task("a"), task("b")]);
    bench.open("a");
    bench.error("a", SessionErrorKind::RateLimit);
    bench.send(paused());
    let commands = bench.send(Event::Resumed {});
    assert_eq!(Bench::started(&commands), ["b"], "the lane was given back");
    bench.pass_time(3_000);
    assert_eq!(bench.state("a"), TaskState::Ready, "b has the only lane");
    let commands = bench.complete("b");
    assert!(commands.iter().any(|command| matches!(command, Command::Prompt { task, .. } if task == "a")));
}

#[test]
fn pausing_the_missions_own_checks_repeats_them() {
    let mut bench = Bench::new(reviewed(1));
    let mut plan = plan(&[task("a")]);
    plan.verify = vec!["npm test".into()];
    bench.send(Event::PlanSubmitted { plan });
    bench.send(Event::Resumed {});
    bench.complete("a");
    assert_eq!(bench.phase(), Phase::Verifying);
    bench.send(paused());
    bench.ignored(verified(None, 1, true));
    let commands = bench.send(Event::Resumed {});
    assert!(matches!(&commands[..], [Command::Verify { task: None, attempt: 2, .. }]), "{commands:?}");
    bench.send(verified(None, 2, true));
    assert_eq!(bench.phase(), Phase::Sealing);
    let seal = bench.review(None);
    bench.send(paused());
    bench.ignored(idle(seal));
    bench.send(Event::Resumed {});
    bench.send(verified(None, 3, true));
    bench.send(verdict(bench.review(None), Verdict::Approve));
    assert_eq!(bench.phase(), Phase::Done);
}

#[test]
fn a_plan_that_was_not_started_can_be_paused_so_that_nobody_is_continued_to_start_it() {
    let mut bench = Bench::new(workers(1));
    bench.send(Event::PlanSubmitted { plan: plan(&[task("a")]) });
    bench.send(paused());
    assert_eq!(bench.phase(), Phase::Paused);
    assert_eq!(Bench::started(&bench.send(Event::Resumed {})), ["a"]);
}

#[test]
fn pausing_what_does_not_run_is_ignored() {
    let mut bench = Bench::new(workers(1));
    bench.ignored(paused());
    bench.send(Event::PlanSubmitted { plan: plan(&[task("a")]) });
    bench.send(Event::Resumed {});
    bench.ignored(Event::Resumed {});
    bench.send(paused());
    bench.ignored(paused());
}
