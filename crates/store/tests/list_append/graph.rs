//! Which transaction has to come before which, and the shortest cycles in that.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

/// Why one transaction comes before another (Adya, Liskov and O'Neil, "Generalized Isolation Level Definitions", 2000).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Dependency {
    /// The second appended right after what the first appended.
    WriteWrite,
    /// The second read what the first appended.
    WriteRead,
    /// The second appended right after what the first read.
    ReadWrite,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Edge {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) why: Dependency,
    pub(crate) key: u32,
}

impl fmt::Display for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self.why {
            Dependency::WriteWrite => "ww",
            Dependency::WriteRead => "wr",
            Dependency::ReadWrite => "rw",
        };
        write!(f, "T{} -{why}({})-> T{}", self.from, self.key, self.to)
    }
}

#[derive(Debug, Default)]
pub(crate) struct Graph {
    edges: BTreeMap<usize, BTreeSet<Edge>>,
}

impl Graph {
    /// A transaction does not depend on itself.
    pub(crate) fn add(&mut self, edge: Edge) {
        if edge.from != edge.to {
            self.edges.entry(edge.from).or_default().insert(edge);
        }
    }

    pub(crate) fn edges(&self) -> impl Iterator<Item = Edge> + '_ {
        self.edges.values().flatten().copied()
    }

    /// Without the transactions that nothing comes before, over and over: they are in no cycle. What is left of a graph
    /// without cycles is nothing (Kahn, "Topological Sorting of Large Networks", 1962).
    pub(crate) fn trimmed(mut self) -> Self {
        let mut before: BTreeMap<usize, usize> = BTreeMap::new();
        for edge in self.edges() {
            before.entry(edge.from).or_default();
            *before.entry(edge.to).or_default() += 1;
        }
        let mut first: Vec<usize> =
            before.iter().filter(|(_, count)| **count == 0).map(|(transaction, _)| *transaction).collect();
        while let Some(transaction) = first.pop() {
            for edge in self.edges.remove(&transaction).unwrap_or_default() {
                let count = before.get_mut(&edge.to).expect("both ends of every edge were counted");
                *count -= 1;
                if *count == 0 {
                    first.push(edge.to);
                }
            }
        }
        self
    }

    /// The shortest cycle that begins with this edge and goes on along edges of the kinds in `along`.
    pub(crate) fn cycle(&self, first: Edge, along: &[Dependency]) -> Option<Vec<Edge>> {
        let mut came_by = BTreeMap::new();
        let mut next = VecDeque::from([first.to]);
        while let Some(at) = next.pop_front() {
            for edge in self.edges.get(&at).into_iter().flatten().filter(|edge| along.contains(&edge.why)) {
                if edge.to == first.from {
                    let mut cycle = vec![*edge];
                    let mut at = edge.from;
                    while at != first.to {
                        let edge: Edge = came_by[&at];
                        cycle.push(edge);
                        at = edge.from;
                    }
                    cycle.push(first);
                    cycle.reverse();
                    return Some(cycle);
                }
                if edge.to != first.to && !came_by.contains_key(&edge.to) {
                    came_by.insert(edge.to, *edge);
                    next.push_back(edge.to);
                }
            }
        }
        None
    }
}
