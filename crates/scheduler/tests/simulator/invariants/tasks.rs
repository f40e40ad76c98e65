//! Tasks: their dependencies, their files, what they hold, and when they go on.

use std::collections::BTreeMap;

use orchestrator_scheduler::{Command, TaskKind, TaskState, TaskView};

use super::{Kept, Step, ensure};
use crate::paths;

/// A task is under way only when all that it depends on is accepted, and waits only for what may still be.
pub(super) fn check_dependencies(step: &Step) -> Kept {
    let states: BTreeMap<&str, TaskState> =
        step.now.tasks.iter().map(|task| (task.id.as_str(), task.state)).collect();
    for task in &step.now.tasks {
        let behind = || task.depends_on.iter().map(|id| states.get(id.as_str()).copied());
        let all_met = behind().all(|state| state == Some(TaskState::Accepted));
        let some_bad = behind()
            .flatten()
            .any(|state| matches!(state, TaskState::Failed | TaskState::Cancelled | TaskState::Blocked));
        let (id, state) = (&task.id, task.state);
        let fits = match state {
            TaskState::Pending => !all_met && !some_bad,
            TaskState::Blocked => some_bad,
            TaskState::Cancelled | TaskState::Failed => true,
            _ => all_met,
        };
        ensure!(
            Dependencies,
            fits,
            "{id} is {state:?}, and what it depends on: {:?}",
            behind().collect::<Vec<_>>()
        );
    }
    Ok(())
}

/// No path is in the scopes of two tasks that are under way: found by enumerating paths.
pub(super) fn check_scopes(step: &Step) -> Kept {
    let mut seen: Vec<(&TaskView, u128)> = Vec::new();
    for task in step.now.tasks.iter().filter(|task| !task.files.is_empty() && is_engaged(task)) {
        let own = paths::of(&task.files);
        let other = seen.iter().find(|(_, others)| others & own != 0);
        ensure!(
            Scopes,
            other.is_none(),
            "{} has {:?}, and {:?}",
            task.id,
            task.files,
            other.map(|(other, _)| (&other.id, &other.files))
        );
        seen.push((task, own));
    }
    Ok(())
}

/// Between its first turn and its end, as far as can be seen from outside.
pub(super) fn is_engaged(task: &TaskView) -> bool {
    matches!(task.state, TaskState::Running | TaskState::Verifying | TaskState::Reviewing)
        || task.lease.is_some()
        || task.lane.is_some()
        || task.retry_at.is_some()
        || task.waiting.is_some()
}

/// A task that runs has a lease with a turn under way; one that ended holds nothing.
pub(super) fn check_holdings(step: &Step) -> Kept {
    for task in &step.now.tasks {
        let (id, state) = (&task.id, task.state);
        ensure!(
            Holdings,
            task.attempt <= task.attempts,
            "{id} is at attempt {} of {}",
            task.attempt,
            task.attempts
        );
        let live = task.lease.and_then(|id| step.now.leases.iter().find(|lease| lease.lease == id));
        ensure!(Holdings, live.is_some() == task.lease.is_some(), "{id} has a lease that is gone");
        let own = live.is_none_or(|lease| lease.task.as_ref() == Some(id));
        ensure!(Holdings, own, "{id} has the lease of {:?}", live.map(|lease| &lease.task));
        let works = live.is_some_and(|lease| lease.running);
        ensure!(
            Holdings,
            works == (state == TaskState::Running),
            "{id} is {state:?}, its turn under way: {works}"
        );
        let holds = task.lease.is_some() || task.lane.is_some() || task.retry_at.is_some();
        ensure!(Holdings, !state.is_end() || !holds, "{id} has ended and holds something: {task:?}");
        ensure!(
            Holdings,
            task.ended_at.is_some() == state.is_end(),
            "{id} is {state:?}: {:?}",
            task.ended_at
        );
        let begins = matches!(state, TaskState::Pending | TaskState::Blocked);
        ensure!(Holdings, !begins || !holds, "{id} waits for others and holds something: {task:?}");
        let checks = state == TaskState::Accepted && task.kind == TaskKind::Task;
        let passed = task.verification.as_ref().is_some_and(|verification| verification.passed);
        ensure!(Holdings, !checks || passed, "{id} was accepted unchecked");
    }
    for lease in &step.now.leases {
        let of = lease.task.as_ref().map(|id| step.now.tasks.iter().any(|task| task.id == *id));
        ensure!(Holdings, of != Some(false), "{lease:?} is for a task that is not there");
    }
    Ok(())
}

/// The mission's counters are those of the plan's tasks.
pub(super) fn check_counts(step: &Step) -> Kept {
    let mut counts = [0_u32; TaskState::ALL.len()];
    for task in step.now.tasks.iter().filter(|task| task.kind == TaskKind::Task) {
        counts[task.state as usize] += 1;
    }
    let c = step.now.mission.counts;
    let said = [
        c.pending,
        c.ready,
        c.running,
        c.verifying,
        c.reviewing,
        c.accepted,
        c.failed,
        c.cancelled,
        c.blocked,
    ];
    ensure!(Counts, said == counts, "the mission says {said:?}, and its tasks are {counts:?}");
    Ok(())
}

/// No turn begins before the pause that its task waits out is over. Of a batch it can't be said what came first.
pub(super) fn check_pauses(step: &Step) -> Kept {
    if step.batch {
        return Ok(());
    }
    for command in step.commands {
        let (Command::Start { task: id, .. }
        | Command::Prompt { task: id, .. }
        | Command::Compact { task: id, .. }
        | Command::Review { task: Some(id), .. }
        | Command::ReviewPrompt { task: Some(id), .. }) = command
        else {
            continue;
        };
        let before = step.before.tasks.iter().find(|task| task.id == *id);
        if matches!(command, Command::Review { .. }) && before.is_some_and(|task| task.second.is_some()) {
            // The second attempt passed its checks while the first waited, and waits no more.
            continue;
        }
        let until = before.and_then(|task| task.retry_at);
        let now = step.now.mission.updated_at;
        ensure!(Pauses, until.is_none_or(|at| at <= now), "{id} waits until {until:?} and goes on at {now}");
    }
    Ok(())
}
