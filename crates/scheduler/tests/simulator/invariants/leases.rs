//! Leases, their turns, and the commands that speak of them.

use std::collections::BTreeSet;

use orchestrator_scheduler::{Command, LeaseId, LeaseView, Phase, Purpose, TaskState};

use super::{Kept, Step, Witness, ensure, speculation::checked_copy};

impl Witness {
    /// Numbers of leases only grow, prompts are counted from 1, and no session belongs to two live leases.
    pub(super) fn check_leases(&mut self, step: &Step) -> Kept {
        for command in step.commands {
            match command {
                Command::Start { lease, turn, .. } | Command::Review { lease, turn, .. } => {
                    ensure!(Leases, lease.0 > self.last_lease, "{lease} after lease {}", self.last_lease);
                    ensure!(Leases, *turn == 1, "{lease} begins with turn {turn}");
                    self.last_lease = lease.0;
                    self.turns.insert(*lease, 1);
                }
                Command::Prompt { lease, turn, .. }
                | Command::Compact { lease, turn, .. }
                | Command::ReviewPrompt { lease, turn, .. } => {
                    let last = self.turns.insert(*lease, *turn);
                    ensure!(Leases, last == Some(turn - 1), "{lease} goes from turn {last:?} to {turn}");
                }
                _ => {}
            }
        }
        let mut sessions = BTreeSet::new();
        for lease in &step.now.leases {
            let known = self.turns.get(&lease.lease);
            ensure!(Leases, known == Some(&lease.turn), "{lease:?} had turn {known:?}");
            let own = lease.session.as_ref().is_none_or(|session| sessions.insert(session));
            ensure!(Leases, own, "{:?} has two leases", lease.session);
        }
        self.turns.retain(|id, _| step.now.leases.iter().any(|lease| lease.lease == *id));
        Ok(())
    }

    /// After a crash that took commits with it, prompts that left may leave again.
    pub(crate) fn forget_turns(&mut self, leases: &[LeaseView]) {
        self.turns = leases.iter().map(|lease| (lease.lease, lease.turn)).collect();
    }
}

/// A lease between two turns belongs to something that waits for the next.
pub(super) fn check_quiet_leases(step: &Step) -> Kept {
    for lease in step.now.leases.iter().filter(|lease| !lease.running) {
        let task = step.now.tasks.iter().find(|task| Some(&task.id) == lease.task.as_ref());
        let state = task.map(|task| task.state);
        let wanted = match lease.purpose {
            Purpose::Work => {
                matches!(state, Some(TaskState::Ready | TaskState::Verifying | TaskState::Reviewing))
                    || task.is_some_and(|task| task.second.is_some_and(|second| second.lease == lease.lease))
            }
            Purpose::Review => state == Some(TaskState::Reviewing),
            Purpose::Seal => step.now.mission.phase == Phase::Sealing,
        };
        ensure!(QuietLeases, wanted, "{lease:?} is for nothing: its task is {state:?}");
    }
    Ok(())
}

/// Commands speak of what is; in a batch a later event may have ended it already.
pub(super) fn check_commands(step: &Step) -> Kept {
    let live = |id: LeaseId| step.now.leases.iter().find(|lease| lease.lease == id);
    for command in step.commands {
        match command {
            Command::Start { lease, turn, task, lane, copy, .. } => {
                let is = live(*lease).is_some_and(|live| {
                    live.running
                        && live.turn == *turn
                        && live.lane == Some(*lane)
                        && live.copy == *copy
                        && live.purpose == Purpose::Work
                        && live.task.as_ref() == Some(task)
                });
                ensure!(Commands, is || step.batch, "{task} was started and does not run");
            }
            Command::Prompt { lease, session, turn, .. }
            | Command::Compact { lease, session, turn, .. }
            | Command::ReviewPrompt { lease, session, turn, .. } => {
                let live = live(*lease).filter(|live| live.turn == *turn && live.running);
                ensure!(Commands, live.is_some() || step.batch, "{lease} was prompted and does not run");
                let same = live.is_none_or(|live| live.session.as_ref() == Some(session));
                ensure!(Commands, same, "{lease} was prompted in {session:?} and is in {live:?}");
            }
            Command::Review { lease, turn, task, .. } => {
                let is = live(*lease).is_some_and(|live| {
                    live.running && live.turn == *turn && live.purpose != Purpose::Work && live.task == *task
                });
                ensure!(Commands, is || step.batch, "{lease} was to review and does not");
            }
            Command::Poll { lease, session } => {
                let is =
                    live(*lease).is_some_and(|live| live.running && live.session.as_ref() == Some(session));
                ensure!(Commands, is || step.batch, "{lease} was looked at and does not run");
            }
            Command::Abort { lease, .. } => {
                let runs = live(*lease).is_some_and(|live| live.running);
                ensure!(Commands, !runs || step.batch, "{lease} was aborted and runs");
            }
            Command::Verify { task: Some(id), copy, .. } => {
                let task = step.now.tasks.iter().find(|task| task.id == *id);
                let is = task.is_some_and(|task| checked_copy(task) == Some(*copy));
                ensure!(
                    Commands,
                    is || step.batch,
                    "{id} was to be checked and is {:?}",
                    task.map(|t| t.state)
                );
            }
            Command::Verify { task: None, .. } => {
                let phase = step.now.mission.phase;
                let is = phase == Phase::Verifying || step.batch;
                ensure!(Commands, is, "the mission was to be checked and is {phase:?}");
            }
            Command::ScopeAnswered { lease, granted, .. } => {
                let is = live(*lease).is_some_and(|live| live.running && live.purpose == Purpose::Work);
                ensure!(Commands, is || step.batch, "{lease} was answered ({granted}) and does not run");
            }
            Command::Continue { .. }
            | Command::Retry { .. }
            | Command::Notify { .. }
            | Command::Finish { .. } => {}
        }
    }
    Ok(())
}
