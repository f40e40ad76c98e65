//! The process died: what was under way goes on where it was, as far as it can.

use orchestrator_scheduler::{
    Budget, Command, Config, Event, Phase, PromptReason, ReportStatus, SessionErrorKind as Kind, TaskState,
    Verdict,
};

use crate::bench::{Bench, With, aborts, failed, idle, plan, reviewed, task, verdict, workers};

fn interrupt(bench: &mut Bench) -> Vec<Command> {
    bench.send(Event::Interrupted {})
}

#[test]
fn the_mission_pauses_and_goes_on_in_the_same_sessions_with_the_same_attempts() {
    let mut bench = Bench::running(workers(2), &[task("a"), task("b"), task("c")]);
    let (a, b) = (bench.lease("a"), bench.lease("b"));
    bench.open("a");
    bench.open("b");
    let commands = interrupt(&mut bench);
    assert_eq!((bench.phase(), aborts(&commands)), (Phase::Paused, 0), "the sessions are silent already");
    assert_eq!(bench.scheduler.mission().in_use, 0);
    let commands = bench.send(Event::Resumed {});
    let prompted: Vec<_> = commands
        .iter()
        .filter_map(|command| match command {
            Command::Prompt { lease, attempt, reason, .. } => Some((*lease, *attempt, reason.clone())),
            _ => None,
        })
        .collect();
    assert_eq!(prompted, [a, b].map(|lease| (lease, 1, PromptReason::Interrupted {})));
}

#[test]
fn a_turn_whose_session_was_not_known_begins_anew() {
    let mut bench = Bench::running(workers(1), &[task("a")]);
    interrupt(&mut bench);
    assert_eq!(Bench::started(&bench.send(Event::Resumed {})), ["a"]);
    assert_eq!(bench.task("a").attempt, 1);
}

#[test]
fn what_was_reported_done_is_checked_when_the_mission_goes_on() {
    let mut bench = Bench::running(workers(1), &[task("a").verified_by("npm test")]);
    bench.open("a");
    bench.report("a", ReportStatus::Done, "all of it");
    interrupt(&mut bench);
    assert_eq!(bench.state("a"), TaskState::Verifying);
    assert_eq!(bench.task("a").summary.as_deref(), Some("all of it"));
    let commands = bench.send(Event::Resumed {});
    assert!(matches!(&commands[..], [Command::Verify { attempt: 1, .. }]), "{commands:#?}");
    bench.verify("a", true);
    assert_eq!(bench.state("a"), TaskState::Accepted);
}

#[test]
fn a_session_that_is_gone_is_replaced_and_the_attempt_stays() {
    let mut bench = Bench::running(workers(1), &[task("a")]);
    bench.open("a");
    interrupt(&mut bench);
    bench.send(Event::Resumed {});
    let lost = bench.lease("a");
    bench.error("a", Kind::Gone);
    assert_eq!(Bench::started(&bench.pass_until_prompted()), ["a"]);
    assert_ne!(bench.lease("a"), lost);
    assert_eq!(bench.task("a").attempt, 1);
}

#[test]
fn sessions_that_are_gone_again_and_again_use_attempts_in_the_end() {
    let mut bench = Bench::running(Config { attempts: 2, ..workers(1) }, &[task("a")]);
    for _ in 0..18 {
        bench.error("a", Kind::Gone);
        if bench.state("a") != TaskState::Failed {
            bench.pass_until_prompted();
        }
    }
    assert_eq!(bench.state("a"), TaskState::Failed);
}

#[test]
fn a_review_starts_anew_in_its_round() {
    let mut bench = Bench::running(reviewed(1), &[task("a").reviewed()]);
    bench.complete("a");
    let first = bench.review(Some("a"));
    bench.send(Event::SessionStarted { lease: first, session: "r".to_owned() });
    interrupt(&mut bench);
    bench.send(Event::Resumed {});
    let second = bench.review(Some("a"));
    assert_ne!(first, second);
    bench.send(verdict(second, Verdict::Approve));
    assert_eq!(bench.state("a"), TaskState::Accepted);
}

#[test]
fn the_missions_own_checks_and_its_seal_are_asked_for_again() {
    let mut bench = Bench::new(reviewed(1));
    let mut checked = plan(&[task("a")]);
    checked.verify = vec!["npm test".into()];
    bench.send(Event::PlanSubmitted { plan: checked });
    bench.send(Event::Resumed {});
    bench.complete("a");
    assert_eq!(bench.phase(), Phase::Verifying);
    interrupt(&mut bench);
    let commands = bench.send(Event::Resumed {});
    assert!(matches!(&commands[..], [Command::Verify { task: None, attempt: 2, .. }]), "{commands:#?}");
    bench.send(crate::bench::verified(None, 2, true));
    assert_eq!(bench.phase(), Phase::Sealing);
    interrupt(&mut bench);
    let commands = bench.send(Event::Resumed {});
    assert!(commands.iter().any(|command| matches!(command, Command::Verify { task: None, attempt: 3, .. })));
}

#[test]
fn an_errand_fails_in_any_phase_and_nothing_else_does() {
    let mut bench = Bench::new(workers(1));
    bench.send(Event::Delegated { task: task("errand"), continue_session: None });
    bench.open("errand");
    interrupt(&mut bench);
    assert_eq!(bench.state("errand"), TaskState::Failed);
    assert_eq!(bench.task("errand").reason.as_deref(), Some("OpenCode ended while it was at work"));
    assert_eq!(bench.phase(), Phase::Planning);
}

#[test]
fn a_retry_that_waited_keeps_its_session_and_its_time() {
    let mut bench = Bench::running(workers(1), &[task("a")]);
    bench.open("a");
    let lease = bench.lease("a");
    bench.send(failed(lease, Kind::RateLimit));
    let due = bench.task("a").retry_at;
    interrupt(&mut bench);
    assert_eq!((bench.task("a").retry_at, bench.task("a").lease), (due, Some(lease)));
}

#[test]
fn the_time_in_which_no_process_drove_it_does_not_count() {
    let budget = Budget { running_ms: Some(60_000), ..Budget::default() };
    let mut bench = Bench::running(Config { budget, ..workers(1) }, &[task("a")]);
    bench.pass_time(10_000);
    bench.open("a");
    bench.now += 10_000_000;
    interrupt(&mut bench);
    assert_eq!(bench.scheduler.mission().used.running_ms, 10_000);
    bench.send(Event::Resumed {});
    assert_eq!(bench.phase(), Phase::Running);
}

#[test]
fn where_nothing_was_under_way_nothing_changes() {
    let mut bench = Bench::running(workers(1), &[task("a")]);
    bench.send(crate::bench::paused());
    bench.ignored(Event::Interrupted {});
    bench.send(Event::Resumed {});
    bench.complete("a");
    assert_eq!(bench.phase(), Phase::Done);
    bench.ignored(Event::Interrupted {});
    let late = bench.ignored(idle(orchestrator_scheduler::LeaseId(1)));
    assert!(late.contains("has ended"), "{late}");
}

#[test]
fn errands_that_waited_are_called_off_and_none_begins_with_nobody_there() {
    let mut bench = Bench::running(workers(1), &[task("a")]);
    bench.open("a");
    for id in ["first", "second"] {
        bench.send(Event::Delegated { task: task(id), continue_session: None });
    }
    assert_eq!(bench.state("second"), TaskState::Ready, "the lane is taken");
    assert!(Bench::started(&interrupt(&mut bench)).is_empty());
    assert!(["first", "second"].map(|id| bench.state(id)).iter().all(|state| *state == TaskState::Cancelled));
}

#[test]
fn a_compaction_that_was_cut_off_is_asked_for_again() {
    let mut bench = Bench::running(workers(1), &[task("a")]);
    bench.open("a");
    bench.error("a", Kind::ContextOverflow);
    interrupt(&mut bench);
    let commands = bench.send(Event::Resumed {});
    let compacts = |command: &Command| matches!(command, Command::Compact { attempt: 1, turn: 3, .. });
    assert!(commands.iter().any(compacts), "{commands:?}");
}
