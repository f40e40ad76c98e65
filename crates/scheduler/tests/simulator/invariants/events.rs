//! Which events count, by what was before them: an oracle of its own.

use orchestrator_scheduler::{
    Event, LeaseId, LeaseView, Outcome, Phase, Purpose, SessionErrorKind, Snapshot, TaskKind,
};

use super::{Kept, Step, ensure, speculation::checked_copy};

/// As long as a provider may ask a mission to wait.
const LONGEST_PAUSE_MS: u64 = 15 * 60_000;

/// Whether an event counts where things stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    InTime,
    Late,
    /// That can't be told from outside.
    Unknown,
}

/// Checks what one event came to, by the state before it; and, where it told of a pause, that it is kept to.
pub(crate) fn check_event(step: &Step, event: &Event, outcome: &Outcome) -> Kept {
    let (due, ignored) = (due(step.before, event), outcome.ignored.as_deref());
    ensure!(LateEvents, due != Due::Late || ignored.is_some(), "{event:?} was taken");
    ensure!(TimelyEvents, due != Due::InTime || ignored.is_none(), "{event:?} was ignored: {ignored:?}");
    if ignored.is_some() {
        ensure!(LateEvents, step.before == step.now, "{event:?} was ignored, and changed something");
        return Ok(());
    }
    // A longer pause is the user's to decide about; asked of a second attempt, it ends that, and the first hears of it
    // when it asks itself.
    if let Event::SessionError { lease, kind, retry_after_ms: Some(pause), .. } = event
        && *pause <= LONGEST_PAUSE_MS
        && matches!(
            kind,
            SessionErrorKind::RateLimit | SessionErrorKind::Overloaded | SessionErrorKind::Timeout
        )
        && let Some(task) = live(step.before, *lease).and_then(|lease| lease.task.as_ref())
        && let Some(task) = step.now.tasks.iter().find(|now| now.id == *task)
        && let Some(at) = task.retry_at
    {
        let soonest = step.now.mission.updated_at + pause;
        ensure!(Pauses, at >= soonest, "{} goes on at {at}, and not before {soonest} was asked", task.id);
    }
    Ok(())
}

fn live(before: &Snapshot, id: LeaseId) -> Option<&LeaseView> {
    before.leases.iter().find(|lease| lease.lease == id)
}

fn due(before: &Snapshot, event: &Event) -> Due {
    let yes = |in_time: bool| if in_time { Due::InTime } else { Due::Late };
    let at_work = |lease: LeaseId, turn: Option<u32>| {
        live(before, lease)
            .filter(|lease| lease.running)
            .filter(|lease| turn.is_none_or(|turn| turn == lease.turn))
    };
    match event {
        Event::Progress { lease } | Event::Stalled { lease } | Event::TimedOut { lease } => {
            yes(at_work(*lease, None).is_some())
        }
        Event::ClockStopped { lease } => {
            yes(at_work(*lease, None).is_some_and(|lease| !lease.clock_stopped && lease.session.is_some()))
        }
        Event::ClockStarted { lease } => yes(at_work(*lease, None).is_some_and(|lease| lease.clock_stopped)),
        Event::ProviderRetrying { lease, turn, .. }
        | Event::SessionIdle { lease, turn, .. }
        | Event::SessionError { lease, turn, .. } => yes(at_work(*lease, *turn).is_some()),
        Event::TaskReported { lease, turn, .. } => {
            yes(at_work(*lease, *turn).is_some_and(|lease| lease.purpose == Purpose::Work))
        }
        Event::Reviewed { lease, turn, .. } => match at_work(*lease, *turn) {
            // Whether a review has had its verdict shows only in what became of its task.
            Some(lease) if lease.purpose != Purpose::Work => Due::Unknown,
            _ => Due::Late,
        },
        Event::SessionStarted { lease, session } => {
            let elsewhere = before.leases.iter().any(|lease| lease.session.as_ref() == Some(session));
            yes(live(before, *lease).is_some_and(|lease| lease.session.is_none()) && !elsewhere)
        }
        Event::ScopeRequested { lease, turn, .. } => {
            yes(at_work(*lease, *turn).is_some_and(|lease| lease.purpose == Purpose::Work))
        }
        Event::ScopeViolated { task: id, attempt, copy, .. }
        | Event::Verified { task: Some(id), attempt, copy, .. } => {
            let task = before.tasks.iter().find(|task| task.id == *id);
            yes(task.is_some_and(|task| checked_copy(task) == Some(*copy) && task.attempt == *attempt))
        }
        Event::Verified { task: None, .. } if before.mission.phase != Phase::Verifying => Due::Late,
        Event::PlanSubmitted { .. }
        | Event::Amended { .. }
        | Event::Delegated { .. }
        | Event::Resumed {}
        | Event::Paused { .. }
            if before.mission.phase == Phase::Done =>
        {
            Due::Late
        }
        Event::Amended { revision: Some(revision), .. } if *revision != before.mission.revision => Due::Late,
        Event::Paused { .. } => {
            let planned = before.tasks.iter().any(|task| task.kind == TaskKind::Task);
            yes(match before.mission.phase {
                Phase::Planning => planned,
                Phase::Paused | Phase::Done => false,
                Phase::Running | Phase::Deciding | Phase::Verifying | Phase::Sealing => true,
            })
        }
        Event::Decided { task: id, .. } => {
            let task = before.tasks.iter().find(|task| task.id == *id);
            yes(task.is_some_and(|task| task.waiting.is_some()))
        }
        Event::Cancelled { task: None, .. } => yes(before.mission.phase != Phase::Done),
        _ => Due::Unknown,
    }
}
