//! What is wrong with a plan: every problem at once, each with its path in the names that planners use.

use std::collections::HashMap;

use crate::{
    csr::CsrBuf,
    cycle,
    error::{Error, ErrorKind, Problem},
    graph::TaskKey,
    plan::Plan,
    pools::strings::Name,
    scheduler::tasks::Tasks,
    scope::check_glob,
    task::{TaskKind, TaskSpec, TaskState},
};

/// Most tasks in one plan.
const MAX_TASKS: usize = 10_000;
/// Longest prompt, in bytes.
const MAX_PROMPT: usize = 1 << 20;
/// Longest id, in bytes.
const MAX_ID: usize = 64;
/// Problems that get a "did you mean": each costs a comparison with every known id.
const MAX_SUGGESTIONS: usize = 50;
/// Ids of a cycle that are spelt out.
const MAX_CYCLE_SHOWN: usize = 20;

/// What a task of a plan does to the mission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// A new task.
    Add,
    /// It takes the place of one that has not started, or ended unaccepted.
    Replace(TaskKey),
    /// It is there already, word for word.
    Keep,
}

/// What each task of the plan would do, or all that is wrong with the plan.
pub(crate) fn check_plan(plan: &Plan, tasks: &Tasks) -> Result<Vec<Change>, Error> {
    let mut check = Check { tasks, planned: HashMap::new(), suggestions: 0, problems: Vec::new() };
    let changes = check.plan(plan);
    if check.problems.is_empty() {
        Ok(changes)
    } else {
        Err(Error::with_problems(ErrorKind::InvalidPlan, "the plan is refused", check.problems))
    }
}

/// All that is wrong with a one-off task.
pub(crate) fn check_delegation(spec: &TaskSpec, tasks: &Tasks) -> Result<(), Error> {
    let mut check = Check { tasks, planned: HashMap::new(), suggestions: 0, problems: Vec::new() };
    check.task("task", spec);
    if tasks.find(&spec.id).is_some() {
        check.report("task.id", format!("{:?} is the id of another task of this mission", spec.id));
    }
    if !spec.depends_on.is_empty() {
        check.report("task.depends_on", "a delegation runs at once and waits for no other task");
    }
    if !spec.verify.is_empty() || spec.review {
        let field = if spec.review { "task.review" } else { "task.verify" };
        check.report(field, "a delegation is not checked; put what has to be checked into a plan");
    }
    if check.problems.is_empty() {
        Ok(())
    } else {
        Err(Error::with_problems(ErrorKind::InvalidPlan, "the delegation is refused", check.problems))
    }
}

/// The known id that is closest to an unknown one, where one is close.
pub(crate) fn closest<'a>(unknown: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // Two slips in a long name, one in a short one.
    let most = if unknown.chars().count() > 4 { 2 } else { 1 };
    known
        .filter(|id| id.len().abs_diff(unknown.len()) <= most)
        .map(|id| (strsim::osa_distance(&id.to_lowercase(), &unknown.to_lowercase()), id))
        .filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, id)| id)
}

struct Check<'a> {
    tasks: &'a Tasks,
    /// The ids of the plan, with the place of their first use.
    planned: HashMap<&'a str, usize>,
    suggestions: usize,
    problems: Vec<Problem>,
}

impl<'a> Check<'a> {
    fn report(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.problems.push(Problem::new(path, message));
    }

    fn plan(&mut self, plan: &'a Plan) -> Vec<Change> {
        if plan.tasks.is_empty() {
            self.report("tasks", "the plan has no task");
        }
        if plan.tasks.len() > MAX_TASKS {
            self.report("tasks", format!("{} tasks; a plan has at most {MAX_TASKS}", plan.tasks.len()));
            return Vec::new();
        }
        for (at, task) in plan.tasks.iter().enumerate() {
            self.planned.entry(&task.id).or_insert(at);
        }
        let changes = plan.tasks.iter().enumerate().map(|(at, task)| self.planned_task(at, task)).collect();
        for (at, command) in plan.verify.iter().enumerate() {
            self.command(format!("verify[{at}]"), command);
        }
        self.cycles(plan);
        changes
    }

    fn planned_task(&mut self, at: usize, task: &'a TaskSpec) -> Change {
        let path = format!("tasks[{at}]");
        self.task(&path, task);
        if task.kind != TaskKind::Task {
            self.report(format!("{path}.kind"), "a plan holds tasks; a delegation is submitted by itself");
        }
        match self.planned.get(task.id.as_str()) {
            Some(first) if *first != at && !task.id.is_empty() => {
                let message = format!("{:?} is also the id of tasks[{first}]", task.id);
                self.report(format!("{path}.id"), message);
            }
            _ => {}
        }
        for (i, id) in task.depends_on.iter().enumerate() {
            self.dependency(format!("{path}.depends_on[{i}]"), &task.id, id);
        }
        self.change(&path, task)
    }

    fn task(&mut self, path: &str, task: &TaskSpec) {
        if task.id.is_empty() {
            self.report(format!("{path}.id"), "an empty id");
        } else if !is_id(&task.id) {
            let message = format!(
                "{:?} is no id: 1 to {MAX_ID} letters, digits, \".\", \"_\" or \"-\", beginning with a letter or a digit",
                excerpt(&task.id)
            );
            self.report(format!("{path}.id"), message);
        }
        for (name, text) in [("title", task.title.as_str()), ("prompt", &task.prompt), ("agent", &task.agent)]
        {
            if text.trim().is_empty() {
                self.report(format!("{path}.{name}"), format!("an empty {name}"));
            }
        }
        if task.prompt.len() > MAX_PROMPT {
            let message = format!("{} bytes; a prompt has at most {MAX_PROMPT}", task.prompt.len());
            self.report(format!("{path}.prompt"), message);
        }
        for (i, glob) in task.files.iter().enumerate() {
            if let Err(message) = check_glob(glob) {
                self.report(format!("{path}.files[{i}]"), message);
            }
        }
        for (i, command) in task.verify.iter().enumerate() {
            self.command(format!("{path}.verify[{i}]"), command);
        }
    }

    fn command(&mut self, path: String, command: &str) {
        if command.trim().is_empty() {
            self.report(path, "an empty command");
        }
    }

    fn dependency(&mut self, path: String, id: &str, on: &str) {
        if on == id {
            self.report(path, format!("{on:?} can't depend on itself"));
        } else if self.planned.contains_key(on) {
            // A cycle through it is looked for once all are known.
        } else if let Some(key) = self.tasks.find(on) {
            if self.tasks[key].is_delegation() {
                self.report(path, format!("{on:?} is a delegation; a plan depends on tasks only"));
            }
        } else {
            let hint = self.suggest(on).map(|close| format!("; did you mean {close:?}?")).unwrap_or_default();
            self.report(path, format!("no task {:?}{hint}", excerpt(on)));
        }
    }

    fn suggest(&mut self, unknown: &str) -> Option<&'a str> {
        self.suggestions += 1;
        if self.suggestions > MAX_SUGGESTIONS {
            return None;
        }
        let planned = self.planned.keys().copied();
        let present = self.tasks.graph().iter().filter(|(_, task)| !task.is_delegation());
        closest(unknown, planned.chain(present.map(|(_, task)| task.spec.id.as_str())))
    }

    fn change(&mut self, path: &str, task: &TaskSpec) -> Change {
        let Some(key) = self.tasks.find(&task.id) else { return Change::Add };
        let present = &self.tasks[key];
        let ended_badly =
            matches!(present.state(), TaskState::Failed | TaskState::Cancelled | TaskState::Blocked);
        if present.spec == *task && !ended_badly {
            Change::Keep
        } else if present.may_be_replaced() {
            Change::Replace(key)
        } else {
            let why = if present.is_delegation() {
                "is the id of a delegation".to_owned()
            } else if present.state() == TaskState::Accepted {
                "is accepted and can't be replaced; give the new work another id".to_owned()
            } else {
                "is being worked on and can't be replaced; cancel it first, or give the new work another id"
                    .to_owned()
            };
            self.report(format!("{path}.id"), format!("{:?} {why}", task.id));
            Change::Keep
        }
    }

    /// Looks for cycles among the plan's tasks and those of the mission that they depend on. Every cycle goes
    /// through the plan, for the mission had none before.
    fn cycles(&mut self, plan: &'a Plan) {
        let graph = self.tasks.graph();
        let mut names: Vec<&str> = plan.tasks.iter().map(|task| task.id.as_str()).collect();
        let mut node_of: HashMap<&str, u32> = self.planned.iter().map(|(id, at)| (*id, node(*at))).collect();
        for (_, task) in graph.iter().filter(|(_, task)| !task.is_delegation()) {
            node_of.entry(&task.spec.id).or_insert_with(|| {
                names.push(&task.spec.id);
                node(names.len() - 1)
            });
        }
        let edges: CsrBuf = names
            .iter()
            .enumerate()
            .map(|(at, id)| {
                let depends_on: &[Name] = match (plan.tasks.get(at), self.tasks.find(id)) {
                    (Some(task), _) => &task.depends_on,
                    (None, Some(key)) => &self.tasks[key].spec.depends_on,
                    (None, None) => &[],
                };
                let known = depends_on.iter().filter_map(|on| node_of.get(on.as_str()).copied());
                known.filter(|to| node_of.get(id) != Some(to))
            })
            .collect();
        for cycle in cycle::cycles(edges.as_csr()) {
            let mut ids: Vec<&str> = cycle.iter().map(|at| names[*at as usize]).collect();
            let length = ids.len();
            // Begin with the id that comes first in the plan, so that the message does not depend on the search.
            let first = cycle.iter().enumerate().min_by_key(|(_, at)| **at).map_or(0, |(first, _)| first);
            ids.rotate_left(first);
            let message = if length > MAX_CYCLE_SHOWN {
                format!("cycle {} → … ({length} tasks)", ids[..MAX_CYCLE_SHOWN].join(" → "))
            } else {
                format!("cycle {} → {}", ids.join(" → "), ids[0])
            };
            self.report("tasks", message);
        }
    }
}

fn node(at: usize) -> u32 {
    u32::try_from(at).expect("a mission has less than 2^32 tasks")
}

/// `^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`
fn is_id(text: &str) -> bool {
    let rest = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    text.len() <= MAX_ID
        && text.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric)
        && text.as_bytes().iter().all(rest)
}

/// The beginning of a text, for a message.
fn excerpt(text: &str) -> String {
    const MOST: usize = 80;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    text.chars().take(MOST).chain(['…']).collect()
}
