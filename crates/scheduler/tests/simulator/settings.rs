//! The settings of a case.

use orchestrator_scheduler::{Budget, Config, ReviewPolicy};

use crate::{case::Case, chance::Chance, fault::Fault, host::MODELS};

/// Of so many missions in a hundred, stragglers get a second attempt.
const SPECULATING: u64 = 30;

/// Draws the settings of a mission.
pub(crate) fn drawn(case: &Case, chance: &mut Chance) -> Config {
    let lanes = |chance: &mut Chance| u32::try_from(chance.between(1, case.lanes)).unwrap();
    let mut config = Config::default();
    config.lanes.planner = lanes(chance);
    config.lanes.worker = lanes(chance);
    config.lanes.reviewer = lanes(chance);
    config.attempts = chance.pick(&[1, 2, 3]);
    (config.stall_timeout_ms, config.task_timeout_ms) = (2_000, 20_000);
    config.review = chance.pick(&[ReviewPolicy::Plan, ReviewPolicy::Always, ReviewPolicy::Never]);
    config.seed = case.seed;
    if case.faults.has(Fault::Models) {
        let models = MODELS[..=chance.index(2)].iter().map(ToString::to_string).collect();
        config.models.insert("worker".into(), models);
    }
    if case.faults.has(Fault::TightBudget) {
        config.budget = tight_budget(chance);
    }
    // Drawn by itself, so that the other draws of a seed are what they would be without it.
    config.speculation = Chance::of(&[case.seed, 16]).percent(SPECULATING);
    config
}

/// Limits of one to three kinds that a mission of some tasks reaches.
fn tight_budget(chance: &mut Chance) -> Budget {
    let mut limit = |from: u64, to: u64| {
        let limit = chance.between(from, to);
        chance.percent(40).then_some(limit)
    };
    Budget {
        tokens: limit(20_000, 400_000),
        micro_usd: limit(60_000, 1_000_000),
        running_ms: limit(1_000, 120_000),
        calls: limit(2, 40),
        children: limit(1, 12),
    }
}
