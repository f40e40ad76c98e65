//! Pools on many threads. An operation of their free list (crossbeam's `ArrayQueue`) is one step here: its inside is
//! crossbeam's to prove, and `ThreadSanitizer` sees it. What is explored is all that happens around it.

use std::collections::BTreeSet;

use orchestrator_scheduler::pools::{
    Counts,
    buffers::{Buffers, CLASSES, Limits},
    slots::{Recycle, Slots},
};
use shuttle::{
    sync::{Arc, Mutex},
    thread,
};

use crate::explore;

const THREADS: u8 = 3;
const ROUNDS: u64 = 3;

/// The addresses of what is lent: no two borrowers have one.
#[derive(Clone, Default)]
struct Lent(Arc<Mutex<BTreeSet<usize>>>);

impl Lent {
    fn begin(&self, address: usize) {
        assert!(self.0.lock().unwrap().insert(address), "lent to two at once");
    }

    fn end(&self, address: usize) {
        assert!(self.0.lock().unwrap().remove(&address));
    }
}

fn on_threads(run: impl Fn(u8) + Clone + Send + 'static) {
    let threads: Vec<_> = (0..THREADS)
        .map(|number| {
            let run = run.clone();
            thread::spawn(move || run(number))
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

fn assert_settled(counts: &Counts, taken: u64, most: u64) {
    assert_eq!(counts.outstanding, 0, "{counts:?}");
    assert_eq!(counts.taken, taken, "{counts:?}");
    assert_eq!(counts.allocated, counts.discarded + counts.idle, "{counts:?}");
    assert!((1..=most).contains(&counts.high_water), "{counts:?}");
}

#[test]
fn no_buffer_is_lent_to_two_and_all_come_back() {
    explore(|| {
        let buffers = Buffers::new(&Limits { keep: [1, 1, 1, 1] });
        let (pool, lent) = (buffers.clone(), Lent::default());
        on_threads(move |number| {
            for _ in 0..ROUNDS {
                let mut buffer = pool.take(CLASSES[0]);
                let address = buffer.as_ptr() as usize;
                lent.begin(address);
                assert!(buffer.is_empty(), "it holds what another wrote");
                buffer.resize(8, number);
                thread::yield_now();
                assert!(buffer.iter().all(|byte| *byte == number), "another wrote into it");
                lent.end(address);
            }
        });
        let counts = buffers.counts();
        assert_settled(&counts.classes[0].counts, u64::from(THREADS) * ROUNDS, u64::from(THREADS));
        assert!(counts.classes[0].counts.idle <= 1);
        assert_eq!(counts.outstanding(), 0);
    });
}

#[test]
fn buffers_that_grow_into_another_class_add_up_over_all() {
    explore(|| {
        let buffers = Buffers::new(&Limits { keep: [1, 2, 1, 1] });
        let pool = buffers.clone();
        on_threads(move |number| {
            for round in 0..ROUNDS {
                let mut buffer = pool.take(CLASSES[0]);
                if (round + u64::from(number)) % 2 == 0 {
                    buffer.reserve_exact(CLASSES[1]);
                }
                let _other = pool.take(CLASSES[1]);
            }
        });
        let counts = buffers.counts();
        let sum =
            |of: fn(&Counts) -> u64| -> u64 { counts.classes.iter().map(|class| of(&class.counts)).sum() };
        assert_eq!(counts.outstanding(), 0);
        assert_eq!(sum(|counts| counts.taken), 2 * u64::from(THREADS) * ROUNDS);
        assert_eq!(
            sum(|counts| counts.allocated),
            sum(|counts| counts.discarded) + sum(|counts| counts.idle)
        );
    });
}

#[derive(Default)]
struct Words(Vec<u8>);

impl Recycle for Words {
    fn recycle(&mut self) {
        self.0.clear();
    }
}

#[test]
fn no_slot_is_lent_to_two_and_all_come_back_empty() {
    explore(|| {
        let slots: Slots<Words> = Slots::new(1, 2);
        let (pool, lent) = (slots.clone(), Lent::default());
        on_threads(move |number| {
            for _ in 0..ROUNDS {
                let mut words = pool.take();
                let address = std::ptr::from_ref::<Words>(&words) as usize;
                lent.begin(address);
                assert!(words.0.is_empty(), "it holds what another wrote");
                words.0.push(number);
                thread::yield_now();
                assert_eq!(words.0, [number], "another wrote into it");
                lent.end(address);
            }
        });
        assert_settled(&slots.counts(), u64::from(THREADS) * ROUNDS, u64::from(THREADS));
    });
}
