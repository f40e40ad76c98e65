//! Makespan: how long a mission takes, beside what no schedule can beat and beside list scheduling.

mod bounds;
mod families;
mod ours;
mod peers;
mod schedule;

use fastrand::Rng;

use self::{
    bounds::Ways,
    families::{Durations, Family},
    peers::Order,
};
use crate::{
    measure::{Spread, mean, millis, quantile, real, sorted},
    report::{Report, Row, Table},
};

const LANES: [usize; 4] = [2, 4, 8, 16];
const FEWEST_TASKS: f64 = 50.0;
const MOST_TASKS: f64 = 1_000.0;

/// The goal for the mean ratio of the makespan to the simple bound.
const GOAL: f64 = 1.05;
/// The goal for the part of the lanes' time that is used where the graph is wide enough.
const BUSY_GOAL: f64 = 0.95;

/// One graph, and how long everyone took for it. All ratios are to the simple bound.
struct Run {
    family: Family,
    durations: Durations,
    lanes: usize,
    /// The work spread over the lanes, over the longest way.
    width: f64,
    ours: f64,
    fifo: f64,
    height: f64,
    time: f64,
    /// The tighter bound.
    tighter: f64,
    busy: Option<f64>,
}

/// Runs the bench on so many graphs.
pub(crate) fn bench(quick: bool) -> Report {
    let graphs = if quick { 60 } else { 1_000 };
    let runs: Vec<Run> = (0..graphs).map(run).collect();
    Report {
        title: "Makespan of random graphs",
        method: format!(
            "{graphs} random graphs of {FEWEST_TASKS} to {MOST_TASKS} tasks (log-uniform) in five families, on 2, 4, 8 \
             and 16 lanes, run by the real `Scheduler` on a virtual clock: no reviews, no files, checks that pass at \
             once. Ratios are to max(critical path, work ÷ lanes), which is often out of reach. *Tighter bound* is \
             Carlier's (1987), out of reach less often. Peers are list scheduling with the same lanes: FIFO; by \
             tasks on the longest way to an end, which is all that is known beforehand; and by time on that way, \
             which needs to know every duration. The same seeds give the same numbers on every machine."
        ),
        rows: rows(&runs),
        tables: tables(&runs),
        notes: notes(&runs),
    }
}

fn run(index: usize) -> Run {
    let mut rng = Rng::with_seed(index as u64);
    let family = Family::ALL[index % 5];
    let durations = Durations::ALL[index / 5 % 3];
    let lanes = LANES[index / 15 % 4];
    let tasks = FEWEST_TASKS * (MOST_TASKS / FEWEST_TASKS).powf(rng.f64());
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some hundred")]
    let graph = families::graph(family, durations, tasks as usize, &mut rng);
    let ways = Ways::of(&graph);
    let bound = bounds::simple(&graph, &ways, lanes);
    let work: u64 = graph.durations.iter().sum();
    let peer = |order| {
        let schedule = peers::run(&graph, &ways, lanes, order);
        schedule.busy_where_wide(&graph, lanes);
        millis(schedule.makespan()) / bound
    };
    let ours = ours::run(&graph, lanes, index as u64);
    Run {
        family,
        durations,
        lanes,
        width: millis(work) / real(lanes) / millis(ways.critical(&graph)),
        busy: ours.busy_where_wide(&graph, lanes),
        ours: millis(ours.makespan()) / bound,
        fifo: peer(Order::Fifo),
        height: peer(Order::Height),
        time: peer(Order::Time),
        tighter: bounds::tighter(&graph, &ways, lanes) / bound,
    }
}

fn rows(runs: &[Run]) -> Vec<Row> {
    let of = |get: fn(&Run) -> f64| runs.iter().map(get).collect::<Vec<_>>();
    let ours = mean(&of(|run| run.ours));
    let beside = |name: &str, get: fn(&Run) -> f64, goal: Option<&str>| {
        let ratio = Spread::of(runs.iter().map(|run| run.ours / get(run)));
        let peer = mean(&of(get));
        Row {
            what: format!("mean makespan over the bound, beside {name}"),
            goal: goal.map(str::to_owned),
            ours: format!("{ours:.3}"),
            peer: format!("{peer:.3}"),
            ratio: Some(ratio),
            met: goal.map(|_| ours <= peer),
        }
    };
    let busy = sorted(runs.iter().filter_map(|run| run.busy));
    vec![
        Row {
            what: "mean makespan over max(critical path, work ÷ lanes)".into(),
            goal: Some(format!("≤ {GOAL}")),
            ours: format!("{ours:.3}"),
            peer: String::new(),
            ratio: Some(Spread::of(of(|run| run.ours))),
            met: Some(ours <= GOAL),
        },
        beside("FIFO", |run| run.fifo, Some("no longer")),
        beside("the tasks on the longest way", |run| run.height, None),
        beside("the time on the longest way", |run| run.time, None),
        beside("the tighter bound", |run| run.tighter, None),
        Row {
            what: "lanes in use while at least as many tasks were ready or running: least of all graphs"
                .into(),
            goal: Some(format!("≥ {:.0} %", 100.0 * BUSY_GOAL)),
            ours: format!("{:.1} % (mean {:.1} %)", 100.0 * busy[0], 100.0 * mean(&busy)),
            peer: String::new(),
            ratio: None,
            met: Some(busy[0] >= BUSY_GOAL),
        },
    ]
}

fn tables(runs: &[Run]) -> Vec<Table> {
    let by = |caption: &str, groups: Vec<(String, Vec<&Run>)>| Table {
        caption: caption.to_owned(),
        head: [
            "",
            "graphs",
            "ours: mean",
            "p95",
            "worst",
            "FIFO",
            "tasks on the way",
            "time on the way",
            "tighter bound",
        ]
        .map(str::to_owned)
        .to_vec(),
        rows: groups
            .into_iter()
            .filter(|(_, runs)| !runs.is_empty())
            .map(|(name, runs)| line(name, &runs))
            .collect(),
    };
    let of = |choose: &dyn Fn(&Run) -> bool| runs.iter().filter(|run| choose(run)).collect::<Vec<_>>();
    let families =
        Family::ALL.map(|family| (family.name().to_owned(), of(&|run: &Run| run.family == family))).to_vec();
    let durations = Durations::ALL
        .map(|durations| (durations.name().to_owned(), of(&|run: &Run| run.durations == durations)))
        .to_vec();
    let lanes = LANES.map(|lanes| (lanes.to_string(), of(&|run: &Run| run.lanes == lanes))).to_vec();
    let widths = [
        ("below 0.5", 0.0, 0.5),
        ("0.5 to 1", 0.5, 1.0),
        ("1 to 2", 1.0, 2.0),
        ("above 2", 2.0, f64::INFINITY),
    ]
    .map(|(name, from, to)| (name.to_owned(), of(&|run: &Run| (from..to).contains(&run.width))))
    .to_vec();
    vec![
        by("By family, over the bound", families),
        by("By durations", durations),
        by("By lanes", lanes),
        by("By work ÷ lanes over the critical path", widths),
    ]
}

fn line(name: String, runs: &[&Run]) -> Vec<String> {
    let mean_of = |get: fn(&Run) -> f64| mean(&runs.iter().map(|run| get(run)).collect::<Vec<_>>());
    let ours = sorted(runs.iter().map(|run| run.ours));
    let numbers = [
        mean_of(|run| run.ours),
        quantile(&ours, 0.95),
        quantile(&ours, 1.0),
        mean_of(|run| run.fifo),
        mean_of(|run| run.height),
        mean_of(|run| run.time),
        mean_of(|run| run.tighter),
    ];
    [name, runs.len().to_string()].into_iter().chain(numbers.map(|number| format!("{number:.3}"))).collect()
}

fn notes(runs: &[Run]) -> Vec<String> {
    let count = |choose: fn(&Run) -> bool| runs.iter().filter(|run| choose(run)).count();
    let of = |family: Family, get: fn(&Run) -> f64| {
        mean(&runs.iter().filter(|run| run.family == family).map(get).collect::<Vec<_>>())
    };
    let by_ours =
        |one: &Family, other: &Family| of(*one, |run| run.ours).total_cmp(&of(*other, |run| run.ours));
    let worst = Family::ALL.into_iter().max_by(by_ours).expect("there are families");
    vec![
        format!(
            "Of {} graphs, we take longer than FIFO in {}, and longer than the order that knows all durations in {}.",
            runs.len(),
            count(|run| run.ours > run.fifo * 1.000_001),
            count(|run| run.ours > run.time * 1.000_001),
        ),
        format!(
            "We lose most where the family is {}: {:.3} of the bound. With the same lanes the order that knows all \
             durations comes to {:.3}, and no schedule is below {:.3}. What lies between is the price of not knowing \
             how long a task lasts, and of a lane going on with what its last task made ready, in a session that is \
             warm, where something else has the longer way.",
            worst.name(),
            of(worst, |run| run.ours),
            of(worst, |run| run.time),
            of(worst, |run| run.tighter),
        ),
    ]
}
