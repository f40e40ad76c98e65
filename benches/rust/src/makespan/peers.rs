//! List scheduling (R. L. Graham, *Bounds on multiprocessing timing anomalies*, 1969): whenever a lane is free, the
//! ready task that comes first in some order starts.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap},
};

use crate::makespan::{bounds::Ways, families::Graph, schedule::Schedule};

/// Which ready task goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// The one that is ready for the longest time.
    Fifo,
    /// The one with the most tasks on its longest way to an end: all that can be known without durations.
    Height,
    /// The one whose longest way to an end lasts longest, as in HEFT (H. Topcuoglu, S. Hariri, M.-Y. Wu,
    /// *Performance-effective and low-complexity task scheduling for heterogeneous computing*, 2002). It needs the
    /// durations of all tasks before they have run.
    Time,
}

impl Order {
    fn ranks(self, graph: &Graph, ways: &Ways) -> Vec<u64> {
        match self {
            Order::Fifo => vec![0; graph.durations.len()],
            Order::Height => heights(graph),
            Order::Time => {
                (0..graph.durations.len()).map(|task| graph.durations[task] + ways.tails[task]).collect()
            }
        }
    }
}

/// Tasks on the longest way from each task to an end, itself included.
fn heights(graph: &Graph) -> Vec<u64> {
    let mut heights = vec![1; graph.durations.len()];
    for task in (0..heights.len()).rev() {
        let above = graph.dependants[task].iter().map(|next| heights[*next]).max().unwrap_or(0);
        heights[task] = above + 1;
    }
    heights
}

/// Runs the graph on so many lanes.
pub(crate) fn run(graph: &Graph, ways: &Ways, lanes: usize, order: Order) -> Schedule {
    let ranks = order.ranks(graph, ways);
    let mut waiting: Vec<usize> = graph.dependencies.iter().map(Vec::len).collect();
    let mut arrivals = 0_u64;
    let mut ready = BTreeSet::new();
    let mut arrive = |task: usize, ready: &mut BTreeSet<(Reverse<u64>, u64, usize)>| {
        ready.insert((Reverse(ranks[task]), arrivals, task));
        arrivals += 1;
    };
    (0..waiting.len()).filter(|task| waiting[*task] == 0).for_each(|task| arrive(task, &mut ready));
    let (mut now, mut running) = (0, BinaryHeap::new());
    let mut schedule = Schedule::new(waiting.len());
    loop {
        while running.len() < lanes
            && let Some((_, _, task)) = ready.pop_first()
        {
            schedule.started(task, now);
            running.push(Reverse((now + graph.durations[task], task)));
        }
        let Some(Reverse((end, task))) = running.pop() else { break };
        now = end;
        schedule.ended(task, now);
        for next in &graph.dependants[task] {
            waiting[*next] -= 1;
            if waiting[*next] == 0 {
                arrive(*next, &mut ready);
            }
        }
    }
    schedule
}
