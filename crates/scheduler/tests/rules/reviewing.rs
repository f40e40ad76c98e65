//! Reviews of tasks.

use orchestrator_scheduler::{
    Command, Config, Event, LaneCounts, PromptReason, ReviewPolicy, Role, SessionErrorKind, TaskState,
    Verdict,
};

use crate::bench::{Bench, With, aborts, failed, finding, idle, reviewed, task, verdict};

fn in_review() -> Bench {
    let mut bench = Bench::running(reviewed(1), &[task("a").reviewed(), task("b")]);
    bench.complete("a");
    bench
}

#[test]
fn a_review_has_a_reviewers_lane_and_the_task_keeps_its_own() {
    let bench = in_review();
    let review = bench.scheduler.lease(bench.review(Some("a"))).unwrap();
    assert_eq!(review.lane.unwrap().role, Role::Reviewer);
    assert_eq!(bench.task("a").lane.unwrap().role, Role::Worker);
    assert_eq!(bench.state("b"), TaskState::Ready);
}

#[test]
fn approval_accepts_at_once_and_the_reviewers_lane_is_free_when_it_falls_silent() {
    let mut bench = in_review();
    let review = bench.review(Some("a"));
    bench.send(verdict(review, Verdict::Approve));
    assert_eq!(bench.state("a"), TaskState::Accepted);
    assert!(bench.scheduler.lease(review).is_some());
    bench.send(idle(review));
    assert!(bench.scheduler.lease(review).is_none());
}

#[test]
fn a_reviewer_that_fails_or_hangs_after_its_verdict_gives_its_lane_back_too() {
    for fails in [true, false] {
        let mut bench = in_review();
        let review = bench.review(Some("a"));
        bench.send(verdict(review, Verdict::Approve));
        if fails {
            bench.send(failed(review, SessionErrorKind::Unknown));
        } else {
            bench.pass_time(120_000);
        }
        assert!(bench.scheduler.lease(review).is_none());
        assert_eq!(bench.state("a"), TaskState::Accepted);
    }
}

#[test]
fn rejection_goes_back_to_the_workers_session_with_the_findings() {
    let mut bench = in_review();
    let review = bench.review(Some("a"));
    let session = bench.task("a").session;
    let commands = bench.send(verdict(review, Verdict::Reject));
    let Some(Command::Prompt { reason, session: prompted, attempt, .. }) =
        commands.iter().find(|command| matches!(command, Command::Prompt { .. }))
    else {
        panic!("no prompt in {commands:?}")
    };
    assert_eq!(reason, &PromptReason::ReviewRejected { findings: vec![finding()] });
    assert_eq!((Some(prompted.clone()), *attempt), (session, 2));
    assert_eq!(bench.task("a").findings, [finding()]);
    // The second review begins while the first reviewer still talks.
    bench.complete("a");
    let second = bench.review(Some("a"));
    assert_ne!(second, review);
    bench.send(verdict(second, Verdict::Approve));
    assert_eq!(bench.state("a"), TaskState::Accepted);
}

#[test]
fn a_reviewer_without_a_verdict_is_asked_again_and_in_the_end_the_task_fails() {
    let mut bench = in_review();
    let review = bench.review(Some("a"));
    bench.send(orchestrator_scheduler::Event::SessionStarted { lease: review, session: "r".to_owned() });
    for round in 2..=3 {
        let commands = bench.send(idle(review));
        let asked = commands.iter().any(|command| {
            matches!(command, Command::ReviewPrompt { attempt, turn, session, .. }
                if (*attempt, *turn, session.as_str()) == (round, round, "r"))
        });
        assert!(asked, "{commands:?}");
    }
    bench.send(idle(review));
    assert_eq!(bench.state("a"), TaskState::Failed);
    assert_eq!(bench.task("a").reason.as_deref(), Some("no verdict from the reviewer"));
    assert!(bench.scheduler.lease(review).is_none());
}

#[test]
fn a_stalled_reviewer_is_replaced_by_a_new_one() {
    let mut bench = in_review();
    let review = bench.review(Some("a"));
    bench.send(orchestrator_scheduler::Event::SessionStarted { lease: review, session: "r".to_owned() });
    let commands = bench.pass_time(120_000);
    assert_eq!(aborts(&commands), 1);
    assert_ne!(bench.review(Some("a")), review);
    assert_eq!(bench.scheduler.lease(bench.review(Some("a"))).unwrap().attempt, 2);
}

#[test]
fn a_reviewers_provider_error_waits_and_goes_on_in_the_same_round() {
    let mut bench = in_review();
    let review = bench.review(Some("a"));
    bench.send(orchestrator_scheduler::Event::SessionStarted { lease: review, session: "r".to_owned() });
    let commands = bench.send(failed(review, SessionErrorKind::RateLimit));
    assert!(!commands.iter().any(|command| matches!(command, Command::ReviewPrompt { .. })));
    let commands = bench.pass_time(3_000);
    let asked =
        commands.iter().any(|command| matches!(command, Command::ReviewPrompt { attempt: 1, turn: 2, .. }));
    assert!(asked, "{commands:?}");
}

#[test]
fn a_reviewers_errors_in_a_row_use_a_round_and_a_good_turn_begins_a_new_row() {
    let mut bench = in_review();
    let review = bench.review(Some("a"));
    bench.send(orchestrator_scheduler::Event::SessionStarted { lease: review, session: "r".to_owned() });
    let errors = |bench: &mut Bench, count: u32| {
        for _ in 0..count {
            bench.send(failed(review, SessionErrorKind::Overloaded));
            bench.pass_until_prompted();
        }
        bench.scheduler.lease(review).unwrap().attempt
    };
    assert_eq!(errors(&mut bench, 8), 1);
    assert_eq!(errors(&mut bench, 1), 2);
    assert_eq!(errors(&mut bench, 5), 2);
    bench.send(idle(review));
    assert_eq!(errors(&mut bench, 8), 3, "the silent turn used the second round");
}

#[test]
fn a_seal_that_waited_in_the_queue_while_the_mission_was_paused_is_asked_for_once() {
    let config = Config { lanes: LaneCounts { planner: 1, worker: 1, reviewer: 1 }, ..Config::default() };
    let mut bench = Bench::running(config, &[task("a").reviewed()]);
    bench.complete("a");
    let review = bench.review(Some("a"));
    // The reviewer still talks, so the seal waits for the only reviewer's lane.
    bench.send(verdict(review, Verdict::Approve));
    assert_eq!(bench.phase(), orchestrator_scheduler::Phase::Sealing);
    bench.send(crate::bench::paused());
    bench.send(orchestrator_scheduler::Event::Resumed {});
    bench.send(failed(bench.review(None), SessionErrorKind::RateLimit));
    assert!(bench.scheduler.snapshot().leases.is_empty(), "it waits out the pause");
}

#[test]
fn a_second_verdict_is_ignored() {
    let mut bench = in_review();
    let review = bench.review(Some("a"));
    bench.send(verdict(review, Verdict::Approve));
    assert!(bench.ignored(verdict(review, Verdict::Reject)).contains("has given its verdict"));
}

#[test]
fn reviewed_tasks_on_the_only_reviewers_lane_do_not_lock_each_other_out() {
    let config = Config {
        lanes: LaneCounts { planner: 1, worker: 1, reviewer: 1 },
        review: ReviewPolicy::Always,
        ..Config::default()
    };
    let tasks = [task("a").role(Role::Reviewer), task("b").role(Role::Reviewer)];
    let mut bench = Bench::running(config, &tasks);
    bench.complete("a");
    let review = bench.review(Some("a"));
    assert_eq!(bench.scheduler.lease(review).unwrap().lane, bench.task("a").lane);
    // Rejected: the worker goes on at once on the lane that they share.
    bench.send(verdict(review, Verdict::Reject));
    assert!(bench.scheduler.lease(review).is_none());
    bench.complete("a");
    bench.send(verdict(bench.review(Some("a")), Verdict::Approve));
    assert_eq!(bench.running_tasks(), ["b"]);
}

#[test]
fn a_reviewer_that_was_refused_a_permission_goes_on_in_its_round_three_times_in_a_row() {
    let mut bench = in_review();
    let review = bench.review(Some("a"));
    bench.send(Event::SessionStarted { lease: review, session: "reviewer".into() });
    let refused = Event::SessionIdle {
        lease: review,
        turn: None,
        text: None,
        fingerprint: None,
        refused: vec!["bash (npm test)".into()],
    };
    let round_of = |commands: &[Command]| {
        commands.iter().find_map(|command| match command {
            Command::ReviewPrompt { attempt, .. } => Some(*attempt),
            _ => None,
        })
    };
    let rounds = [(); 4].map(|()| round_of(&bench.send(refused.clone())));
    assert_eq!(rounds, [Some(1), Some(1), Some(1), Some(2)]);
}
