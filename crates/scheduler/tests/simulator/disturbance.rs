//! What comes from outside at some step: of people, and of the machine.

use crate::{chance::Chance, fault::Fault};

/// Something unforeseen at a step.
#[derive(Clone, Debug)]
pub(crate) struct Disturbance {
    /// Its number within the case.
    pub(crate) index: u64,
    /// After how many steps it comes.
    pub(crate) at: u64,
    pub(crate) fault: Fault,
    /// What it needs to decide.
    pub(crate) chance: Chance,
}

const KINDS: [Fault; 17] = [
    Fault::Pause,
    Fault::Resume,
    Fault::CancelTask,
    Fault::CancelTask,
    Fault::Replan,
    Fault::Replan,
    Fault::Delegate,
    Fault::Delegate,
    Fault::Continue,
    Fault::ClockBack,
    Fault::ClockForward,
    Fault::DiskFails,
    Fault::MemoryShort,
    Fault::Crash,
    Fault::CrashBeforeCommit,
    Fault::CrashAfterCommit,
    Fault::CrashMidway,
];

/// The disturbances of a seed, in the order in which they come: none, some or many.
pub(crate) fn drawn(seed: u64) -> Vec<Disturbance> {
    let mut chance = Chance::of(&[seed, 4]);
    let (count, gap) = chance.pick(&[(0, 1), (2, 40), (5, 25), (10, 25), (30, 8)]);
    let mut at = 0;
    (0..count)
        .map(|index| {
            at += chance.between(0, gap);
            let fault = if chance.percent(2) { Fault::CancelMission } else { chance.pick(&KINDS) };
            Disturbance { index, at, fault, chance: Chance::of(&[seed, 5, index]) }
        })
        .collect()
}
