//! Plays short missions under a virtual clock with seeded faults, and checks every invariant after every step, every
//! replay after every step, and the state after every crash.
//!
//! | variable | what is played |
//! |---|---|
//! | `SIM_MISSIONS` | that many missions, 20,000 by default |
//! | `SIM_FROM` | from this seed on, 0 by default |
//! | `SIM_THREADS` | on that many threads, 2 by default; the results do not depend on it |
//! | `SIM_SEED` | the case of one seed |
//! | `SIM_CASE` | one case, as a failing run prints it |
//!
//! A case that fails is shrunk, printed with its journal, and added to `regressions.txt`, which every run plays first.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod case;
mod chance;
mod crash;
mod disk;
mod disturbance;
mod doctored_runs;
mod fault;
mod host;
mod invariants;
mod luck;
mod paths;
mod people;
mod play;
mod regressions;
mod replica;
mod settings;
mod shrink;
mod shrinking;
mod simulation;
mod statistics;

use std::{
    ops::Range,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use case::Case;
use play::{Failure, play};
use statistics::Statistics;

/// Missions that a plain test run plays.
const MISSIONS: u64 = 20_000;
/// Missions after which each fault must have struck.
const ENOUGH: u64 = 1_000;
/// Missions that a thread takes at a time.
const BLOCK: u64 = 64;

#[test]
fn every_invariant_holds_after_every_step_of_every_mission() {
    let number = |variable: &str| std::env::var(variable).ok()?.parse::<u64>().ok();
    let one = std::env::var("SIM_CASE").ok().or_else(|| Some(format!("seed={}", number("SIM_SEED")?)));
    if let Some(line) = one {
        let case: Case = line.parse().unwrap_or_else(|error| panic!("{line:?} is no case: {error}"));
        println!("{}", play(&case, None).unwrap_or_else(|failure| panic!("{}", report(&case, &failure))));
        return;
    }
    for case in regressions::all() {
        if let Err(failure) = play(&case, None) {
            panic!("a case that failed once fails again: {}", report(&case, &failure));
        }
    }
    let from = number("SIM_FROM").unwrap_or(0);
    let seeds = from..from + number("SIM_MISSIONS").unwrap_or(MISSIONS);
    match play_all(seeds, number("SIM_THREADS").unwrap_or(2)) {
        Ok(statistics) => {
            println!("{statistics}");
            let idle = statistics.idle_faults();
            assert!(statistics.missions < ENOUGH || idle.is_empty(), "{idle:?} never struck");
        }
        Err((case, failure)) => {
            let (case, failure) = shrink::shrink(&case, failure, |case| play(case, None).err());
            let kept = if regressions::add(&case, &failure) { "added to" } else { "in" };
            panic!("{}\nThe case is {kept} regressions.txt.", report(&case, &failure));
        }
    }
}

#[test]
fn the_results_do_not_depend_on_the_threads() {
    let [one, three] = [1, 3].map(|threads| play_all(0..200, threads).map_err(|(case, _)| case));
    assert_eq!(one, three);
}

/// A case and how it failed.
type Failed = (Case, Box<Failure>);

/// Plays seeds on threads: what they came to, or the failure of the lowest seed that fails.
fn play_all(seeds: Range<u64>, threads: u64) -> Result<Statistics, Failed> {
    let next = AtomicU64::new(seeds.start);
    let found: Mutex<(Statistics, Option<Failed>)> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                let mut own = Statistics::default();
                loop {
                    // Relaxed: the number is all that the threads share.
                    let start = next.fetch_add(BLOCK, Ordering::Relaxed);
                    let lowest = found.lock().unwrap().1.as_ref().map(|(case, _)| case.seed);
                    let end = (start + BLOCK).min(lowest.unwrap_or(seeds.end));
                    if start >= end {
                        break;
                    }
                    for case in (start..end).map(Case::drawn) {
                        match play(&case, None) {
                            Ok(statistics) => own.add(&statistics),
                            Err(failure) => {
                                let first = &mut found.lock().unwrap().1;
                                if first.as_ref().is_none_or(|(other, _)| case.seed < other.seed) {
                                    *first = Some((case, failure));
                                }
                                break;
                            }
                        }
                    }
                }
                found.lock().unwrap().0.add(&own);
            });
        }
    });
    let (statistics, failure) = found.into_inner().unwrap();
    failure.map_or(Ok(statistics), Err)
}

/// A failure for people: the case, what was wrong, the journal up to there, and how to play it again.
fn report(case: &Case, failure: &Failure) -> String {
    let Failure { class, message, step, journal } = failure;
    let records: Vec<String> = journal.iter().map(|record| serde_json::to_string(record).unwrap()).collect();
    format!(
        "{class}\n{message}\n\nIn step {step} of the case\n  {case}\nwith the journal\n  {}\n\nTo play it again:\n  \
         SIM_CASE=\"{case}\" cargo test -p orchestrator-scheduler --test simulator -- --nocapture every_invariant",
        records.join("\n  ")
    )
}
