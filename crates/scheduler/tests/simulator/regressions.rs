//! Cases that failed once: every run plays them first. A failing run adds its own, shrunk.

use std::{fs, path::PathBuf};

use crate::{case::Case, play::Failure};

fn file() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "simulator", "regressions.txt"].iter().collect()
}

/// All of them.
pub(crate) fn all() -> Vec<Case> {
    let lines = fs::read_to_string(file()).expect("the file of regressions is checked in");
    let cases = lines.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    cases.map(|line| line.parse().unwrap_or_else(|error| panic!("{line:?} is no case: {error}"))).collect()
}

/// Adds one, with what was wrong; gives whether it is new.
pub(crate) fn add(case: &Case, failure: &Failure) -> bool {
    if all().contains(case) {
        return false;
    }
    let lines = fs::read_to_string(file()).expect("the file of regressions is checked in");
    let lines = format!("{lines}\n# {}\n{case}\n", failure.class);
    fs::write(file(), lines).expect("the file of regressions can be written");
    true
}
