//! What each kind of error does.

use orchestrator_scheduler::{
    Command, Event, NoticeKind, Phase, PromptReason, ReportStatus, SessionErrorKind as Kind, TaskState,
};

use crate::bench::{Bench, aborts, failed, notices, task, workers};

fn opened() -> Bench {
    let mut bench = Bench::running(workers(2), &[task("a")]);
    bench.open("a");
    bench
}

#[test]
fn a_provider_that_pushes_back_is_tried_again_later_in_the_same_session() {
    for kind in [Kind::RateLimit, Kind::Overloaded, Kind::Timeout] {
        let mut bench = opened();
        let lease = bench.lease("a");
        let commands = bench.error("a", kind);
        assert!(matches!(commands[0], Command::Retry { at_ms, attempt: 1, .. } if at_ms > bench.now));
        assert_eq!(bench.state("a"), TaskState::Ready);
        assert_eq!(bench.scheduler.mission().in_use, 0);
        let commands = bench.pass_time(3_000);
        let reason = PromptReason::SessionError { message: "the host said so".to_owned() };
        let again = commands.iter().any(|command| {
            matches!(command, Command::Prompt { attempt: 1, turn: 2, reason: r, .. } if *r == reason)
        });
        assert!(again, "{commands:?}");
        assert_eq!(bench.lease("a"), lease);
    }
}

#[test]
fn the_providers_own_pause_is_kept_where_it_is_longer() {
    let mut bench = opened();
    let lease = bench.lease("a");
    bench.send(Event::SessionError {
        lease,
        turn: None,
        kind: Kind::RateLimit,
        message: String::new(),
        retry_after_ms: Some(30_000),
    });
    assert_eq!(bench.task("a").retry_at, Some(bench.now + 30_000));
    assert!(bench.pass_time(29_999).is_empty());
    assert_eq!(bench.pass_time(1).len(), 1);
}

#[test]
fn nine_in_a_row_use_an_attempt() {
    let mut bench = opened();
    for _ in 0..8 {
        bench.error("a", Kind::Overloaded);
        assert_eq!(bench.task("a").attempt, 1);
        bench.pass_until_prompted();
    }
    for attempt in [2, 3] {
        bench.error("a", Kind::Overloaded);
        assert_eq!(bench.task("a").attempt, attempt);
        bench.pass_until_prompted();
        for _ in 0..8 {
            bench.error("a", Kind::Overloaded);
            bench.pass_until_prompted();
        }
    }
    bench.error("a", Kind::Overloaded);
    assert_eq!(bench.state("a"), TaskState::Failed);
}

#[test]
fn a_turn_that_ends_well_begins_a_new_row() {
    let mut bench = opened();
    for _ in 0..5 {
        bench.error("a", Kind::Overloaded);
        bench.pass_until_prompted();
    }
    bench.idle("a");
    for _ in 0..8 {
        bench.error("a", Kind::Overloaded);
        bench.pass_until_prompted();
    }
    assert_eq!(bench.task("a").attempt, 2, "used by the missing report alone");
}

#[test]
fn an_error_before_the_session_opened_starts_anew_after_the_pause() {
    let mut bench = Bench::running(workers(1), &[task("a")]);
    let first = bench.lease("a");
    bench.error("a", Kind::Timeout);
    assert_eq!(Bench::started(&bench.pass_time(3_000)), ["a"]);
    assert_ne!(bench.lease("a"), first);
    assert_eq!(bench.task("a").attempt, 1);
}

#[test]
fn what_the_session_can_not_mend_uses_an_attempt_in_a_new_session() {
    let mut bench = opened();
    let (lease, lane) = (bench.lease("a"), bench.task("a").lane);
    let commands = bench.error("a", Kind::Unknown);
    assert_eq!(Bench::started(&commands), ["a"]);
    assert_eq!(aborts(&commands), 0, "the session is quiet already");
    assert_ne!(bench.lease("a"), lease);
    assert_eq!((bench.task("a").attempt, bench.task("a").lane), (2, lane));
}

#[test]
fn refused_credentials_and_an_empty_account_stop_the_mission_for_the_user() {
    for (kind, words) in [(Kind::Auth, "credentials"), (Kind::Quota, "account")] {
        let mut bench = Bench::running(workers(2), &[task("a"), task("b")]);
        bench.open("a");
        bench.open("b");
        let commands = bench.error("a", kind);
        assert_eq!(bench.phase(), Phase::Paused);
        assert!(notices(&commands, NoticeKind::NeedsDecision)[0].contains(words));
        assert_eq!(aborts(&commands), 1, "of the other session");
        assert_eq!([bench.state("a"), bench.state("b")], [TaskState::Ready; 2]);
        let commands = bench.send(Event::Resumed {});
        assert_eq!(Bench::started(&commands).len(), 2);
        assert_eq!([bench.task("a").attempt, bench.task("b").attempt], [1, 1]);
    }
}

#[test]
fn a_session_that_the_user_interrupts_stops_the_mission() {
    let mut bench = opened();
    let commands = bench.error("a", Kind::Aborted);
    assert_eq!(bench.phase(), Phase::Paused);
    assert!(notices(&commands, NoticeKind::NeedsDecision)[0].contains("interrupted"));
    assert_eq!(bench.state("a"), TaskState::Ready);
}

#[test]
fn the_abort_that_we_asked_for_is_ignored() {
    let mut bench = opened();
    let lease = bench.lease("a");
    bench.send(crate::bench::paused());
    bench.ignored(failed(lease, Kind::Aborted));
    assert_eq!(bench.phase(), Phase::Paused);
}

#[test]
fn an_error_after_the_report_does_not_undo_it() {
    for kind in [Kind::RateLimit, Kind::Unknown, Kind::Auth, Kind::Aborted] {
        let mut bench = opened();
        bench.report("a", ReportStatus::Done, "done");
        bench.error("a", kind);
        assert_eq!(bench.state("a"), TaskState::Verifying, "{kind:?}");
    }
}
