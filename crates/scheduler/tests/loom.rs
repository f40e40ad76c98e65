//! The deque under loom: every interleaving of two or three threads, and every value that a relaxed load may see.
//!
//! `npm run loom` runs this; without `--cfg loom` there is nothing in it. Loom treats sequentially consistent loads and
//! stores as acquire and release, and models fences: what passes here needs no more than that.
#![cfg(loom)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::VecDeque,
    iter,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use loom::{
    cell::Cell,
    model::Builder,
    sync::{Arc, Mutex},
    thread,
};
use orchestrator_scheduler::deque::{self, Deque, Steal, Stealer};

const CAPACITY: usize = 4;

/// What ids stand for: written before an id is pushed, read by who took it, with nothing but the deque between them.
/// Loom ends the model where a read is not ordered after the write, or where two have the same id.
struct Data(Vec<Cell<u64>>);

// SAFETY: whoever touches a cell has its id, which is the claim that is checked here.
unsafe impl Sync for Data {}

impl Data {
    fn new(ids: u64) -> Arc<Self> {
        Arc::new(Self((0..=ids).map(|_| Cell::new(0)).collect()))
    }

    fn of(&self, id: u64) -> &Cell<u64> {
        &self.0[usize::try_from(id).unwrap()]
    }

    fn take(&self, id: u64) -> u64 {
        assert_eq!(self.of(id).replace(u64::MAX), id * 10, "{id} was taken before, or never written");
        id
    }
}

fn push(deque: &mut Deque, data: &Data, id: u64) -> Option<u64> {
    data.of(id).set(id * 10);
    deque.push(id).err().map(|id| data.take(id))
}

fn pop(deque: &mut Deque, data: &Data) -> Option<u64> {
    deque.pop().map(|id| data.take(id))
}

fn drain(deque: &mut Deque, data: &Data) -> Vec<u64> {
    iter::from_fn(|| pop(deque, data)).collect()
}

/// One attempt; ids in the order in which they were taken.
fn steal(stealer: &Stealer, data: &Data) -> Option<u64> {
    match stealer.steal() {
        Steal::Taken(id) => Some(data.take(id)),
        Steal::Empty | Steal::Retry => None,
    }
}

fn steal_half(stealer: &Stealer, data: &Data) -> Vec<u64> {
    let (mut own, _) = deque::with_capacity(CAPACITY);
    let Steal::Taken(first) = stealer.steal_half(&mut own) else { return Vec::new() };
    let mut rest = drain(&mut own, data);
    rest.reverse();
    iter::once(data.take(first)).chain(rest).collect()
}

fn assert_each_once(mut all: Vec<u64>, last: u64) {
    all.sort_unstable();
    assert_eq!(all, (1..=last).collect::<Vec<_>>());
}

#[derive(Clone, Copy, Debug)]
enum Owner {
    Push,
    Pop,
}

#[derive(Clone, Copy, Debug)]
enum Thief {
    Steal,
    StealHalf,
}

/// The model checker, with a bound on involuntary switches between threads where `LOOM_MAX_PREEMPTIONS` sets none.
fn bounded(preemptions: Option<usize>) -> Builder {
    let mut builder = Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(preemptions);
    builder
}

/// A deque that has been round `laps` slots of its ring and holds `fill` ids; then an owner and a thief at once.
fn two_threads(model: &Builder, laps: usize, fill: u64, owner: [Owner; 3], thief: &'static [Thief]) -> usize {
    let runs = std::sync::Arc::new(AtomicUsize::new(0));
    let count = runs.clone();
    model.check(move || {
        count.fetch_add(1, Relaxed);
        let (mut deque, stealer) = deque::with_capacity(CAPACITY);
        for _ in 0..laps {
            deque.push(0).unwrap();
            assert_eq!(stealer.steal(), Steal::Taken(0));
        }
        let data = Data::new(fill + 3);
        for id in 1..=fill {
            assert_eq!(push(&mut deque, &data, id), None);
        }
        let thieving = thread::spawn({
            let data = data.clone();
            move || -> Vec<u64> {
                let step = |step: &Thief| match step {
                    Thief::Steal => steal(&stealer, &data).into_iter().collect(),
                    Thief::StealHalf => steal_half(&stealer, &data),
                };
                thief.iter().flat_map(step).collect()
            }
        });
        let (mut last, mut held) = (fill, fill);
        let mut all = Vec::new();
        for step in owner {
            match step {
                Owner::Push => {
                    last += 1;
                    let back = push(&mut deque, &data, last);
                    assert!(back.is_none() || held >= CAPACITY as u64, "handed back {last} with room left");
                    held += u64::from(back.is_none());
                    all.extend(back);
                }
                Owner::Pop => {
                    let popped = pop(&mut deque, &data);
                    held -= u64::from(popped.is_some());
                    all.extend(popped);
                }
            }
        }
        let stolen = thieving.join().unwrap();
        assert!(stolen.is_sorted(), "a thief takes the oldest first: {stolen:?}");
        all.extend(stolen);
        let left = drain(&mut deque, &data);
        assert!(left.iter().rev().is_sorted(), "the owner takes the newest first: {left:?}");
        all.extend(left);
        assert_each_once(all, last);
    });
    runs.load(Relaxed)
}

/// Any three steps of the owner beside those of a thief, on a deque of any fill, in the first lap of the ring and across
/// its end. Shorter programs are among these: what one thread does after the other has ended.
fn beside_any_steps_of_the_owner(model: &Builder, thief: &'static [Thief]) {
    let mut runs = 0;
    for laps in [0, 3] {
        for fill in 0..=CAPACITY as u64 {
            for bits in 0..8 {
                let owner =
                    [0, 1, 2].map(|step| if bits >> step & 1 == 0 { Owner::Push } else { Owner::Pop });
                runs += two_threads(model, laps, fill, owner, thief);
            }
        }
    }
    println!("{runs} interleavings beside {thief:?}");
}

#[test]
fn two_steals_beside_any_steps_of_the_owner() {
    beside_any_steps_of_the_owner(&bounded(None), &[Thief::Steal, Thief::Steal]);
}

#[test]
fn a_stolen_half_beside_any_steps_of_the_owner() {
    beside_any_steps_of_the_owner(&bounded(None), &[Thief::StealHalf]);
}

#[test]
fn a_steal_and_a_half_beside_any_steps_of_the_owner() {
    beside_any_steps_of_the_owner(&bounded(Some(4)), &[Thief::Steal, Thief::StealHalf]);
}

#[test]
fn a_half_and_a_steal_beside_any_steps_of_the_owner() {
    beside_any_steps_of_the_owner(&bounded(Some(4)), &[Thief::StealHalf, Thief::Steal]);
}

#[test]
fn the_owner_and_two_thieves_share_what_there_is() {
    for fill in 1..=3 {
        bounded(Some(3)).check(move || {
            let (mut deque, stealer) = deque::with_capacity(CAPACITY);
            let data = Data::new(fill);
            for id in 1..=fill {
                push(&mut deque, &data, id);
            }
            let thieves = [stealer.clone(), stealer].map(|stealer| {
                let data = data.clone();
                thread::spawn(move || steal(&stealer, &data))
            });
            let mut all: Vec<u64> = pop(&mut deque, &data).into_iter().collect();
            all.extend(thieves.into_iter().filter_map(|thief| thief.join().unwrap()));
            all.extend(drain(&mut deque, &data));
            assert_each_once(all, fill);
        });
    }
}

#[test]
fn what_a_thief_took_can_be_stolen_from_it() {
    bounded(Some(3)).check(|| {
        let (mut deque, stealer) = deque::with_capacity(CAPACITY);
        let (mut second, of_second) = deque::with_capacity(CAPACITY);
        let data = Data::new(4);
        for id in 1..=4 {
            push(&mut deque, &data, id);
        }
        let thief = thread::spawn({
            let data = data.clone();
            move || {
                let Steal::Taken(first) = stealer.steal_half(&mut second) else { return Vec::new() };
                iter::once(data.take(first)).chain(drain(&mut second, &data)).collect()
            }
        });
        let robber = thread::spawn({
            let data = data.clone();
            move || steal(&of_second, &data)
        });
        let mut all: Vec<u64> = pop(&mut deque, &data).into_iter().collect();
        all.extend(thief.join().unwrap());
        all.extend(robber.join().unwrap());
        all.extend(drain(&mut deque, &data));
        assert_each_once(all, 4);
    });
}

#[test]
fn what_finds_no_room_reaches_the_thief_by_the_injector() {
    bounded(None).check(|| {
        let (mut deque, stealer) = deque::with_capacity(CAPACITY);
        let injector = Arc::new(Mutex::new(VecDeque::new()));
        let data = Data::new(6);
        for id in 1..=4 {
            push(&mut deque, &data, id);
        }
        let thief = thread::spawn({
            let (data, injector) = (data.clone(), injector.clone());
            move || {
                let stolen = steal(&stealer, &data);
                let injected = injector.lock().unwrap().pop_front().map(|id| data.take(id));
                [stolen, injected]
            }
        });
        for id in [5, 6] {
            data.of(id).set(id * 10);
            if let Err(id) = deque.push(id) {
                injector.lock().unwrap().push_back(id);
            }
        }
        let mut all: Vec<u64> = thief.join().unwrap().into_iter().flatten().collect();
        all.extend(injector.lock().unwrap().drain(..).map(|id| data.take(id)));
        all.extend(drain(&mut deque, &data));
        assert_each_once(all, 6);
    });
}
