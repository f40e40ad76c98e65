//! Samples: what is in the middle, and how far they spread.

use serde::Serialize;

/// The middle half of some samples.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    /// A quarter of the samples is below.
    pub(crate) low: f64,
    /// A quarter of the samples is above.
    pub(crate) high: f64,
}

impl Spread {
    /// Of at least one sample.
    pub(crate) fn of(samples: impl IntoIterator<Item = f64>) -> Self {
        let samples = sorted(samples);
        Self {
            median: quantile(&samples, 0.5),
            low: quantile(&samples, 0.25),
            high: quantile(&samples, 0.75),
        }
    }
}

/// Samples in ascending order.
pub(crate) fn sorted(samples: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut samples: Vec<f64> = samples.into_iter().collect();
    samples.sort_by(f64::total_cmp);
    samples
}

/// The sample below which `part` of them lie, between neighbours by their distance.
///
/// # Panics
/// Without samples.
pub(crate) fn quantile(sorted: &[f64], part: f64) -> f64 {
    let at = real(sorted.len() - 1) * part;
    let (below, rest) = (at.floor(), at.fract());
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index of the samples")]
    let index = below as usize;
    let next = sorted[(index + 1).min(sorted.len() - 1)];
    sorted[index].mul_add(1.0 - rest, next * rest)
}

pub(crate) fn mean(samples: &[f64]) -> f64 {
    samples.iter().sum::<f64>() / real(samples.len())
}

/// A count as a number to divide by.
#[allow(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
pub(crate) fn real(count: usize) -> f64 {
    count as f64
}

/// Milliseconds as a number to divide by.
#[allow(clippy::cast_precision_loss, reason = "virtual times stay far below 2^52")]
pub(crate) fn millis(time: u64) -> f64 {
    time as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_lie_between_neighbours() {
        let spread = Spread::of([4.0, 1.0, 3.0, 2.0]);
        assert!((spread.low - 1.75).abs() < 1e-9);
        assert!((spread.median - 2.5).abs() < 1e-9);
        assert!((spread.high - 3.25).abs() < 1e-9);
    }

    #[test]
    fn one_sample_is_all_of_its_quartiles() {
        let spread = Spread::of([7.0]);
        assert!(spread.low.to_bits() == spread.high.to_bits() && spread.median.to_bits() == 7f64.to_bits());
    }
}
