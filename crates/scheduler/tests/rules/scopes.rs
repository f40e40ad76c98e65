//! Files that a worker asks for, and changes outside of its scope.

use orchestrator_scheduler::{Command, Event, LeaseId, NoticeKind, PromptReason, TaskState};

use crate::bench::{Bench, With, notices, paused, task, workers};

fn asks(lease: LeaseId, files: &[&str]) -> Event {
    let files = files.iter().map(|glob| (*glob).into()).collect();
    Event::ScopeRequested { lease, turn: None, files, reason: "the types live there".into() }
}

fn decided(granted: bool) -> Event {
    Event::ScopeDecided { task: "a".into(), granted, reason: "so be it".into() }
}

fn answer(commands: &[Command]) -> Option<(LeaseId, bool, &str)> {
    commands.iter().find_map(|command| match command {
        Command::ScopeAnswered { lease, granted, reason, .. } => Some((*lease, *granted, reason.as_str())),
        _ => None,
    })
}

/// "a" and "b" are at work, "c" has not begun.
fn bench() -> (Bench, LeaseId) {
    let tasks =
        [task("a").files(&["src/a"]), task("b").files(&["src/b"]), task("c").files(&["src/c"]).after(&["b"])];
    let mut bench = Bench::running(workers(3), &tasks);
    bench.open("a");
    bench.open("b");
    let lease = bench.lease("a");
    (bench, lease)
}

#[test]
fn files_that_nobody_is_at_work_on_are_given_and_kept_from_others() {
    let (mut bench, lease) = bench();
    let commands = bench.send(asks(lease, &["src/c/types.ts"]));
    assert_eq!(answer(&commands).map(|(to, granted, _)| (to, granted)), Some((lease, true)));
    assert_eq!(bench.task("a").files, ["src/a", "src/c/types.ts"]);
    bench.complete("b");
    assert_eq!(bench.state("c"), TaskState::Ready, "its files are taken now");
    bench.complete("a");
    assert_eq!(bench.state("c"), TaskState::Running);
}

#[test]
fn files_that_others_are_at_work_on_are_the_commanders_to_give_once_they_are_free() {
    let (mut bench, lease) = bench();
    let commands = bench.send(asks(lease, &["src/b/types.ts"]));
    let (to, granted, why) = answer(&commands).unwrap();
    assert!((to, granted) == (lease, false) && why.contains("\"b\""), "{why}");
    assert!(notices(&commands, NoticeKind::NeedsDecision)[0].contains("src/b/types.ts"));
    assert_eq!(bench.task("a").scope_request.unwrap().files, ["src/b/types.ts"]);
    assert!(bench.ignored(decided(true)).contains("\"b\" is still at work"));
    bench.complete("b");
    let commands = bench.send(decided(true));
    assert_eq!(answer(&commands), Some((lease, true, "so be it")));
    assert_eq!(bench.task("a").files, ["src/a", "src/b/types.ts"]);
    bench.ignored(decided(true));
}

#[test]
fn a_request_repeated_while_its_conflict_is_open_is_still_waiting_and_asks_the_commander_no_second_time() {
    let (mut bench, lease) = bench();
    bench.send(asks(lease, &["src/b/types.ts", "src/b/api.ts"]));
    for files in [&["src/b/api.ts", "src/b/types.ts"][..], &["src/b/types.ts"]] {
        let commands = bench.send(asks(lease, files));
        let (to, granted, why) = answer(&commands).unwrap();
        assert!((to, granted) == (lease, false) && why.contains("still waiting"), "{why}");
        assert!(notices(&commands, NoticeKind::NeedsDecision).is_empty(), "{commands:?}");
    }
    let commands = bench.send(asks(lease, &["src/b/other.ts"]));
    assert_eq!(notices(&commands, NoticeKind::NeedsDecision).len(), 1, "that is another question");
    bench.send(decided(false));
    let commands = bench.send(asks(lease, &["src/b/types.ts"]));
    assert_eq!(notices(&commands, NoticeKind::NeedsDecision).len(), 1, "its conflict was closed");
    bench.complete("b");
    let commands = bench.send(asks(lease, &["src/b/types.ts"]));
    assert!(answer(&commands).unwrap().1, "nobody is at work on them any more");
    assert_eq!(bench.task("a").scope_request, None, "nothing is left to decide");
}

#[test]
fn a_request_that_is_declined_changes_nothing() {
    let (mut bench, lease) = bench();
    bench.send(asks(lease, &["src/b"]));
    assert_eq!(answer(&bench.send(decided(false))), Some((lease, false, "so be it")));
    assert_eq!(bench.task("a").files, ["src/a"]);
    assert_eq!(bench.task("a").scope_request, None);
}

#[test]
fn what_was_given_outlives_a_pause() {
    let (mut bench, lease) = bench();
    bench.send(asks(lease, &["src/c"]));
    bench.send(paused());
    bench.send(Event::Resumed {});
    assert_eq!(bench.task("a").files, ["src/a", "src/c"]);
    bench.complete("b");
    assert_eq!(bench.state("c"), TaskState::Ready);
}

#[test]
fn a_task_of_unknown_scope_may_change_what_it_likes() {
    let mut bench = Bench::running(workers(1), &[task("a")]);
    let lease = bench.lease("a");
    let commands = bench.send(asks(lease, &["src/b"]));
    assert!(answer(&commands).unwrap().1);
    assert!(bench.task("a").files.is_empty());
}

#[test]
fn a_glob_that_can_not_be_read_is_declined_with_the_reason() {
    let (mut bench, lease) = bench();
    for files in [&[][..], &["../up"], &["/etc/passwd"]] {
        let commands = bench.send(asks(lease, files));
        assert!(!answer(&commands).unwrap().1, "{files:?}");
        assert!(notices(&commands, NoticeKind::NeedsDecision).is_empty());
    }
}

#[test]
fn changes_outside_the_scope_go_back_to_the_worker_and_count() {
    let (mut bench, _) = bench();
    bench.do_work("a");
    let files = vec!["README.md".to_owned()];
    let violated = Event::ScopeViolated { task: "a".into(), attempt: 1, copy: 1, files: files.clone() };
    let commands = bench.send(violated.clone());
    let told = |command: &Command| {
        matches!(command, Command::Prompt { attempt: 2, reason: PromptReason::OutOfScope { files: f }, .. }
            if *f == files)
    };
    assert!(commands.iter().any(told), "{commands:?}");
    assert!(!bench.task("a").verification.unwrap().passed);
    bench.ignored(violated);
}
