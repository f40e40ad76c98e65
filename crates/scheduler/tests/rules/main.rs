//! Every rule of the scheduler, one behaviour a test, under a virtual clock.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::needless_pass_by_value, reason = "events read best where they are built in place")]

mod amending;
mod bench;
mod budgets;
mod cancelling;
mod continuing;
mod deciding;
mod delegating;
mod dispatching;
mod interrupted;
mod journaling;
mod late_events;
mod learning;
mod limits;
mod memory;
mod mission;
mod models;
mod pausing;
mod planning;
mod polling;
mod remedies;
mod reviewing;
mod scale;
mod scopes;
mod session_errors;
mod speculating;
mod stagnating;
mod tables;
mod time;
mod work;
