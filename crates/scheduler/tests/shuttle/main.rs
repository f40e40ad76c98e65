//! Lanes and pools on many threads, under shuttle: schedules drawn at random, and schedules with a bounded number of
//! adversarial switches (S. Burckhardt et al., *A randomized scheduler with probabilistic guarantees of finding bugs*,
//! ASPLOS 2010).
//!
//! `npm run shuttle` runs this; without `--cfg shuttle` there is nothing in it. Shuttle switches threads at every
//! operation on an atomic or a lock of `sync.rs`, and treats all of them as sequentially consistent: weaker orderings are
//! loom's to judge. A failure prints its schedule, which `shuttle::replay` repeats.
#![cfg(shuttle)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod lanes;
mod pools;

/// How many schedules of each kind a test explores.
fn schedules() -> usize {
    std::env::var("SHUTTLE_SCHEDULES")
        .map_or(10_000, |number| number.parse().expect("SHUTTLE_SCHEDULES is a number"))
}

/// Explores random schedules, then those with two and with four switches at the worst moments.
fn explore(test: fn()) {
    shuttle::check_random(test, schedules());
    shuttle::check_pct(test, schedules(), 2);
    shuttle::check_pct(test, schedules(), 4);
}
