//! What a turn needs besides a lane and a permit: a model that answers, room in the budget, memory.

use orchestrator_scheduler::{
    BreakerState, Budget, Command, ModelView, Name, Priority, TaskKind, TaskView, Usage,
};

use super::{Kept, Step, ensure, lanes::begins_turn};

/// No turn begins once a limit is reached, and what is reserved for a turn comes back with it.
pub(super) fn check_budget(step: &Step) -> Kept {
    let now = &step.now.mission;
    let idle = now.in_use == 0 && now.continuation.is_none();
    ensure!(
        Budget,
        !idle || now.reserved == Usage::default(),
        "nothing runs, and {:?} is held",
        now.reserved
    );
    let begins = |command: &Command| begins_turn(command) || matches!(command, Command::Continue { .. });
    if step.batch || !step.commands.iter().any(begins) {
        return Ok(());
    }
    let reached = reached(&now.used, &now.budget);
    ensure!(Budget, reached.is_none(), "the limit of {reached:?} is reached, and {:?} begins", step.commands);
    let children = now.budget.children.is_none_or(|most| {
        let opened = step.before.mission.used.children < now.used.children;
        now.used.children <= most || !opened
    });
    ensure!(Budget, children, "{} sessions of {:?}", now.used.children, now.budget.children);
    Ok(())
}

/// The first limit that is reached, sessions apart.
fn reached(used: &Usage, budget: &Budget) -> Option<&'static str> {
    let limits = [
        ("tokens", used.tokens, budget.tokens),
        ("micro_usd", used.micro_usd, budget.micro_usd),
        // The millisecond in which it runs out may still begin a turn, which its event then ends.
        ("running_ms", used.running_ms.saturating_sub(1), budget.running_ms),
        ("calls", used.calls, budget.calls),
    ];
    limits.iter().find(|(_, used, most)| most.is_some_and(|most| *used >= most)).map(|(name, ..)| *name)
}

/// A model whose circuit is open is asked by nobody, and one that is tried again by one at a time.
pub(super) fn check_models(step: &Step) -> Kept {
    if step.batch {
        return Ok(());
    }
    for command in step.commands {
        let (Command::Start { model, lane, .. }
        | Command::Prompt { model, lane, .. }
        | Command::Compact { model, lane, .. }
        | Command::Review { model, lane, .. }
        | Command::ReviewPrompt { model, lane, .. }) = command
        else {
            continue;
        };
        let open = |models: &[ModelView]| {
            models.iter().any(|view| view.model == *model && view.state == BreakerState::Open)
        };
        // One whose pause is over is half-open as soon as it is asked.
        let asked = open(&step.now.mission.models);
        ensure!(Models, !asked, "{model:?} is not to be asked, and {lane:?} asks it");
        let (Command::Start { task: id, .. } | Command::Prompt { task: id, .. }) = command else { continue };
        let refused = step.now.tasks.iter().find(|task| {
            task.id == *id && model.as_ref().is_some_and(|model| task.refused_by.contains(model))
        });
        ensure!(Models, refused.is_none(), "{model:?} refused {id}, and is asked again");
    }
    Ok(())
}

/// While memory is short, no task of low priority begins its first turn; errands do.
pub(super) fn check_memory(step: &Step) -> Kept {
    let short = step.before.mission.memory_percent.and(step.now.mission.memory_percent);
    if step.batch || short.is_none() {
        return Ok(());
    }
    for command in step.commands {
        let Command::Start { task: id, .. } = command else { continue };
        let begins = |task: &&TaskView| {
            task.id == *id
                && task.priority == Priority::Low
                && task.kind == TaskKind::Task
                && task.started_at == Some(step.now.mission.updated_at)
        };
        let low = step.now.tasks.iter().find(begins);
        ensure!(Memory, low.is_none(), "memory is at {short:?} %, and {id} begins");
    }
    Ok(())
}

/// Whether a task surely has all of this.
pub(super) fn has_all(step: &Step, task: &TaskView) -> bool {
    let now = &step.now.mission;
    // What a turn is expected to use can't be seen.
    let unlimited = now.budget == Budget::default();
    let memory = now.memory_percent.is_none() || task.priority != Priority::Low;
    unlimited && memory && answers_but(step, &task.agent, &task.refused_by)
}

/// Whether some model of an agent surely answers.
pub(super) fn answers(step: &Step, agent: &str) -> bool {
    answers_but(step, agent, &[])
}

/// The same, of those that did not refuse.
fn answers_but(step: &Step, agent: &str, refused_by: &[Name]) -> bool {
    let sick =
        |model: Option<&str>| step.now.mission.models.iter().any(|view| view.model.as_deref() == model);
    match step.config.models.get(agent) {
        Some(models) if !models.is_empty() => {
            models.iter().any(|model| !sick(Some(model)) && !refused_by.iter().any(|name| name == model))
        }
        _ => !sick(None),
    }
}
