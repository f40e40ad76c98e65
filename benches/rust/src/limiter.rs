//! The limiter beside the best fixed limit and Netflix's Gradient2, before providers that push back.

mod engine;
mod model;
mod policy;
mod provider;
mod tally;

use orchestrator_scheduler::Limiter;

use self::{
    policy::{Fixed, Gradient2, Policy},
    provider::{HALVED, OUTAGE, Scenario},
    tally::{Tally, recovery},
};
use crate::{
    measure::{Spread, mean},
    report::{Report, Row, Table},
};

/// Lanes for workers.
const LANES: usize = 14;
/// Lanes of all roles, and with that the ceiling of the limiter, as in the scheduler.
const CEILING: u32 = 16;
/// How long a run is, in milliseconds of its own time.
const END: u64 = 60 * 60_000;

/// What every contender came to before one provider; a tally a seed.
struct Runs {
    scenario: Scenario,
    ours: Vec<Tally>,
    /// The limit with the most goodput of all from 1 to the lanes.
    best: usize,
    fixed: Vec<Tally>,
    /// The same of those that waste no more than ours, and its tallies, where there is one.
    frugal: Option<(usize, Vec<Tally>)>,
    /// No limit but the lanes.
    unlimited: Vec<Tally>,
    gradient: Vec<Tally>,
    engine: Vec<Tally>,
    /// Tasks of the engine that ran out of attempts.
    failed: usize,
}

/// Runs the bench.
pub(crate) fn bench(quick: bool) -> Report {
    let seeds = if quick { 2 } else { 60 };
    let all: Vec<Runs> = Scenario::ALL.into_iter().map(|scenario| runs(scenario, seeds)).collect();
    Report {
        title: "Limiter",
        method: format!(
            "One hour of virtual time, {seeds} seeds, before providers that are not real; {LANES} lanes that always \
             have work. A turn takes 2 s and more, 20 s on average. Compared are our `Limiter`, the best fixed limit \
             (of 1 to {LANES}, chosen afterwards for each provider), and Netflix's Gradient2 (times only; its own \
             settings but for the least limit, 1, and the greatest, {LANES}). All three have the same `Backoff` a \
             task, which honours Retry-After, and the same rules for lanes, permits and retries as the scheduler, so \
             that only the limit differs. *Engine* is the real `Scheduler` before the same providers: limiter, \
             backoff, circuit breaker, attempts. Goodput is turns that went well, a minute; waste is turns refused or \
             cut short, a turn that went well. Ratios are those of each seed."
        ),
        rows: all.iter().flat_map(rows).chain(all.iter().filter_map(recovery_row)).collect(),
        tables: vec![goodput_table(&all), recovery_table(&all)],
        notes: notes(&all),
    }
}

fn runs(scenario: Scenario, seeds: u64) -> Runs {
    let with = |policy: &dyn Fn() -> Box<dyn Policy>| -> Vec<Tally> {
        (0..seeds).map(|seed| model::run(scenario, policy().as_mut(), LANES, END, seed)).collect()
    };
    let mut all_fixed: Vec<Vec<Tally>> = (1..=LANES).map(|limit| with(&|| Box::new(Fixed(limit)))).collect();
    let unlimited = all_fixed[LANES - 1].clone();
    let ours = with(&|| Box::new(Limiter::new(CEILING)));
    let better =
        |one: &usize, other: &usize| goodput(&all_fixed[*one]).total_cmp(&goodput(&all_fixed[*other]));
    let best = (0..LANES).max_by(better).expect("there are lanes");
    let frugal = (0..LANES).filter(|index| waste(&all_fixed[*index]) <= waste(&ours)).max_by(better);
    let frugal = frugal.map(|index| (index + 1, all_fixed[index].clone()));
    let engine: Vec<(Tally, usize)> =
        (0..seeds).map(|seed| engine::run(scenario, LANES, END, seed)).collect();
    Runs {
        scenario,
        ours,
        best: best + 1,
        frugal,
        fixed: all_fixed.swap_remove(best),
        unlimited,
        gradient: with(&|| Box::new(Gradient2::new(LANES))),
        failed: engine.iter().map(|(_, failed)| failed).sum(),
        engine: engine.into_iter().map(|(tally, _)| tally).collect(),
    }
}

fn goodput(tallies: &[Tally]) -> f64 {
    mean(&tallies.iter().map(Tally::goodput).collect::<Vec<_>>())
}

fn waste(tallies: &[Tally]) -> f64 {
    mean(&tallies.iter().map(Tally::waste).collect::<Vec<_>>())
}

fn rows(runs: &Runs) -> Vec<Row> {
    let beside = |name: &str, peer: &[Tally]| {
        let ratio =
            Spread::of(runs.ours.iter().zip(peer).map(|(ours, peer)| ours.goodput() / peer.goodput()));
        Row {
            what: format!("{}: goodput beside {name}", runs.scenario.name()),
            goal: Some("at least equal".into()),
            ours: format!("{:.1}/min", goodput(&runs.ours)),
            peer: format!("{:.1}/min", goodput(peer)),
            ratio: Some(ratio),
            met: Some(ratio.median >= 1.0),
        }
    };
    vec![
        beside(&format!("the best fixed limit, {}", runs.best), &runs.fixed),
        beside("Gradient2", &runs.gradient),
    ]
}

/// When something is over, in milliseconds, and when it began.
fn disturbance(scenario: Scenario) -> Option<(u64, u64)> {
    match scenario {
        Scenario::Bucket | Scenario::StrictBucket | Scenario::Queue => None,
        Scenario::Changes => Some(HALVED),
        Scenario::Outage => Some(OUTAGE),
    }
}

fn recovered(runs: &Runs, tallies: &[Tally]) -> String {
    let after = disturbance(runs.scenario).and_then(|(since, over)| recovery(tallies, since, over));
    after.map_or("never".to_owned(), |after| format!("{} s", after / 1_000))
}

fn recovery_row(runs: &Runs) -> Option<Row> {
    disturbance(runs.scenario)?;
    Some(Row {
        what: format!("{}: back at 90 % of the goodput before, beside Gradient2", runs.scenario.name()),
        goal: None,
        ours: recovered(runs, &runs.ours),
        peer: recovered(runs, &runs.gradient),
        ratio: None,
        met: None,
    })
}

fn goodput_table(all: &[Runs]) -> Table {
    let cell = |tallies: &[Tally]| format!("{:.2} ({:.2})", goodput(tallies), waste(tallies));
    let line = |runs: &Runs| {
        vec![
            runs.scenario.name().to_owned(),
            cell(&runs.ours),
            format!("{}: {}", runs.best, cell(&runs.fixed)),
            runs.frugal
                .as_ref()
                .map_or("none".to_owned(), |(limit, tallies)| format!("{limit}: {}", cell(tallies))),
            cell(&runs.gradient),
            cell(&runs.unlimited),
            format!("{}, {} failed", cell(&runs.engine), runs.failed),
        ]
    };
    Table {
        caption: "Goodput a minute (waste a turn)".into(),
        head: [
            "",
            "ours",
            "best fixed limit",
            "best of those that waste no more",
            "Gradient2",
            "no limit but the lanes",
            "engine, tasks that failed in all runs",
        ]
        .map(str::to_owned)
        .to_vec(),
        rows: all.iter().map(line).collect(),
    }
}

fn recovery_table(all: &[Runs]) -> Table {
    let line = |runs: &Runs| {
        let contenders = [&runs.ours, &runs.fixed, &runs.gradient, &runs.unlimited, &runs.engine];
        let times = contenders.map(|tallies| recovered(runs, tallies));
        std::iter::once(runs.scenario.name().to_owned()).chain(times).collect()
    };
    Table {
        caption:
            "Time after it is over until the goodput of all seeds, over half a minute, is at 90 % of before"
                .into(),
        head: ["", "ours", "best fixed limit", "Gradient2", "no limit but the lanes", "engine"]
            .map(str::to_owned)
            .to_vec(),
        rows: all.iter().filter(|runs| disturbance(runs.scenario).is_some()).map(line).collect(),
    }
}

fn notes(all: &[Runs]) -> Vec<String> {
    let of = |scenario: Scenario| all.iter().find(|runs| runs.scenario == scenario);
    let mut notes = Vec::new();
    if let Some(runs) = of(Scenario::Bucket) {
        notes.push(format!(
            "Where a refusal costs nothing, who asks as often as the lanes allow gets all of the rate, for {:.1} refused \
             calls a useful turn. Ours stays below the rate for {:.2}; where refusals count, that is what wins.",
            waste(&runs.unlimited),
            waste(&runs.ours),
        ));
    }
    if let Some(runs) = of(Scenario::Outage) {
        notes.push(format!(
            "After an outage ours is back at 90 % after {}, the best fixed limit after {}: the outage took the limit \
             down, and it grows with the successes, which are few while it is low. The engine asks no model that \
             failed 5 times in a row for a while, so it wastes less ({:.3} calls a useful turn, ours alone {:.3}) and \
             is back after {}.",
            recovered(runs, &runs.ours),
            recovered(runs, &runs.fixed),
            waste(&runs.engine),
            waste(&runs.ours),
            recovered(runs, &runs.engine),
        ));
    }
    notes.push(
        "The best fixed limit is chosen with hindsight, for each provider anew: nobody who sets a limit knows it. \
         Gradient2 looks at times alone, and a provider that refuses instead of queueing shows it none."
            .to_owned(),
    );
    notes
}
