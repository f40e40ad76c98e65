//! The deque beside `crossbeam-deque`: what an owner's operations cost, alone and with a thief.

use std::{
    hint::black_box,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::Instant,
};

use crossbeam_deque::{Steal as PeersSteal, Stealer as PeersStealer, Worker};
use orchestrator_scheduler::deque::{self, Deque, Stealer};

use crate::{
    measure::{Spread, real},
    report::{Report, Row},
};

/// Ids that fit, as in the lanes; the peer grows as it needs.
const CAPACITY: usize = 256;
/// Pushes in one slice, some microseconds: short beside the time that a system leaves a thread its core.
const PAIRS: usize = 512;
/// Slices in one round, of which the median counts.
const SLICES: usize = 200;
/// Slices after which a round gives up to find as many in which owner and thief were at work.
const MOST_SLICES: usize = 50_000;
/// Nanoseconds for a push and its pops above which the owner can only have been off its core.
const INTERRUPTED: f64 = 400.0;
/// Attempts after which a thief shows that it is at work.
const SHOWN_EVERY: u64 = 16;
/// Attempts in a slice that say that the thief was at work.
const LEAST_ATTEMPTS: u64 = 32;

/// An owner's end, of ours or of the peer's.
trait Owner {
    type Thief: Send;
    fn new() -> Self;
    fn thief(&self) -> Self::Thief;
    fn push(&mut self, id: u64);
    fn pop(&mut self) -> Option<u64>;
    /// One attempt; whether it took something.
    fn steal(thief: &Self::Thief) -> bool;
}

struct Ours(Deque, Stealer);

impl Owner for Ours {
    type Thief = Stealer;

    fn new() -> Self {
        let (deque, stealer) = deque::with_capacity(CAPACITY);
        Self(deque, stealer)
    }

    fn thief(&self) -> Stealer {
        self.1.clone()
    }

    fn push(&mut self, id: u64) {
        self.0.push(id).expect("a batch fits");
    }

    fn pop(&mut self) -> Option<u64> {
        self.0.pop()
    }

    fn steal(thief: &Stealer) -> bool {
        matches!(black_box(thief.steal()), deque::Steal::Taken(_))
    }
}

impl Owner for Worker<u64> {
    type Thief = PeersStealer<u64>;

    fn new() -> Self {
        Worker::new_lifo()
    }

    fn thief(&self) -> PeersStealer<u64> {
        self.stealer()
    }

    fn push(&mut self, id: u64) {
        Worker::push(self, id);
    }

    fn pop(&mut self) -> Option<u64> {
        Worker::pop(self)
    }

    fn steal(thief: &PeersStealer<u64>) -> bool {
        matches!(black_box(thief.steal()), PeersSteal::Success(_))
    }
}

/// Runs the bench.
pub(crate) fn bench(quick: bool) -> Report {
    let rounds = if quick { 1 } else { 61 };
    let mut rows = Vec::new();
    for (batch, in_words) in [(64, "64 pushes, then pops until empty"), (1, "push, then pops until empty")] {
        rows.push(row(
            format!("owner alone: {in_words}"),
            0.9,
            &(0..rounds).map(|_| (alone::<Ours>(batch), alone::<Worker<u64>>(batch))).collect::<Vec<_>>(),
        ));
    }
    for (batch, in_words) in [(64, "64 pushes, then pops until empty"), (1, "push, then pops until empty")] {
        rows.push(row(
            format!("owner with one thief spinning: {in_words}"),
            0.5,
            &(0..rounds)
                .filter_map(|_| beside_thief::<Ours>(batch).zip(beside_thief::<Worker<u64>>(batch)))
                .collect::<Vec<_>>(),
        ));
    }
    Report {
        title: "Deque",
        method: format!(
            "Nanoseconds of the owner for a push and its part of the pops, ids of 64 bits; ours has {CAPACITY} slots, \
             as in the lanes, the peer is `crossbeam_deque::Worker::new_lifo`, version 0.8, and grows. {rounds} \
             rounds, ours and the peer's in turn; a round is the median of {SLICES} slices of {PAIRS} pushes, the \
             ratio that of each round. With a thief only those slices count in which it made {LEAST_ATTEMPTS} \
             attempts or more, and in which the owner kept its core: on a busy machine, slices in which only one of \
             the two runs would hide what they cost each other."
        ),
        rows,
        tables: vec![],
        notes: vec![
            "Ours holds 64-bit ids in a fixed number of slots, and hands back what does not fit; the peer holds any \
             type, grows, and pins an epoch for each steal."
                .to_owned(),
            "With a thief at work the owner waits for cache lines that the thief has. Ours keeps the two ends of the \
             ring on lines of their own, but owner and thief each look at both ends in every operation, so that two \
             lines move where the peer, with both ends on one line, moves one. And a thief of ours is not slowed by \
             an epoch, so it comes more often."
                .to_owned(),
        ],
    }
}

fn row(what: String, goal: f64, rounds: &[(f64, f64)]) -> Row {
    if rounds.is_empty() {
        let nothing = || "not measured: the thief never had a core".to_owned();
        return Row {
            what,
            goal: Some(goal_of(goal)),
            ours: nothing(),
            peer: nothing(),
            ratio: None,
            met: None,
        };
    }
    let ours = Spread::of(rounds.iter().map(|(ours, _)| *ours));
    let peer = Spread::of(rounds.iter().map(|(_, peer)| *peer));
    let ratio = Spread::of(rounds.iter().map(|(ours, peer)| ours / peer));
    Row {
        what,
        goal: Some(goal_of(goal)),
        ours: format!("{:.1} ns", ours.median),
        peer: format!("{:.1} ns", peer.median),
        ratio: Some(ratio),
        met: Some(ratio.median <= goal),
    }
}

fn goal_of(goal: f64) -> String {
    format!("≤ {goal} of crossbeam's")
}

/// Nanoseconds for a push and its pops.
fn alone<O: Owner>(batch: usize) -> f64 {
    let mut owner = O::new();
    slice(&mut owner, batch);
    Spread::of((0..SLICES).map(|_| slice(&mut owner, batch))).median
}

/// Tells other threads what a thief does. On lines of its own, as ours and the peer's ends are.
#[repr(align(128))]
struct Shown(AtomicU64);

/// The same while a thief on another thread tries to steal without a pause. Only those slices count in which it did:
/// on a machine with other work it may be off its core.
fn beside_thief<O: Owner>(batch: usize) -> Option<f64> {
    let mut owner = O::new();
    let thief = owner.thief();
    let (attempts, end) = (Shown(AtomicU64::new(0)), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            let thief = thief;
            let mut count = 0;
            while !end.load(Ordering::Relaxed) {
                for _ in 0..SHOWN_EVERY {
                    black_box(O::steal(&thief));
                }
                count += SHOWN_EVERY;
                attempts.0.store(count, Ordering::Relaxed);
            }
        });
        let mut counted = Vec::with_capacity(SLICES);
        for _ in 0..MOST_SLICES {
            let before = attempts.0.load(Ordering::Relaxed);
            let time = slice(&mut owner, batch);
            let during = attempts.0.load(Ordering::Relaxed) - before;
            if during >= LEAST_ATTEMPTS && time < INTERRUPTED {
                counted.push(time);
            }
            if counted.len() == SLICES {
                break;
            }
        }
        end.store(true, Ordering::Relaxed);
        (counted.len() == SLICES).then(|| Spread::of(counted).median)
    })
}

/// Nanoseconds for a push and its pops.
fn slice<O: Owner>(owner: &mut O, batch: usize) -> f64 {
    let begun = Instant::now();
    work(owner, batch, PAIRS);
    nanos(begun) / real(PAIRS)
}

fn work<O: Owner>(owner: &mut O, batch: usize, pairs: usize) {
    let mut id = 0;
    for _ in 0..pairs / batch {
        for _ in 0..batch {
            id += 1;
            owner.push(black_box(id));
        }
        while let Some(id) = owner.pop() {
            black_box(id);
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "a round takes milliseconds")]
fn nanos(begun: Instant) -> f64 {
    begun.elapsed().as_nanos() as f64
}
