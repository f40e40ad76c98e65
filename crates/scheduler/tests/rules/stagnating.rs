//! When a task goes round in circles, and when many fail of one cause.

use orchestrator_scheduler::{
    Command, Event, Fingerprint, NoticeKind, Phase, PromptReason, ReportStatus, Sign, TaskSpec, TaskState,
};

use crate::bench::{Bench, aborts, notices, plan, task, workers};

fn bench(attempts: u32, tasks: &[&str]) -> Bench {
    let config = orchestrator_scheduler::Config { attempts, ..workers(8) };
    let tasks: Vec<_> = tasks.iter().map(|id| task(id)).collect();
    Bench::running(config, &tasks)
}

/// A turn that reports done, and whose checks fail.
fn fail(bench: &mut Bench, id: &str, diff: &str, error: &str) -> Vec<Command> {
    bench.do_work(id);
    bench.send(Event::Verified {
        task: Some(id.into()),
        attempt: bench.task(id).attempt,
        copy: 1,
        passed: false,
        report: format!("the output: {error}"),
        fingerprint: Some(Fingerprint { diff: Some(diff.into()), error: Some(error.into()), call: None }),
    })
}

fn stagnating(commands: &[Command]) -> Option<(Sign, Vec<u32>, bool)> {
    commands.iter().find_map(|command| match command {
        Command::Prompt { reason: PromptReason::Stagnating { sign, tried, because }, .. }
        | Command::Start { reason: Some(PromptReason::Stagnating { sign, tried, because }), .. } => {
            Some((*sign, tried.iter().map(|tried| tried.attempt).collect(), because.is_some()))
        }
        _ => None,
    })
}

#[test]
fn the_same_error_without_a_new_diff_brings_a_diagnostic_turn_with_what_was_tried() {
    let mut bench = bench(5, &["a"]);
    let lease = bench.lease("a");
    assert_eq!(stagnating(&fail(&mut bench, "a", "d1", "a.ts:3: no such name")), None);
    let commands = fail(&mut bench, "a", "d1", "a.ts:9: no such name");
    assert_eq!(stagnating(&commands), Some((Sign::SameError, vec![1, 2], true)));
    assert_eq!(bench.lease("a"), lease, "in the same session, which gets the output too");
    let tried = bench.task("a").tried;
    assert!(tried[1].ended.contains("no such name"));
    assert_eq!(tried[1].summary.as_deref(), Some("done"));
}

#[test]
fn a_new_diff_is_no_stagnation() {
    let mut bench = bench(5, &["a"]);
    for diff in ["d1", "d2", "d3", "d4"] {
        assert_eq!(stagnating(&fail(&mut bench, "a", diff, "the same")), None);
    }
}

#[test]
fn three_turns_without_a_new_diff_stagnate_whatever_their_errors() {
    let mut bench = bench(5, &["a"]);
    fail(&mut bench, "a", "d", "one");
    assert_eq!(stagnating(&fail(&mut bench, "a", "d", "two")), None);
    let commands = fail(&mut bench, "a", "d", "three");
    assert_eq!(stagnating(&commands), Some((Sign::NoNewDiff, vec![1, 2, 3], true)));
}

#[test]
fn what_the_turn_left_behind_counts_where_no_checks_ran() {
    let mut bench = bench(5, &["a"]);
    bench.open("a");
    let mut commands = Vec::new();
    for _ in 0..3 {
        let lease = bench.lease("a");
        let fingerprint = Some(Fingerprint { diff: Some(String::new()), ..Fingerprint::default() });
        commands = bench.send(Event::SessionIdle {
            lease,
            turn: None,
            text: None,
            fingerprint,
            refused: Vec::new(),
        });
    }
    assert_eq!(stagnating(&commands), Some((Sign::NoNewDiff, vec![1, 2, 3], true)));
}

#[test]
fn a_task_that_stagnates_after_its_diagnostic_turn_fails_with_the_evidence_and_burns_no_more() {
    let mut bench = bench(9, &["a"]);
    fail(&mut bench, "a", "d", "E");
    fail(&mut bench, "a", "d", "E");
    let commands = fail(&mut bench, "a", "d", "E");
    assert_eq!(bench.state("a"), TaskState::Failed);
    let why = notices(&commands, NoticeKind::TaskFailed)[0];
    assert!(why.contains("the same error twice") && why.contains("attempt 3 of 9"), "{why}");
    assert_eq!((bench.task("a").attempt, bench.task("a").tried.len()), (3, 3));
}

#[test]
fn turns_that_end_with_the_same_call_go_on_as_long_as_files_change() {
    let mut bench = bench(9, &["a"]);
    let mut end = |diff: Option<&str>| {
        bench.open_if_new("a");
        let lease = bench.lease("a");
        let (diff, call) = (diff.map(str::to_owned), Some("bash ./next-step".to_owned()));
        let fingerprint = Some(Fingerprint { diff, error: None, call });
        stagnating(&bench.send(Event::SessionIdle {
            lease,
            turn: None,
            text: None,
            fingerprint,
            refused: Vec::new(),
        }))
    };
    for diff in ["d1", "d2", "d3", "d4"] {
        assert_eq!(end(Some(diff)), None, "{diff} is new");
    }
    assert_eq!(end(None), None);
    assert_eq!(end(None).map(|(sign, ..)| sign), Some(Sign::SameCall));
}

#[test]
fn a_tool_call_repeated_three_times_stops_the_turn_and_begins_a_diagnostic_one_in_a_new_session() {
    let mut bench = bench(3, &["a"]);
    bench.open("a");
    let lease = bench.lease("a");
    let repeated = |lease, times| Event::ToolRepeated { lease, turn: None, call: "bash ls".into(), times };
    bench.ignored(repeated(lease, 2));
    let commands = bench.send(repeated(lease, 3));
    assert_eq!(aborts(&commands), 1);
    assert_eq!(stagnating(&commands), Some((Sign::SameCall, vec![1], false)));
    assert_ne!(bench.lease("a"), lease);
    assert_eq!(bench.task("a").attempt, 2);
    bench.ignored(repeated(lease, 4));
    let lease = bench.lease("a");
    bench.send(repeated(lease, 3));
    assert_eq!(bench.state("a"), TaskState::Failed);
}

#[test]
fn a_turn_that_has_reported_may_repeat_what_it_likes() {
    let mut bench = bench(3, &["a"]);
    bench.open("a");
    bench.report("a", ReportStatus::Done, "done");
    let lease = bench.lease("a");
    bench.ignored(Event::ToolRepeated { lease, turn: None, call: "todo".into(), times: 9 });
}

#[test]
fn what_was_tried_outlives_a_pause() {
    let mut bench = bench(5, &["a"]);
    fail(&mut bench, "a", "d", "E");
    bench.send(crate::bench::paused());
    bench.send(Event::Resumed {});
    assert_eq!(stagnating(&fail(&mut bench, "a", "d", "E")), Some((Sign::SameError, vec![1, 2], true)));
}

#[test]
fn three_tasks_that_fail_of_one_cause_stop_the_mission_once() {
    let mut bench = bench(9, &["a", "b", "c", "d"]);
    assert!(notices(&fail(&mut bench, "a", "1", "npm: not found"), NoticeKind::NeedsDecision).is_empty());
    fail(&mut bench, "a", "2", "npm: not found");
    fail(&mut bench, "b", "3", "npm: not found");
    let commands = fail(&mut bench, "c", "4", "npm: not found");
    let asked = notices(&commands, NoticeKind::NeedsDecision);
    assert_eq!(asked.len(), 1);
    assert!(asked[0].contains("npm: not found") && asked[0].contains("a, b, c"), "{}", asked[0]);
    assert_eq!(bench.phase(), Phase::Deciding, "the commander may change the plan");
    assert!(bench.running_tasks().is_empty(), "nothing burns");
    bench.send(Event::Resumed {});
    assert_eq!(bench.running_tasks().len(), 4);
    let commands = fail(&mut bench, "d", "5", "npm: not found");
    assert_eq!(bench.phase(), Phase::Running, "what was before counts no more");
    assert!(notices(&commands, NoticeKind::NeedsDecision).is_empty());
}

#[test]
fn the_commander_replaces_what_was_stopped_for_a_common_cause_and_the_mission_goes_on_with_that() {
    let mut bench = bench(9, &["a", "b", "c", "d"]);
    bench.do_work("d");
    for id in ["a", "b", "c"] {
        fail(&mut bench, id, id, "npm: not found");
    }
    bench.verify("d", false);
    let mended = ["a", "b", "c", "d"].map(|id| TaskSpec { verify: vec!["node --test".into()], ..task(id) });
    bench.send(Event::PlanSubmitted { plan: plan(&mended) });
    let commands = bench.send(Event::Resumed {});
    assert_eq!(Bench::started(&commands), ["a", "b", "c", "d"]);
    for id in ["a", "b", "c", "d"] {
        assert_eq!((bench.task(id).attempt, bench.task(id).tried.len()), (1, 0), "{id}");
        bench.complete(id);
        assert_eq!(bench.state(id), TaskState::Accepted);
    }
}

#[test]
fn checks_under_way_when_the_mission_stopped_for_a_common_cause_are_asked_for_anew() {
    let mut bench = bench(9, &["a", "b", "c", "d"]);
    bench.do_work("d");
    for id in ["a", "b", "c"] {
        fail(&mut bench, id, id, "npm: not found");
    }
    let commands = bench.send(Event::Resumed {});
    let asked =
        |command: &Command| matches!(command, Command::Verify { task: Some(task), .. } if task == "d");
    assert!(commands.iter().any(asked), "{commands:?}");
}

#[test]
fn a_task_whose_checks_pass_after_all_is_no_case_of_the_cause() {
    let mut bench = bench(9, &["a", "b", "c"]);
    fail(&mut bench, "a", "1", "E");
    fail(&mut bench, "b", "2", "E");
    bench.complete("a");
    fail(&mut bench, "c", "3", "E");
    assert_eq!(bench.phase(), Phase::Running);
}
