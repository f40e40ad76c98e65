//! The task graph: who waits for whom, who could start, and how long the way to the end is.

mod batch;
mod dag;
mod heights;
#[cfg(test)]
mod tests;

use std::ops::{Index, IndexMut};

pub(crate) use self::{batch::Batch, dag::Dag};
use crate::{
    csr::Csr,
    error::{Error, ErrorKind, Problem},
};

/// Names a task of a [`TaskGraph`]. When its place is given to another task the generation grows, so that an old key
/// names nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskKey {
    index: u32,
    generation: u32,
}

impl TaskKey {
    /// The place of the task: how many came before it.
    #[must_use]
    pub fn index(self) -> u32 {
        self.index
    }

    /// Below 2⁶³, so that the caller has a bit to spare.
    #[must_use]
    pub fn to_bits(self) -> u64 {
        u64::from(self.generation) << 32 | u64::from(self.index)
    }

    /// The key of these bits.
    #[must_use]
    pub fn from_bits(bits: u64) -> Self {
        #[allow(clippy::cast_possible_truncation, reason = "the halves are taken apart")]
        Self { index: bits as u32, generation: (bits >> 32) as u32 }
    }
}

/// Tasks and what they depend on, in the order in which they came.
///
/// A slab with generational keys; tasks are added one by one or in batches, also while others run, and replaced. The
/// graph tells which tasks are free (in-degree), and how long the way to an end is from each (its height: the critical
/// path is the way along the greatest). Both are up to date after every call.
///
/// Edges lie in flat arrays (compressed sparse rows), so a batch costs no allocation a task; adding or removing an
/// edge is amortised O(1). A change of heights costs what really changes: `d` heights and `e` edges at them, O(e + d log d).
///
/// ```
/// use orchestrator_scheduler::{CsrBuf, TaskGraph};
///
/// let mut graph = TaskGraph::new();
/// // Walls and pipes need the foundation, the roof needs the walls.
/// let dependencies: CsrBuf = [vec![], vec![0], vec![0], vec![1]].into_iter().collect();
/// let keys: Vec<_> = graph.extend(vec!["foundation", "walls", "pipes", "roof"], dependencies.as_csr())?.collect();
/// assert_eq!(graph.height(keys[0]), 3, "foundation, walls, roof");
///
/// let free = graph.meet(keys[0]);
/// assert_eq!(free.iter().map(|key| graph[*key]).collect::<Vec<_>>(), ["walls", "pipes"]);
/// assert!(!graph.is_free(keys[3]));
/// # Ok::<(), orchestrator_scheduler::Error>(())
/// ```
///
/// Methods that take a key panic when another task has its place by now; [`get`](Self::get) does not.
#[derive(Debug)]
pub struct TaskGraph<T> {
    dag: Dag,
    values: Vec<T>,
    generations: Vec<u32>,
}

impl<T> Default for TaskGraph<T> {
    fn default() -> Self {
        Self { dag: Dag::default(), values: Vec::new(), generations: Vec::new() }
    }
}

impl<T> TaskGraph<T> {
    /// A graph without tasks.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many tasks there are, whatever became of them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is no task.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Adds a task that depends on nothing yet.
    ///
    /// # Panics
    /// When there are 2^32 - 2 tasks already.
    pub fn insert(&mut self, value: T) -> TaskKey {
        let alone = Csr::new(&[0, 0], &[]).expect("one row without edges");
        self.extend(vec![value], alone)
            .expect("a graph has less than 2^32 tasks")
            .next()
            .expect("one was added")
    }

    /// Adds a batch of tasks: task `i` of it depends on those that row `i` of `dependencies` lists by
    /// [index](TaskKey::index). The new tasks are numbered from [`len`](Self::len) on, and may depend on each other.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidPlan`] with every problem: as many rows as values are needed, and there may be no unknown task,
    /// no task that depends on itself, no cycle. Nothing is added then.
    ///
    /// ```
    /// # use orchestrator_scheduler::{CsrBuf, TaskGraph};
    /// let mut graph = TaskGraph::new();
    /// let first = graph.insert("fetch");
    /// let dependencies: CsrBuf = [vec![first.index()], vec![1]].into_iter().collect();
    /// graph.extend(vec!["build", "test"], dependencies.as_csr())?;
    /// assert_eq!(graph.height(first), 3);
    ///
    /// let circular: CsrBuf = [vec![4], vec![3]].into_iter().collect();
    /// let error = graph.extend(vec!["hen", "egg"], circular.as_csr()).err().unwrap();
    /// assert_eq!(error.problems()[0].message, "cycle 3 → 4 → 3");
    /// assert_eq!(graph.len(), 3);
    /// # Ok::<(), orchestrator_scheduler::Error>(())
    /// ```
    pub fn extend(
        &mut self,
        mut values: Vec<T>,
        dependencies: Csr<'_>,
    ) -> Result<impl ExactSizeIterator<Item = TaskKey> + use<T>, Error> {
        if values.len() != dependencies.rows() {
            let message = format!("{} rows for {} tasks", dependencies.rows(), values.len());
            return Err(refused("dependencies", message));
        }
        let batch = Batch::new(self.dag.end(), self.dag.edges(), dependencies)?;
        self.dag.extend(&batch, |_, _| {});
        self.values.append(&mut values);
        self.generations.resize(self.values.len(), 0);
        Ok((batch.base..self.dag.end()).map(|index| TaskKey { index, generation: 0 }))
    }

    /// Puts another task in the place of one: it keeps the place and the dependants, depends on nothing yet, and runs
    /// even if the one before had [left](Self::leave).
    ///
    /// # Panics
    /// When the task is met.
    pub fn replace(&mut self, key: TaskKey, value: T) -> TaskKey {
        let index = self.check(key);
        assert!(!self.dag.is_met(key.index), "a task that is met is not replaced");
        let above: Vec<u32> = self.dag.dependencies(key.index).chain([key.index]).collect();
        self.dag.reset(key.index);
        self.dag.measure_above(&above);
        self.values[index] = value;
        self.generations[index] = (self.generations[index] + 1) & (u32::MAX >> 1);
        self.key(key.index)
    }

    /// Says what a task depends on, instead of what was said before. A dependency that is listed twice counts once.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidPlan`] when it would depend on itself, directly or not. Nothing is changed then.
    ///
    /// # Panics
    /// When the task is met.
    pub fn set_dependencies(&mut self, key: TaskKey, on: &[TaskKey]) -> Result<(), Error> {
        self.check(key);
        let mut seen = std::collections::HashSet::new();
        let mut open: Vec<u32> = on.iter().map(|on| on.index).collect();
        while let Some(index) = open.pop() {
            if index == key.index {
                let message = format!("task {index} would depend on itself, directly or through others");
                return Err(refused("dependencies", message));
            }
            // What is met depends on nothing that is not.
            if !self.dag.is_met(index) && seen.insert(index) {
                open.extend(self.dag.dependencies(index));
            }
        }
        self.set_all_dependencies([(key, on)]);
        Ok(())
    }

    /// [`set_dependencies`](Self::set_dependencies) for many tasks, measured once.
    ///
    /// # Panics
    /// When there is a cycle: see [`cycles`](crate::cycles).
    pub(crate) fn set_all_dependencies<On: AsRef<[TaskKey]>>(
        &mut self,
        changes: impl IntoIterator<Item = (TaskKey, On)>,
    ) {
        let mut touched = Vec::new();
        let mut on = Vec::new();
        for (key, dependencies) in changes {
            self.check(key);
            on.clear();
            on.extend(dependencies.as_ref().iter().map(|on| {
                self.check(*on);
                on.index
            }));
            on.sort_unstable();
            on.dedup();
            touched.extend(self.dag.dependencies(key.index));
            self.dag.connect(key.index, &on);
            touched.push(key.index);
        }
        self.dag.measure_above(&touched);
    }

    /// Marks a task as done: what depended on it waits for one less. Gives those that wait for nothing from now on, in
    /// the order in which they came. The task has no dependants and no height any more.
    ///
    /// # Panics
    /// When it was met before, has [left](Self::leave), or waits for something itself.
    pub fn meet(&mut self, key: TaskKey) -> Vec<TaskKey> {
        let mut free = Vec::new();
        self.meet_into(key, &mut free);
        free
    }

    /// [`meet`](Self::meet) without an allocation: adds to `free`.
    ///
    /// # Panics
    /// As [`meet`](Self::meet).
    pub fn meet_into(&mut self, key: TaskKey, free: &mut Vec<TaskKey>) {
        self.check(key);
        let generations = &self.generations;
        self.dag.meet(key.index, |index, _| {
            free.push(TaskKey { index, generation: generations[index as usize] });
        });
    }

    /// Takes a task out of the running: it failed, was cancelled, or can't run because of one that did. Its height is
    /// 0, and those that it depends on may get a smaller one. What depends on it stays as it is, and is the caller's to
    /// take out as well.
    ///
    /// # Panics
    /// When the task is met.
    ///
    /// ```
    /// # use orchestrator_scheduler::{CsrBuf, TaskGraph};
    /// let mut graph = TaskGraph::new();
    /// let dependencies: CsrBuf = [vec![], vec![0], vec![0], vec![2]].into_iter().collect();
    /// let keys: Vec<_> = graph.extend(vec!["a", "b", "c", "d"], dependencies.as_csr())?.collect();
    /// assert_eq!(graph.height(keys[0]), 3);
    /// graph.leave(keys[3]);
    /// assert_eq!(graph.height(keys[0]), 2);
    /// graph.rejoin(keys[3]);
    /// assert_eq!(graph.height(keys[0]), 3);
    /// # Ok::<(), orchestrator_scheduler::Error>(())
    /// ```
    pub fn leave(&mut self, key: TaskKey) {
        self.leave_all(&[key]);
    }

    /// [`leave`](Self::leave) for many tasks, measured once.
    ///
    /// # Panics
    /// As [`leave`](Self::leave).
    pub fn leave_all(&mut self, keys: &[TaskKey]) {
        let indices: Vec<u32> = keys.iter().map(|key| key.index).collect();
        for key in keys {
            self.check(*key);
        }
        self.dag.leave(&indices);
    }

    /// Brings a task back that had [left](Self::leave).
    ///
    /// # Panics
    /// When it has not.
    pub fn rejoin(&mut self, key: TaskKey) {
        self.check(key);
        self.dag.rejoin(key.index);
    }

    /// Whether a task has [left](Self::leave) and not come back.
    #[must_use]
    pub fn has_left(&self, key: TaskKey) -> bool {
        self.check(key);
        self.dag.has_left(key.index)
    }

    /// Whether a task is [met](Self::meet).
    #[must_use]
    pub fn is_met(&self, key: TaskKey) -> bool {
        self.check(key);
        self.dag.is_met(key.index)
    }

    /// Whether everything that the task depends on is met.
    #[must_use]
    pub fn is_free(&self, key: TaskKey) -> bool {
        self.check(key);
        self.dag.is_free(key.index)
    }

    /// What a task depends on, met or not.
    pub fn dependencies(&self, key: TaskKey) -> impl Iterator<Item = TaskKey> + '_ {
        self.check(key);
        self.dag.dependencies(key.index).map(|index| self.key(index))
    }

    /// What waits for a task, in the order in which it came; nothing, once the task is met.
    pub fn dependants(&self, key: TaskKey) -> impl Iterator<Item = TaskKey> + '_ {
        self.check(key);
        self.dag.dependants(key.index).map(|index| self.key(index))
    }

    /// Tasks on the longest way from here to an end, this one included, of those that still can run: what is left of
    /// the critical path through it. 0 for a task that can't: it is met, or it [left](Self::leave).
    #[must_use]
    pub fn height(&self, key: TaskKey) -> u32 {
        self.check(key);
        self.dag.height(key.index)
    }

    /// The task of a key, unless another one has its place by now.
    #[must_use]
    pub fn get(&self, key: TaskKey) -> Option<&T> {
        let index = key.index as usize;
        (self.generations.get(index) == Some(&key.generation)).then(|| &self.values[index])
    }

    /// Every task, in the order in which their places came.
    pub fn iter(&self) -> impl Iterator<Item = (TaskKey, &T)> + Clone {
        self.values.iter().zip(0..).map(|(value, index)| (self.key(index), value))
    }

    fn key(&self, index: u32) -> TaskKey {
        TaskKey { index, generation: self.generations[index as usize] }
    }

    fn check(&self, key: TaskKey) -> usize {
        let index = key.index as usize;
        assert!(self.generations[index] == key.generation, "a key is not used after its task was replaced");
        index
    }
}

impl<T> Index<TaskKey> for TaskGraph<T> {
    type Output = T;

    fn index(&self, key: TaskKey) -> &T {
        &self.values[self.check(key)]
    }
}

impl<T> IndexMut<TaskKey> for TaskGraph<T> {
    fn index_mut(&mut self, key: TaskKey) -> &mut T {
        let index = self.check(key);
        &mut self.values[index]
    }
}

fn refused(path: &str, message: String) -> Error {
    let problems = vec![Problem::new(path, message)];
    Error::with_problems(ErrorKind::InvalidPlan, "the tasks are refused", problems)
}
