//! Lanes as threads: each owns a deque, steals from the others, and shares an injector with them.

use std::collections::VecDeque;

use orchestrator_scheduler::deque::{self, Deque, Steal, Stealer, steal_round};
use shuttle::{
    rand::{Rng, thread_rng},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use crate::explore;

/// Work that makes more work: who takes id `i` makes `2i + 1` and `2i + 2` ready, as far as there are so many.
struct Work {
    injector: Mutex<VecDeque<u64>>,
    /// How often each id was taken.
    taken: Vec<AtomicU64>,
    left: AtomicU64,
}

impl Work {
    fn new(ids: u64) -> Arc<Self> {
        Arc::new(Self {
            injector: Mutex::new(VecDeque::from([0])),
            taken: (0..ids).map(|_| AtomicU64::new(0)).collect(),
            left: AtomicU64::new(ids),
        })
    }

    fn inject(&self, id: u64) {
        self.injector.lock().unwrap().push_back(id);
    }

    fn injected(&self) -> Option<u64> {
        self.injector.lock().unwrap().pop_front()
    }

    /// Takes an id; what it makes ready goes to the lane's own deque, or where that is full to the injector.
    fn take(&self, id: u64, own: &mut Deque) {
        let before = self.taken[usize::try_from(id).unwrap()].fetch_add(1, Ordering::SeqCst);
        assert_eq!(before, 0, "{id} was taken twice");
        for next in [2 * id + 1, 2 * id + 2] {
            if next < self.taken.len() as u64
                && let Err(next) = own.push(next)
            {
                self.inject(next);
            }
        }
        self.left.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Steals one id of a victim drawn by chance, or a half of its deque.
fn steal(lane: usize, own: &mut Deque, stealers: &[Stealer], half: bool) -> Option<u64> {
    let first = thread_rng().gen_range(0..stealers.len());
    if !half || first == lane {
        return steal_round(stealers.len(), lane, first, |victim| &stealers[victim]);
    }
    match stealers[first].steal_half(own) {
        Steal::Taken(id) => Some(id),
        Steal::Empty | Steal::Retry => None,
    }
}

fn run(lanes: usize, capacity: usize, ids: u64, half: bool) {
    let work = Work::new(ids);
    let (deques, stealers): (Vec<_>, Vec<_>) = (0..lanes).map(|_| deque::with_capacity(capacity)).unzip();
    let threads: Vec<_> = deques
        .into_iter()
        .enumerate()
        .map(|(lane, mut own)| {
            let (work, stealers) = (work.clone(), stealers.clone());
            thread::spawn(move || {
                while work.left.load(Ordering::SeqCst) > 0 {
                    match own
                        .pop()
                        .or_else(|| work.injected())
                        .or_else(|| steal(lane, &mut own, &stealers, half))
                    {
                        Some(id) => work.take(id, &mut own),
                        None => thread::yield_now(),
                    }
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert!(work.taken.iter().all(|times| times.load(Ordering::SeqCst) == 1), "an id was lost");
    assert!(stealers.iter().all(Stealer::is_empty));
}

#[test]
fn lanes_that_steal_from_each_other_take_each_id_once() {
    explore(|| run(3, 8, 15, false));
}

#[test]
fn lanes_whose_deques_overflow_into_the_injector_take_each_id_once() {
    explore(|| run(3, 1, 15, false));
}

#[test]
fn lanes_that_steal_halves_take_each_id_once() {
    explore(|| run(3, 4, 15, true));
}
