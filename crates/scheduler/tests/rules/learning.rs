//! What failed and what mended it, for those who begin later.

use orchestrator_scheduler::{Command, Lesson, ReportStatus};

use crate::bench::{Bench, With, task, workers};

fn lessons(commands: &[Command], id: &str) -> Vec<Lesson> {
    let of = commands.iter().find_map(|command| match command {
        Command::Start { task, lessons, .. } if task == id => Some(lessons.clone()),
        _ => None,
    });
    of.unwrap_or_else(|| panic!("{id} was not started: {commands:?}"))
}

#[test]
fn a_task_that_was_mended_is_a_lesson_for_those_that_start_later() {
    let tasks = [task("a").files(&["src/a"]), task("b").after(&["a"])];
    let mut bench = Bench::running(workers(1), &tasks);
    assert!(lessons(&bench.commands, "a").is_empty());
    bench.do_work("a");
    bench.verify("a", false);
    bench.report("a", ReportStatus::Done, "pinned the version");
    bench.idle("a");
    let commands = bench.verify("a", true);
    let expected = Lesson {
        task: "a".into(),
        failed: "verification failed: 2 errors".into(),
        mended: "pinned the version".into(),
    };
    assert_eq!(lessons(&commands, "b"), [expected]);
}

#[test]
fn what_went_well_at_once_teaches_nothing() {
    let mut bench = Bench::running(workers(1), &[task("a"), task("b").after(&["a"])]);
    assert!(lessons(&bench.complete("a"), "b").is_empty());
}
