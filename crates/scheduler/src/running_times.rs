//! How long turns took that led to acceptance: by this a task that takes much longer is known.

use std::collections::BTreeMap;

use crate::task::Role;

/// Accepted peers below which nothing is said of the others.
const FEWEST_PEERS: usize = 3;
/// A task is a straggler that runs for longer than so many times the median of its peers.
const TIMES_THE_MEDIAN: u64 = 2;

/// The running times of accepted tasks, in milliseconds, ascending, a list for each role.
#[derive(Debug, Default)]
pub(crate) struct RunningTimes(BTreeMap<Role, Vec<u64>>);

impl RunningTimes {
    /// A task was accepted whose last turn took so long.
    pub(crate) fn accepted(&mut self, role: Role, ran_ms: u64) {
        let times = self.0.entry(role).or_default();
        times.insert(times.partition_point(|time| *time <= ran_ms), ran_ms);
    }

    /// The median; of an even number of peers the mean of the middle two. `None` as long as they are too few.
    pub(crate) fn median(&self, role: Role) -> Option<u64> {
        let times = self.0.get(&role).filter(|times| times.len() >= FEWEST_PEERS)?;
        let middle = times.len() / 2;
        Some(if times.len() % 2 == 1 { times[middle] } else { times[middle - 1].midpoint(times[middle]) })
    }

    /// A turn that has run for longer than this, in milliseconds, is a straggler's.
    pub(crate) fn most(&self, role: Role) -> Option<u64> {
        self.median(role).map(|median| median.saturating_mul(TIMES_THE_MEDIAN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_of_at_least_three_peers_of_the_role() {
        let mut times = RunningTimes::default();
        for (ran, median) in [(50, None), (10, None), (20, Some(20)), (31, Some(25))] {
            times.accepted(Role::Worker, ran);
            assert_eq!(times.median(Role::Worker), median, "after {ran}");
        }
        assert_eq!(times.most(Role::Worker), Some(50));
        assert_eq!(times.median(Role::Planner), None);
    }
}
