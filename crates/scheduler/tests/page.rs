//! `docs/scheduler.md` draws the state machines as the code has them. `UPDATE_PAGE=1 cargo test` draws them anew.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{env, fmt::Write as _, fs, path::Path};

use orchestrator_scheduler::{FAILURES, Failure, MOVES, Move, PHASE_MOVES, Phase, Remedy, TaskState};
use serde::Serialize;

/// A state as events and documents name it.
fn name<S: Serialize>(state: S) -> String {
    serde_json::to_value(state).unwrap().as_str().unwrap().to_owned()
}

/// The table as a Mermaid state diagram.
fn diagram<S: Copy + Serialize>(
    moves: &[Move<S>],
    start: S,
    is_end: impl Fn(S) -> bool,
    all: &[S],
) -> String {
    let mut text = format!("```mermaid\nstateDiagram-v2\n    [*] --> {}\n", name(start));
    for Move { from, to, when } in moves {
        writeln!(text, "    {} --> {}: {when}", name(*from), name(*to)).unwrap();
    }
    for end in all.iter().filter(|state| is_end(**state)) {
        writeln!(text, "    {} --> [*]", name(*end)).unwrap();
    }
    text + "```\n"
}

/// The table of errors.
fn failures() -> String {
    let mut text = "| kind | what it is | to blame | what comes next |\n|---|---|---|---|\n".to_owned();
    for Failure { kind, what, blames_provider, remedy, .. } in FAILURES {
        let next = match remedy {
            Remedy::Wait => "the same attempt goes on in the same session, after a pause",
            Remedy::Compact => {
                "the session is compacted once and goes on; then the next attempt, in a new session"
            }
            Remedy::AskUser => "the mission pauses and asks, naming the model; the attempt does not count",
            Remedy::NextModel => {
                "the next attempt, asked of the agent's next model; without one the task fails"
            }
            Remedy::TellSession => "the next attempt, in the same session, told what was wrong",
            Remedy::Reopen => "the same attempt in a new session, after a pause",
            Remedy::NewSession => "the next attempt, in a new session",
        };
        let blame = if blames_provider { "the provider" } else { "" };
        writeln!(text, "| `{}` | {what} | {blame} | {next} |", name(kind)).unwrap();
    }
    text
}

/// Puts a drawing between the marks that name it.
fn redrawn(page: &str, mark: &str, drawing: &str) -> String {
    let (begin, end) = (format!("<!-- {mark} -->\n"), format!("<!-- /{mark} -->\n"));
    let from = page.find(&begin).unwrap_or_else(|| panic!("the page has no {begin}")) + begin.len();
    let to = page.find(&end).unwrap_or_else(|| panic!("the page has no {end}"));
    format!("{}{drawing}{}", &page[..from], &page[to..])
}

#[test]
fn the_page_draws_the_tables_as_they_are() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/scheduler.md");
    let page = fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
    let tasks = diagram(MOVES, TaskState::Pending, TaskState::is_end, &TaskState::ALL);
    let mission = diagram(PHASE_MOVES, Phase::Planning, |phase| phase == Phase::Done, &[Phase::Done]);
    let now = redrawn(&redrawn(&page, "the states of a task", &tasks), "the phases of a mission", &mission);
    let now = redrawn(&now, "the kinds of errors", &failures());
    if env::var_os("UPDATE_PAGE").is_some() {
        fs::write(&path, &now).unwrap();
    }
    assert!(page == now, "docs/scheduler.md shows an older table: run UPDATE_PAGE=1 cargo test --test page");
}
