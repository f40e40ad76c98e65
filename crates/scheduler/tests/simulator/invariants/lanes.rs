//! Lanes, permits, the limit, and that they are used.

use std::collections::BTreeSet;

use orchestrator_scheduler::{Command, Lane, Phase, Purpose, Role, Snapshot, TaskKind, TaskState, TaskView};

use super::{Kept, Step, ensure, needs, tasks::is_engaged};
use crate::paths;

/// A lane holds at most one task, and lanes are those that there are.
pub(super) fn check_lanes(step: &Step) -> Kept {
    let tasks = step.now.tasks.iter().filter_map(|task| Some((task.lane?, task.id.as_str())));
    let leases = step.now.leases.iter();
    let leases = leases.filter_map(|lease| Some((lease.lane?, lease.task.as_deref().unwrap_or("the seal"))));
    let mut holders: Vec<(Lane, &str)> = Vec::new();
    for (lane, task) in tasks.chain(leases) {
        ensure!(Lanes, lane.index < step.config.lanes.of(lane.role), "there is no {lane:?}");
        match holders.iter().find(|(held, _)| *held == lane) {
            Some((_, other)) => ensure!(Lanes, *other == task, "{lane:?} is held by {other} and {task}"),
            None => holders.push((lane, task)),
        }
    }
    Ok(())
}

/// Permits that are out and turns under way are the same: so each came back with its turn.
pub(super) fn check_permits(step: &Step) -> Kept {
    let running = step.now.leases.iter().filter(|lease| lease.running).count();
    let out = step.now.mission.in_use;
    ensure!(Permits, out as usize == running, "{out} permits are out and {running} turns under way");
    Ok(())
}

/// No turn begins above the limit. Within a batch the limit may have been another when a turn began.
pub(super) fn check_limit(step: &Step) -> Kept {
    let (limit, in_use) = (step.now.mission.limit, step.now.mission.in_use);
    let lanes = step.config.lanes.total();
    ensure!(Limit, (1..=lanes).contains(&limit), "a limit of {limit} for {lanes} lanes");
    let began = step.commands.iter().any(begins_turn);
    let most = if began { limit } else { limit.max(step.before.mission.in_use) };
    ensure!(Limit, step.batch || in_use <= most, "a turn began above the limit: {in_use} of {limit}");
    Ok(())
}

/// Whether a command begins a turn.
pub(super) fn begins_turn(command: &Command) -> bool {
    matches!(
        command,
        Command::Start { .. }
            | Command::Prompt { .. }
            | Command::Compact { .. }
            | Command::Review { .. }
            | Command::ReviewPrompt { .. }
    )
}

/// Where a permit, a lane and work for it are free, the work has begun.
pub(super) fn check_idling(step: &Step) -> Kept {
    let now = step.now;
    let phase = now.mission.phase;
    if phase == Phase::Done || now.mission.in_use >= now.mission.limit {
        return Ok(());
    }
    let taken: BTreeSet<Lane> = now
        .tasks
        .iter()
        .filter_map(|task| task.lane)
        .chain(now.leases.iter().filter_map(|lease| lease.lane))
        .collect();
    let free = |role: Role| {
        let lanes = 0..step.config.lanes.of(role);
        lanes.into_iter().any(|index| !taken.contains(&Lane { role, index }))
    };
    for task in now.tasks.iter().filter(|task| needs::has_all(step, task)) {
        let runs = phase == Phase::Running || task.kind == TaskKind::Delegation;
        let waits = runs && task.state == TaskState::Ready && task.retry_at.is_none();
        if waits && (task.lane.is_some() || free(task.role)) {
            let clear = has_files(task, now) && has_session(task, now);
            ensure!(
                Idling,
                !clear,
                "{} could run and does not: {task:#?}\nwhere things stand: {now:#?}",
                task.id
            );
        }
        let waits = phase == Phase::Running
            && task.state == TaskState::Reviewing
            && task.retry_at.is_none()
            && task.waiting.is_none();
        if waits && free(Role::Reviewer) && needs::answers(step, "reviewer") {
            let judged = now.leases.iter().any(|lease| {
                lease.purpose == Purpose::Review && lease.task.as_ref() == Some(&task.id) && lease.running
            });
            ensure!(Idling, judged, "{} could be reviewed and is not", task.id);
        }
    }
    Ok(())
}

/// Whether nobody could be in the way of a task's files. Where that can't be told from outside, somebody could.
fn has_files(task: &TaskView, now: &Snapshot) -> bool {
    // A retry that found no lane after a pause shows nothing but that it had begun.
    let begun = |other: &&TaskView| {
        is_engaged(other) || (other.state == TaskState::Ready && other.started_at.is_some())
    };
    let mut others = now.tasks.iter().filter(begun).filter(|other| other.id != task.id);
    !others.any(|other| paths::may_share(&task.files, &other.files))
}

/// Whether the session that an errand may wait for is free. Which one it waits for can't be seen, so any that is
/// taken counts.
fn has_session(task: &TaskView, now: &Snapshot) -> bool {
    task.title != crate::people::IN_A_SESSION || now.leases.iter().all(|lease| lease.session.is_none())
}
