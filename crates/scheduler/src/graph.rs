//! The task graph: who waits for whom, who could start, and how long the way to the end is.

use std::ops::{Index, IndexMut};

/// Names a node of a [`TaskGraph`]. When the node is given to another task its generation grows, so that an old key
/// names nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TaskKey {
    index: u32,
    generation: u32,
}

impl TaskKey {
    /// Below 2⁶³, so that the caller has a bit to spare.
    pub(crate) fn to_bits(self) -> u64 {
        u64::from(self.generation) << 32 | u64::from(self.index)
    }

    pub(crate) fn from_bits(bits: u64) -> Self {
        #[allow(clippy::cast_possible_truncation, reason = "the halves are taken apart")]
        Self { index: bits as u32, generation: (bits >> 32) as u32 }
    }
}

/// Dependencies between tasks, in a slab that keeps the order in which tasks came.
#[derive(Debug)]
pub(crate) struct TaskGraph<T> {
    nodes: Vec<Node<T>>,
}

#[derive(Debug)]
struct Node<T> {
    value: T,
    generation: u32,
    dependencies: Vec<u32>,
    dependants: Vec<u32>,
    /// Dependencies that are not met yet: the in-degree that counts.
    waiting: u32,
    /// Tasks on the longest way from here to an end, this one included.
    height: u32,
}

impl<T> Default for TaskGraph<T> {
    fn default() -> Self {
        Self { nodes: Vec::new() }
    }
}

impl<T> TaskGraph<T> {
    /// Adds a task that depends on nothing yet.
    pub(crate) fn insert(&mut self, value: T) -> TaskKey {
        let index = u32::try_from(self.nodes.len()).expect("a mission has less than 2^32 tasks");
        self.nodes.push(Node {
            value,
            generation: 0,
            dependencies: Vec::new(),
            dependants: Vec::new(),
            waiting: 0,
            height: 1,
        });
        TaskKey { index, generation: 0 }
    }

    /// Puts another task in the place of one: it keeps the place and the dependants, and depends on nothing yet.
    pub(crate) fn replace(&mut self, key: TaskKey, value: T) -> TaskKey {
        self.set_dependencies(key, &[], |_| true);
        let node = self.node_mut(key);
        node.value = value;
        node.generation = (node.generation + 1) & (u32::MAX >> 1);
        TaskKey { index: key.index, generation: node.generation }
    }

    /// Says what a task depends on, instead of what was said before; `is_met` tells which of that needs no waiting.
    /// Dependencies that make a cycle are the caller's to refuse: see [`cycles`](crate::cycle::cycles).
    pub(crate) fn set_dependencies(&mut self, key: TaskKey, on: &[TaskKey], is_met: impl Fn(&T) -> bool) {
        for old in std::mem::take(&mut self.node_mut(key).dependencies) {
            self.nodes[old as usize].dependants.retain(|dependant| *dependant != key.index);
        }
        let mut new: Vec<u32> = on.iter().map(|dependency| dependency.index).collect();
        new.sort_unstable();
        new.dedup();
        let mut waiting = 0;
        for index in &new {
            let dependency = &mut self.nodes[*index as usize];
            dependency.dependants.push(key.index);
            waiting += u32::from(!is_met(&dependency.value));
        }
        let node = self.node_mut(key);
        node.dependencies = new;
        node.waiting = waiting;
    }

    /// Tells the dependants that a task is accepted; gives those that now wait for nothing.
    pub(crate) fn meet(&mut self, key: TaskKey) -> Vec<TaskKey> {
        let dependants = std::mem::take(&mut self.node_mut(key).dependants);
        let mut free = Vec::new();
        for index in &dependants {
            let dependant = &mut self.nodes[*index as usize];
            dependant.waiting -= 1;
            if dependant.waiting == 0 {
                free.push(TaskKey { index: *index, generation: dependant.generation });
            }
        }
        self.node_mut(key).dependants = dependants;
        free
    }

    /// Whether everything that the task depends on is met.
    pub(crate) fn is_free(&self, key: TaskKey) -> bool {
        self.node(key).waiting == 0
    }

    pub(crate) fn dependencies(&self, key: TaskKey) -> impl Iterator<Item = TaskKey> + '_ {
        self.node(key).dependencies.iter().map(|index| self.key(*index))
    }

    pub(crate) fn dependants(&self, key: TaskKey) -> impl Iterator<Item = TaskKey> + '_ {
        self.node(key).dependants.iter().map(|index| self.key(*index))
    }

    /// Tasks on the longest way from here to an end, this one included: the rest of the critical path through it.
    pub(crate) fn height(&self, key: TaskKey) -> u32 {
        self.node(key).height
    }

    /// Measures all heights anew, in time linear in tasks and dependencies. Needed after dependencies were set;
    /// tasks that end change the height of none that is left.
    pub(crate) fn measure(&mut self) {
        let mut open: Vec<usize> = self.nodes.iter().map(|node| node.dependants.len()).collect();
        let mut ends: Vec<usize> = (0..open.len()).filter(|index| open[*index] == 0).collect();
        for node in &mut self.nodes {
            node.height = 1;
        }
        while let Some(index) = ends.pop() {
            let height = self.nodes[index].height + 1;
            for at in 0..self.nodes[index].dependencies.len() {
                let dependency = self.nodes[index].dependencies[at] as usize;
                self.nodes[dependency].height = self.nodes[dependency].height.max(height);
                open[dependency] -= 1;
                if open[dependency] == 0 {
                    ends.push(dependency);
                }
            }
        }
    }

    /// The task of a key, unless another one has its place by now.
    pub(crate) fn get(&self, key: TaskKey) -> Option<&T> {
        let node = self.nodes.get(key.index as usize)?;
        (node.generation == key.generation).then_some(&node.value)
    }

    /// Every task, in the order in which their places came.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (TaskKey, &T)> + Clone {
        self.nodes
            .iter()
            .zip(0..)
            .map(|(node, index)| (TaskKey { index, generation: node.generation }, &node.value))
    }

    fn key(&self, index: u32) -> TaskKey {
        TaskKey { index, generation: self.nodes[index as usize].generation }
    }

    fn node(&self, key: TaskKey) -> &Node<T> {
        let node = &self.nodes[key.index as usize];
        assert!(node.generation == key.generation, "a key is not used after its task was replaced");
        node
    }

    fn node_mut(&mut self, key: TaskKey) -> &mut Node<T> {
        let node = &mut self.nodes[key.index as usize];
        assert!(node.generation == key.generation, "a key is not used after its task was replaced");
        node
    }
}

impl<T> Index<TaskKey> for TaskGraph<T> {
    type Output = T;

    fn index(&self, key: TaskKey) -> &T {
        &self.node(key).value
    }
}

impl<T> IndexMut<TaskKey> for TaskGraph<T> {
    fn index_mut(&mut self, key: TaskKey) -> &mut T {
        &mut self.node_mut(key).value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A diamond with a tail: 0 ← 1, 2 ← 3 ← 4.
    fn diamond() -> (TaskGraph<u32>, [TaskKey; 5]) {
        let mut graph = TaskGraph::default();
        let keys = [0, 1, 2, 3, 4].map(|name| graph.insert(name));
        for (task, on) in [(1, vec![0]), (2, vec![0, 0]), (3, vec![1, 2]), (4, vec![3])] {
            let on: Vec<TaskKey> = on.into_iter().map(|at: usize| keys[at]).collect();
            graph.set_dependencies(keys[task], &on, |_| false);
        }
        graph.measure();
        (graph, keys)
    }

    #[test]
    fn a_task_is_free_when_all_that_it_depends_on_is_met() {
        let (mut graph, keys) = diamond();
        assert!(graph.is_free(keys[0]) && !graph.is_free(keys[1]));
        assert_eq!(graph.meet(keys[0]), [keys[1], keys[2]]);
        assert_eq!(graph.meet(keys[1]), []);
        assert_eq!(graph.meet(keys[2]), [keys[3]]);
        assert!(graph.is_free(keys[3]) && !graph.is_free(keys[4]));
    }

    #[test]
    fn the_height_is_the_longest_way_to_an_end() {
        let (mut graph, keys) = diamond();
        assert_eq!(keys.map(|key| graph.height(key)), [4, 3, 3, 2, 1]);
        let late = graph.insert(5);
        graph.set_dependencies(late, &[keys[4], keys[0]], |_| false);
        graph.measure();
        assert_eq!([keys[0], keys[4], late].map(|key| graph.height(key)), [5, 2, 1]);
    }

    #[test]
    fn a_replaced_task_keeps_its_dependants_and_its_old_key_names_nothing() {
        let (mut graph, keys) = diamond();
        let new = graph.replace(keys[3], 30);
        assert_eq!(graph.get(keys[3]), None);
        assert_eq!(graph.get(new), Some(&30));
        assert!(graph.is_free(new));
        assert_eq!(graph.dependants(keys[1]).count() + graph.dependants(keys[2]).count(), 0);
        graph.set_dependencies(new, &[keys[0]], |name| *name == 0);
        assert!(graph.is_free(new), "what it depends on is met already");
        assert_eq!(graph.dependants(new).count(), 1);
        assert_eq!(graph.dependencies(new).collect::<Vec<_>>(), [keys[0]]);
    }

    #[test]
    fn a_key_survives_its_bits() {
        let key = TaskKey { index: 7, generation: u32::MAX >> 1 };
        assert_eq!(TaskKey::from_bits(key.to_bits()), key);
        assert!(key.to_bits() < 1 << 63);
    }
}
