//! What a shell command would change.

use napi_derive::napi;

use crate::{
    crossing::crossing,
    pools::{Json, json},
};

/// What a command would change, as JSON.
#[napi]
pub fn shell_effects(command: String) -> napi::Result<Json> {
    crossing(|| Ok(json(&orchestrator_tools::shell_effects(&command))))
}
