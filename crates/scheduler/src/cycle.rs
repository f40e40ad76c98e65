//! Cycles among dependencies, named by the shortest that is found.

use crate::csr::Csr;

/// Edges that the search for short cycles may follow, over all of a graph. A graph within it gets its true shortest
/// cycles; beyond it, the best found so far. It is about 0.1 s on one core.
const SEARCH_BUDGET: usize = 16_000_000;

const UNSEEN: u32 = u32::MAX;

/// One cycle of each knot (strongly connected component) of a graph, as node numbers in the order of the edges.
/// Edges from a node to itself are left out.
///
/// The cycle is a shortest one of its knot while the search budget lasts. It takes one breadth-first search from each
/// target of a retreating edge (one that leads back in the order in which depth-first search met the nodes), for
/// every cycle has such an edge; and no search goes deeper than the best cycle so far.
#[must_use]
pub fn cycles(edges: Csr<'_>) -> Vec<Vec<u32>> {
    let Knots { knot_of, starts } = knots(edges);
    let mut search =
        Search { edges, knot_of: &knot_of, came_from: vec![UNSEEN; edges.rows()], budget: SEARCH_BUDGET };
    let mut starts: Vec<(u32, u32)> =
        starts.into_iter().map(|start| (knot_of[start as usize], start)).collect();
    starts.sort_unstable();
    starts.chunk_by(|a, b| a.0 == b.0).filter_map(|knot| search.shortest(knot)).collect()
}

struct Search<'a> {
    edges: Csr<'a>,
    knot_of: &'a [u32],
    came_from: Vec<u32>,
    budget: usize,
}

impl Search<'_> {
    /// The shortest cycle through one of these nodes of one knot.
    fn shortest(&mut self, starts: &[(u32, u32)]) -> Option<Vec<u32>> {
        let mut best: Option<Vec<u32>> = None;
        for (_, start) in starts {
            let most = best.as_ref().map_or(usize::MAX, |cycle| cycle.len() - 1);
            if best.is_some() && (most < 2 || self.budget == 0) {
                break;
            }
            best = self.through(*start, most).or(best);
        }
        best
    }

    /// The shortest cycle of at most `most` nodes through `start`, by breadth-first search within its knot.
    fn through(&mut self, start: u32, most: usize) -> Option<Vec<u32>> {
        let mut seen = vec![start];
        let mut next = 0;
        let mut closing = None;
        // Nodes on the way from the start to the ones that are looked at, and where the next layer begins.
        let (mut depth, mut layer_end) = (1, 1);
        'search: while next < seen.len() && depth <= most {
            let node = seen[next];
            next += 1;
            for to in self.edges.row(node as usize) {
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
            if next == layer_end {
                depth += 1;
                layer_end = seen.len();
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

struct Knots {
    /// The knot of every node.
    knot_of: Vec<u32>,
    /// The targets of retreating edges within a knot: at least one of every knot of two nodes or more.
    starts: Vec<u32>,
}

/// R. Tarjan, *Depth-first search and linear graph algorithms*, 1972, without recursion: a chain of 10,000 tasks must
/// not overflow the stack.
fn knots(edges: Csr<'_>) -> Knots {
    let nodes = edges.rows();
    let mut order = vec![UNSEEN; nodes];
    let mut low = vec![0_u32; nodes];
    let mut knot_of = vec![UNSEEN; nodes];
    let mut is_start = vec![false; nodes];
    let mut starts = Vec::new();
    let (mut visited, mut found) = (0, 0);
    let mut path: Vec<u32> = Vec::new();
    let mut calls: Vec<(u32, usize)> = Vec::new();
    for root in 0..u32::try_from(nodes).expect("a graph has less than 2^32 tasks") {
        if order[root as usize] != UNSEEN {
            continue;
        }
        calls.push((root, 0));
        while let Some((node, edge)) = calls.pop() {
            let n = node as usize;
            let row = edges.row(n);
            if edge == 0 {
                order[n] = visited;
                low[n] = visited;
                visited += 1;
                path.push(node);
            } else {
                let child = row[edge - 1] as usize;
                if knot_of[child] == UNSEEN {
                    low[n] = low[n].min(low[child]);
                }
            }
            let mut edge = edge;
            let mut deeper = None;
            while let Some(to) = row.get(edge) {
                let t = *to as usize;
                edge += 1;
                if order[t] == UNSEEN {
                    deeper = Some(*to);
                    break;
                }
                if knot_of[t] == UNSEEN {
                    low[n] = low[n].min(order[t]);
                    if order[t] < order[n] && !is_start[t] {
                        is_start[t] = true;
                        starts.push(*to);
                    }
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
    Knots { knot_of, starts }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::csr::CsrBuf;

    fn cycles_of(rows: &[Vec<u32>]) -> Vec<Vec<u32>> {
        cycles(rows.iter().cloned().collect::<CsrBuf>().as_csr())
    }

    #[test]
    fn a_graph_without_a_cycle_has_none() {
        assert!(cycles_of(&[vec![1, 2], vec![3], vec![3], vec![]]).is_empty());
        assert!(cycles_of(&[]).is_empty());
        assert!(cycles_of(&[vec![0]]).is_empty(), "an edge to itself is left out");
    }

    #[test]
    fn the_shortest_cycle_of_each_knot_is_named() {
        // 0 → 1 → 2 → 3 → 0 with the shortcut 2 → 1; and apart 4 ⇄ 5.
        let found = cycles_of(&[vec![1], vec![2], vec![3, 1], vec![0], vec![5], vec![4]]);
        assert_eq!(found.len(), 2);
        assert!(found.contains(&vec![1, 2]) || found.contains(&vec![2, 1]), "{found:?}");
        assert!(found.iter().any(|cycle| cycle.contains(&4)), "{found:?}");
    }

    #[test]
    fn one_edge_back_in_a_million_names_the_shortest_way_round() {
        // 100,000 tasks in a chain, each pointing to the next ten; one edge back closes it.
        let nodes = 100_000_u32;
        let mut rows: Vec<Vec<u32>> =
            (0..nodes).map(|node| (node + 1..=node + 10).filter(|to| *to < nodes).collect()).collect();
        rows[nodes as usize - 1].push(0);
        let found = cycles_of(&rows);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].len(), 10_001, "ten at a time");
    }

    /// The length of the shortest cycle of a small graph, from all shortest ways (Floyd and Warshall).
    fn shortest(rows: &[Vec<u32>]) -> Option<usize> {
        let nodes = rows.len();
        let mut way = vec![vec![usize::MAX / 2; nodes]; nodes];
        for (from, row) in rows.iter().enumerate() {
            for to in row {
                way[from][*to as usize] = 1;
            }
        }
        for over in 0..nodes {
            for from in 0..nodes {
                for to in 0..nodes {
                    way[from][to] = way[from][to].min(way[from][over] + way[over][to]);
                }
            }
        }
        (0..nodes).map(|node| way[node][node]).min().filter(|length| *length <= nodes)
    }

    proptest! {
        #[test]
        fn a_cycle_is_real_and_the_shortest_one(
            pairs in proptest::collection::vec((0_u32..12, 0_u32..12), 0..30)
        ) {
            let mut rows = vec![Vec::new(); 12];
            for (from, to) in pairs.into_iter().filter(|(from, to)| from != to) {
                rows[from as usize].push(to);
            }
            let found = cycles_of(&rows);
            for cycle in &found {
                for (at, node) in cycle.iter().enumerate() {
                    let next = cycle[(at + 1) % cycle.len()];
                    prop_assert!(rows[*node as usize].contains(&next), "{cycle:?}");
                }
            }
            prop_assert_eq!(found.iter().map(Vec::len).min(), shortest(&rows));
        }
    }
}
