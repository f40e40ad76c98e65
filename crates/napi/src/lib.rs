//! The engine's bindings to N-API: converts types, and nothing more.
//!
//! Whatever holds more than a number crosses as one JSON string: one string is cheaper than its objects; lists of
//! numbers cross as typed arrays. Every
//! exported function is synchronous and runs in [`crossing::crossing`], so that neither an error nor a panic takes
//! the process down. The threads of [`jobs`] never touch the environment: JavaScript fetches what they have done.

#![expect(clippy::needless_pass_by_value, reason = "N-API hands over strings that are ours")]

pub mod ast;
mod crossing;
mod failure;
pub mod flow;
pub mod graph;
mod input;
pub mod jobs;
mod journal;
pub mod mission;
mod number;
pub mod outline;
pub mod ownership;
pub mod pools;
pub mod scheduler;
pub mod scope;
pub mod search;
pub mod search_jobs;
pub mod shell;
pub mod store;
pub mod syntax;
pub mod tree_jobs;

use napi_derive::napi;

/// The version of the package that this addon belongs to.
#[napi]
#[must_use]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}
