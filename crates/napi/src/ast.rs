//! Searching and rewriting by syntax tree.

use std::{path::Path, sync::atomic::AtomicBool};

use napi_derive::napi;
use orchestrator_tools::{Progress, ast_replace, ast_search};
use serde::de::DeserializeOwned;

use crate::{
    crossing::crossing,
    failure::Failure,
    pools::{Json, json},
};

/// Searches syntax trees; options and report are JSON.
#[napi]
pub fn search_trees(root: String, options_json: String) -> napi::Result<Json> {
    crossing(|| {
        // Nobody else runs while JavaScript waits here, so nobody could set the flag: the time limit ends it.
        let cancel = AtomicBool::new(false);
        let report = ast_search(Path::new(&root), &options(&options_json)?, &cancel, &Progress::default())?;
        Ok(json(&report))
    })
}

/// Rewrites files by their syntax trees; options and report are JSON.
#[napi]
pub fn rewrite_trees(root: String, options_json: String) -> napi::Result<Json> {
    crossing(|| {
        let cancel = AtomicBool::new(false);
        let report = ast_replace(Path::new(&root), &options(&options_json)?, &cancel, &Progress::default())?;
        Ok(json(&report))
    })
}

/// The options of a search or rewrite.
pub(crate) fn options<T: DeserializeOwned>(options_json: &str) -> Result<T, Failure> {
    serde_json::from_str(options_json)
        .map_err(|error| Failure::unreadable("the options of the search are refused", &error))
}
