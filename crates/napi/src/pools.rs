//! The process's pool of buffers, and the text that crosses in one.

use std::{fmt, ops::Deref, sync::LazyLock};

use napi::{bindgen_prelude::ToNapiValue, sys};
use napi_derive::napi;
use orchestrator_scheduler::pools::buffers::{Buffer, BufferCounts, Buffers, CLASSES, Limits};
use serde::Serialize;

use crate::crossing::crossing;

/// One for all environments of the process: a worker loads the same addon.
static BUFFERS: LazyLock<Buffers> = LazyLock::new(|| Buffers::new(&Limits::default()));

/// A value written as JSON into a buffer of the pool. Handed to JavaScript, it is copied once, into the engine's own
/// memory, and the buffer goes back.
pub struct Json(Buffer);

/// A copy of bytes that are JavaScript's, for a thread that outlives the call.
pub(crate) fn copied(bytes: &[u8]) -> Buffer {
    let mut buffer = BUFFERS.take(bytes.len());
    buffer.extend_from_slice(bytes);
    buffer
}

/// Writes a value as JSON.
pub(crate) fn json<T: Serialize + ?Sized>(value: &T) -> Json {
    // The largest class at once: most answers fit, and none has to be moved on the way there.
    let mut buffer = BUFFERS.take(CLASSES[CLASSES.len() - 1]);
    serde_json::to_writer(&mut *buffer, value).expect("the engine's types can be written as JSON");
    Json(buffer)
}

/// As [`json`], for an answer that lies for a while before it is fetched: in the smallest class that holds it.
pub(crate) fn kept_json<T: Serialize + ?Sized>(value: &T) -> Json {
    let written = json(value);
    if written.len() > CLASSES[CLASSES.len() - 2] { written } else { Json(copied(written.as_bytes())) }
}

impl Deref for Json {
    type Target = str;

    fn deref(&self) -> &str {
        std::str::from_utf8(&self.0).expect("JSON is text")
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl ToNapiValue for Json {
    unsafe fn to_napi_value(env: sys::napi_env, json: Self) -> napi::Result<sys::napi_value> {
        // SAFETY: the environment is the one that we were called with.
        unsafe { <&str>::to_napi_value(env, &json) }
    }
}

#[derive(Serialize)]
struct PoolStatistics {
    buffers: BufferCounts,
}

/// What the process's pools have done and what is out of them, as JSON.
#[napi]
pub fn pool_statistics() -> napi::Result<Json> {
    crossing(|| {
        // Counted before the answer takes a buffer itself.
        let statistics = PoolStatistics { buffers: BUFFERS.counts() };
        Ok(json(&statistics))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_out_for_as_long_as_its_text_is_there() {
        // Of the class that `json` takes from; other tests of this process may use it, too.
        let out = || BUFFERS.counts().classes[CLASSES.len() - 1].counts.outstanding;
        let texts: Vec<Json> = (0..100).map(|number| json(&number)).collect();
        assert!(out() >= 100);
        assert_eq!(texts.iter().map(|text| text.parse::<u32>().unwrap()).sum::<u32>(), 4950);
        drop(texts);
        assert!(out() < 100);
    }

    #[test]
    fn a_text_above_the_largest_class_is_whole() {
        let long = "ä".repeat(100_000);
        assert_eq!(json(&long).to_string(), format!("\"{long}\""));
    }
}
