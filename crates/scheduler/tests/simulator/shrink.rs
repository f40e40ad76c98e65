//! Makes a failing case small: fewer faults, tasks, lanes and disturbances, as long as it fails in the same way.

use std::time::{Duration, Instant};

use crate::{case::Case, disturbance, fault::Fault, play::Failure};

/// Longest time that a failing run spends on shrinking.
const LONGEST: Duration = Duration::from_secs(60);

/// Seeds that are tried for a case with one fault less.
const OTHER_SEEDS: u64 = 100;

/// A smaller case that fails in the same way, and how. `play` gives the failure of a case, if it has one.
pub(crate) fn shrink(
    case: &Case,
    failure: Box<Failure>,
    play: impl Fn(&Case) -> Option<Box<Failure>>,
) -> (Case, Box<Failure>) {
    let mut shrinking =
        Shrinking { first: case.clone(), case: case.clone(), failure, play, until: Instant::now() + LONGEST };
    shrinking.shorten();
    loop {
        let before = shrinking.case.clone();
        shrinking.drop_disturbances();
        shrinking.drop_faults();
        shrinking.lessen(|case| &mut case.tasks);
        shrinking.lessen(|case| &mut case.lanes);
        shrinking.shorten();
        if shrinking.case == before {
            shrinking.try_other_seeds();
        }
        if shrinking.case == before || Instant::now() > shrinking.until {
            return (shrinking.case, shrinking.failure);
        }
    }
}

struct Shrinking<P> {
    first: Case,
    case: Case,
    failure: Box<Failure>,
    play: P,
    until: Instant,
}

impl<P: Fn(&Case) -> Option<Box<Failure>>> Shrinking<P> {
    /// Takes over a case that fails in the same way.
    fn accepts(&mut self, case: Case) -> bool {
        if case == self.case || Instant::now() > self.until {
            return false;
        }
        match (self.play)(&case).filter(|failure| failure.class == self.failure.class) {
            Some(failure) => {
                (self.case, self.failure) = (case, failure);
                true
            }
            None => false,
        }
    }

    /// Nobody looks after the step that failed.
    fn shorten(&mut self) {
        let until = Some(self.failure.step + 1);
        self.accepts(Case { until, ..self.case.clone() });
    }

    fn drop_disturbances(&mut self) {
        let all = disturbance::drawn(self.case.seed).into_iter().map(|one| one.index);
        let kept: Vec<u64> = all.filter(|index| self.case.has_disturbance(*index)).collect();
        self.drop_chunks(kept, |case, kept| Case { disturbances: Some(kept), ..case });
    }

    fn drop_faults(&mut self) {
        let kept: Vec<Fault> = self.case.faults.iter().collect();
        self.drop_chunks(kept, |case, kept| Case { faults: kept.into_iter().collect(), ..case });
    }

    /// Where no fault can be left out, another seed may need fewer: in this one a fault may only have brought about the
    /// moment that another needs no fault for.
    fn try_other_seeds(&mut self) {
        for fault in self.case.faults.iter() {
            let faults = self.case.faults.iter().filter(|other| *other != fault).collect();
            // As large as at the beginning: it may have become small by what only this seed has.
            let case = Case { faults, until: None, ..self.first.clone() };
            for disturbances in [Some(Vec::new()), None] {
                let case = Case { disturbances, ..case.clone() };
                if (0..OTHER_SEEDS).any(|seed| self.accepts(Case { seed, ..case.clone() })) {
                    return;
                }
            }
        }
    }

    /// Leaves out what it can, all at once, in halves, and so on down to one at a time (A. Zeller and R. Hildebrandt,
    /// *Simplifying and isolating failure-inducing input*, 2002, without the complements).
    fn drop_chunks<T: Clone>(&mut self, mut kept: Vec<T>, with: impl Fn(Case, Vec<T>) -> Case) {
        let mut chunk = kept.len();
        while chunk > 0 {
            let mut at = 0;
            while at < kept.len() {
                let mut fewer = kept.clone();
                fewer.drain(at..(at + chunk).min(kept.len()));
                if self.accepts(with(self.case.clone(), fewer.clone())) {
                    kept = fewer;
                } else {
                    at += chunk;
                }
            }
            chunk /= 2;
        }
    }

    /// Halves a number as often as it can, then takes one away.
    fn lessen(&mut self, number: impl Fn(&mut Case) -> &mut u64) {
        for less in [|n: u64| n / 2, |n: u64| n - 1] {
            loop {
                let mut case = self.case.clone();
                let n = number(&mut case);
                *n = less(*n).max(1);
                if !self.accepts(case) {
                    break;
                }
            }
        }
    }
}
