//! Checks every file below the given folders and prints those that have errors: run it over code that is known to
//! be valid, to see what a grammar doesn't know. `--quiet` prints the sums only.
//!
//!     cargo run --release -p orchestrator-tools --example corpus -- node_modules

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
    time::Instant,
};

use orchestrator_tools::{Language, Limits, check_syntax};

#[derive(Default)]
struct Sum {
    files: usize,
    bytes: usize,
    refused: usize,
    no_answer: usize,
    micros: u128,
}

fn main() {
    let (flags, folders): (Vec<_>, Vec<_>) = env::args().skip(1).partition(|arg| arg.starts_with("--"));
    let quiet = flags.iter().any(|flag| flag == "--quiet");
    let mut sums: BTreeMap<String, Sum> = BTreeMap::new();
    for file in folders.iter().flat_map(|folder| files(Path::new(folder))) {
        let Some(language) = Language::of_path(&file) else { continue };
        let Ok(source) = fs::read(&file) else { continue };
        let sum = sums.entry(format!("{language:?}")).or_default();
        sum.files += 1;
        sum.bytes += source.len();
        let begun = Instant::now();
        let report = check_syntax(&source, language, &Limits::default(), &AtomicBool::new(false));
        sum.micros += begun.elapsed().as_micros();
        match report {
            Ok(report) if report.errors.is_empty() => {}
            Ok(report) => {
                sum.refused += 1;
                let first = &report.errors[0];
                if !quiet {
                    println!(
                        "{}:{}:{}: {} | {}",
                        file.display(),
                        first.line,
                        first.column,
                        first.message,
                        first.excerpt
                    );
                }
            }
            Err(error) => {
                sum.no_answer += 1;
                if !quiet {
                    println!("{}: {error}", file.display());
                }
            }
        }
    }
    for (language, sum) in sums {
        println!(
            "{language}: {} files, {} kB, {} with errors, {} without an answer, {} ms",
            sum.files,
            sum.bytes / 1000,
            sum.refused,
            sum.no_answer,
            sum.micros / 1000
        );
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() => found.push(entry.path()),
                _ => {}
            }
        }
    }
    found.sort();
    found
}
