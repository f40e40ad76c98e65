//! Whether memory is short.

use crate::memory::Memory;

/// At this many percent pressure rises.
const HIGH: u8 = 80;

/// Only below this many percent it falls.
const CALM: u8 = 75;

/// Whether memory is short, with hysteresis: between the two bounds it stays what it was, so that use that wavers
/// around one of them does not start and stop work at each look.
///
/// | pressure | memory in use | what changes |
/// |---|---|---|
/// | calm | below 80 % | nothing |
/// | calm | 80 % or more | it rises |
/// | high | 75 % or more | nothing |
/// | high | below 75 % | it falls |
///
/// Looking and changing are two steps, so that a change can be kept in a journal before it counts. Who measures is
/// the caller's affair; [`memory::measure`](crate::memory::measure) does.
///
/// ```
/// use orchestrator_scheduler::{Memory, Pressure, PressureChange};
///
/// let mut pressure = Pressure::default();
/// assert_eq!(pressure.observe(Memory { used: 79, limit: 100 }), None);
/// let rose = pressure.observe(Memory { used: 83, limit: 100 }).expect("it is over 80 %");
/// assert_eq!(rose, PressureChange::Rose { percent: 83 });
/// pressure.apply(rose);
/// assert!(pressure.is_high());
/// assert_eq!(pressure.observe(Memory { used: 76, limit: 100 }), None);
/// assert_eq!(pressure.observe(Memory { used: 74, limit: 100 }), Some(PressureChange::Fell { percent: 74 }));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Pressure {
    high: bool,
    percent: u8,
}

/// A change of the [`Pressure`], with the share of memory that was in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PressureChange {
    /// Memory has become short.
    Rose {
        /// From 0 to 100.
        percent: u8,
    },
    /// It is short no longer.
    Fell {
        /// From 0 to 100.
        percent: u8,
    },
}

impl Pressure {
    /// Whether memory is short.
    #[must_use]
    pub fn is_high(&self) -> bool {
        self.high
    }

    /// How much of the memory was in use at the last change, from 0 to 100; 0 before the first.
    #[must_use]
    pub fn percent(&self) -> u8 {
        self.percent
    }

    /// The change that a measurement leads to. Changes nothing: [`apply`](Self::apply) does.
    #[must_use]
    pub fn observe(&self, memory: Memory) -> Option<PressureChange> {
        let percent = memory.percent();
        if self.high {
            (percent < CALM).then_some(PressureChange::Fell { percent })
        } else {
            (percent >= HIGH).then_some(PressureChange::Rose { percent })
        }
    }

    /// Makes a change. One that is made twice is made once.
    pub fn apply(&mut self, change: PressureChange) {
        (self.high, self.percent) = match change {
            PressureChange::Rose { percent } => (true, percent),
            PressureChange::Fell { percent } => (false, percent),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pressure that rose at 80 %.
    fn high() -> Pressure {
        let mut pressure = Pressure::default();
        pressure.apply(PressureChange::Rose { percent: 80 });
        pressure
    }

    fn memory(percent: u64) -> Memory {
        Memory { used: percent * 1_000, limit: 100_000 }
    }

    #[test]
    fn calm_it_stays_below_eighty_percent() {
        assert_eq!(Pressure::default().observe(memory(0)), None);
        assert_eq!(Pressure::default().observe(Memory { used: 79_999, limit: 100_000 }), None);
    }

    #[test]
    fn calm_it_rises_at_eighty_percent_and_above() {
        for percent in [80, 81, 100] {
            let change = Pressure::default().observe(memory(u64::from(percent)));
            assert_eq!(change, Some(PressureChange::Rose { percent }));
        }
    }

    #[test]
    fn high_it_stays_down_to_seventy_five_percent() {
        for percent in [75, 79, 80, 100] {
            assert_eq!(high().observe(memory(percent)), None, "{percent} %");
        }
    }

    #[test]
    fn high_it_falls_below_seventy_five_percent() {
        let change = high().observe(Memory { used: 74_999, limit: 100_000 });
        assert_eq!(change, Some(PressureChange::Fell { percent: 74 }));
        assert_eq!(high().observe(memory(0)), Some(PressureChange::Fell { percent: 0 }));
    }

    #[test]
    fn looking_changes_nothing_and_applying_does() {
        let mut pressure = Pressure::default();
        assert_eq!((pressure.is_high(), pressure.percent()), (false, 0));
        let change = pressure.observe(memory(93)).unwrap();
        assert_eq!((pressure.is_high(), pressure.percent()), (false, 0));
        pressure.apply(change);
        assert_eq!((pressure.is_high(), pressure.percent()), (true, 93));
        pressure.apply(pressure.observe(memory(60)).unwrap());
        assert_eq!((pressure.is_high(), pressure.percent()), (false, 60));
    }

    #[test]
    fn use_that_wavers_around_a_bound_changes_it_once() {
        let mut pressure = Pressure::default();
        let mut changes = 0;
        for percent in [79, 81, 79, 81, 76, 80, 75, 74, 76, 74, 79] {
            if let Some(change) = pressure.observe(memory(percent)) {
                pressure.apply(change);
                changes += 1;
            }
        }
        assert_eq!(changes, 2);
    }

    #[test]
    fn without_a_limit_memory_is_never_short() {
        assert_eq!(Pressure::default().observe(Memory { used: 9_000, limit: 0 }), None);
    }
}
