//! Random graphs of tasks, by family, with durations.

use fastrand::Rng;

/// Tasks with durations and dependencies, in an order in which every task comes after what it depends on.
#[derive(Debug)]
pub(crate) struct Graph {
    /// In milliseconds, at least 1.
    pub(crate) durations: Vec<u64>,
    /// By task, ascending.
    pub(crate) dependencies: Vec<Vec<usize>>,
    /// By task, ascending.
    pub(crate) dependants: Vec<Vec<usize>>,
}

/// How the tasks depend on each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// Each task depends on up to `d` of the `w` tasks before it; `d` from 1 to 6, `w` from 4 to 100.
    Random,
    /// Layers of random width; each task depends on one to three of the layer before.
    Layered,
    /// Stages of parallel chains of one to four tasks, with one task between the stages.
    ForkJoin,
    /// A few long chains beside many tasks that depend on nothing.
    Chains,
    /// Made of single tasks by doing one part after the other, or both at once.
    SeriesParallel,
}

impl Family {
    pub(crate) const ALL: [Family; 5] =
        [Family::Random, Family::Layered, Family::ForkJoin, Family::Chains, Family::SeriesParallel];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Family::Random => "random",
            Family::Layered => "layered",
            Family::ForkJoin => "fork-join",
            Family::Chains => "chains and single tasks",
            Family::SeriesParallel => "series-parallel",
        }
    }
}

/// How long the tasks last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durations {
    /// 1 s to 60 s.
    Uniform,
    /// 30 s on average.
    Exponential,
    /// Nine of ten about 10 s, one of ten about 120 s.
    Bimodal,
}

impl Durations {
    pub(crate) const ALL: [Durations; 3] = [Durations::Uniform, Durations::Exponential, Durations::Bimodal];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Durations::Uniform => "uniform",
            Durations::Exponential => "exponential",
            Durations::Bimodal => "bimodal",
        }
    }

    fn draw(self, rng: &mut Rng) -> u64 {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some minutes at most")]
        let exponential = |rng: &mut Rng, mean: f64| (-(1.0 - rng.f64()).ln() * mean) as u64;
        match self {
            Durations::Uniform => rng.u64(1_000..=60_000),
            Durations::Exponential => exponential(rng, 30_000.0).max(1),
            Durations::Bimodal if rng.u8(0..10) == 0 => rng.u64(96_000..=144_000),
            Durations::Bimodal => rng.u64(8_000..=12_000),
        }
    }
}

/// A graph of about `tasks` tasks. Their order is drawn from those in which all dependencies come first.
pub(crate) fn graph(family: Family, durations: Durations, tasks: usize, rng: &mut Rng) -> Graph {
    let dependencies = match family {
        Family::Random => random(tasks, rng),
        Family::Layered => layered(tasks, rng),
        Family::ForkJoin => fork_join(tasks, rng),
        Family::Chains => chains(tasks, rng),
        Family::SeriesParallel => series_parallel(tasks, rng),
    };
    let dependencies = reordered(&dependencies, rng);
    let dependants = dependants_of(&dependencies);
    Graph { durations: dependencies.iter().map(|_| durations.draw(rng)).collect(), dependencies, dependants }
}

type Dependencies = Vec<Vec<usize>>;

fn dependants_of(graph: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut dependants = vec![Vec::new(); graph.len()];
    for (task, on) in graph.iter().enumerate() {
        for dependency in on {
            dependants[*dependency].push(task);
        }
    }
    dependants
}

/// Up to `most` different numbers of a range.
fn some_of(range: std::ops::Range<usize>, most: usize, rng: &mut Rng) -> Vec<usize> {
    let mut drawn: Vec<usize> =
        (0..most).filter(|_| !range.is_empty()).map(|_| rng.usize(range.clone())).collect();
    drawn.sort_unstable();
    drawn.dedup();
    drawn
}

fn random(tasks: usize, rng: &mut Rng) -> Dependencies {
    let (most, window) = (rng.usize(1..=6), rng.usize(4..=100));
    (0..tasks)
        .map(|task| {
            let count = rng.usize(0..=most);
            some_of(task.saturating_sub(window)..task, count, rng)
        })
        .collect()
}

fn layered(tasks: usize, rng: &mut Rng) -> Dependencies {
    let widest = rng.usize(2..=40);
    let (mut graph, mut before) = (Dependencies::new(), 0..0);
    while graph.len() < tasks {
        let layer = graph.len()..graph.len() + rng.usize(1..=widest);
        for _ in layer.clone() {
            let count = rng.usize(1..=3);
            graph.push(some_of(before.clone(), count, rng));
        }
        before = layer;
    }
    graph
}

fn fork_join(tasks: usize, rng: &mut Rng) -> Dependencies {
    let widest = rng.usize(2..=40);
    let mut graph: Dependencies = vec![vec![]];
    while graph.len() < tasks {
        let fork = graph.len() - 1;
        let mut ends = Vec::new();
        for _ in 0..rng.usize(2..=widest) {
            let mut last = fork;
            for _ in 0..rng.usize(1..=4) {
                graph.push(vec![last]);
                last = graph.len() - 1;
            }
            ends.push(last);
        }
        graph.push(ends);
    }
    graph
}

fn chains(tasks: usize, rng: &mut Rng) -> Dependencies {
    let mut graph = Dependencies::new();
    let in_chains = tasks / 2;
    let length = in_chains / rng.usize(1..=8);
    while graph.len() < in_chains {
        let first = graph.len();
        graph.push(vec![]);
        (first..first + length.saturating_sub(1)).for_each(|task| graph.push(vec![task]));
    }
    graph.resize(tasks.max(graph.len()), vec![]);
    graph
}

fn series_parallel(tasks: usize, rng: &mut Rng) -> Dependencies {
    let mut graph = Dependencies::new();
    part(tasks, &mut graph, rng);
    graph
}

/// Adds a part of so many tasks; gives its first and its last ones.
fn part(tasks: usize, graph: &mut Dependencies, rng: &mut Rng) -> (Vec<usize>, Vec<usize>) {
    if tasks <= 1 {
        graph.push(vec![]);
        return (vec![graph.len() - 1], vec![graph.len() - 1]);
    }
    let one = rng.usize(1..tasks);
    let (mut firsts, mut ends) = part(one, graph, rng);
    let (others, lasts) = part(tasks - one, graph, rng);
    if rng.bool() {
        for first in others {
            graph[first].extend(&ends);
        }
        ends = lasts;
    } else {
        firsts.extend(others);
        ends.extend(lasts);
    }
    (firsts, ends)
}

/// The same graph, its tasks in another order, drawn from those in which all dependencies come first.
fn reordered(graph: &[Vec<usize>], rng: &mut Rng) -> Dependencies {
    let mut waiting: Vec<usize> = graph.iter().map(Vec::len).collect();
    let dependants = dependants_of(graph);
    let mut free: Vec<usize> = (0..graph.len()).filter(|task| waiting[*task] == 0).collect();
    let (mut place, mut result) = (vec![0; graph.len()], Dependencies::new());
    while !free.is_empty() {
        let task = free.swap_remove(rng.usize(0..free.len()));
        place[task] = result.len();
        let mut on: Vec<usize> = graph[task].iter().map(|dependency| place[*dependency]).collect();
        on.sort_unstable();
        result.push(on);
        for dependant in &dependants[task] {
            waiting[*dependant] -= 1;
            if waiting[*dependant] == 0 {
                free.push(*dependant);
            }
        }
    }
    assert_eq!(result.len(), graph.len(), "the families make no cycles");
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_lists_dependencies_first_and_has_about_the_tasks_asked_for() {
        for family in Family::ALL {
            for seed in 0..20 {
                let graph = graph(family, Durations::Uniform, 200, &mut Rng::with_seed(seed));
                assert!((200..400).contains(&graph.durations.len()), "{family:?}: {}", graph.durations.len());
                let mut pairs = graph.dependencies.iter().enumerate();
                assert!(pairs.all(|(task, on)| on.iter().all(|dependency| *dependency < task)));
            }
        }
    }

    #[test]
    fn durations_are_about_as_long_as_said() {
        let mut rng = Rng::with_seed(1);
        for (durations, expected) in
            [(Durations::Uniform, 30_500), (Durations::Exponential, 30_000), (Durations::Bimodal, 21_000)]
        {
            let mean = (0..20_000).map(|_| durations.draw(&mut rng)).sum::<u64>() / 20_000;
            assert!(mean.abs_diff(expected) < expected / 20, "{durations:?}: {mean}");
        }
    }
}
