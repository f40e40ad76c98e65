//! What no schedule can beat.

use crate::{
    makespan::families::Graph,
    measure::{millis, real},
};

/// Cuts of the heads, and of the tails, that the tighter bound looks at.
const CUTS: usize = 16;

/// The times on the longest ways through each task, in milliseconds.
#[derive(Debug)]
pub(crate) struct Ways {
    /// The longest way to the task, itself excluded: it can't start earlier.
    pub(crate) heads: Vec<u64>,
    /// The longest way from its end on: so much has to follow.
    pub(crate) tails: Vec<u64>,
}

impl Ways {
    pub(crate) fn of(graph: &Graph) -> Self {
        let tasks = graph.durations.len();
        let (mut heads, mut tails) = (vec![0; tasks], vec![0; tasks]);
        for task in 0..tasks {
            let ends = graph.dependencies[task].iter().map(|on| heads[*on] + graph.durations[*on]);
            heads[task] = ends.max().unwrap_or(0);
        }
        for task in (0..tasks).rev() {
            let ways = graph.dependants[task].iter().map(|next| tails[*next] + graph.durations[*next]);
            tails[task] = ways.max().unwrap_or(0);
        }
        Self { heads, tails }
    }

    /// The longest way through the graph.
    pub(crate) fn critical(&self, graph: &Graph) -> u64 {
        let through = |task: usize| self.heads[task] + graph.durations[task] + self.tails[task];
        (0..self.heads.len()).map(through).max().unwrap_or(0)
    }
}

/// The bound of the goal: the longest way, or the work spread evenly over the lanes.
pub(crate) fn simple(graph: &Graph, ways: &Ways, lanes: usize) -> f64 {
    let work: u64 = graph.durations.iter().sum();
    millis(ways.critical(graph)).max(millis(work) / real(lanes))
}

/// A tighter bound (J. Carlier, *Scheduling jobs with release dates and tails on identical machines to minimize the
/// makespan*, 1987): of any set of at least as many tasks as lanes, each lane works at its share, after the head of
/// the first of its tasks and before the tail of its last. The sets are those above a cut of the heads and one of the
/// tails.
pub(crate) fn tighter(graph: &Graph, ways: &Ways, lanes: usize) -> f64 {
    let mut best = simple(graph, ways, lanes);
    for head in cuts(&ways.heads) {
        for tail in cuts(&ways.tails) {
            let inside = (0..graph.durations.len())
                .filter(|task| ways.heads[*task] >= head && ways.tails[*task] >= tail);
            let set: Vec<usize> = inside.collect();
            if set.len() >= lanes {
                let work: u64 = set.iter().map(|task| graph.durations[*task]).sum();
                let before = smallest(set.iter().map(|task| ways.heads[*task]), lanes);
                let after = smallest(set.iter().map(|task| ways.tails[*task]), lanes);
                best = best.max(millis(before + work + after) / real(lanes));
            }
        }
    }
    best
}

/// Zero, and the values that part the others evenly.
fn cuts(values: &[u64]) -> Vec<u64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let parted = (0..CUTS).map(|cut| sorted[cut * sorted.len() / CUTS]);
    let mut cuts: Vec<u64> = std::iter::once(0).chain(parted).collect();
    cuts.dedup();
    cuts
}

/// The sum of the smallest `count` values.
fn smallest(values: impl Iterator<Item = u64>, count: usize) -> u64 {
    let mut values: Vec<u64> = values.collect();
    values.sort_unstable();
    values.iter().take(count).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A task of 10 s, then six of 10 s each, then one of 10 s.
    fn fork_join() -> Graph {
        let mut dependencies = vec![vec![]];
        dependencies.extend(vec![vec![0]; 6]);
        dependencies.push((1..7).collect());
        let mut dependants = vec![(1..7).collect()];
        dependants.extend(vec![vec![7]; 6]);
        dependants.push(vec![]);
        Graph { durations: vec![10_000; 8], dependencies, dependants }
    }

    #[test]
    fn the_simple_bound_sees_no_idle_lane_before_a_fork() {
        let graph = fork_join();
        let ways = Ways::of(&graph);
        assert_eq!(ways.critical(&graph), 30_000);
        assert!((simple(&graph, &ways, 2) - 40_000.0).abs() < 1e-6);
    }

    #[test]
    fn the_tighter_bound_sees_it() {
        let graph = fork_join();
        assert!((tighter(&graph, &Ways::of(&graph), 2) - 50_000.0).abs() < 1e-6);
    }
}
