//! A batch of tasks on its way into a graph: checked before anything changes.

use crate::{
    csr::{Csr, CsrBuf},
    cycle::cycles,
    error::{Error, ErrorKind, Problem},
};

/// Tasks of a cycle that are spelt out.
const MAX_CYCLE_SHOWN: usize = 20;

/// The dependencies of new tasks, without a fault, and what follows from them.
pub(crate) struct Batch<'a> {
    /// The number that the first of the new tasks gets.
    pub(crate) base: u32,
    pub(crate) dependencies: Csr<'a>,
    /// The dependants within the batch, as numbers of the graph.
    pub(super) dependants: Dependants,
    /// The new tasks with every task before those that it depends on; `None` where that is the order of their
    /// numbers, backwards.
    order: Option<Vec<u32>>,
}

/// Dependants within a batch: those of its task `i` are `ids[offsets[i]..offsets[i + 1]]`, ascending.
pub(super) struct Dependants {
    pub(super) offsets: Vec<u32>,
    pub(super) ids: Vec<u32>,
}

impl<'a> Batch<'a> {
    /// Problems that are listed; a batch can have as many as it has dependencies.
    pub(crate) const MAX_PROBLEMS: usize = 100;

    /// Takes the dependencies of tasks that are to be numbered from `base` on.
    /// `edges_before` is what the graph holds already.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidPlan`] for too many tasks or dependencies, a task that depends on itself or on one that
    /// is not there, and cycles.
    pub(crate) fn new(base: u32, edges_before: usize, dependencies: Csr<'a>) -> Result<Self, Error> {
        let rows = u32::try_from(dependencies.rows()).ok();
        // `u32::MAX` stands for no task.
        let end = rows.and_then(|rows| base.checked_add(rows)).filter(|end| *end < u32::MAX);
        let Some(end) = end else {
            return Err(refused(vec![Problem::new(
                "count",
                format!(
                    "{} tasks on top of {base}: a graph numbers less than 2^32; make a new one",
                    dependencies.rows()
                ),
            )]));
        };
        if edges_before + dependencies.targets().len() >= u32::MAX as usize {
            let message = format!(
                "{} on top of {edges_before}: a graph holds less than 2^32",
                dependencies.targets().len()
            );
            return Err(refused(vec![Problem::new("dependencies", message)]));
        }
        let backwards = check(base, end, dependencies)?;
        let dependants = turn(base, dependencies);
        let order = if backwards { None } else { Some(sort(base, dependencies, &dependants)?) };
        Ok(Self { base, dependencies, dependants, order })
    }

    pub(crate) fn len(&self) -> usize {
        self.dependencies.rows()
    }

    /// The places in the batch, every task before those that it depends on.
    pub(super) fn dependants_first(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.len()).rev().map(|at| self.order.as_ref().map_or(at, |order| order[at] as usize))
    }
}

/// Looks at every dependency; tells whether all lead to smaller numbers, so that there can be no cycle.
fn check(base: u32, end: u32, dependencies: Csr<'_>) -> Result<bool, Error> {
    let mut backwards = true;
    let mut problems = Vec::new();
    let mut more = 0_usize;
    let mut report = |at: usize, message: String| {
        if problems.len() < Batch::MAX_PROBLEMS {
            problems.push(Problem::new(format!("dependencies[{at}]"), message));
        } else {
            more += 1;
        }
    };
    for (task, offset) in (base..end).zip(dependencies.offsets()) {
        let row = dependencies.row((task - base) as usize);
        for (at, on) in (*offset as usize..).zip(row) {
            if *on >= end {
                report(at, format!("task {task} depends on {on}, and there is no such task"));
            } else if *on == task {
                report(at, format!("task {task} depends on itself"));
            }
            backwards &= *on < task;
        }
    }
    if more > 0 {
        problems.push(Problem::new("dependencies", format!("and {more} more like these")));
    }
    if problems.is_empty() { Ok(backwards) } else { Err(refused(problems)) }
}

/// The dependants within the batch, by counting sort.
fn turn(base: u32, dependencies: Csr<'_>) -> Dependants {
    let rows = dependencies.rows();
    let mut offsets = vec![0_u32; rows + 1];
    for on in dependencies.targets() {
        if let Some(on) = on.checked_sub(base) {
            offsets[on as usize + 1] += 1;
        }
    }
    for at in 0..rows {
        offsets[at + 1] += offsets[at];
    }
    let mut ids = vec![0_u32; offsets[rows] as usize];
    if !ids.is_empty() {
        let mut next = offsets.clone();
        for (task, row) in (base..).zip(0..rows) {
            for on in dependencies.row(row) {
                if let Some(on) = on.checked_sub(base) {
                    ids[next[on as usize] as usize] = task;
                    next[on as usize] += 1;
                }
            }
        }
    }
    Dependants { offsets, ids }
}

/// The places in the batch, every task after those that it depends on (A. Kahn, *Topological sorting of large
/// networks*, 1962).
fn sort(base: u32, dependencies: Csr<'_>, dependants: &Dependants) -> Result<Vec<u32>, Error> {
    let rows = dependencies.rows();
    let inside = |row: usize| dependencies.row(row).iter().filter(|on| **on >= base);
    let mut unmet: Vec<usize> = (0..rows).map(|row| inside(row).count()).collect();
    let mut order: Vec<u32> =
        (0_u32..).zip(&unmet).filter(|(_, unmet)| **unmet == 0).map(|(at, _)| at).collect();
    let mut next = 0;
    while let Some(at) = order.get(next).map(|at| *at as usize) {
        next += 1;
        for id in &dependants.ids[dependants.offsets[at] as usize..dependants.offsets[at + 1] as usize] {
            let dependant = id - base;
            unmet[dependant as usize] -= 1;
            if unmet[dependant as usize] == 0 {
                order.push(dependant);
            }
        }
    }
    if order.len() == rows {
        return Ok(order);
    }
    let within: CsrBuf = (0..rows).map(|row| inside(row).map(|on| on - base)).collect();
    let mut problems: Vec<Problem> = Vec::new();
    for cycle in cycles(within.as_csr()).iter().take(Batch::MAX_PROBLEMS) {
        problems.push(Problem::new("dependencies", name(base, cycle)));
    }
    Err(refused(problems))
}

/// A cycle in words, from its smallest number on, so that the words do not depend on the search.
fn name(base: u32, cycle: &[u32]) -> String {
    let mut ids: Vec<u32> = cycle.iter().map(|at| base + at).collect();
    let smallest = (0..ids.len()).min_by_key(|at| ids[*at]).unwrap_or(0);
    ids.rotate_left(smallest);
    let shown = ids.iter().take(MAX_CYCLE_SHOWN).map(u32::to_string).collect::<Vec<_>>().join(" → ");
    if ids.len() > MAX_CYCLE_SHOWN {
        format!("cycle {shown} → … ({} tasks)", ids.len())
    } else {
        format!("cycle {shown} → {}", ids[0])
    }
}

fn refused(problems: Vec<Problem>) -> Error {
    Error::with_problems(ErrorKind::InvalidPlan, "the tasks are refused", problems)
}
