//! How far a search is, for those who watch it from another thread.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

/// Counters of a search that is under way; read them with [`Progress::counts`] at any time.
#[derive(Debug, Default)]
pub struct Progress {
    pub(crate) entries: AtomicU64,
    pub(crate) files: AtomicU64,
    pub(crate) bytes: AtomicU64,
    pub(crate) found: AtomicU64,
    pub(crate) binary: AtomicU64,
    pub(crate) too_large: AtomicU64,
}

/// What a search has done. The counters are read one after the other, so that they may be a file apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Folders and files that were come upon, without those that are ignored.
    pub entries: u64,
    /// Files that were searched, or listed.
    pub files: u64,
    /// Bytes that were read of them.
    pub bytes: u64,
    /// Matching lines, or files where files are asked for; what the limits cut off later is in it.
    pub found: u64,
    /// Files with a NUL byte: the search of a file ends there.
    pub binary: u64,
    /// Files that are left out for their size.
    pub too_large: u64,
}

impl Progress {
    /// The counters now.
    #[must_use]
    pub fn counts(&self) -> Counts {
        // Relaxed: counters that order nothing.
        Counts {
            entries: self.entries.load(Ordering::Relaxed),
            files: self.files.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            found: self.found.load(Ordering::Relaxed),
            binary: self.binary.load(Ordering::Relaxed),
            too_large: self.too_large.load(Ordering::Relaxed),
        }
    }

    /// Adds what another search has counted.
    pub(crate) fn add_all(&self, counts: Counts) {
        add(&self.entries, counts.entries);
        add(&self.files, counts.files);
        add(&self.bytes, counts.bytes);
        add(&self.found, counts.found);
        add(&self.binary, counts.binary);
        add(&self.too_large, counts.too_large);
    }
}

pub(crate) fn add(counter: &AtomicU64, more: u64) {
    counter.fetch_add(more, Ordering::Relaxed);
}
