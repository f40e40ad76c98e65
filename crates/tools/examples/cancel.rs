//! Measures how long a search goes on after it was cancelled: over a folder, at twenty moments of it.
//!
//!     cargo run --release -p orchestrator-tools --example cancel -- FOLDER PATTERN

use std::{
    env,
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use orchestrator_tools::{GrepOptions, Progress, grep};

fn main() {
    let mut arguments = env::args().skip(1);
    let (Some(folder), Some(pattern)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: cancel FOLDER PATTERN");
        std::process::exit(2);
    };
    let root = PathBuf::from(folder);
    let options = GrepOptions { patterns: vec![pattern], ..Default::default() };
    let begun = Instant::now();
    let whole = grep(&root, &options, &AtomicBool::new(false), &Progress::default());
    let time = begun.elapsed();
    println!("whole: {time:?}, {:?}", whole.map(|report| report.counts));
    let mut waits = Vec::new();
    for part in 1..20 {
        let (cancel, progress) = (AtomicBool::new(false), Progress::default());
        thread::scope(|scope| {
            let search = scope.spawn(|| {
                let outcome = grep(&root, &options, &cancel, &progress);
                (outcome.is_err(), Instant::now())
            });
            thread::sleep(time * part / 20);
            let cancelled = Instant::now();
            cancel.store(true, Ordering::Relaxed);
            if let Ok((true, ended)) = search.join() {
                waits.push(ended.saturating_duration_since(cancelled));
            }
        });
    }
    waits.sort_unstable();
    let at =
        |part: usize| waits.get((waits.len().max(1) - 1) * part / 100).copied().unwrap_or(Duration::ZERO);
    println!("{} of 19 cancelled in time: median {:?}, longest {:?}", waits.len(), at(50), at(100));
}
