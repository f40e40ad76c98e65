//! A sans-IO scheduler for missions of agent tasks.

mod backoff;
mod clock;
mod command;
mod config;
mod cycle;
pub mod deque;
mod error;
mod event;
mod graph;
mod journal;
mod lanes;
mod lease;
mod limiter;
mod parking;
mod permit;
mod phase;
mod plan;
mod random;
mod scheduler;
mod scope;
mod sync;
mod task;
mod validate;
mod view;

pub use command::{Command, MissionOutcome, NoticeKind, PromptReason};
pub use config::{Config, LaneCounts, MAX_LANES, ReviewPolicy};
pub use error::{Error, ErrorKind, Problem};
pub use event::{Durability, Event, Finding, ReportStatus, SessionErrorKind, Verdict};
pub use journal::{Batch, Journal, JournalError, Journaled, Record};
pub use lease::{Lane, LeaseId, Purpose};
pub use phase::{PHASE_MOVES, Phase};
pub use plan::Plan;
pub use scheduler::{Outcome, RULES, Scheduler};
pub use task::{MOVES, Priority, Role, TaskKind, TaskSpec, TaskState};
pub use view::{Counts, LeaseView, MissionView, Snapshot, TaskView, Verification};
