//! Late, double and senseless events change nothing.

use orchestrator_scheduler::{Event, LeaseId, ReportStatus, SessionErrorKind, TaskState, Verdict};

use crate::bench::{Bench, With, failed, idle, reported, reviewed, task, verdict, verified, workers};

#[test]
fn events_of_a_lease_that_never_was_are_ignored() {
    let mut bench = Bench::running(workers(1), &[task("a")]);
    let lease = LeaseId(99);
    for event in [
        Event::SessionStarted { lease, session: "s".to_owned() },
        Event::Progress { lease },
        Event::ClockStopped { lease },
        Event::ClockStarted { lease },
        idle(lease),
        failed(lease, SessionErrorKind::Unknown),
        reported(lease, ReportStatus::Done, "x"),
        verdict(lease, Verdict::Approve),
        Event::Stalled { lease },
        Event::TimedOut { lease },
    ] {
        assert_eq!(bench.ignored(event), "there is no lease 99");
    }
    bench.ignored(Event::RetryDue { task: Some("zz".to_owned()) });
    bench.ignored(Event::PollDue {});
    bench.ignored(verified(Some("zz"), 1, true));
    bench.ignored(verified(None, 1, true));
}

#[test]
fn a_duplicate_of_each_event_is_ignored() {
    let mut bench = Bench::running(reviewed(1), &[task("a").reviewed(), task("b")]);
    let lease = bench.lease("a");
    let steps = [
        Event::SessionStarted { lease, session: "s".to_owned() },
        reported(lease, ReportStatus::Done, "x"),
        idle(lease),
        verified(Some("a"), 1, true),
    ];
    for (at, event) in steps.into_iter().enumerate() {
        bench.send(event.clone());
        if at != 1 {
            bench.ignored(event);
        }
    }
    let review = bench.review(Some("a"));
    bench.send(verdict(review, Verdict::Approve));
    bench.ignored(verdict(review, Verdict::Approve));
    bench.send(idle(review));
    assert_eq!(bench.ignored(idle(review)), format!("{review} has ended"));
}

#[test]
fn an_event_that_quotes_an_earlier_turn_is_ignored() {
    let mut bench = Bench::running(workers(1), &[task("a")]);
    bench.do_work("a");
    bench.verify("a", false);
    let lease = bench.lease("a");
    let late =
        Event::SessionIdle { lease, turn: Some(1), text: None, fingerprint: None, refused: Vec::new() };
    assert_eq!(bench.ignored(late), "lease 1 is at turn 2, not 1");
    bench.ignored(Event::SessionError {
        lease,
        turn: Some(1),
        kind: SessionErrorKind::Unknown,
        message: String::new(),
        retry_after_ms: None,
    });
    assert_eq!(bench.state("a"), TaskState::Running);
    bench.send(Event::SessionIdle {
        lease,
        turn: Some(2),
        text: None,
        fingerprint: None,
        refused: Vec::new(),
    });
}

#[test]
fn a_verification_of_an_earlier_attempt_is_ignored() {
    let mut bench = Bench::running(workers(1), &[task("a")]);
    bench.do_work("a");
    bench.verify("a", false);
    bench.do_work("a");
    assert!(bench.ignored(verified(Some("a"), 1, true)).contains("at attempt 2, not 1"));
    bench.send(verified(Some("a"), 2, true));
}

#[test]
fn a_report_and_a_verdict_are_taken_only_from_those_who_were_asked() {
    let mut bench = Bench::running(reviewed(1), &[task("a").reviewed()]);
    let work = bench.lease("a");
    assert!(bench.ignored(verdict(work, Verdict::Approve)).contains("is no review"));
    bench.complete("a");
    let review = bench.review(Some("a"));
    assert!(bench.ignored(reported(review, ReportStatus::Done, "x")).contains("is no work"));
    assert!(bench.ignored(reported(work, ReportStatus::Done, "x")).contains("no turn"));
}

#[test]
fn a_session_belongs_to_one_lease() {
    let mut bench = Bench::running(workers(2), &[task("a"), task("b")]);
    let (a, b) = (bench.lease("a"), bench.lease("b"));
    bench.send(Event::SessionStarted { lease: a, session: "s".to_owned() });
    assert!(bench.ignored(Event::SessionStarted { lease: b, session: "s".to_owned() }).contains("lease 1"));
    assert!(bench.ignored(Event::SessionStarted { lease: a, session: "t".to_owned() }).contains("already"));
    assert_eq!(bench.scheduler.lease_of_session("s").unwrap().lease, a);
}
