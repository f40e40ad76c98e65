//! What came of a run.

use crate::measure::{millis, real};

/// Milliseconds that are counted together.
const BIN_MS: u64 = 5_000;
/// Bins over which goodput is averaged before it is compared.
const AVERAGED: usize = 6;

/// Turns that went well and that did not, over time.
#[derive(Clone, Debug)]
pub(crate) struct Tally {
    finished: Vec<usize>,
    wasted: usize,
}

impl Tally {
    /// For a run of `end` milliseconds.
    pub(crate) fn new(end: u64) -> Self {
        Self { finished: vec![0; bin(end)], wasted: 0 }
    }

    pub(crate) fn finished(&mut self, at: u64) {
        self.finished[bin(at)] += 1;
    }

    pub(crate) fn wasted(&mut self) {
        self.wasted += 1;
    }

    /// Turns that went well, a minute.
    pub(crate) fn goodput(&self) -> f64 {
        real(self.finished.iter().sum()) / (millis(self.finished.len() as u64 * BIN_MS) / 60_000.0)
    }

    /// Turns that were refused or cut short, a turn that went well.
    pub(crate) fn waste(&self) -> f64 {
        real(self.wasted) / real(self.finished.iter().sum::<usize>().max(1))
    }
}

/// Milliseconds from `over` on until the goodput of all runs together, averaged over half a minute, is at nine tenths
/// of what it was before `since`, counted from the tenth minute; none if it never is again.
pub(crate) fn recovery(tallies: &[Tally], since: u64, over: u64) -> Option<u64> {
    let bins = tallies.first()?.finished.len();
    let sums: Vec<usize> =
        (0..bins).map(|bin| tallies.iter().map(|tally| tally.finished[bin]).sum()).collect();
    let before = &sums[bin(600_000)..bin(since)];
    let nine_tenths = 0.9 * real(before.iter().sum()) / real(before.len());
    let from = bin(over);
    let average = |first: usize| real(sums[first..first + AVERAGED].iter().sum()) / real(AVERAGED);
    (from..bins.checked_sub(AVERAGED)?)
        .find(|first| average(*first) >= nine_tenths)
        .map(|first| (first - from) as u64 * BIN_MS)
}

fn bin(at: u64) -> usize {
    usize::try_from(at / BIN_MS).expect("a run lasts hours, not years")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A turn a second but for a gap.
    fn with_gap(from: u64, to: u64) -> Tally {
        let mut tally = Tally::new(3_600_000);
        (0..3_600)
            .map(|second| second * 1_000)
            .filter(|at| !(from..to).contains(at))
            .for_each(|at| tally.finished(at));
        tally
    }

    #[test]
    fn goodput_is_a_minute() {
        assert!((with_gap(0, 0).goodput() - 60.0).abs() < 1e-9);
    }

    #[test]
    fn recovery_counts_from_the_end_of_the_outage() {
        let (since, over) = (1_200_000, 1_260_000);
        assert_eq!(recovery(&[with_gap(since, over)], since, over), Some(0));
        assert_eq!(recovery(&[with_gap(since, over + 30_000)], since, over), Some(30_000));
        assert_eq!(recovery(&[with_gap(since, 3_600_000)], since, over), None);
    }
}
