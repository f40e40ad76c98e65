//! Changing single tasks of the plan: titles, what is dropped, what is tried again.

use orchestrator_scheduler::{
    AmendedStatus, Amendment, ErrorKind, Event, MissionOutcome, Phase, ReportStatus, TaskState, Verdict,
};

use crate::bench::{Bench, With, cancelled, plan, reviewed, task, verdict, workers};

fn item(id: &str, status: Option<AmendedStatus>, title: Option<&str>) -> Amendment {
    Amendment { id: id.to_owned(), status, title: title.map(str::to_owned) }
}

fn drop_it(id: &str) -> Amendment {
    item(id, Some(AmendedStatus::Cancelled), None)
}

fn again(id: &str) -> Amendment {
    item(id, Some(AmendedStatus::Pending), None)
}

fn retitle(id: &str, title: &str) -> Amendment {
    item(id, None, Some(title))
}

fn amended(items: &[Amendment]) -> Event {
    Event::Amended { revision: None, items: items.to_vec() }
}

/// Brings a task to its end without success.
fn fail(bench: &mut Bench, id: &str) {
    bench.open(id);
    bench.report(id, ReportStatus::Blocked, "no");
}

#[test]
fn a_task_that_has_not_started_takes_another_title_and_one_that_has_keeps_it() {
    let mut bench = Bench::running(workers(1), &[task("a"), task("b"), task("c").after(&["a"])]);
    bench.send(amended(&[retitle("b", "New B"), retitle("c", "New C")]));
    assert_eq!([bench.task("b").title, bench.task("c").title], ["New B", "New C"]);
    assert_eq!(bench.ignored(amended(&[retitle("a", "New A")])), "\"a\" has started and keeps its title");
    assert_eq!(bench.ignored(amended(&[retitle("b", " ")])), "\"b\" can't be without a title");
}

#[test]
fn a_task_that_failed_is_not_revived_by_a_title() {
    let mut bench = Bench::running(workers(1), &[task("a"), task("b")]);
    fail(&mut bench, "a");
    bench.ignored(amended(&[retitle("a", "New A")]));
    assert_eq!(bench.state("a"), TaskState::Failed);
}

#[test]
fn what_is_dropped_blocks_what_waits_for_it() {
    let mut bench = Bench::running(workers(1), &[task("a"), task("b").after(&["a"]), task("c")]);
    bench.send(amended(&[drop_it("a")]));
    assert_eq!([bench.state("a"), bench.state("b")], [TaskState::Cancelled, TaskState::Blocked]);
    assert_eq!(bench.running_tasks(), ["c"]);
}

#[test]
fn what_failed_is_tried_again_with_all_its_attempts_and_unblocks_what_waits_for_it() {
    let mut bench = Bench::running(workers(1), &[task("a"), task("b").after(&["a"])]);
    fail(&mut bench, "a");
    assert_eq!(bench.phase(), Phase::Deciding);
    bench.send(amended(&[again("a")]));
    assert_eq!([bench.state("a"), bench.state("b")], [TaskState::Ready, TaskState::Pending]);
    let commands = bench.send(Event::Resumed {});
    assert_eq!(Bench::started(&commands), ["a"]);
    assert_eq!(bench.task("a").attempt, 1);
}

#[test]
fn what_was_dropped_comes_back_before_the_mission_is_sealed() {
    let mut bench = Bench::running(reviewed(1), &[task("a"), task("b")]);
    bench.send(cancelled(Some("b")));
    bench.complete("a");
    assert_eq!(bench.phase(), Phase::Sealing);
    let commands = bench.send(amended(&[again("b")]));
    assert_eq!(Bench::started(&commands), ["b"]);
    bench.complete("b");
    let seal = bench.review(None);
    bench.send(verdict(seal, Verdict::Approve));
    assert_eq!(bench.scheduler.mission().outcome, Some(MissionOutcome::Accepted));
}

#[test]
fn one_item_that_can_not_be_had_keeps_all_of_them_out() {
    let mut bench = Bench::running(workers(1), &[task("a"), task("b"), task("build")]);
    bench.complete("a");
    let why = bench.ignored(amended(&[drop_it("build"), drop_it("a"), again("b")]));
    assert_eq!(
        why,
        "\"a\" is Accepted and can't be cancelled; \"b\" is Running: only what failed or was cancelled is tried again"
    );
    assert_eq!(bench.ignored(amended(&[drop_it("b"), drop_it("b")])), "\"b\" is there twice");
    assert_eq!(bench.ignored(amended(&[retitle("build", "Task build")])), "nothing would change");
    let error = bench.try_send(amended(&[drop_it("b"), drop_it("biuld")])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownTask);
    assert_eq!(bench.state("b"), TaskState::Running);
}

#[test]
fn a_blocked_task_is_dropped_with_what_blocked_it_in_either_order() {
    for order in [["a", "b"], ["b", "a"]] {
        let mut bench = Bench::running(workers(1), &[task("a"), task("b").after(&["a"]), task("c")]);
        bench.send(amended(&order.map(drop_it)));
        assert_eq!([bench.state("a"), bench.state("b")], [TaskState::Cancelled; 2], "{order:?}");
    }
}

#[test]
fn what_was_made_for_another_version_of_the_plan_is_ignored_and_told_the_current_one() {
    let mut bench = Bench::running(workers(1), &[task("a"), task("b")]);
    let revision = bench.scheduler.mission().revision;
    let made_for = |revision| Event::Amended { revision: Some(revision), items: vec![retitle("b", "New")] };
    bench.send(made_for(revision));
    let now = bench.scheduler.mission().revision;
    assert_eq!(bench.ignored(made_for(revision)), format!("the plan is at version {now}, not {revision}"));
}

#[test]
fn the_version_grows_with_tasks_titles_and_states_and_with_nothing_else() {
    let mut bench = Bench::new(workers(1));
    let mut last = bench.scheduler.mission().revision;
    assert_eq!(last, 0);
    let mut grew = |bench: &Bench| {
        let now = bench.scheduler.mission().revision;
        std::mem::replace(&mut last, now) < now
    };
    bench.send(Event::PlanSubmitted { plan: plan(&[task("a"), task("b")]) });
    assert!(grew(&bench));
    bench.send(Event::Resumed {});
    assert!(grew(&bench), "a runs");
    bench.open("a");
    assert!(!grew(&bench), "a session is no change of the plan");
    bench.send(amended(&[retitle("b", "New")]));
    assert!(grew(&bench));
    bench.send(Event::Delegated { task: task("d"), continue_session: None });
    assert!(!grew(&bench), "an errand is no task of the plan");
    bench.complete("a");
    assert!(grew(&bench));
}

#[test]
fn nothing_is_amended_after_the_end() {
    let mut bench = Bench::running(workers(1), &[task("a")]);
    bench.send(cancelled(None));
    assert_eq!(bench.ignored(amended(&[again("a")])), "the mission has ended");
}
