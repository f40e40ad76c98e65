//! The engine beside its peers: one bench a name, its report as JSON on standard output.
//!
//!     orchestrator-benches <deque | graph | limiter | makespan> [--quick]

mod deque;
mod graph;
mod limiter;
mod makespan;
mod measure;
mod mission;
mod report;

use std::process::ExitCode;

use report::Report;

/// Runs a bench; where it is told to be quick, only long enough to show that it runs.
type Bench = fn(bool) -> Report;

/// Every bench, by the name that it is asked for with.
const BENCHES: [(&str, Bench); 4] = [
    ("deque", deque::bench),
    ("graph", graph::bench),
    ("limiter", limiter::bench),
    ("makespan", makespan::bench),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let asked = arguments.iter().find(|argument| !argument.starts_with("--"));
    let Some((_, bench)) = BENCHES.iter().find(|(name, _)| Some(*name) == asked.map(String::as_str)) else {
        let names = BENCHES.map(|(name, _)| name).join(" | ");
        eprintln!("Usage: orchestrator-benches <{names}> [--quick]");
        return ExitCode::from(2);
    };
    let report = serde_json::to_string(&bench(quick)).expect("a report is plain data");
    println!("{report}");
    ExitCode::SUCCESS
}
