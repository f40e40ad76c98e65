//! Models: which one a turn is asked of, and what becomes of those that do not answer.

use std::collections::BTreeMap;

use orchestrator_scheduler::{
    BreakerState, Command, Config, Event, LeaseId, NoticeKind, SessionErrorKind as Kind, TaskState, Usage,
};

use crate::bench::{Bench, failed, idle, notices, reviewed, task, workers};

fn with_models(workers_models: &[&str], config: Config) -> Config {
    let models = workers_models.iter().map(ToString::to_string).collect();
    Config { models: BTreeMap::from([("worker".to_owned(), models)]), attempts: 20, ..config }
}

/// The models that these commands ask, in order.
fn asked<'a>(commands: &'a [Command]) -> Vec<Option<&'a str>> {
    let model = |command: &'a Command| match command {
        Command::Start { model, .. }
        | Command::Prompt { model, .. }
        | Command::Review { model, .. }
        | Command::ReviewPrompt { model, .. } => Some(model.as_deref()),
        _ => None,
    };
    commands.iter().filter_map(model).collect()
}

/// Two tasks of which the first fails until its model is left alone.
fn broken(config: Config) -> Bench {
    let mut bench = Bench::running(config, &[task("a"), task("b")]);
    bench.open("a");
    while notices(&bench.commands, NoticeKind::ModelPaused).is_empty() {
        if bench.state("a") == TaskState::Running {
            bench.error("a", Kind::Overloaded);
        } else {
            bench.pass_time(100);
        }
    }
    bench
}

fn used(lease: LeaseId, calls: u64) -> Event {
    Event::Used { lease: Some(lease), usage: Usage { calls, ..Usage::default() } }
}

#[test]
fn an_agent_without_models_leaves_the_choice_to_the_host() {
    let bench = Bench::running(workers(1), &[task("a")]);
    assert_eq!(asked(&bench.commands), [None]);
}

#[test]
fn the_first_model_of_an_agent_is_asked() {
    let bench = Bench::running(with_models(&["a/1", "b/2"], workers(1)), &[task("a")]);
    assert_eq!(asked(&bench.commands), [Some("a/1")]);
    assert_eq!(bench.scheduler.snapshot().leases[0].model.as_deref(), Some("a/1"));
}

#[test]
fn after_five_failures_in_a_row_the_next_model_is_asked_and_people_are_told() {
    let mut bench = broken(with_models(&["a/1", "b/2"], workers(1)));
    assert_eq!(asked(&bench.commands), [Some("a/1"); 5]);
    let paused = notices(&bench.commands, NoticeKind::ModelPaused);
    assert!(paused[0].starts_with("a/1 failed again and again: not asked for "), "{paused:?}");
    assert_eq!(asked(&bench.send(crate::bench::cancelled(Some("a")))), [Some("b/2")]);
}

#[test]
fn a_session_goes_on_with_the_next_model() {
    let mut bench = broken(with_models(&["a/1", "b/2"], workers(1)));
    bench.commands.clear();
    // Until the first model's pause is over it is not asked, whatever the pause of the task.
    let retry_at = bench.scheduler.mission().models[0].retry_at.unwrap();
    while bench.now + 100 < retry_at && asked(&bench.commands).is_empty() {
        bench.pass_time(100);
    }
    assert!(asked(&bench.commands).iter().all(|model| *model == Some("b/2")), "{:#?}", bench.commands);
}

#[test]
fn where_no_model_answers_all_wait_for_the_first_pause_to_end() {
    let mut bench = broken(with_models(&["a/1"], workers(2)));
    let model = bench.scheduler.mission().models[0].clone();
    assert_eq!((model.model.as_deref(), model.state), (Some("a/1"), BreakerState::Open));
    let wait = model.retry_at.unwrap() - bench.now;
    assert!((2_500..=5_000).contains(&wait), "{wait}");
    bench.send(crate::bench::cancelled(Some("b")));
    assert!(asked(&bench.pass_time(wait - 1)).is_empty());
    assert_eq!(asked(&bench.pass_until_prompted()), [Some("a/1")]);
    assert_eq!(bench.scheduler.mission().models[0].state, BreakerState::HalfOpen);
}

#[test]
fn a_task_that_has_not_begun_waits_too_and_says_for_what() {
    let mut bench = broken(workers(1));
    bench.send(crate::bench::cancelled(Some("a")));
    assert_eq!(bench.state("b"), TaskState::Ready);
    assert_eq!(bench.task("b").reason.as_deref(), Some("waits for the model, which did not answer"));
    assert_eq!(Bench::started(&bench.pass_until_prompted()), ["b"]);
    assert_eq!(bench.task("b").reason, None);
}

#[test]
fn one_turn_at_a_time_tries_a_model_and_an_answer_in_it_is_enough() {
    // As many lanes as leave the limit above 1 after five halvings.
    let mut bench = broken(workers(200));
    bench.send(crate::bench::cancelled(Some("b")));
    let begun = bench.pass_until_prompted();
    assert_eq!(asked(&begun).len(), 1, "{begun:#?}");
    let probe = bench.lease("a");
    bench.send(Event::Delegated { task: task("errand"), continue_session: None });
    assert_eq!(bench.state("errand"), TaskState::Ready, "one at a time");
    bench.send(used(probe, 1));
    assert_eq!(
        bench.scheduler.mission().models[0].state,
        BreakerState::HalfOpen,
        "the turn is the next probe"
    );
    let commands = bench.send(used(probe, 2));
    assert_eq!(notices(&commands, NoticeKind::ModelResumed), ["the model answers again"]);
    assert!(bench.scheduler.mission().models.is_empty());
    assert_eq!(Bench::started(&commands), ["errand"]);
}

#[test]
fn a_probe_that_is_stopped_leaves_its_place_to_another() {
    let mut bench = broken(workers(1));
    bench.pass_until_prompted();
    let before = bench.running_tasks();
    let commands = bench.send(crate::bench::cancelled(Some(&before[0])));
    assert_eq!(asked(&commands).len(), 1, "{commands:#?}");
    assert_eq!(bench.scheduler.mission().models[0].state, BreakerState::HalfOpen);
}

#[test]
fn what_the_model_itself_said_is_an_answer() {
    for kind in [Kind::Refusal, Kind::ContextOverflow, Kind::BadToolCall] {
        let models = (0..9).map(|at| format!("x/{at}")).collect();
        let models = [("worker".to_owned(), models)].into();
        let mut bench = Bench::running(Config { attempts: 20, models, ..workers(1) }, &[task("a")]);
        for _ in 0..8 {
            if bench.scheduler.lease(bench.lease("a")).unwrap().session.is_none() {
                bench.open("a");
            }
            bench.error("a", kind);
        }
        assert!(bench.scheduler.mission().models.is_empty(), "{kind:?}");
    }
}

#[test]
fn a_stall_is_a_failure_of_the_model() {
    let mut bench = Bench::running(Config { attempts: 20, ..workers(1) }, &[task("a")]);
    for _ in 0..5 {
        bench.open("a");
        bench.pass_time(120_000);
    }
    assert_eq!(bench.scheduler.mission().models.len(), 1);
}

#[test]
fn a_review_waits_for_the_reviewers_model_alone() {
    let models = BTreeMap::from([("reviewer".to_owned(), vec!["r/1".to_owned()])]);
    let config = Config { models, attempts: 20, ..reviewed(2) };
    let mut bench = Bench::running(config, &[task("a"), task("b")].map(crate::bench::With::reviewed));
    bench.complete("a");
    let review = bench.review(Some("a"));
    bench.send(Event::SessionStarted { lease: review, session: "r".to_owned() });
    for failures in 1..=5 {
        bench.send(failed(review, Kind::Overloaded));
        if failures < 5 {
            bench.pass_until_prompted();
        }
    }
    let commands = bench.complete("b");
    assert_eq!(bench.state("b"), TaskState::Reviewing);
    assert!(asked(&commands).is_empty(), "no reviewer is asked: {commands:#?}");
    assert_eq!(asked(&bench.pass_until_prompted()), [Some("r/1")]);
    bench.send(idle(bench.review(Some("b"))));
}

#[test]
fn the_end_of_a_pause_is_due_once() {
    let mut bench = broken(workers(1));
    for id in ["a", "b"] {
        bench.send(crate::bench::cancelled(Some(id)));
    }
    bench.pass_time(600_000);
    assert_eq!(bench.scheduler.next_wake(), None, "nobody waits for it");
    bench.ignored(Event::ProbeDue { model: None });
}
