//! Plays short missions under a virtual clock with seeded faults, and checks every invariant after every step and the
//! replay after every crash.
//!
//! `SIM_MISSIONS` sets how many (2,500 by default), `SIM_SEED` plays one. A failing seed is printed.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod chance;
mod disk;
mod host;
mod invariants;
mod mission;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use mission::{Simulation, Totals};

/// Missions that a plain test run plays.
const MISSIONS: u64 = 2_500;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn every_invariant_holds_after_every_step_of_every_mission() {
    let seeds = match number("SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SIM_MISSIONS").unwrap_or(MISSIONS),
    };
    let missions = seeds.end - seeds.start;
    let mut sum = Totals::default();
    for seed in seeds {
        let mut simulation = Simulation::new(seed);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| simulation.run())) {
            eprintln!("a mission broke a rule: SIM_SEED={seed}");
            resume_unwind(panic);
        }
        sum.steps += simulation.totals.steps;
        sum.crashes += simulation.totals.crashes;
        sum.accepted += simulation.totals.accepted;
        sum.failed += simulation.totals.failed;
        sum.cancelled += simulation.totals.cancelled;
    }
    println!("{missions} missions: {sum:?}");
    assert!(missions < 100 || (sum.accepted > sum.failed && sum.failed > 0 && sum.crashes > 0), "{sum:?}");
}
