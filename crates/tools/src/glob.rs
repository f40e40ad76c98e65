//! The files of a folder, by globs.

use std::{
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use ignore::DirEntry;
use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, ErrorKind},
    limit::{Order, Truncation, latest_first, path_key, path_of},
    patience::Patience,
    problem::{Problem, Problems},
    progress::{Counts, Progress, add},
    walk::{FileOptions, Flow, On, PROBE, Visitor, Walk, shown},
};

/// What to list.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct GlobOptions {
    /// Which files; the globs are its `include`, and without any all files are listed.
    pub files: FileOptions,
    /// The order of the paths.
    pub order: Order,
    /// Most paths.
    pub max_results: usize,
    /// The longest that it may take, in milliseconds.
    pub time_limit_ms: u64,
}

impl Default for GlobOptions {
    fn default() -> Self {
        Self {
            files: FileOptions::default(),
            order: Order::default(),
            max_results: 100_000,
            time_limit_ms: 30_000,
        }
    }
}

/// The files that there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GlobReport {
    /// Relative to the root, with `/`. What is no Unicode in a name is shown as U+FFFD.
    pub paths: Vec<String>,
    /// Why there may be more.
    pub truncated: Option<Truncation>,
    /// What could not be looked at; the first 100.
    pub problems: Vec<Problem>,
    /// How many problems there were.
    pub problem_count: u64,
    /// What was done.
    pub counts: Counts,
}

/// Lists the files of a folder. What can't be looked at is told in the report; a root that is a file is listed itself,
/// by its name, whatever the options say of it.
///
/// # Errors
/// [`ErrorKind::InvalidGlob`], [`ErrorKind::UnknownFileType`], [`ErrorKind::InvalidRoot`], [`ErrorKind::Cancelled`].
pub fn glob(
    root: &Path,
    options: &GlobOptions,
    cancel: &AtomicBool,
    progress: &Progress,
) -> Result<GlobReport, Error> {
    let patience = Patience::within(Duration::from_millis(options.time_limit_ms), cancel);
    let walk = Walk::new(root, &options.files)?;
    if walk.threads() > 1 {
        let probe = patience.at_most(PROBE);
        let counted = Progress::default();
        let report = list(&walk, options, probe, 1, &counted);
        if report.truncated != Some(Truncation::Time) {
            progress.add_all(report.counts);
            return Ok(report);
        }
    }
    let report = list(&walk, options, patience, walk.threads(), progress);
    if patience.is_cancelled() {
        return Err(Error::new(ErrorKind::Cancelled, "the listing was cancelled"));
    }
    Ok(report)
}

fn list(
    walk: &Walk<'_>,
    options: &GlobOptions,
    patience: Patience<'_>,
    threads: usize,
    progress: &Progress,
) -> GlobReport {
    let problems = Problems::default();
    let listing = Listing {
        root: walk.root(),
        options,
        progress,
        paths: Mutex::default(),
        left: AtomicUsize::new(options.max_results),
        cut: AtomicBool::new(false),
    };
    let ended = AtomicBool::new(false);
    let on = On { patience, ended: &ended, progress, problems: &problems };
    walk.run(on, threads, || Lister { listing: &listing, own: Vec::new() });
    let cut = listing.cut.into_inner();
    let mut paths = listing.paths.into_inner().unwrap_or_else(PoisonError::into_inner);
    if options.order != Order::Found {
        paths.sort_unstable();
    }
    let more = cut || paths.len() > options.max_results;
    paths.truncate(options.max_results);
    let truncated = match (ended.into_inner(), more) {
        (true, _) => Some(Truncation::Time),
        (false, true) => Some(Truncation::Results),
        (false, false) => None,
    };
    let (problems, problem_count) = problems.into_told();
    let paths = paths.into_iter().map(|found| path_of(found.key)).collect();
    GlobReport { paths, truncated, problems, problem_count, counts: progress.counts() }
}

struct Listing<'a> {
    root: &'a Path,
    options: &'a GlobOptions,
    progress: &'a Progress,
    paths: Mutex<Vec<Found>>,
    /// How many more are taken in the order that they are found.
    left: AtomicUsize,
    /// Whether something was found that is not in the result.
    cut: AtomicBool,
}

/// A path by its place in the order, which has the path in it: one allocation a file.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Found {
    modified: u64,
    key: Vec<u8>,
}

struct Lister<'a> {
    listing: &'a Listing<'a>,
    own: Vec<Found>,
}

impl Visitor for Lister<'_> {
    fn file(&mut self, entry: &DirEntry) -> Flow {
        let Listing { root, options, progress, left, cut, .. } = self.listing;
        if let Some(max) = options.files.max_file_bytes
            && entry.metadata().is_ok_and(|metadata| metadata.len() > max)
        {
            add(&progress.too_large, 1);
            return Flow::Continue;
        }
        if options.order == Order::Found {
            // Relaxed: the counter hands out permissions and orders nothing.
            let taken = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
            if taken.is_err() {
                cut.store(true, Ordering::Relaxed);
                return Flow::Quit;
            }
        }
        add(&progress.files, 1);
        add(&progress.found, 1);
        let modified = if options.order == Order::Modified {
            latest_first(entry.path().metadata().and_then(|metadata| metadata.modified()))
        } else {
            0
        };
        let found = Found { modified, key: path_key(shown(root, entry.path())) };
        self.own.push(found);
        if options.order != Order::Found
            && self.own.len() > options.max_results.saturating_mul(2).saturating_add(1_024)
        {
            self.own.select_nth_unstable(options.max_results);
            self.own.truncate(options.max_results);
            cut.store(true, Ordering::Relaxed);
        }
        Flow::Continue
    }
}

impl Drop for Lister<'_> {
    fn drop(&mut self) {
        self.listing.paths.lock().unwrap_or_else(PoisonError::into_inner).append(&mut self.own);
    }
}
