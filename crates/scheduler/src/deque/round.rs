//! A thief's way round the others.

use super::{Steal, Stealer};

/// Takes the oldest id of the first deque that has one: beginning with lane `first`, on to the last, then from 0 on,
/// the thief's own left out. `stealer` gives the thief's end of each of the `lanes` lanes.
///
/// Draw `first` by chance: thieves that all begin with the same victim are in each other's way, while the others' work
/// lies.
///
/// None says that each deque was empty when it was looked at, one after the other: work may have come meanwhile.
///
/// ```
/// use orchestrator_scheduler::deque;
///
/// let (mut lanes, stealers): (Vec<_>, Vec<_>) = (0..4).map(|_| deque::with_capacity(8)).unzip();
/// lanes[3].push(7).unwrap();
/// lanes[1].push(8).unwrap();
/// let steal = |first| deque::steal_round(4, 1, first, |victim| &stealers[victim]);
/// assert_eq!(steal(0), Some(7));
/// assert_eq!(steal(0), None, "what the thief has itself is not stolen");
/// ```
pub fn steal_round<'a>(
    lanes: usize,
    thief: usize,
    first: usize,
    stealer: impl Fn(usize) -> &'a Stealer,
) -> Option<u64> {
    (0..lanes).map(|step| (first + step) % lanes).filter(|victim| *victim != thief).find_map(|victim| {
        loop {
            match stealer(victim).steal() {
                Steal::Taken(id) => return Some(id),
                Steal::Empty => return None,
                // Whoever was faster got on: this ends as soon as the deque is empty.
                Steal::Retry => {}
            }
        }
    })
}
