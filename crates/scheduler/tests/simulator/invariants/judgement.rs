//! What goes round in circles, and what waits for the commander.

use orchestrator_scheduler::{Command, Phase, PromptReason, TaskKind, TaskState};

use super::{Kept, Step, Witness, ensure};

impl Witness {
    /// A task gets one diagnostic turn. One that was replaced begins anew.
    pub(super) fn check_circles(&mut self, step: &Step) -> Kept {
        let anew = |id: &str| {
            let task = step.now.tasks.iter().find(|task| task.id == id);
            task.is_none_or(|task| task.tried.is_empty())
        };
        self.diagnosed.retain(|id| !anew(id));
        for command in step.commands {
            let (Command::Start { task, reason: Some(reason), .. } | Command::Prompt { task, reason, .. }) =
                command
            else {
                continue;
            };
            if let PromptReason::Stagnating { tried, .. } = reason {
                ensure!(Circles, !tried.is_empty(), "{task} is to change what it never tried");
                let first = self.diagnosed.insert(task.clone());
                ensure!(Circles, first, "{task} goes round in circles for the second time, and goes on");
            }
        }
        Ok(())
    }

    /// One continuation an edge, at most three that bring nothing, none while the mission is paused or over.
    pub(super) fn check_continuations(&mut self, step: &Step) -> Kept {
        let mission = &step.now.mission;
        for command in step.commands {
            let Command::Continue { edge, .. } = command else { continue };
            ensure!(Continuations, self.edges.insert(edge.clone()), "{edge} is answered twice");
            let stopped = matches!(mission.phase, Phase::Paused | Phase::Done) && !step.batch;
            ensure!(Continuations, !stopped, "{edge} is answered, and the mission is {:?}", mission.phase);
        }
        let vain = mission.continued_in_vain;
        ensure!(Continuations, vain <= 3, "{vain} continuations brought nothing");
        let held = mission.continuation.is_some();
        let stopped = matches!(mission.phase, Phase::Paused | Phase::Done);
        ensure!(Continuations, !held || !stopped, "{:?} goes on while stopped", mission.continuation);
        Ok(())
    }
}

/// A task that waits for the commander keeps its files and its session, nothing else; where all wait, the mission says
/// so.
pub(super) fn check_decisions(step: &Step) -> Kept {
    let now = step.now;
    for task in now.tasks.iter().filter(|task| task.waiting.is_some()) {
        let running = now.leases.iter().any(|lease| lease.task.as_ref() == Some(&task.id) && lease.running);
        // The reviewer whose verdict is in may still talk.
        let works = task.state == TaskState::Running || task.lane.is_some();
        let judged = task.state == TaskState::Reviewing;
        ensure!(Decisions, judged && !works, "{} waits for the commander: {task:?}", task.id);
        let prompted = !step.batch
            && step.commands.iter().any(|command| {
                matches!(command, Command::Prompt { task: of, .. } | Command::Start { task: of, .. }
                    | Command::Review { task: Some(of), .. } if *of == task.id)
            });
        ensure!(Decisions, !prompted, "{} waits for the commander and gets a turn: {running}", task.id);
    }
    let active = |task: &&orchestrator_scheduler::TaskView| {
        task.kind == TaskKind::Task && !task.state.is_end() && task.state != TaskState::Pending
    };
    let mut open = now.tasks.iter().filter(active).peekable();
    let stands = open.peek().is_some() && open.all(|task| task.waiting.is_some());
    // The commander waits for its errand, also between two tries of it, and is told afterwards.
    let waits = now.tasks.iter().any(|task| task.kind != TaskKind::Task && !task.state.is_end());
    ensure!(
        Decisions,
        !stands || waits || now.mission.in_use > 0 || now.mission.phase != Phase::Running,
        "all that is open waits for the commander, and the mission runs"
    );
    Ok(())
}
