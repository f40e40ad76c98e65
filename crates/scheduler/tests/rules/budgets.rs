//! Budgets: reserved before a turn, settled after it, and a pause where they end.

use orchestrator_scheduler::{
    Budget, Config, ErrorKind, Event, LeaseId, NoticeKind, Phase, TaskState, Usage,
};

use crate::bench::{Bench, aborts, notices, paused, task, workers};

fn limited(budget: Budget, workers_count: u32) -> Config {
    Config { budget, ..workers(workers_count) }
}

fn used(lease: Option<LeaseId>, tokens: u64, calls: u64) -> Event {
    Event::Used { lease, usage: Usage { tokens, calls, ..Usage::default() } }
}

fn three(budget: Budget) -> Bench {
    Bench::running(limited(budget, 3), &["a", "b", "c"].map(task))
}

#[test]
fn turns_begin_as_far_as_what_they_are_expected_to_use_is_left() {
    let bench = three(Budget { tokens: Some(50_000), ..Budget::default() });
    assert_eq!(bench.running_tasks(), ["a", "b"]);
    assert_eq!(bench.scheduler.mission().reserved.tokens, 40_000);
}

#[test]
fn what_a_turn_did_not_use_lets_the_next_begin() {
    let mut bench = three(Budget { tokens: Some(50_000), ..Budget::default() });
    let a = bench.lease("a");
    bench.send(used(Some(a), 2_000, 1));
    bench.do_work("a");
    assert_eq!(bench.running_tasks(), ["b", "c"]);
    assert_eq!(bench.scheduler.mission().used.tokens, 2_000);
}

#[test]
fn at_a_limit_the_mission_stops_at_once_and_says_which() {
    let mut bench = three(Budget { calls: Some(10), ..Budget::default() });
    for id in ["a", "b", "c"] {
        bench.open(id);
    }
    let lease = bench.lease("a");
    bench.send(used(Some(lease), 5, 9));
    let commands = bench.send(used(Some(lease), 5, 10));
    assert_eq!(bench.phase(), Phase::Paused);
    assert_eq!(aborts(&commands), 3);
    let says = "the budget of 10 calls is used up; raise it to go on";
    assert_eq!(notices(&commands, NoticeKind::NeedsDecision), [says]);
    assert_eq!(bench.ignored(Event::Resumed {}), says);
}

#[test]
fn the_commanders_use_counts_for_the_whole_too() {
    let mut bench = three(Budget { tokens: Some(100_000), ..Budget::default() });
    bench.send(used(None, 99_000, 3));
    assert_eq!(bench.phase(), Phase::Running);
    bench.send(used(None, 100_000, 4));
    assert_eq!(bench.phase(), Phase::Paused);
}

#[test]
fn a_total_that_comes_twice_or_late_counts_nothing_twice() {
    let mut bench = three(Budget::default());
    let lease = bench.lease("a");
    bench.send(used(Some(lease), 100, 2));
    bench.ignored(used(Some(lease), 100, 2));
    bench.ignored(used(Some(lease), 60, 1));
    bench.send(used(Some(lease), 130, 3));
    assert_eq!(bench.scheduler.mission().used.tokens, 130);
    bench.ignored(used(Some(LeaseId(99)), 1, 1));
}

#[test]
fn what_a_turn_used_counts_after_its_end_as_well() {
    let mut bench = three(Budget::default());
    let lease = bench.lease("a");
    bench.complete("a");
    bench.send(used(Some(lease), 700, 1));
    assert_eq!(bench.scheduler.mission().used.tokens, 700);
}

#[test]
fn a_raised_budget_lets_the_mission_go_on_when_it_is_resumed() {
    let mut bench = three(Budget { calls: Some(1), ..Budget::default() });
    let lease = bench.lease("a");
    bench.send(used(Some(lease), 5, 1));
    assert_eq!(bench.phase(), Phase::Paused);
    bench.send(Event::BudgetSet { budget: Budget { calls: Some(50), ..Budget::default() } });
    assert_eq!(bench.phase(), Phase::Paused, "only the user lets it go on");
    bench.send(Event::Resumed {});
    assert_eq!(bench.running_tasks().len(), 3);
    assert_eq!(bench.task("a").attempt, 1, "the turn that was stopped used no attempt");
}

#[test]
fn a_budget_lowered_below_what_is_used_stops_the_mission() {
    let mut bench = three(Budget::default());
    let lease = bench.lease("a");
    bench.send(used(Some(lease), 5, 3));
    bench.send(Event::BudgetSet { budget: Budget { calls: Some(3), ..Budget::default() } });
    assert_eq!(bench.phase(), Phase::Paused);
}

#[test]
fn a_budget_of_nothing_is_refused_and_the_same_changes_nothing() {
    let mut bench = three(Budget { calls: Some(9), ..Budget::default() });
    let zero = Budget { calls: Some(0), ..Budget::default() };
    let error = bench.try_send(Event::BudgetSet { budget: zero }).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    assert_eq!(error.problems()[0].path, "budget.calls");
    bench.ignored(Event::BudgetSet { budget: Budget { calls: Some(9), ..Budget::default() } });
}

#[test]
fn no_more_sessions_are_opened_than_may_be_and_the_last_ones_finish() {
    let mut bench = three(Budget { children: Some(2), ..Budget::default() });
    assert_eq!(bench.running_tasks(), ["a", "b"]);
    bench.complete("a");
    assert_eq!((bench.state("a"), bench.phase()), (TaskState::Accepted, Phase::Running));
    let commands = bench.complete("b");
    assert_eq!((bench.state("b"), bench.phase()), (TaskState::Accepted, Phase::Paused));
    let says = "the budget of 2 sessions is used up; raise it to go on";
    assert_eq!(notices(&commands, NoticeKind::NeedsDecision), [says]);
}

#[test]
fn a_mission_whose_checks_still_run_is_not_stopped_for_want_of_sessions() {
    let mut bench =
        Bench::running(limited(Budget { children: Some(1), ..Budget::default() }, 1), &[task("a")]);
    bench.do_work("a");
    assert_eq!((bench.state("a"), bench.phase()), (TaskState::Verifying, Phase::Running));
    bench.verify("a", true);
    assert_eq!(bench.phase(), Phase::Done);
}

#[test]
fn the_running_time_ends_the_mission_when_it_is_used_up_and_pauses_do_not_count() {
    let mut bench = three(Budget { running_ms: Some(60_000), ..Budget::default() });
    bench.pass_time(50_000);
    bench.send(paused());
    bench.pass_time(1_000_000);
    bench.send(Event::Resumed {});
    bench.ignored(Event::BudgetDue {});
    bench.pass_time(9_999);
    assert_eq!(bench.phase(), Phase::Running);
    bench.pass_time(1);
    assert_eq!(bench.phase(), Phase::Paused);
    assert_eq!(bench.scheduler.mission().used.running_ms, 60_000);
}

#[test]
fn errands_are_refused_where_nothing_is_left_and_stopped_where_it_ends() {
    let mut bench = Bench::new(limited(Budget { calls: Some(2), ..Budget::default() }, 2));
    let errand = |id: &str| Event::Delegated { task: task(id), continue_session: None };
    bench.send(errand("first"));
    let lease = bench.lease("first");
    bench.open("first");
    let commands = bench.send(used(Some(lease), 9, 2));
    assert_eq!((bench.state("first"), aborts(&commands)), (TaskState::Failed, 1));
    bench.send(errand("second"));
    assert_eq!(bench.state("second"), TaskState::Cancelled);
    let reason = bench.task("second").reason.unwrap();
    assert_eq!(reason, "the budget of 2 calls is used up; raise it to go on");
}

#[test]
fn every_reservation_comes_back() {
    let mut bench = three(Budget { tokens: Some(1_000_000), ..Budget::default() });
    bench.complete("a");
    bench.error("b", orchestrator_scheduler::SessionErrorKind::RateLimit);
    bench.send(paused());
    assert_eq!(bench.scheduler.mission().reserved, Usage::default());
}
