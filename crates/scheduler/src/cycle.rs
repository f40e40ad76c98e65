//! Cycles among dependencies, named by the shortest that is found.

/// Edges that the search for short cycles may follow, over all of a graph. A graph within it gets its true shortest
/// cycles; beyond it, the best found so far.
const SEARCH_BUDGET: usize = 4_000_000;

/// One cycle of each knot (strongly connected component) of a graph, as node numbers in the order of the edges;
/// `edges[i]` are the nodes that `i` points to. Edges from a node to itself are left out.
pub(crate) fn cycles(edges: &[Vec<u32>]) -> Vec<Vec<u32>> {
    let knot_of = knots(edges);
    let mut members: Vec<Vec<u32>> = vec![Vec::new(); edges.len()];
    for (node, knot) in (0..).zip(&knot_of) {
        members[*knot as usize].push(node);
    }
    let mut search =
        Search { edges, knot_of: &knot_of, came_from: vec![UNSEEN; edges.len()], budget: SEARCH_BUDGET };
    members.iter().filter(|nodes| nodes.len() > 1).filter_map(|nodes| search.shortest(nodes)).collect()
}

const UNSEEN: u32 = u32::MAX;

struct Search<'a> {
    edges: &'a [Vec<u32>],
    knot_of: &'a [u32],
    came_from: Vec<u32>,
    budget: usize,
}

impl Search<'_> {
    fn shortest(&mut self, knot: &[u32]) -> Option<Vec<u32>> {
        let mut best: Option<Vec<u32>> = None;
        for start in knot {
            if best.as_ref().is_some_and(|cycle| cycle.len() == 2 || self.budget == 0) {
                break;
            }
            if let Some(cycle) = self.through(*start)
                && best.as_ref().is_none_or(|best| cycle.len() < best.len())
            {
                best = Some(cycle);
            }
        }
        best
    }

    /// The shortest cycle through `start`, by breadth-first search within its knot.
    fn through(&mut self, start: u32) -> Option<Vec<u32>> {
        let mut seen = vec![start];
        let mut next = 0;
        let mut closing = None;
        'search: while let Some(node) = seen.get(next).copied() {
            next += 1;
            for to in &self.edges[node as usize] {
                self.budget = self.budget.saturating_sub(1);
                if *to == start && node != start {
                    closing = Some(node);
                    break 'search;
                }
                let inside = self.knot_of[*to as usize] == self.knot_of[start as usize];
                if inside && *to != start && self.came_from[*to as usize] == UNSEEN {
                    self.came_from[*to as usize] = node;
                    seen.push(*to);
                }
            }
        }
        let cycle = closing.map(|last| {
            let mut cycle = vec![last];
            let mut node = last;
            while node != start {
                node = self.came_from[node as usize];
                cycle.push(node);
            }
            cycle.reverse();
            cycle
        });
        for node in seen {
            self.came_from[node as usize] = UNSEEN;
        }
        cycle
    }
}

/// The knot of every node (R. Tarjan, *Depth-first search and linear graph algorithms*, 1972), without recursion: a
/// chain of 10,000 tasks must not overflow the stack.
fn knots(edges: &[Vec<u32>]) -> Vec<u32> {
    let mut order = vec![UNSEEN; edges.len()];
    let mut low = vec![0_u32; edges.len()];
    let mut knot_of = vec![UNSEEN; edges.len()];
    let (mut visited, mut found) = (0, 0);
    let mut path: Vec<u32> = Vec::new();
    let mut calls: Vec<(u32, usize)> = Vec::new();
    for root in 0..u32::try_from(edges.len()).expect("a mission has less than 2^32 tasks") {
        if order[root as usize] != UNSEEN {
            continue;
        }
        calls.push((root, 0));
        while let Some((node, edge)) = calls.pop() {
            let n = node as usize;
            if edge == 0 {
                order[n] = visited;
                low[n] = visited;
                visited += 1;
                path.push(node);
            } else {
                let child = edges[n][edge - 1] as usize;
                if knot_of[child] == UNSEEN {
                    low[n] = low[n].min(low[child]);
                }
            }
            let mut edge = edge;
            let mut deeper = None;
            while let Some(to) = edges[n].get(edge) {
                edge += 1;
                if order[*to as usize] == UNSEEN {
                    deeper = Some(*to);
                    break;
                }
                if knot_of[*to as usize] == UNSEEN {
                    low[n] = low[n].min(order[*to as usize]);
                }
            }
            if let Some(to) = deeper {
                calls.push((node, edge));
                calls.push((to, 0));
            } else if low[n] == order[n] {
                while let Some(member) = path.pop() {
                    knot_of[member as usize] = found;
                    if member == node {
                        break;
                    }
                }
                found += 1;
            }
        }
    }
    knot_of
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_graph_without_a_cycle_has_none() {
        assert!(cycles(&[vec![1, 2], vec![3], vec![3], vec![]]).is_empty());
        assert!(cycles(&[]).is_empty());
    }

    #[test]
    fn the_shortest_cycle_of_each_knot_is_named() {
        // 0 → 1 → 2 → 3 → 0 with the shortcut 2 → 1; and apart 4 ⇄ 5.
        let found = cycles(&[vec![1], vec![2], vec![3, 1], vec![0], vec![5], vec![4]]);
        assert_eq!(found.len(), 2);
        assert!(found.contains(&vec![1, 2]) || found.contains(&vec![2, 1]), "{found:?}");
        assert!(found.iter().any(|cycle| cycle.contains(&4)), "{found:?}");
    }

    #[test]
    fn a_million_edges_with_one_long_cycle_take_less_than_a_second() {
        // 100,000 tasks in a chain, each pointing to the next ten; one edge back closes it.
        let nodes = 100_000_u32;
        let mut edges: Vec<Vec<u32>> =
            (0..nodes).map(|node| (node + 1..=node + 10).filter(|to| *to < nodes).collect()).collect();
        edges[nodes as usize - 1].push(0);
        let before = Instant::now();
        let found = cycles(&edges);
        assert_eq!(found[0].len(), 10_001, "ten at a time");
        assert!(
            before.elapsed() < Duration::from_secs(5),
            "{:?} in a build without optimisation",
            before.elapsed()
        );
    }

    proptest! {
        #[test]
        fn a_cycle_is_real_and_found_when_there_is_one(
            pairs in proptest::collection::vec((0_u32..12, 0_u32..12), 0..30)
        ) {
            let mut edges = vec![Vec::new(); 12];
            for (from, to) in &pairs {
                if from != to {
                    edges[*from as usize].push(*to);
                }
            }
            let found = cycles(&edges);
            for cycle in &found {
                for (at, node) in cycle.iter().enumerate() {
                    let next = cycle[(at + 1) % cycle.len()];
                    prop_assert!(edges[*node as usize].contains(&next), "{cycle:?}");
                }
            }
            // Taking away nodes without predecessors leaves something exactly when there is a cycle.
            let mut left: Vec<u32> = (0..12).collect();
            while let Some(at) = left.iter().position(|node| {
                !left.iter().any(|from| edges[*from as usize].contains(node))
            }) {
                left.remove(at);
            }
            prop_assert_eq!(left.is_empty(), found.is_empty());
        }
    }
}
