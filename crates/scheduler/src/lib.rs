//! A sans-IO scheduler for missions of agent tasks.
//!
//! A mission is a graph of tasks, each done by an agent in a session of its own, checked, reviewed where asked for,
//! and accepted, or tried again, or failed. This crate decides what happens when. It opens no session, reads no clock
//! and starts no thread: [`Event`]s with a time go into a [`Scheduler`], [`Command`]s come out, and the same events
//! always lead to the same commands. So one and the same code runs in production, inside a simulator that plays
//! thousands of missions a second, and inside a replay of any [`Journal`].
//!
//! A host that carries out commands looks like this, but for the sessions:
//!
//! ```
//! use std::collections::VecDeque;
//!
//! use orchestrator_scheduler::{Command, Config, Event, Plan, ReportStatus, ReviewPolicy, Scheduler};
//!
//! let plan: Plan = serde_json::from_str(
//!     r#"{
//!         "goal": "A tested module",
//!         "tasks": [
//!             { "id": "code", "title": "Code", "prompt": "Write it.", "agent": "worker", "role": "worker" },
//!             { "id": "test", "title": "Test", "prompt": "Test it.", "agent": "worker", "role": "worker",
//!               "dependsOn": ["code"], "verify": ["npm test"] }
//!         ]
//!     }"#,
//! )?;
//! let mut scheduler = Scheduler::new(Config { review: ReviewPolicy::Never, ..Config::default() })?;
//! let mut inbox = VecDeque::from([Event::PlanSubmitted { plan }, Event::Resumed {}]);
//! let (mut now, mut started, mut finished) = (0, Vec::new(), false);
//! while let Some(event) = inbox.pop_front() {
//!     now += 1;
//!     for command in scheduler.handle(now, event)?.commands {
//!         match command {
//!             // Open a session, send the prompt, and later, when the agent has reported and fallen silent:
//!             Command::Start { lease, task, turn, .. } => {
//!                 started.push(task);
//!                 inbox.push_back(Event::SessionStarted { lease, session: format!("session of {lease}") });
//!                 inbox.push_back(Event::TaskReported {
//!                     lease,
//!                     turn: Some(turn),
//!                     status: ReportStatus::Done,
//!                     summary: "Done.".into(),
//!                     evidence: vec![],
//!                     files: vec![],
//!                 });
//!                 let turn = Some(turn);
//!                 inbox.push_back(Event::SessionIdle { lease, turn, text: None, fingerprint: None, refused: Vec::new() });
//!             }
//!             // Run the commands, and say what came of it.
//!             Command::Verify { task, attempt, copy, .. } => {
//!                 let task = task.map(|task| task.to_string());
//!                 let (passed, report) = (true, String::new());
//!                 let fingerprint = None;
//!                 inbox.push_back(Event::Verified { task, attempt, copy, passed, report, fingerprint });
//!             }
//!             Command::Finish { .. } => finished = true,
//!             _ => {}
//!         }
//!     }
//!     // Between events, a host waits until `next_wake` and hands in what is `due`.
//! }
//! assert_eq!(started, ["code", "test"]);
//! assert!(finished);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What the scheduler promises, and the simulator checks after every step: a lane holds at most one task; no turn
//! begins above the limit; a task runs only after all that it depends on is accepted; two tasks whose declared files
//! overlap never run at once; every permit comes back; every task ends; an accepted task is never started again.
//!
//! [`Journaled`] adds a [`Journal`]: nothing leaves before it is kept, and nothing is lost with the process.
//! [`deque`] is the work-stealing deque below, for its own sake, and [`pools`] is where memory is reused. [`jobs`] alone
//! has threads, for functions that take their time.

mod backoff;
mod breaker;
mod budget;
mod clock;
mod command;
mod config;
mod csr;
mod cycle;
mod dependency_queue;
pub mod deque;
mod error;
mod event;
mod failure;
mod graph;
// Its locks and threads are the standard library's, which the models don't see.
#[cfg(not(any(loom, shuttle)))]
pub mod jobs;
mod journal;
mod lanes;
mod lease;
mod lessons;
mod limiter;
pub mod memory;
mod moves;
mod parking;
mod permit;
mod phase;
mod plan;
mod poller;
pub mod pools;
mod pressure;
mod random;
mod ready;
mod running_times;
mod scheduler;
mod scope;
mod stagnation;
mod sync;
mod task;
mod validate;
mod view;

pub use backoff::Backoff;
pub use breaker::{BreakerState, Call, CircuitBreaker};
pub use budget::{Budget, Usage};
pub use command::{Command, MissionOutcome, NoticeKind, PromptReason};
pub use config::{Config, LaneCounts, MAX_LANES, ReviewPolicy};
pub use csr::{Csr, CsrBuf};
pub use cycle::cycles;
pub use dependency_queue::{DependencyQueue, QueueCounts, QueueState};
pub use error::{Error, ErrorKind, Problem};
pub use event::{
    AmendedStatus, Amendment, Decision, Durability, Event, Finding, ReportStatus, SessionErrorKind, Verdict,
};
pub use failure::{FAILURES, Failure, Remedy};
pub use graph::{TaskGraph, TaskKey};
pub use journal::{Batch, Journal, JournalError, Journaled, Record};
pub use lease::{Lane, LeaseId, Purpose};
pub use lessons::Lesson;
pub use limiter::Limiter;
pub use memory::Memory;
pub use moves::Move;
pub use permit::{Permit, Permits};
pub use phase::{PHASE_MOVES, Phase};
pub use plan::Plan;
pub use poller::Poller;
pub use pools::strings::Name;
pub use pressure::{Pressure, PressureChange};
pub use random::Random;
pub use scheduler::{Outcome, RULES, Scheduler};
pub use scope::in_scope;
pub use stagnation::{Fingerprint, Sign, Tried};
pub use task::{MOVES, Priority, Role, TaskKind, TaskSpec, TaskState};
pub use view::{
    ContinuationView, Counts, LeaseView, MissionView, ModelView, ScopeRequest, SecondView, Snapshot,
    TaskView, Verification,
};
