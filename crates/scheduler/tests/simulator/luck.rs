//! Whether a fault strikes, and how often each did.

use crate::{
    chance::Chance,
    fault::{Fault, Faults},
};

/// How often each fault struck.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Strikes([u64; Fault::ALL.len()]);

impl Default for Strikes {
    fn default() -> Self {
        Self([0; Fault::ALL.len()])
    }
}

impl Strikes {
    pub(crate) fn of(&self, fault: Fault) -> u64 {
        self.0[fault as usize]
    }

    pub(crate) fn count(&mut self, fault: Fault) {
        self.0[fault as usize] += 1;
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (sum, more) in self.0.iter_mut().zip(other.0) {
            *sum += more;
        }
    }
}

/// The luck of one case.
#[derive(Debug)]
pub(crate) struct Luck {
    faults: Faults,
    /// Multiplies every chance.
    strength: u64,
    pub(crate) strikes: Strikes,
}

impl Luck {
    pub(crate) fn new(seed: u64, faults: Faults) -> Self {
        let strength = Chance::of(&[seed, 2]).pick(&[1, 1, 2, 4]);
        Self { faults, strength, strikes: Strikes::default() }
    }

    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.faults.has(fault)
    }

    /// Whether a fault strikes, by a chance in percent. A fault that is off draws all the same, so that switching it
    /// off leaves the rest of the case as it was.
    pub(crate) fn strikes(&mut self, fault: Fault, chance: &mut Chance, percent: u64) -> bool {
        let strikes = chance.percent((percent * self.strength).min(90)) && self.has(fault);
        if strikes {
            self.strikes.count(fault);
        }
        strikes
    }

    /// What was planned for this case strikes, if it is on.
    pub(crate) fn strikes_now(&mut self, fault: Fault) -> bool {
        let strikes = self.has(fault);
        if strikes {
            self.strikes.count(fault);
        }
        strikes
    }
}
