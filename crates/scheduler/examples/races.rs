//! The deque and the pools under load on real threads, for `ThreadSanitizer`: `npm run tsan`.
//!
//!     races [rounds]      exits 0 when everything was taken once and nothing raced
//!     races race          a race on purpose, built with `--cfg tsan` only: a sanitizer that lets it pass is no proof
//!
//! The deque's slots are atomics, which never race. What may race is what an id stands for: it is written before the
//! push and read after the pop or steal, as plain memory, and only the deque's orderings keep the two apart.
//!
//! The sanitizer sees neither fences nor the precompiled half of the standard library. So threads are joined, not
//! scoped (a scope waits by a flag and a fence); the main thread keeps a clone of every `Arc` until then (the last drop
//! waits by a fence); and there is no lock (waiting for one is precompiled).

use std::{
    cell::Cell,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
};

use crossbeam_queue::SegQueue;
use orchestrator_scheduler::{
    deque::{self, Deque, Steal, Stealer, steal_round},
    pools::{
        buffers::{Buffers, Limits},
        slots::{Recycle, Slots},
    },
};

const THREADS: u64 = 3;

/// Plain memory for each id.
struct Data(Vec<Cell<u64>>);

// SAFETY: a cell is touched by whoever has its id, and an id is had by one thread at a time: the claim under test.
unsafe impl Sync for Data {}

impl Data {
    fn new(ids: u64) -> Self {
        Self((0..ids).map(|_| Cell::new(0)).collect())
    }

    fn of(&self, id: u64) -> &Cell<u64> {
        &self.0[usize::try_from(id).expect("ids are small")]
    }

    fn give(&self, id: u64) {
        self.of(id).set(id + 1);
    }

    fn take(&self, id: u64) {
        assert_eq!(self.of(id).replace(0), id + 1, "{id} was taken twice, or before it was there");
    }

    fn all_taken(&self) -> bool {
        self.0.iter().all(|cell| cell.get() == 0)
    }
}

fn main() {
    let argument = std::env::args().nth(1);
    if argument.as_deref() == Some("race") {
        return race();
    }
    let rounds = argument.map_or(200_000, |rounds| rounds.parse().expect("the number of rounds"));
    for (name, stress) in [
        ("an owner and its thieves", owner_and_thieves as fn(u64)),
        ("lanes that steal from each other", lanes),
        ("buffers", buffers),
        ("slots", slots),
    ] {
        stress(rounds);
        println!("{name}: {rounds} rounds ... ok");
    }
}

/// Runs a closure on several threads and waits for them.
fn on_threads(run: impl Fn(u64) + Send + Sync + 'static) {
    let run = Arc::new(run);
    let threads: Vec<_> = (0..THREADS)
        .map(|number| {
            let run = run.clone();
            thread::spawn(move || run(number))
        })
        .collect();
    join(threads);
}

fn join(threads: Vec<JoinHandle<()>>) {
    for thread in threads {
        thread.join().expect("a thread that finds nothing wrong");
    }
}

/// One deque, so small that it wraps and overflows all the time.
fn owner_and_thieves(rounds: u64) {
    let (mut deque, stealer) = deque::with_capacity(16);
    let data = Arc::new(Data::new(rounds));
    let done = Arc::new(AtomicBool::new(false));
    let thieves: Vec<_> = (0..THREADS)
        .map(|number| {
            let (stealer, data, done) = (stealer.clone(), data.clone(), done.clone());
            thread::spawn(move || {
                let (mut own, _) = deque::with_capacity(8);
                while !done.load(Ordering::Acquire) || !stealer.is_empty() {
                    let stolen = if number == 0 { stealer.steal_half(&mut own) } else { stealer.steal() };
                    if let Steal::Taken(id) = stolen {
                        data.take(id);
                    }
                    std::iter::from_fn(|| own.pop()).for_each(|id| data.take(id));
                }
            })
        })
        .collect();
    for id in 0..rounds {
        data.give(id);
        if let Err(id) = deque.push(id) {
            data.take(id);
        }
        if id % 3 == 0
            && let Some(id) = deque.pop()
        {
            data.take(id);
        }
    }
    std::iter::from_fn(|| deque.pop()).for_each(|id| data.take(id));
    done.store(true, Ordering::Release);
    join(thieves);
    assert!(data.all_taken(), "an id was lost");
}

/// As many deques as threads, an injector, and work that makes more work: id `i` makes `2i + 1` and `2i + 2`.
fn lanes(rounds: u64) {
    struct Work {
        data: Data,
        injector: SegQueue<u64>,
        left: AtomicU64,
        stealers: Vec<Stealer>,
    }
    impl Work {
        fn take(&self, id: u64, own: &mut Deque) {
            self.data.take(id);
            for next in [2 * id + 1, 2 * id + 2] {
                if next < self.data.0.len() as u64 {
                    self.data.give(next);
                    own.push(next).unwrap_or_else(|next| self.injector.push(next));
                }
            }
            self.left.fetch_sub(1, Ordering::Relaxed);
        }

        fn next(&self, lane: usize, first: usize, own: &mut Deque) -> Option<u64> {
            own.pop().or_else(|| self.injector.pop()).or_else(|| {
                // A half of the first victim's, or one of whoever has some.
                if first != lane
                    && let Steal::Taken(id) = self.stealers[first].steal_half(own)
                {
                    return Some(id);
                }
                steal_round(self.stealers.len(), lane, first, |victim| &self.stealers[victim])
            })
        }
    }
    let (deques, stealers): (Vec<_>, Vec<_>) = (0..THREADS).map(|_| deque::with_capacity(16)).unzip();
    let work = Arc::new(Work {
        data: Data::new(rounds),
        injector: SegQueue::new(),
        left: AtomicU64::new(rounds),
        stealers,
    });
    work.data.give(0);
    work.injector.push(0);
    let threads: Vec<_> = deques
        .into_iter()
        .enumerate()
        .map(|(lane, mut own)| {
            let work = work.clone();
            thread::spawn(move || {
                let mut first = lane;
                while work.left.load(Ordering::Relaxed) > 0 {
                    first = (first + 1) % work.stealers.len();
                    if let Some(id) = work.next(lane, first, &mut own) {
                        work.take(id, &mut own);
                    }
                }
            })
        })
        .collect();
    join(threads);
    assert!(work.data.all_taken(), "an id was lost");
}

fn buffers(rounds: u64) {
    let pool = Buffers::new(&Limits { keep: [2, 2, 1, 1] });
    let lender = pool.clone();
    on_threads(move |number| {
        for round in 0..rounds / 10 {
            let mut buffer = lender.take(usize::try_from(round % 5000).expect("a size"));
            assert!(buffer.is_empty());
            buffer.resize(64, u8::try_from(number).expect("a small number"));
            let mut other = lender.take(1);
            other.extend_from_slice(&buffer);
            assert!(other.iter().all(|byte| u64::from(*byte) == number), "another wrote into it");
        }
    });
    assert_eq!(pool.counts().outstanding(), 0);
}

#[derive(Default)]
struct Words(Vec<u64>);

impl Recycle for Words {
    fn recycle(&mut self) {
        self.0.clear();
    }
}

fn slots(rounds: u64) {
    let pool: Slots<Words> = Slots::new(1, 2);
    let lender = pool.clone();
    on_threads(move |number| {
        for _ in 0..rounds / 10 {
            let mut words = lender.take();
            assert!(words.0.is_empty());
            words.0.resize(8, number);
            let _other = lender.take();
            assert_eq!(words.0, [number; 8], "another wrote into it");
        }
    });
    assert_eq!(pool.counts().outstanding, 0);
}

/// Hands an id over without an ordering, as a deque with a relaxed `bottom` would.
#[cfg(tsan)]
fn race() {
    let shared = Arc::new((Data::new(1), AtomicBool::new(false)));
    let giver = shared.clone();
    let thread = thread::spawn(move || {
        giver.0.give(0);
        giver.1.store(true, Ordering::Relaxed);
    });
    while !shared.1.load(Ordering::Relaxed) {
        std::hint::spin_loop();
    }
    shared.0.take(0);
    thread.join().expect("the giver");
}

#[cfg(not(tsan))]
fn race() {
    eprintln!("built without --cfg tsan: there is no race in it");
    std::process::exit(2);
}
