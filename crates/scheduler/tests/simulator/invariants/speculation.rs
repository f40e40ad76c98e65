//! Second attempts: how many there are, and that none outlives the other's success.

use orchestrator_scheduler::{Command, LeaseView, Purpose, TaskKind, TaskState, TaskView};

use super::{Kept, Step, ensure};

/// The copy of the project whose checks run, of those that a task's attempts work in.
pub(crate) fn checked_copy(task: &TaskView) -> Option<u32> {
    match task.second {
        Some(second) if second.checking => Some(3 - task.copy),
        _ => (task.state == TaskState::Verifying).then_some(task.copy),
    }
}

fn works<'a>(leases: &'a [LeaseView], task: &'a TaskView) -> impl Iterator<Item = &'a LeaseView> {
    let of_task =
        |lease: &&LeaseView| lease.purpose == Purpose::Work && lease.task.as_ref() == Some(&task.id);
    leases.iter().filter(of_task)
}

/// A task has one lease of work at most; with speculation a second one, in the other copy of the project.
pub(super) fn check_attempts(step: &Step) -> Kept {
    for task in &step.now.tasks {
        let mut copies = Vec::new();
        for lease in works(&step.now.leases, task) {
            let main = task.lease == Some(lease.lease);
            let second = task.second.is_some_and(|second| second.lease == lease.lease);
            ensure!(Attempts, main != second, "{lease:?} is no attempt at {task:?}");
            let copy = if main { task.copy } else { 3 - task.copy };
            ensure!(Attempts, lease.copy == copy, "{lease:?} is not in copy {copy}");
            copies.push(lease.copy);
        }
        let may = step.config.speculation && task.kind == TaskKind::Task;
        let most = if may { 2 } else { 1 };
        ensure!(Attempts, copies.len() <= most, "{} has attempts in the copies {copies:?}", task.id);
        let there = copies.len() == usize::from(task.lease.is_some()) + usize::from(task.second.is_some());
        ensure!(Attempts, there, "{} has an attempt without a lease: {task:?}", task.id);
    }
    Ok(())
}

/// Once an attempt has passed its checks the other is over, and its turn was stopped.
pub(super) fn check_losers(step: &Step) -> Kept {
    for task in &step.now.tasks {
        let decided = task.state == TaskState::Reviewing || task.state.is_end();
        ensure!(
            Losers,
            !decided || task.second.is_none(),
            "{} is {:?} and has a second attempt",
            task.id,
            task.state
        );
        let left = works(&step.now.leases, task).count();
        ensure!(
            Losers,
            !task.state.is_end() || left == 0,
            "{} has ended and {left} leases are left",
            task.id
        );
        let Some(before) = step.before.tasks.iter().find(|before| before.id == task.id) else { continue };
        if !decided || before.second.is_none() || step.batch {
            continue;
        }
        let winner = task.session.as_ref();
        for loser in works(&step.before.leases, before).filter(|lease| lease.running) {
            let lost = loser.session.is_some() && loser.session.as_ref() != winner;
            let stopped = step
                .commands
                .iter()
                .any(|command| matches!(command, Command::Abort { lease, .. } if *lease == loser.lease));
            ensure!(Losers, !lost || stopped, "{loser:?} lost and goes on");
        }
    }
    Ok(())
}
