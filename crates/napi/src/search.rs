//! Searching and listing files.

use std::{path::Path, sync::atomic::AtomicBool};

use napi_derive::napi;
use orchestrator_tools::{Progress, glob, grep};
use serde::de::DeserializeOwned;

use crate::{
    crossing::crossing,
    failure::Failure,
    pools::{Json, json},
};

/// Searches files; options and report are JSON.
#[napi]
pub fn search_files(root: String, options_json: String) -> napi::Result<Json> {
    // Nobody else runs while JavaScript waits here, so nobody could set the flag: the time limit ends it.
    crossing(|| searched(&root, &options_json, &AtomicBool::new(false), &Progress::default()))
}

/// Lists files; options and report are JSON.
#[napi]
pub fn list_files(root: String, options_json: String) -> napi::Result<Json> {
    crossing(|| listed(&root, &options_json, &AtomicBool::new(false), &Progress::default()))
}

/// What a search finds, as JSON; on any thread.
pub(crate) fn searched(
    root: &str,
    options_json: &str,
    cancel: &AtomicBool,
    progress: &Progress,
) -> Result<Json, Failure> {
    Ok(json(&grep(Path::new(root), &options(options_json)?, cancel, progress)?))
}

/// What a listing finds, as JSON; on any thread.
pub(crate) fn listed(
    root: &str,
    options_json: &str,
    cancel: &AtomicBool,
    progress: &Progress,
) -> Result<Json, Failure> {
    Ok(json(&glob(Path::new(root), &options(options_json)?, cancel, progress)?))
}

/// Options that came as JSON.
pub(crate) fn options<T: DeserializeOwned>(options_json: &str) -> Result<T, Failure> {
    serde_json::from_str(options_json)
        .map_err(|error| Failure::unreadable("the options of the search are refused", &error))
}
