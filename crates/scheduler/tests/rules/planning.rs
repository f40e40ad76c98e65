//! Plans: what is refused, and what a plan in mid-mission does.

use orchestrator_scheduler::{
    ErrorKind, Event, Phase, Priority, ReportStatus, TaskKind, TaskSpec, TaskState,
};

use crate::bench::{Bench, With, cancelled, plan, task, verified, workers};

/// What is wrong with a plan, as `path: message`.
fn problems(bench: &mut Bench, tasks: &[TaskSpec]) -> Vec<String> {
    let before = bench.scheduler.snapshot();
    let error = bench.try_send(Event::PlanSubmitted { plan: plan(tasks) }).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidPlan);
    assert_eq!(bench.scheduler.snapshot(), before, "a refused plan changes nothing");
    error.problems().iter().map(|problem| format!("{}: {}", problem.path, problem.message)).collect()
}

#[test]
fn every_problem_is_named_at_once_with_its_path() {
    let mut bad = task("x1").after(&["x7", "x1"]).files(&["/abs", "a/../b", "ok/**", "["]);
    bad.title = " ".to_owned();
    bad.verify = vec!["".into()];
    let mut delegation = task("d");
    delegation.kind = TaskKind::Delegation;
    let tasks = [bad, task("x1"), task("no spaces"), task(""), delegation];
    let found = problems(&mut Bench::new(workers(1)), &tasks);
    let expected = [
        "tasks[0].title: an empty title",
        "tasks[0].files[0]: \"/abs\" is absolute; give it relative to the project",
        "tasks[0].files[1]: \"a/../b\" leaves the project by \"..\"",
        "tasks[0].files[3]: \"[\" is not a glob",
        "tasks[0].verify[0]: an empty command",
        "tasks[0].depends_on[0]: no task \"x7\"; did you mean \"x1\"?",
        "tasks[0].depends_on[1]: \"x1\" can't depend on itself",
        "tasks[1].id: \"x1\" is also the id of tasks[0]",
        "tasks[2].id: \"no spaces\" is no id",
        "tasks[3].id: an empty id",
        "tasks[4].kind: a plan holds tasks",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}\nshould begin with\n{expected}");
    }
}

#[test]
fn a_cycle_is_named_by_its_shortest_form() {
    let tasks = [
        task("a").after(&["d"]),
        task("b").after(&["a"]),
        task("c").after(&["b", "d"]),
        task("d").after(&["c"]),
    ];
    assert_eq!(problems(&mut Bench::new(workers(1)), &tasks), ["tasks: cycle c → d → c"]);
}

#[test]
fn a_cycle_through_the_present_tasks_is_found() {
    let mut bench = Bench::new(workers(1));
    bench.send(Event::PlanSubmitted { plan: plan(&[task("a"), task("b").after(&["a"])]) });
    let found = problems(&mut bench, &[task("a").after(&["b"])]);
    assert_eq!(found, ["tasks: cycle a → b → a"]);
}

#[test]
fn an_empty_plan_too_many_tasks_and_a_long_prompt_are_refused() {
    let mut bench = Bench::new(workers(1));
    assert_eq!(problems(&mut bench, &[]), ["tasks: the plan has no task"]);
    let many: Vec<TaskSpec> = (0..10_001).map(|i| task(&format!("t{i}"))).collect();
    assert_eq!(problems(&mut bench, &many), ["tasks: 10001 tasks; a plan has at most 10000"]);
    let mut long = task("a");
    long.prompt = "x".repeat((1 << 20) + 1);
    let found = problems(&mut bench, &[long]);
    assert_eq!(found, ["tasks[0].prompt: 1048577 bytes; a prompt has at most 1048576"]);
}

#[test]
fn new_tasks_join_a_running_mission_at_once_and_may_depend_on_accepted_ones() {
    let mut bench = Bench::running(workers(2), &[task("a"), task("b")]);
    bench.complete("a");
    let commands = bench.send(Event::PlanSubmitted { plan: plan(&[task("c").after(&["a"])]) });
    assert_eq!(Bench::started(&commands), ["c"]);
}

#[test]
fn a_task_that_has_not_started_is_replaced() {
    let first = task("a").priority(Priority::High);
    let mut bench = Bench::running(workers(1), &[first, task("b"), task("c").after(&["b"])]);
    let mut new = task("b").after(&["a"]);
    new.title = "New".to_owned();
    bench.send(Event::PlanSubmitted { plan: plan(&[new]) });
    assert_eq!((bench.state("b"), bench.task("b").title.as_str()), (TaskState::Pending, "New"));
    assert_eq!(Bench::started(&bench.complete("a")), ["b"], "and its old place in the queue is void");
    assert_eq!(Bench::started(&bench.complete("b")), ["c"]);
}

#[test]
fn running_and_accepted_tasks_are_not_replaced_but_may_be_said_again() {
    let mut bench = Bench::running(workers(1), &[task("a"), task("b")]);
    let changed = |id: &str| TaskSpec { prompt: "Else.".to_owned(), ..task(id) };
    let found = problems(&mut bench, &[changed("a")]);
    assert!(found[0].starts_with("tasks[0].id: \"a\" is being worked on"), "{found:?}");
    bench.complete("a");
    let found = problems(&mut bench, &[changed("a")]);
    assert!(found[0].starts_with("tasks[0].id: \"a\" is accepted"), "{found:?}");
    let again = plan(&[task("a"), task("b")]);
    assert!(bench.ignored(Event::PlanSubmitted { plan: again }).contains("nothing new"));
    bench.send(Event::PlanSubmitted { plan: plan(&[task("a"), task("b"), task("c")]) });
    assert_eq!(bench.state("c"), TaskState::Ready);
}

#[test]
fn a_replaced_failure_frees_what_it_blocked() {
    let tasks = [
        task("a"),
        task("x"),
        task("b").after(&["a"]),
        task("c").after(&["b"]),
        task("both").after(&["a", "x"]),
    ];
    let mut bench = Bench::running(workers(2), &tasks);
    for id in ["a", "x"] {
        bench.open(id);
        bench.report(id, ReportStatus::Blocked, "?");
    }
    assert_eq!(bench.phase(), Phase::Deciding);
    bench.send(Event::PlanSubmitted { plan: plan(&[task("a")]) });
    let states = ["a", "b", "c", "both"].map(|id| bench.state(id));
    let (ready, pending) = (TaskState::Ready, TaskState::Pending);
    assert_eq!(states, [ready, pending, pending, TaskState::Blocked], "both still waits for x");
    let commands = bench.send(Event::Resumed {});
    assert_eq!(Bench::started(&commands), ["a"]);
    assert_eq!(bench.task("a").attempt, 1, "a replaced task begins anew");
}

#[test]
fn a_new_task_behind_a_failed_one_is_blocked_from_the_start() {
    let mut bench = Bench::running(workers(2), &[task("a"), task("z")]);
    bench.open("a");
    bench.report("a", ReportStatus::Blocked, "?");
    let new = [task("c").after(&["b"]), task("b").after(&["a"])];
    bench.send(Event::PlanSubmitted { plan: plan(&new) });
    assert_eq!([bench.state("b"), bench.state("c")], [TaskState::Blocked; 2]);
}

#[test]
fn a_cancelled_task_can_be_replaced() {
    let mut bench = Bench::running(workers(1), &[task("z"), task("a"), task("b").after(&["a"])]);
    bench.send(cancelled(Some("a")));
    assert_eq!(bench.state("b"), TaskState::Blocked);
    bench.send(Event::PlanSubmitted { plan: plan(&[task("a")]) });
    assert_eq!([bench.state("a"), bench.state("b")], [TaskState::Ready, TaskState::Pending]);
}

#[test]
fn goal_and_checks_are_replaced_only_by_something() {
    let mut bench = Bench::running(workers(1), &[task("a"), task("b")]);
    let mut next = plan(&[task("c")]);
    next.goal = String::new();
    next.verify = vec!["npm test".into()];
    bench.send(Event::PlanSubmitted { plan: next });
    let mission = bench.scheduler.mission();
    assert_eq!((mission.goal.as_str(), mission.verify.len()), ("The goal", 1));
    bench.send(Event::PlanSubmitted { plan: plan(&[task("d")]) });
    assert_eq!(bench.scheduler.mission().verify, ["npm test"]);
}

#[test]
fn tasks_that_come_while_the_mission_is_checked_go_first() {
    let mut bench = Bench::new(workers(1));
    let mut first = plan(&[task("a")]);
    first.verify = vec!["npm test".into()];
    bench.send(Event::PlanSubmitted { plan: first });
    bench.send(Event::Resumed {});
    bench.complete("a");
    assert_eq!(bench.phase(), Phase::Verifying);
    let commands = bench.send(Event::PlanSubmitted { plan: plan(&[task("b")]) });
    assert_eq!(Bench::started(&commands), ["b"]);
    bench.ignored(verified(None, 1, true));
    bench.complete("b");
    bench.send(verified(None, 2, true));
    assert_eq!(bench.phase(), Phase::Done);
}
