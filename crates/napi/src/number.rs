//! JavaScript's numbers, of which whole ones up to 2^53 are exact.

use crate::failure::Failure;

/// The largest whole number that JavaScript holds exactly.
const MAX_SAFE: u64 = (1 << 53) - 1;

/// A whole number from JavaScript: a time in milliseconds, a version, a lease.
pub(crate) fn whole(value: f64, what: &str) -> Result<u64, Failure> {
    #[expect(clippy::cast_precision_loss, reason = "2^53 - 1 is exact as a double")]
    let max = MAX_SAFE as f64;
    if !(0.0..=max).contains(&value) {
        return Err(Failure::invalid_input(format!(
            "{what} has to be a number from 0 to 2^53 - 1, not {value}"
        )));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range was checked")]
    let whole = value as u64;
    Ok(whole)
}

/// A whole number for JavaScript. Times, versions and leases stay far below the limit.
pub(crate) fn number(value: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "clamped to what is exact")]
    let number = value.min(MAX_SAFE) as f64;
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_that_are_exact_come_in() {
        assert_eq!(whole(1_767_225_600_000.0, "the time").unwrap(), 1_767_225_600_000);
        assert_eq!(whole(12.7, "the time").unwrap(), 12);
        for value in [-1.0, f64::NAN, f64::INFINITY, 2f64.powi(53)] {
            assert!(whole(value, "the time").is_err(), "{value}");
        }
    }
}
