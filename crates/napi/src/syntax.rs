//! The syntax check.

use std::{path::Path, sync::atomic::AtomicBool, time::Duration};

use napi_derive::napi;
use orchestrator_tools::{Language, Limits, new_errors};
use serde::Deserialize;

use crate::{
    crossing::crossing,
    failure::Failure,
    jobs::{Found, NativeJobs},
    pools::{Json, copied, json, kept_json},
};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CheckOptions {
    max_errors: Option<usize>,
    max_bytes: Option<usize>,
    time_limit_ms: Option<u64>,
}

/// Parses a text in the language of a path's name; gives a report as JSON, or nothing for an unknown language.
#[napi]
pub fn check_syntax(path: String, source: &[u8], options_json: String) -> napi::Result<Option<Json>> {
    check(&path, None, source, &options_json)
}

/// The same, of a changed file: only the errors that it didn't have before.
#[napi]
pub fn check_change(
    path: String,
    before: &[u8],
    after: &[u8],
    options_json: String,
) -> napi::Result<Option<Json>> {
    check(&path, Some(before), after, &options_json)
}

fn check(path: &str, before: Option<&[u8]>, after: &[u8], options_json: &str) -> napi::Result<Option<Json>> {
    crossing(|| {
        let Some(language) = Language::of_path(Path::new(path)) else { return Ok(None) };
        let limits = limits(options_json)?;
        // Nobody else runs while JavaScript waits here, so nobody could set the flag: the time limit ends it.
        let report = new_errors(before, after, language, &limits, &AtomicBool::new(false))?;
        Ok(Some(json(&report)))
    })
}

fn limits(options_json: &str) -> Result<Limits, Failure> {
    let options: CheckOptions = serde_json::from_str(options_json)
        .map_err(|error| Failure::unreadable("the options of the syntax check are refused", &error))?;
    let defaults = Limits::default();
    Ok(Limits {
        max_errors: options.max_errors.unwrap_or(defaults.max_errors),
        max_bytes: options.max_bytes.unwrap_or(defaults.max_bytes),
        time: options.time_limit_ms.map_or(defaults.time, Duration::from_millis),
    })
}

/// An error has at most about so many bytes as JSON: an excerpt of 120 characters, and a message.
const ERROR_BYTES: usize = 1 << 10;

#[napi]
impl NativeJobs {
    /// The syntax check as a job: of a changed file where there is one `before`. Null for an unknown language.
    #[napi]
    pub fn check_syntax(
        &self,
        path: String,
        source: &[u8],
        before: Option<&[u8]>,
        options_json: String,
        limits_json: String,
    ) -> napi::Result<Option<f64>> {
        crossing(|| {
            let Some(language) = Language::of_path(Path::new(&path)) else { return Ok(None) };
            let limits = limits(&options_json)?;
            let (source, before) = (copied(source), before.map(copied));
            let id =
                self.start(&limits_json, limits.max_errors.saturating_mul(ERROR_BYTES), move |signal| {
                    let before = before.as_ref().map(|before| before.as_slice());
                    let report = new_errors(before, &source, language, &limits, signal.flag())?;
                    Ok(Found { value: Some(kept_json(&report)), parts: Vec::new() })
                })?;
            Ok(Some(id))
        })
    }
}
