//! The mission loop: when a silent commander is continued, and when not.

use orchestrator_scheduler::{Budget, Command, Config, Event, NoticeKind, Phase, TaskState, Usage, Verdict};

use crate::bench::{Bench, cancelled, notices, paused, plan, reviewed, task, verdict, workers};

fn idle(edge: &str) -> Event {
    Event::CommanderIdle { session: "commander".into(), edge: edge.into() }
}

fn accepted(edge: &str) -> Event {
    Event::ContinueAccepted { edge: edge.into() }
}

fn continued(commands: &[Command]) -> Vec<&str> {
    let edges = commands.iter().filter_map(|command| match command {
        Command::Continue { edge, .. } => Some(edge.as_str()),
        _ => None,
    });
    edges.collect()
}

fn running() -> Bench {
    Bench::running(workers(1), &[task("a"), task("b")])
}

/// A whole continuation that brings nothing.
fn in_vain(bench: &mut Bench, edge: &str) {
    assert_eq!(continued(&bench.send(idle(edge))), [edge]);
    bench.send(accepted(edge));
}

#[test]
fn an_idle_commander_with_unfinished_work_is_continued_once_an_edge() {
    let mut bench = running();
    let commands = bench.send(idle("1"));
    let [Command::Continue { session, reason, .. }] = &commands[..] else { panic!("{commands:?}") };
    assert_eq!(session, "commander");
    assert!(reason.contains("run_mission"), "{reason}");
    bench.ignored(idle("1"));
    bench.send(accepted("1"));
    bench.ignored(accepted("1"));
    bench.ignored(idle("1"));
    assert_eq!(continued(&bench.send(idle("2"))), ["2"]);
}

#[test]
fn one_that_has_no_plan_or_is_done_is_left_alone() {
    let mut bench = Bench::new(workers(1));
    assert!(bench.send(idle("1")).is_empty());
    bench.send(Event::PlanSubmitted { plan: plan(&[task("a")]) });
    assert_eq!(continued(&bench.send(idle("2"))), ["2"], "the plan waits to be started");
    bench.send(cancelled(None));
    bench.ignored(idle("3"));
}

#[test]
fn three_that_bring_nothing_pause_the_mission_and_say_how_to_go_on() {
    let mut bench = running();
    for edge in ["1", "2", "3"] {
        in_vain(&mut bench, edge);
    }
    let commands = bench.send(idle("4"));
    assert!(continued(&commands).is_empty());
    assert_eq!(bench.phase(), Phase::Paused);
    let asked = notices(&commands, NoticeKind::NeedsDecision);
    assert!(asked.len() == 1 && asked[0].contains("/resume"), "{asked:?}");
    assert!(continued(&bench.send(idle("5"))).is_empty());
    bench.send(Event::Resumed {});
    assert_eq!(continued(&bench.send(idle("6"))), ["6"]);
}

#[test]
fn one_whose_acceptance_was_never_seen_counts_when_the_commander_is_idle_again() {
    let mut bench = running();
    for edge in ["1", "2", "3"] {
        assert_eq!(continued(&bench.send(idle(edge))), [edge]);
    }
    bench.send(idle("4"));
    assert_eq!(bench.phase(), Phase::Paused);
}

#[test]
fn an_accepted_task_or_a_new_plan_begins_a_new_count() {
    let mut bench = running();
    in_vain(&mut bench, "1");
    in_vain(&mut bench, "2");
    bench.complete("a");
    assert_eq!(bench.scheduler.mission().continued_in_vain, 0);
    in_vain(&mut bench, "3");
    bench.send(Event::PlanSubmitted { plan: plan(&[task("c")]) });
    assert_eq!(bench.scheduler.mission().continued_in_vain, 0);
}

#[test]
fn esc_stop_and_a_word_of_the_user_win_over_what_is_on_its_way() {
    for event in [paused(), cancelled(None), Event::UserSpoke {}] {
        let mut bench = running();
        bench.send(idle("1"));
        bench.send(event.clone());
        assert_eq!(bench.scheduler.mission().continuation, None, "{event:?}");
        bench.ignored(accepted("1"));
    }
}

#[test]
fn esc_stops_also_a_mission_that_waits_for_a_decision() {
    let mut bench = Bench::running(reviewed(1), &[task("a")]);
    bench.complete("a");
    bench.send(verdict(bench.review(None), Verdict::Reject));
    assert_eq!(bench.phase(), Phase::Deciding);
    bench.send(paused());
    assert!(continued(&bench.send(idle("1"))).is_empty());
    bench.send(Event::PlanSubmitted { plan: plan(&[task("b")]) });
    bench.send(Event::Resumed {});
    assert_eq!(bench.state("b"), TaskState::Running);
}

#[test]
fn one_that_can_not_be_sent_pauses_the_mission() {
    let mut bench = running();
    bench.send(idle("1"));
    let commands = bench.send(Event::ContinueFailed { edge: "1".into(), message: "no connection".into() });
    assert_eq!(bench.phase(), Phase::Paused);
    assert!(notices(&commands, NoticeKind::NeedsDecision)[0].contains("no connection"));
}

#[test]
fn its_use_is_reserved_before_and_settled_after_it() {
    let budget = Budget { tokens: Some(50_000), ..Budget::default() };
    let mut bench = Bench::running(Config { budget, ..workers(1) }, &[task("a")]);
    let held = |bench: &Bench| bench.scheduler.mission().reserved.tokens;
    assert_eq!(held(&bench), 20_000);
    bench.send(idle("1"));
    assert_eq!(held(&bench), 40_000);
    let usage = Usage { tokens: 5_000, calls: 1, ..Usage::default() };
    bench.send(Event::Used { lease: None, usage });
    assert_eq!(held(&bench), 35_000);
    bench.send(Event::UserSpoke {});
    assert_eq!(held(&bench), 20_000);
}

#[test]
fn one_that_does_not_fit_into_the_budget_waits_until_it_does() {
    let budget = Budget { tokens: Some(30_000), ..Budget::default() };
    let mut bench = Bench::running(Config { budget, ..workers(1) }, &[task("a"), task("b")]);
    assert!(continued(&bench.send(idle("1"))).is_empty());
    bench.open("a");
    let lease = bench.lease("a");
    let usage = Usage { tokens: 1_000, calls: 1, ..Usage::default() };
    bench.send(Event::Used { lease: Some(lease), usage });
    bench.report("a", orchestrator_scheduler::ReportStatus::Done, "done");
    assert_eq!(continued(&bench.idle("a")), ["1"]);
}

#[test]
fn a_budget_that_is_used_up_pauses_instead() {
    let budget = Budget { calls: Some(1), ..Budget::default() };
    let mut bench = Bench::new(Config { budget, ..workers(1) });
    bench.send(Event::PlanSubmitted { plan: plan(&[task("a")]) });
    bench.send(Event::Used { lease: None, usage: Usage { calls: 1, ..Usage::default() } });
    let commands = bench.send(idle("1"));
    assert!(continued(&commands).is_empty());
    assert_eq!(bench.phase(), Phase::Paused);
    assert!(notices(&commands, NoticeKind::NeedsDecision)[0].contains("1 calls"));
}
