//! Who goes first, on which lane.

use orchestrator_scheduler::{Command, Event, Priority, Role, TaskState};

use crate::bench::{Bench, With, cancelled, plan, task, workers};

#[test]
fn nothing_starts_before_the_mission_is_resumed() {
    let mut bench = Bench::new(workers(2));
    assert!(bench.send(Event::PlanSubmitted { plan: plan(&[task("a")]) }).is_empty());
    assert_eq!(bench.state("a"), TaskState::Ready);
    let commands = bench.send(Event::Resumed {});
    assert_eq!(Bench::started(&commands), ["a"]);
}

#[test]
fn a_task_starts_when_all_that_it_depends_on_is_accepted() {
    let tasks = [task("a"), task("b"), task("c").after(&["a", "b"])];
    let mut bench = Bench::running(workers(4), &tasks);
    bench.complete("a");
    assert_eq!(bench.state("c"), TaskState::Pending);
    assert_eq!(Bench::started(&bench.complete("b")), ["c"]);
}

#[test]
fn priority_goes_before_the_longest_way_and_that_before_the_plans_order() {
    let tasks = [
        task("low").priority(Priority::Low),
        task("short"),
        task("short2"),
        task("long"),
        task("end").after(&["long"]),
        task("high").priority(Priority::High),
    ];
    let mut bench = Bench::running(workers(1), &tasks);
    let mut order = vec![bench.running_tasks().remove(0)];
    while let Some(next) = Bench::started(&bench.complete(order.last().unwrap())).first() {
        order.push((*next).to_owned());
    }
    // `end` was freed by `long` on the same lane: it comes from the lane's own deque.
    assert_eq!(order, ["high", "long", "end", "short", "short2", "low"]);
}

#[test]
fn a_lane_goes_on_with_the_longest_way_that_its_last_task_freed_and_leaves_the_rest_to_all() {
    let tasks = [
        task("a"),
        task("other"),
        task("short").after(&["a"]),
        task("long").after(&["a"]),
        task("end").after(&["long"]),
    ];
    let mut bench = Bench::running(workers(1), &tasks);
    assert_eq!(bench.running_tasks(), ["a"]);
    assert_eq!(Bench::started(&bench.complete("a")), ["long"]);
    assert_eq!(Bench::started(&bench.complete("long")), ["end"]);
    assert_eq!(
        Bench::started(&bench.complete("end")),
        ["other"],
        "it waits longer than `short`, as near to an end"
    );
    assert_eq!(Bench::started(&bench.complete("other")), ["short"]);
}

#[test]
fn a_plan_that_makes_a_way_longer_lets_its_task_go_first() {
    let mut bench = Bench::running(workers(1), &[task("first"), task("x"), task("y")]);
    bench.send(Event::PlanSubmitted { plan: plan(&[task("z").after(&["y"])]) });
    assert_eq!(Bench::started(&bench.complete("first")), ["y"]);
}

#[test]
fn a_way_that_was_cut_short_gives_up_its_place() {
    let tasks = [
        task("now").priority(Priority::High),
        task("p"),
        task("s"),
        task("behind-p").after(&["p"]),
        task("behind-that").after(&["behind-p"]),
        task("behind-s").after(&["s"]),
    ];
    let mut bench = Bench::running(workers(1), &tasks);
    assert_eq!(bench.running_tasks(), ["now"]);
    bench.send(cancelled(Some("behind-p")));
    assert_eq!(Bench::started(&bench.complete("now")), ["s"], "two tasks long, and `p` only one by now");
}

#[test]
fn a_freed_task_of_high_priority_does_not_wait_on_a_lanes_deque() {
    let tasks = [task("a"), task("b"), task("urgent").after(&["a"]).priority(Priority::High), task("c")];
    let mut bench = Bench::running(workers(1), &tasks);
    let commands = bench.complete("a");
    assert_eq!(Bench::started(&commands), ["urgent"]);
}

#[test]
fn an_idle_lane_steals_what_another_lanes_task_freed() {
    let tasks = [task("a"), task("b").after(&["a"]), task("c").after(&["a"])];
    let mut bench = Bench::running(workers(2), &tasks);
    let commands = bench.complete("a");
    assert_eq!(Bench::started(&commands).len(), 2);
}

#[test]
fn each_role_has_lanes_of_its_own() {
    let tasks = [task("a"), task("b"), task("p").role(Role::Planner), task("r").role(Role::Reviewer)];
    let bench = Bench::running(workers(1), &tasks);
    assert_eq!(bench.running_tasks(), ["a", "p", "r"]);
    let lanes: Vec<(Role, u32)> = ["a", "p", "r"]
        .iter()
        .filter_map(|id| bench.task(id).lane)
        .map(|lane| (lane.role, lane.index))
        .collect();
    assert_eq!(lanes, [(Role::Worker, 0), (Role::Planner, 0), (Role::Reviewer, 0)]);
}

#[test]
fn tasks_with_overlapping_scopes_never_run_at_once() {
    let tasks = [
        task("a").files(&["src/auth/**"]),
        task("b").files(&["src/auth/jwt.ts"]),
        task("c").files(&["src/audit/**"]),
        task("d"),
    ];
    let mut bench = Bench::running(workers(4), &tasks);
    assert_eq!(bench.running_tasks(), ["a", "c", "d"]);
    bench.do_work("a");
    assert_eq!(bench.state("b"), TaskState::Ready, "a task that is being verified still has its files");
    assert_eq!(Bench::started(&bench.verify("a", true)), ["b"]);
}

#[test]
fn a_queued_retry_keeps_its_scope() {
    let tasks = [task("a").files(&["x"]), task("b").files(&["x"])];
    let mut bench = Bench::running(workers(2), &tasks);
    bench.do_work("a");
    let commands = bench.verify("a", false);
    assert!(Bench::started(&commands).is_empty());
    assert!(commands.iter().any(|command| matches!(command, Command::Prompt { task, .. } if task == "a")));
    assert_eq!(bench.running_tasks(), ["a"]);
    assert_eq!(Bench::started(&bench.complete("a")), ["b"]);
}

#[test]
fn of_many_tasks_with_one_scope_each_gets_its_turn_in_order() {
    let tasks: Vec<_> = (0..6).map(|i| task(&format!("t{i}")).files(&["x"])).collect();
    let mut bench = Bench::running(workers(4), &tasks);
    for i in 0..6 {
        assert_eq!(bench.running_tasks(), [format!("t{i}")]);
        bench.complete(&format!("t{i}"));
    }
}

#[test]
fn a_cancelled_first_waiter_does_not_keep_the_others_waiting() {
    let tasks: Vec<_> = (0..4).map(|i| task(&format!("t{i}")).files(&["x"])).collect();
    let mut bench = Bench::running(workers(4), &tasks);
    bench.send(crate::bench::cancelled(Some("t1")));
    assert_eq!(Bench::started(&bench.complete("t0")), ["t2"]);
}

#[test]
fn a_retry_goes_before_new_work() {
    let tasks = [task("a"), task("b")];
    let mut bench = Bench::running(workers(1), &tasks);
    bench.do_work("a");
    bench.verify("a", false);
    assert_eq!(bench.running_tasks(), ["a"]);
}
