//! The dependency queue beside `petgraph`: a graph of a million tasks, a task's way through it, and the naming of a
//! cycle.

use std::{hint::black_box, time::Instant};

use fastrand::Rng;
use orchestrator_scheduler::{Csr, DependencyQueue, cycles};
use petgraph::graph::{DiGraph, NodeIndex};

use crate::{
    measure::{Spread, real},
    report::{Report, Row, Table},
};

/// Tasks in a layer.
const WIDTH: u32 = 1_000;
/// Dependencies of a task below the first layer.
const DEPENDENCIES: u32 = 3;
/// Tasks that are told to be done, and as many asked for, in one call.
const BATCH: usize = 64;

/// Goals: seconds for the load of a million tasks; the cost of a transition among 10⁶ over that among 10⁴; seconds
/// until a cycle is named.
const LOAD_S: f64 = 1.5;
const FLAT: f64 = 1.5;
const CYCLE_S: f64 = 1.0;

/// Runs the bench.
pub(crate) fn bench(quick: bool) -> Report {
    let (rounds, most) = if quick { (1, 10_000) } else { (7, 1_000_000) };
    let sizes: Vec<u32> = [10_000, 100_000, 1_000_000].into_iter().filter(|size| *size <= most).collect();
    let layered: Vec<Edges> = sizes.iter().map(|size| layers(*size)).collect();
    let scattered: Vec<Edges> = sizes.iter().map(|size| anywhere_before(*size)).collect();
    let rounds_of = |graphs: &[Edges]| -> Vec<Vec<Pass>> {
        (0..rounds).map(|_| graphs.iter().map(|graph| Pass::run(graph, most)).collect()).collect()
    };
    let (near, far) = (rounds_of(&layered), rounds_of(&scattered));
    let mut rows = vec![load_row(most, &near)];
    rows.push(flat_row("layered", Some(FLAT), &near));
    rows.push(flat_row("dependencies anywhere before", None, &far));
    rows.extend(knots(most).iter().map(|(name, graph)| cycle_row(name, graph, rounds)));
    Report {
        title: "Graph",
        method: format!(
            "`DependencyQueue`, the core of `TaskGraph` in JavaScript: layers of {WIDTH} tasks, each task depends on \
             {DEPENDENCIES} of the layer before, drawn by chance; the whole graph is added in one call. A transition \
             is one task told to be done and the next ones handed out, {BATCH} at a time, from the first task to the \
             last. Smaller graphs are run as often as it takes for as many tasks. The peer is `petgraph::DiGraph` \
             with the number of open dependencies beside it and a FIFO queue, which checks no input, keeps no \
             heights and no priorities. {rounds} rounds, ours and the peer's in turn."
        ),
        rows,
        tables: vec![table(&sizes, &near, &far)],
        notes: vec![
            "The peer loads faster because it does less: it checks nothing, knows no states, no priorities and no ways \
             to an end, and would find a cycle only by waiting for ever."
                .to_owned(),
            "petgraph's knots are its `kosaraju_scc`, which finds the tasks on cycles and names none; its `tarjan_scc` \
             recurses, and overflows the stack on the ring."
                .to_owned(),
            "Where dependencies lie anywhere before, a transition touches memory that no cache holds; layers, and what a \
             planner writes, touch what is near."
                .to_owned(),
        ],
    }
}

/// Nanoseconds a task, of ours and of the peer.
#[derive(Clone, Copy)]
struct Pass {
    load: (f64, f64),
    transition: (f64, f64),
}

impl Pass {
    /// Runs a graph as often as it takes for `tasks` tasks.
    fn run(graph: &Edges, tasks: u32) -> Self {
        let size = graph.tasks();
        let times = tasks as usize / size;
        let (mut load, mut transition) = ((0.0, 0.0), (0.0, 0.0));
        for _ in 0..times {
            let begun = Instant::now();
            let mut queue = DependencyQueue::new();
            add(&mut queue, graph).expect("the graph has no cycle");
            load.0 += seconds(begun);
            transition.0 += run_ours(&mut queue, size);
            let begun = Instant::now();
            let peer = Peer::load(graph);
            load.1 += seconds(begun);
            transition.1 += peer.run();
        }
        let each = 1e9 / real(times * size);
        Self { load: (load.0 * each, load.1 * each), transition: (transition.0 * each, transition.1 * each) }
    }
}

/// What each task depends on: those of task `i` are the targets from `offsets[i]` to `offsets[i + 1]`.
struct Edges {
    offsets: Vec<u32>,
    targets: Vec<u32>,
}

impl Edges {
    fn tasks(&self) -> usize {
        self.offsets.len() - 1
    }

    fn of(&self, task: usize) -> &[u32] {
        &self.targets[self.offsets[task] as usize..self.offsets[task + 1] as usize]
    }
}

impl FromIterator<Vec<u32>> for Edges {
    fn from_iter<Rows: IntoIterator<Item = Vec<u32>>>(rows: Rows) -> Self {
        let mut edges = Self { offsets: vec![0], targets: vec![] };
        for row in rows {
            edges.targets.extend(row);
            edges.offsets.push(u32::try_from(edges.targets.len()).expect("some million edges"));
        }
        edges
    }
}

fn add(queue: &mut DependencyQueue, graph: &Edges) -> Result<u32, orchestrator_scheduler::Error> {
    let count = u32::try_from(graph.tasks()).expect("a million tasks");
    queue.add(count, &[], &graph.offsets, &graph.targets)
}

/// Seconds until every task is done.
fn run_ours(queue: &mut DependencyQueue, size: usize) -> f64 {
    let mut batch = [0; BATCH];
    let mut done = 0;
    let begun = Instant::now();
    let mut taken = queue.take(&mut batch);
    while taken > 0 {
        done += taken;
        taken = queue.advance(&mut batch, taken, BATCH).expect("what was handed out is running");
    }
    let took = seconds(begun);
    assert_eq!(done, size, "every task is handed out once");
    took
}

/// What one would write with `petgraph`.
struct Peer {
    graph: DiGraph<(), (), u32>,
    open: Vec<u32>,
}

impl Peer {
    fn load(edges: &Edges) -> Self {
        let mut graph = DiGraph::with_capacity(edges.tasks(), edges.targets.len());
        for _ in 0..edges.tasks() {
            graph.add_node(());
        }
        let mut open = vec![0; edges.tasks()];
        for (task, open) in open.iter_mut().enumerate() {
            for dependency in edges.of(task) {
                graph.add_edge(NodeIndex::from(*dependency), NodeIndex::new(task), ());
                *open += 1;
            }
        }
        Self { graph, open }
    }

    /// Seconds until every task is done.
    fn run(mut self) -> f64 {
        let begun = Instant::now();
        let first = self.graph.node_indices().filter(|task| self.open[task.index()] == 0);
        let mut ready: std::collections::VecDeque<NodeIndex> = first.collect();
        let mut done = 0;
        while let Some(task) = ready.pop_front() {
            done += 1;
            for next in self.graph.neighbors(task) {
                self.open[next.index()] -= 1;
                if self.open[next.index()] == 0 {
                    ready.push_back(next);
                }
            }
        }
        let took = seconds(begun);
        assert_eq!(done, self.open.len(), "every task is handed out once");
        took
    }
}

fn layers(tasks: u32) -> Edges {
    let mut rng = Rng::with_seed(1);
    let row = |task: u32| -> Vec<u32> {
        let layer = task / WIDTH;
        if layer == 0 {
            return vec![];
        }
        (0..DEPENDENCIES).map(|_| (layer - 1) * WIDTH + rng.u32(0..WIDTH)).collect()
    };
    (0..tasks).map(row).collect()
}

/// As many dependencies, on any tasks before.
fn anywhere_before(tasks: u32) -> Edges {
    let mut rng = Rng::with_seed(2);
    let row = |task: u32| -> Vec<u32> {
        let most = if task < WIDTH { 0 } else { DEPENDENCIES };
        (0..most).map(|_| rng.u32(0..task)).collect()
    };
    (0..tasks).map(row).collect()
}

/// Graphs of a million edges with a cycle, by name.
fn knots(most: u32) -> Vec<(&'static str, Edges)> {
    let tasks = most / DEPENDENCIES;
    let closed = |graph: &Edges, from: u32, to: u32| -> Edges {
        let row = |task: u32| {
            let extra = (task == from).then_some(to);
            graph.of(task as usize).iter().copied().chain(extra).collect::<Vec<u32>>()
        };
        (0..tasks).map(row).collect()
    };
    let last = tasks - 1;
    let layered = layers(tasks);
    let mut end = last;
    while let Some(before) = layered.of(end as usize).first() {
        end = *before;
    }
    let mut rng = Rng::with_seed(3);
    let nodes = most / 10;
    let others = |task: u32| (0..10).map(|_| (task + rng.u32(1..nodes)) % nodes).collect::<Vec<u32>>();
    let knot = (0..nodes).map(others).collect();
    let circle = (0..most).map(|task| vec![(task + 1) % most]).collect();
    vec![
        ("layers, one dependency back from the first to the last", closed(&layered, end, last)),
        ("one knot of 10⁵ tasks with 10 dependencies each", knot),
        ("one ring of all tasks", circle),
    ]
}

fn load_row(tasks: u32, rounds: &[Vec<Pass>]) -> Row {
    let of = |get: fn(&Pass) -> f64| {
        Spread::of(
            rounds.iter().filter_map(|round| round.last()).map(|pass| get(pass) * f64::from(tasks) / 1e9),
        )
    };
    let (ours, peer) = (of(|pass| pass.load.0), of(|pass| pass.load.1));
    let ratios = rounds.iter().filter_map(|round| round.last()).map(|pass| pass.load.0 / pass.load.1);
    Row {
        what: format!("load a layered graph of {tasks} tasks, petgraph"),
        goal: Some(format!("≤ {LOAD_S} s")),
        ours: format!("{:.3} s", ours.median),
        peer: format!("{:.3} s", peer.median),
        ratio: Some(Spread::of(ratios)),
        met: Some(ours.median <= LOAD_S),
    }
}

fn flat_row(name: &str, goal: Option<f64>, rounds: &[Vec<Pass>]) -> Row {
    let of = |get: fn(&Pass) -> f64| {
        Spread::of(rounds.iter().map(|round| get(&round[round.len() - 1]) / get(&round[0]))).median
    };
    let (ours, peer) = (of(|pass| pass.transition.0), of(|pass| pass.transition.1));
    Row {
        what: format!(
            "{name}: cost of a transition in the largest graph over that in the smallest, petgraph"
        ),
        goal: goal.map(|goal| format!("≤ {goal}")),
        ours: format!("{ours:.2}"),
        peer: format!("{peer:.2}"),
        ratio: None,
        met: goal.map(|goal| ours <= goal),
    }
}

fn cycle_row(name: &str, graph: &Edges, rounds: usize) -> Row {
    let times: Vec<(f64, f64)> = (0..rounds)
        .map(|_| {
            let begun = Instant::now();
            let mut queue = DependencyQueue::new();
            let refused = add(&mut queue, graph).expect_err("the graph has a cycle");
            let ours = seconds(begun);
            assert!(
                refused.problems().iter().any(|problem| problem.message.contains("cycle")),
                "{refused:?}"
            );
            let peer = Peer::load(graph);
            let begun = Instant::now();
            black_box(petgraph::algo::kosaraju_scc(&peer.graph));
            (ours, seconds(begun))
        })
        .collect();
    let edges = Csr::new(&graph.offsets, &graph.targets).expect("the rows follow each other");
    let length = cycles(edges).iter().map(Vec::len).min().expect("the graph has a cycle");
    let ours = Spread::of(times.iter().map(|(ours, _)| *ours));
    let peer = Spread::of(times.iter().map(|(_, peer)| *peer));
    Row {
        what: format!(
            "refuse a graph of {} dependencies and name its cycle ({length} tasks): {name}; petgraph's knots alone",
            graph.targets.len()
        ),
        goal: Some(format!("< {CYCLE_S} s")),
        ours: format!("{:.3} s", ours.median),
        peer: format!("{:.3} s", peer.median),
        ratio: Some(Spread::of(times.iter().map(|(ours, peer)| ours / peer))),
        met: Some(ours.median < CYCLE_S),
    }
}

fn table(sizes: &[u32], near: &[Vec<Pass>], far: &[Vec<Pass>]) -> Table {
    let line = |(at, size): (usize, &u32)| {
        let of = |rounds: &[Vec<Pass>], get: fn(&Pass) -> f64| {
            format!("{:.0}", Spread::of(rounds.iter().map(|round| get(&round[at]))).median)
        };
        vec![
            size.to_string(),
            of(near, |pass| pass.load.0),
            of(near, |pass| pass.load.1),
            of(near, |pass| pass.transition.0),
            of(near, |pass| pass.transition.1),
            of(far, |pass| pass.transition.0),
            of(far, |pass| pass.transition.1),
        ]
    };
    Table {
        caption: "Nanoseconds a task".into(),
        head: [
            "tasks",
            "load, layered",
            "petgraph",
            "transition, layered",
            "petgraph",
            "transition, dependencies anywhere before",
            "petgraph",
        ]
        .map(str::to_owned)
        .to_vec(),
        rows: sizes.iter().enumerate().map(line).collect(),
    }
}

fn seconds(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64()
}
