//! What comes after each kind of error, where that is more than another attempt.

use std::collections::BTreeMap;

use orchestrator_scheduler::{
    Command, Config, Event, NoticeKind, Phase, PromptReason, ReportStatus, SessionErrorKind as Kind,
    TaskState,
};

use crate::bench::{Bench, aborts, notices, task, workers};

const MINUTE: u64 = 60_000;

fn opened(config: Config) -> Bench {
    let mut bench = Bench::running(config, &[task("a")]);
    bench.open("a");
    bench
}

fn two_models() -> Config {
    let models = BTreeMap::from([("worker".to_owned(), vec!["x/first".to_owned(), "x/second".to_owned()])]);
    Config { models, ..workers(2) }
}

fn rate_limit(bench: &Bench, retry_after_ms: u64) -> Event {
    Event::SessionError {
        lease: bench.lease("a"),
        turn: None,
        kind: Kind::RateLimit,
        message: "slow down".into(),
        retry_after_ms: Some(retry_after_ms),
    }
}

fn retrying(bench: &Bench, next_ms: Option<u64>) -> Event {
    Event::ProviderRetrying { lease: bench.lease("a"), turn: None, message: "slow down".into(), next_ms }
}

#[test]
fn a_full_context_is_compacted_once_and_the_same_attempt_goes_on() {
    let mut bench = opened(workers(1));
    let lease = bench.lease("a");
    let commands = bench.error("a", Kind::ContextOverflow);
    let compacts = |command: &Command| matches!(command, Command::Compact { attempt: 1, turn: 2, session, .. } if session == "session-1");
    assert!(commands.iter().any(compacts), "{commands:?}");
    assert_eq!(bench.scheduler.mission().in_use, 1, "it is a turn, with all that a turn needs");
    let commands = bench.idle("a");
    let goes_on = |command: &Command| {
        matches!(command, Command::Prompt { attempt: 1, turn: 3, reason: PromptReason::Compacted {}, .. })
    };
    assert!(commands.iter().any(goes_on), "{commands:?}");
    let commands = bench.error("a", Kind::ContextOverflow);
    assert_eq!(Bench::started(&commands), ["a"], "the second time in a new session");
    assert_eq!(bench.task("a").attempt, 2);
    assert_ne!(bench.lease("a"), lease);
}

#[test]
fn a_session_that_can_not_be_compacted_is_given_up() {
    let mut bench = opened(workers(1));
    bench.error("a", Kind::ContextOverflow);
    let commands = bench.error("a", Kind::ContextOverflow);
    assert_eq!(Bench::started(&commands), ["a"]);
    assert_eq!(bench.task("a").attempt, 2);
}

#[test]
fn a_compaction_that_the_provider_refuses_is_asked_for_again_later() {
    let mut bench = opened(workers(1));
    bench.error("a", Kind::ContextOverflow);
    bench.error("a", Kind::Overloaded);
    let commands = bench.pass_until_prompted_or(|command| matches!(command, Command::Compact { .. }));
    assert!(commands.iter().any(|command| matches!(command, Command::Compact { turn: 3, .. })));
    assert_eq!(bench.task("a").attempt, 1);
}

#[test]
fn a_model_that_refused_is_not_asked_again_for_that_task() {
    let mut bench = opened(two_models());
    let commands = bench.error("a", Kind::Refusal);
    let second = |command: &Command| matches!(command, Command::Start { attempt: 2, model: Some(model), .. } if model == "x/second");
    assert!(commands.iter().any(second), "{commands:?}");
    assert_eq!(bench.task("a").refused_by, ["x/first"]);
    bench.open("a");
    let commands = bench.error("a", Kind::Refusal);
    assert_eq!(bench.state("a"), TaskState::Failed);
    assert!(notices(&commands, NoticeKind::TaskFailed)[0].contains("no other model"));
}

#[test]
fn a_refusal_of_the_only_model_fails_the_task_at_once() {
    let mut bench = opened(workers(1));
    bench.error("a", Kind::Refusal);
    assert_eq!((bench.state("a"), bench.task("a").attempt), (TaskState::Failed, 1));
}

#[test]
fn a_bad_tool_call_is_told_to_the_session_and_counts() {
    let mut bench = opened(workers(1));
    let commands = bench.error("a", Kind::BadToolCall);
    let reason = PromptReason::SessionError { message: "the host said so".into() };
    let told =
        |command: &Command| matches!(command, Command::Prompt { attempt: 2, reason: r, .. } if *r == reason);
    assert!(commands.iter().any(told), "{commands:?}");
}

#[test]
fn the_user_is_told_which_model_has_no_credentials_once() {
    let mut bench = Bench::running(two_models(), &[task("a"), task("b")]);
    bench.open("a");
    bench.open("b");
    let late = bench.lease("b");
    let commands = bench.error("a", Kind::Auth);
    let asked = notices(&commands, NoticeKind::NeedsDecision);
    assert!(asked.len() == 1 && asked[0].contains("x/first"), "{asked:?}");
    bench.ignored(crate::bench::failed(late, Kind::Auth));
}

#[test]
fn a_pause_of_more_than_a_quarter_of_an_hour_is_put_to_the_user() {
    let mut bench = opened(workers(1));
    bench.send(rate_limit(&bench, 15 * MINUTE));
    assert_eq!(bench.phase(), Phase::Running);
    let mut bench = opened(workers(1));
    let commands = bench.send(rate_limit(&bench, 15 * MINUTE + 1));
    assert_eq!(bench.phase(), Phase::Paused);
    assert!(notices(&commands, NoticeKind::NeedsDecision)[0].contains("wait 16 minutes"));
    assert_eq!(bench.task("a").attempt, 1);
}

#[test]
fn a_host_that_asks_again_by_itself_is_no_sign_of_life_and_is_stopped_without_using_an_attempt() {
    let mut bench = opened(workers(1));
    for _ in 0..3 {
        bench.pass_time(30_000);
        bench.send(retrying(&bench, Some(20_000)));
    }
    let commands = bench.pass_time(30_000);
    assert_eq!(aborts(&commands), 1);
    assert_eq!((bench.state("a"), bench.task("a").attempt), (TaskState::Ready, 1));
    assert_eq!(bench.task("a").retry_at, Some(bench.now + 20_000), "the provider's own pause");
    let commands = bench.pass_time(20_000);
    let goes_on = |command: &Command| {
        matches!(command, Command::Prompt { reason: PromptReason::SessionError { .. }, .. })
    };
    assert!(commands.iter().any(goes_on), "{commands:?}");
}

#[test]
fn a_model_whose_requests_the_host_repeats_is_left_for_the_next_one() {
    let mut bench = opened(two_models());
    bench.send(retrying(&bench, Some(300_000)));
    let commands = bench.pass_time(123_000);
    let next = |command: &Command| matches!(command, Command::Prompt { attempt: 1, model: Some(model), .. } if model == "x/second");
    assert!(commands.iter().any(next), "{commands:?}");
}

#[test]
fn a_turn_whose_model_is_left_alone_goes_on_with_the_next_one_at_once() {
    let mut bench = opened(two_models());
    for _ in 0..4 {
        assert_eq!(aborts(&bench.send(retrying(&bench, Some(2_000)))), 0);
    }
    let commands = bench.send(retrying(&bench, Some(2_000)));
    assert_eq!((aborts(&commands), bench.task("a").attempt), (1, 1));
    let next = |command: &Command| matches!(command, Command::Prompt { attempt: 1, model: Some(model), .. } if model == "x/second");
    let commands = bench.pass_time(2_000);
    assert!(commands.iter().any(next), "{commands:?}");
}

#[test]
fn a_session_that_is_stopped_is_not_prompted_in_the_same_moment_whatever_it_reported() {
    let mut bench = opened(two_models());
    bench.report("a", ReportStatus::Failed, "no luck");
    for _ in 0..4 {
        assert_eq!(aborts(&bench.send(retrying(&bench, Some(2_000)))), 0);
    }
    let commands = bench.send(retrying(&bench, Some(2_000)));
    let prompts = commands.iter().filter(|command| matches!(command, Command::Prompt { .. }));
    assert_eq!((aborts(&commands), prompts.count(), bench.task("a").attempt), (1, 0, 1));
}

#[test]
fn a_turn_whose_model_is_left_alone_stays_where_no_other_answers() {
    let mut bench = opened(workers(1));
    for _ in 0..7 {
        assert_eq!(aborts(&bench.send(retrying(&bench, Some(2_000)))), 0);
    }
}

#[test]
fn an_answer_after_the_host_asked_again_ends_the_trouble() {
    let mut bench = opened(workers(1));
    bench.send(retrying(&bench, None));
    let usage = orchestrator_scheduler::Usage { calls: 1, ..Default::default() };
    bench.send(Event::Used { lease: Some(bench.lease("a")), usage });
    bench.pass_time(120_000);
    assert_eq!(bench.task("a").attempt, 2, "now it is a stall like any other");
}

#[test]
fn a_host_that_would_wait_for_hours_is_not_waited_for() {
    let mut bench = opened(workers(1));
    let commands = bench.send(retrying(&bench, Some(60 * MINUTE)));
    assert_eq!(bench.phase(), Phase::Paused);
    assert_eq!(aborts(&commands), 1);
    assert!(notices(&commands, NoticeKind::NeedsDecision)[0].contains("60 minutes"));
}

fn refused(bench: &mut Bench, id: &str) -> Vec<Command> {
    bench.open_if_new(id);
    let lease = bench.lease(id);
    let refused = vec!["bash (npm install)".to_owned()];
    bench.send(Event::SessionIdle { lease, turn: None, text: None, fingerprint: None, refused })
}

#[test]
fn a_turn_that_ends_by_a_refused_permission_is_told_and_uses_no_attempt_three_times_in_a_row() {
    let mut bench = opened(workers(1));
    for turn in 2..=4 {
        let commands = refused(&mut bench, "a");
        let told = |command: &Command| {
            matches!(command, Command::Prompt { attempt: 1, turn: one, reason: PromptReason::Refused { what }, .. }
                if *one == turn && what == &["bash (npm install)"])
        };
        assert!(commands.iter().any(told), "{commands:?}");
    }
    let commands = refused(&mut bench, "a");
    let counts = |command: &Command| {
        matches!(command, Command::Prompt { attempt: 2, reason: PromptReason::NotReported { .. }, .. })
    };
    assert!(commands.iter().any(counts), "{commands:?}");
}

#[test]
fn a_worker_that_reports_in_spite_of_a_refusal_is_checked() {
    let mut bench = opened(workers(1));
    bench.report("a", ReportStatus::Done, "done without");
    let commands = refused(&mut bench, "a");
    assert!(commands.iter().any(|command| matches!(command, Command::Verify { .. })), "{commands:?}");
}
