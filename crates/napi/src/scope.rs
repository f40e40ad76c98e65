//! Whether files belong to a scope.

use napi_derive::napi;
use orchestrator_scheduler::in_scope;

use crate::crossing::crossing;

/// The paths that no glob of the scope covers, in their order.
#[napi]
pub fn outside_scope(globs: Vec<String>, paths: Vec<String>) -> napi::Result<Vec<String>> {
    crossing(|| Ok(paths.into_iter().filter(|path| !in_scope(&globs, path)).collect()))
}
