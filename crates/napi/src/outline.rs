//! The outline of a file.

use std::{path::Path, sync::atomic::AtomicBool};

use napi_derive::napi;
use orchestrator_tools::{Limits, outline_of};

use crate::{
    crossing::crossing,
    pools::{Json, json},
};

/// Says what a text declares, in the language of a path's name; gives JSON, or nothing for an unknown language.
#[napi]
pub fn outline(path: String, source: &[u8]) -> napi::Result<Option<Json>> {
    crossing(|| {
        // Nobody else runs while JavaScript waits here, so nobody could set the flag: the time limit ends it.
        let outline = outline_of(Path::new(&path), source, &Limits::default(), &AtomicBool::new(false))?;
        Ok(outline.as_ref().map(json))
    })
}
