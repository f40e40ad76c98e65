//! Unit tests, the oracle tests against crossbeam-deque, and a stress test. The models are in `tests/loom.rs`.

use std::{
    iter,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
};

use proptest::prelude::*;

use crate::deque::{self, Steal, Stealer};

#[test]
fn the_owner_takes_the_newest_and_a_thief_the_oldest() {
    let (mut deque, stealer) = deque::with_capacity(8);
    for id in 1..=4 {
        deque.push(id).unwrap();
    }
    assert_eq!(deque.pop(), Some(4));
    assert_eq!(stealer.steal(), Steal::Taken(1));
    assert_eq!(stealer.steal(), Steal::Taken(2));
    assert_eq!(deque.pop(), Some(3));
    assert_eq!(deque.pop(), None);
    assert_eq!(stealer.steal(), Steal::Empty);
}

#[test]
fn a_full_ring_hands_the_id_back_and_has_room_again_after_a_steal() {
    let (mut deque, stealer) = deque::with_capacity(3);
    assert_eq!(deque.capacity(), 4);
    for id in 0..4 {
        deque.push(id).unwrap();
    }
    assert_eq!(deque.push(4), Err(4));
    assert_eq!(stealer.steal(), Steal::Taken(0));
    deque.push(4).unwrap();
    assert_eq!(deque.len(), 4);
}

#[test]
fn half_is_stolen_oldest_first_as_far_as_there_is_room() {
    let (mut deque, stealer) = deque::with_capacity(16);
    for id in 1..=9 {
        deque.push(id).unwrap();
    }
    let (mut own, _) = deque::with_capacity(2);
    assert_eq!(stealer.steal_half(&mut own), Steal::Taken(1));
    assert_eq!(own.pop(), Some(3));
    assert_eq!(own.pop(), Some(2));
    assert_eq!(deque.len(), 6);
    let (mut wide, _) = deque::with_capacity(16);
    assert_eq!(stealer.steal_half(&mut wide), Steal::Taken(4));
    assert_eq!(wide.len(), 2);
}

#[test]
fn stealing_half_of_one_takes_it_and_half_of_none_takes_nothing() {
    let (mut deque, stealer) = deque::with_capacity(4);
    let (mut own, _) = deque::with_capacity(4);
    assert_eq!(stealer.steal_half(&mut own), Steal::Empty);
    deque.push(7).unwrap();
    assert_eq!(stealer.steal_half(&mut own), Steal::Taken(7));
    assert!(own.is_empty() && stealer.is_empty());
}

#[test]
#[should_panic(expected = "a deque holds 1 to 2^31 ids, not 0")]
fn a_deque_without_room_is_refused() {
    let _ = deque::with_capacity(0);
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Push(u64),
    Pop,
    Steal,
    StealHalf,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => any::<u64>().prop_map(Step::Push),
        1 => Just(Step::Pop),
        1 => Just(Step::Steal),
        1 => Just(Step::StealHalf),
    ]
}

fn taken(steal: Steal) -> Option<u64> {
    match steal {
        Steal::Taken(id) => Some(id),
        Steal::Empty | Steal::Retry => None,
    }
}

/// What a thief with an empty deque gets, sorted: of a batch, crossbeam hands out the newest, we the oldest.
fn sorted(first: Option<u64>, rest: impl Iterator<Item = u64>) -> Vec<u64> {
    let mut all: Vec<u64> = first.into_iter().chain(rest).collect();
    all.sort_unstable();
    all
}

proptest! {
    /// Crossbeam's deque of the same order grows; ours, on a ring that is soon full and wraps often, hands back.
    #[test]
    fn it_answers_as_crossbeam_does(steps in proptest::collection::vec(step(), 0..300)) {
        let (mut ours, our_stealer) = deque::with_capacity(16);
        let theirs = crossbeam_deque::Worker::new_lifo();
        let their_stealer = theirs.stealer();
        for step in steps {
            match step {
                Step::Push(id) => match ours.push(id) {
                    Ok(()) => theirs.push(id),
                    Err(back) => prop_assert_eq!((back, theirs.len()), (id, 16)),
                },
                Step::Pop => prop_assert_eq!(ours.pop(), theirs.pop()),
                Step::Steal => prop_assert_eq!(taken(our_stealer.steal()), their_stealer.steal().success()),
                Step::StealHalf => {
                    let (mut our_thief, _) = deque::with_capacity(16);
                    let their_thief = crossbeam_deque::Worker::new_lifo();
                    let our_first = taken(our_stealer.steal_half(&mut our_thief));
                    let their_first = their_stealer.steal_batch_and_pop(&their_thief).success();
                    let ours = sorted(our_first, iter::from_fn(|| our_thief.pop()));
                    let theirs = sorted(their_first, iter::from_fn(|| their_thief.pop()));
                    prop_assert_eq!(ours, theirs);
                }
            }
            prop_assert_eq!(ours.len(), theirs.len());
        }
    }

    #[test]
    fn a_round_takes_the_oldest_of_the_first_that_has_one(
        fills in proptest::collection::vec(0_u64..3, 1..6), thief in 0_usize..6, first in 0_usize..6,
    ) {
        let lanes = fills.len();
        let stealers: Vec<Stealer> = (0..).zip(&fills).map(|(lane, fill)| {
            let (mut deque, stealer) = deque::with_capacity(4);
            (0..*fill).for_each(|id| deque.push(10 * lane + id).unwrap());
            stealer
        }).collect();
        let expected = (0..lanes).map(|step| (first + step) % lanes).find(|lane| *lane != thief && fills[*lane] > 0);
        let found = deque::steal_round(lanes, thief, first, |lane| &stealers[lane]);
        prop_assert_eq!(found, expected.map(|lane| 10 * lane as u64));
        let left: usize = stealers.iter().map(Stealer::len).sum();
        prop_assert_eq!(left as u64, fills.iter().sum::<u64>() - u64::from(found.is_some()));
    }
}

/// The owner pushes and pops on a small ring while thieves take one or half: every id is taken exactly once.
#[test]
fn under_stress_every_id_is_taken_exactly_once() {
    const IDS: u64 = 200_000;
    const THIEVES: usize = 3;
    let (mut deque, stealer) = deque::with_capacity(32);
    let done = AtomicBool::new(false);
    let seen: Vec<AtomicU64> = (0..IDS).map(|_| AtomicU64::new(0)).collect();
    let take = |id: u64| seen[usize::try_from(id).unwrap()].fetch_add(1, Ordering::Relaxed);
    thread::scope(|scope| {
        for thief in 0..THIEVES {
            let (stealer, done, take) = (stealer.clone(), &done, &take);
            scope.spawn(move || {
                let (mut own, _) = deque::with_capacity(8);
                loop {
                    let stolen = if thief == 0 { stealer.steal_half(&mut own) } else { stealer.steal() };
                    if let Steal::Taken(id) = stolen {
                        take(id);
                    }
                    while let Some(id) = own.pop() {
                        take(id);
                    }
                    if done.load(Ordering::Acquire) && stealer.is_empty() {
                        break;
                    }
                }
            });
        }
        for id in 0..IDS {
            if deque.push(id).is_err() {
                take(id);
            }
            if id % 3 == 0
                && let Some(id) = deque.pop()
            {
                take(id);
            }
        }
        while let Some(id) = deque.pop() {
            take(id);
        }
        done.store(true, Ordering::Release);
    });
    assert!(seen.iter().all(|times| times.load(Ordering::Relaxed) == 1));
}
