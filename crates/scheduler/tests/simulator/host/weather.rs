//! The provider's bad times, in which every turn fails.

use orchestrator_scheduler::SessionErrorKind;

use crate::{case::Case, chance::Chance, fault::Fault};

/// Bad times, each with its fault.
#[derive(Debug)]
pub(crate) struct Weather(Vec<Spell>);

#[derive(Clone, Copy, Debug)]
pub(crate) struct Spell {
    from: u64,
    to: u64,
    fault: Fault,
    /// The model that it is about, where it is not about all.
    model: Option<&'static str>,
}

/// The models that workers have where a case gives them models.
pub(crate) const MODELS: [&str; 2] = ["x/first", "x/second"];

impl Weather {
    /// Up to three storms and three bursts within the minute after `start`.
    pub(crate) fn drawn(case: &Case, start: u64) -> Self {
        let spells = [Fault::Storm, Fault::Burst].into_iter().flat_map(|fault| {
            let mut chance = Chance::of(&[case.seed, 3, fault as u64]);
            let spells = if case.faults.has(fault) { chance.between(1, 3) } else { 0 };
            (0..spells)
                .map(|_| {
                    let from = start + chance.between(0, 60_000);
                    let model = chance.pick(&[None, Some(MODELS[0]), Some(MODELS[1])]);
                    Spell { from, to: from + chance.between(500, 20_000), fault, model }
                })
                .collect::<Vec<Spell>>()
        });
        Self(spells.collect())
    }

    /// The first bad time that a turn of a model from `start` to `end` runs into. The host's own model has them all.
    pub(crate) fn meets(&self, model: Option<&str>, start: u64, end: u64) -> Option<Spell> {
        let about = |spell: &&Spell| spell.model.is_none() || model.is_none() || spell.model == model;
        let met = self.0.iter().filter(about).filter(|spell| spell.from <= end && start < spell.to);
        met.min_by_key(|spell| spell.from).copied()
    }
}

impl Spell {
    pub(crate) fn fault(self) -> Fault {
        self.fault
    }

    /// When it hits a turn that began at `start`.
    pub(crate) fn hits_at(self, start: u64) -> u64 {
        self.from.max(start).min(self.to)
    }

    /// The error, and how long the provider asks to wait at `now`.
    pub(crate) fn error(self, now: u64) -> (SessionErrorKind, Option<u64>) {
        if self.fault == Fault::Storm {
            (SessionErrorKind::RateLimit, Some(self.to - now))
        } else {
            (SessionErrorKind::Overloaded, None)
        }
    }
}
