//! A sans-IO scheduler for missions of agent tasks.

mod command;
mod config;
mod error;
mod event;
mod journal;
mod lease;
mod phase;
mod plan;
mod task;
mod view;

pub use command::{Command, MissionOutcome, NoticeKind, PromptReason};
pub use config::{Config, LaneCounts, MAX_LANES, ReviewPolicy};
pub use error::{Error, ErrorKind, Problem};
pub use event::{Durability, Event, Finding, ReportStatus, SessionErrorKind, Verdict};
pub use journal::{Batch, Journal, JournalError, Record};
pub use lease::{Lane, LeaseId, Purpose};
pub use phase::{PHASE_MOVES, Phase};
pub use plan::Plan;
pub use task::{MOVES, Priority, Role, TaskKind, TaskSpec, TaskState};
pub use view::{Counts, LeaseView, MissionView, Snapshot, TaskView, Verification};
