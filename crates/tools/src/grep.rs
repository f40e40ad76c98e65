//! Searches files for patterns, on ripgrep's own crates: the same files, the same regular expressions, the same rules
//! for binary files and encodings.

mod collect;
mod found;
mod kept;
mod line;
mod pattern;
mod source;

use std::{
    fs::File,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use grep_regex::RegexMatcher;
use grep_searcher::{BinaryDetection, Searcher, SearcherBuilder};
use ignore::DirEntry;
use serde::Deserialize;

use self::{collect::Collect, kept::Kept, source::Source};
pub use self::{
    found::{GrepFile, GrepLine, GrepMatch, GrepReport},
    line::Cut,
};
use crate::{
    error::{Error, ErrorKind},
    limit::{Order, Truncation},
    patience::Patience,
    problem::{ProblemKind, Problems},
    progress::{Progress, add},
    walk::{FileOptions, Flow, On, PROBE, Visitor, Walk, shown},
};

/// The longest line, or with [`GrepOptions::multiline`] the longest file, that is held in memory.
const MAX_HELD: usize = 64 << 20;

/// The searcher's buffer at first, in bytes.
const BUFFER: u64 = 64 << 10;

/// What to search for, where, and how much of it to tell.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct GrepOptions {
    /// What one of matches, is found. Regular expressions of the crate `regex`.
    pub patterns: Vec<String>,
    /// The patterns are plain text.
    pub literal: bool,
    /// Whether capital letters differ from small ones.
    pub case: Case,
    /// Only whole words: what is before and behind a match is no letter, digit or `_`.
    pub word: bool,
    /// A match may cover several lines. Each file is read whole, and none above 64 MiB.
    pub multiline: bool,
    /// What is told of a file.
    pub mode: Mode,
    /// Lines told before each match.
    pub before: usize,
    /// Lines told after each match.
    pub after: usize,
    /// Which files are searched.
    pub files: FileOptions,
    /// The order of the files.
    pub order: Order,
    /// Most matches in all; most files, where matches are not asked for.
    pub max_results: usize,
    /// Most matches of a file.
    pub max_per_file: Option<u64>,
    /// About how long the report may be as JSON, in bytes.
    pub max_bytes: usize,
    /// About the longest text told of a line, in bytes: of a longer one the part around the first match is.
    pub max_line_bytes: usize,
    /// How a line is told.
    pub lines: Lines,
    /// The longest that it may take, in milliseconds.
    pub time_limit_ms: u64,
}

/// Whether capital letters differ from small ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Case {
    /// They differ.
    #[default]
    Sensitive,
    /// They don't.
    Insensitive,
    /// They differ if there is a capital letter in one of the patterns.
    Smart,
}

/// How a line is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lines {
    /// Without its end; of a long one, the part around the first match.
    #[default]
    Around,
    /// With its end; of a long one, the beginning.
    Raw,
}

/// What is told of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The matches.
    #[default]
    Matches,
    /// That it matches.
    Files,
    /// How many lines match. As with ripgrep, a file that turns out to be binary doesn't count.
    Count,
}

impl Default for GrepOptions {
    fn default() -> Self {
        Self {
            patterns: Vec::new(),
            literal: false,
            case: Case::default(),
            word: false,
            multiline: false,
            mode: Mode::default(),
            before: 0,
            after: 0,
            files: FileOptions::default(),
            order: Order::default(),
            max_results: 10_000,
            max_per_file: None,
            max_bytes: 8 << 20,
            max_line_bytes: 2_000,
            lines: Lines::default(),
            time_limit_ms: 30_000,
        }
    }
}

/// Searches a folder, or one file. What can't be looked at is told in the report. A root that is a file is searched
/// whatever the options say of its name.
///
/// It runs on the caller's thread for its first two milliseconds, and then on up to [`FileOptions::threads`] others,
/// which have ended when it returns.
///
/// # Errors
/// [`ErrorKind::InvalidPattern`], [`ErrorKind::InvalidGlob`], [`ErrorKind::UnknownFileType`],
/// [`ErrorKind::InvalidRoot`], [`ErrorKind::Cancelled`]. The time limit is no error: the report says so.
pub fn grep(
    root: &Path,
    options: &GrepOptions,
    cancel: &AtomicBool,
    progress: &Progress,
) -> Result<GrepReport, Error> {
    let patience = Patience::within(Duration::from_millis(options.time_limit_ms), cancel);
    let search =
        Search { walk: Walk::new(root, &options.files)?, matcher: pattern::matcher(options)?, options };
    if search.walk.threads() > 1 {
        let counted = Progress::default();
        let report = search.run(patience.at_most(PROBE), 1, &counted);
        if report.truncated != Some(Truncation::Time) {
            progress.add_all(report.counts);
            return Ok(report);
        }
    }
    let report = search.run(patience, search.walk.threads(), progress);
    if patience.is_cancelled() {
        return Err(Error::new(ErrorKind::Cancelled, "the search was cancelled"));
    }
    Ok(report)
}

struct Search<'a> {
    walk: Walk<'a>,
    matcher: RegexMatcher,
    options: &'a GrepOptions,
}

impl Search<'_> {
    fn run(&self, patience: Patience<'_>, threads: usize, progress: &Progress) -> GrepReport {
        let problems = Problems::default();
        let ended = AtomicBool::new(false);
        let kept = Kept::new(self.options);
        let on = On { patience, ended: &ended, progress, problems: &problems };
        self.walk.run(on, threads, || FileSearch {
            search: self,
            matcher: self.matcher.clone(),
            searcher: searcher(self.options),
            kept: &kept,
            on,
        });
        let (files, truncated) = kept.into_files();
        let (problems, problem_count) = problems.into_told();
        let truncated = if ended.load(Ordering::Relaxed) { Some(Truncation::Time) } else { truncated };
        GrepReport { files, truncated, problems, problem_count, counts: progress.counts() }
    }
}

fn searcher(options: &GrepOptions) -> Searcher {
    let max_matches = if options.mode == Mode::Files { Some(1) } else { options.max_per_file };
    let (before, after) =
        if options.mode == Mode::Matches { (options.before, options.after) } else { (0, 0) };
    SearcherBuilder::new()
        .line_number(options.mode == Mode::Matches)
        .multi_line(options.multiline)
        .before_context(before)
        .after_context(after)
        .binary_detection(BinaryDetection::quit(0))
        .heap_limit(Some(MAX_HELD))
        .max_matches(max_matches)
        .build()
}

/// What one thread searches with.
struct FileSearch<'a> {
    search: &'a Search<'a>,
    matcher: RegexMatcher,
    searcher: Searcher,
    kept: &'a Kept,
    on: On<'a>,
}

impl Visitor for FileSearch<'_> {
    fn file(&mut self, entry: &DirEntry) -> Flow {
        if self.kept.is_complete() {
            self.kept.skipped();
            return Flow::Quit;
        }
        let root = self.search.walk.root();
        let path = entry.path();
        if self.kept.is_full() {
            let key = self.kept.key(path, &shown(root, path));
            if !self.kept.has_room(&key) {
                return Flow::Continue;
            }
        }
        let Some(file) = self.open(path) else { return Flow::Continue };
        add(&self.on.progress.files, 1);
        let options = self.search.options;
        let mut collect = Collect::new(&self.matcher, options, self.on.patience);
        let mut source = Source::new(file, self.on);
        let searched = self.searcher.search_reader(&self.matcher, &mut source, &mut collect);
        if source.read > BUFFER {
            // A long line may have made the searcher's buffer larger, and how much is read at once decides how much is
            // searched before a NUL is seen: every file begins with the same buffer.
            self.searcher = searcher(options);
        }
        // Asked again, so that the report says that time was short.
        let over = (searched.is_err() || collect.stopped) && self.on.is_over();
        if let Err(error) = searched
            && !over
        {
            self.on.problems.add_searched(root, path, &error);
        }
        let Collect { matches, mut count, binary, .. } = collect;
        if binary.is_some() {
            add(&self.on.progress.binary, 1);
            if options.mode == Mode::Count {
                count = 0;
            }
        }
        if count > 0 {
            add(&self.on.progress.found, count);
            let shown = shown(root, path);
            let key = self.kept.key(path, &shown);
            let limited =
                options.mode != Mode::Files && options.max_per_file.is_some_and(|most| count >= most);
            self.kept.add(key, GrepFile { path: shown, count, matches, limited, binary });
        }
        Flow::Continue
    }
}

impl FileSearch<'_> {
    fn open(&self, path: &Path) -> Option<File> {
        let root = self.search.walk.root();
        let opened = File::open(path).and_then(|file| {
            let most = self.search.options.files.max_file_bytes;
            let most = if self.search.options.multiline {
                Some(most.unwrap_or(u64::MAX).min(MAX_HELD as u64))
            } else {
                most
            };
            let length = if most.is_some() { file.metadata()?.len() } else { 0 };
            Ok((file, length, most.unwrap_or(u64::MAX)))
        });
        match opened {
            Ok((file, length, most)) if length <= most => Some(file),
            Ok((_, length, most)) => {
                add(&self.on.progress.too_large, 1);
                if self.search.options.files.max_file_bytes.is_none() {
                    let what = format!("it has {length} bytes, and `multiline` reads no file above {most}");
                    self.on.problems.add(root, path, ProblemKind::TooLong, what);
                }
                None
            }
            Err(error) => {
                self.on.problems.add_io(root, path, &error);
                None
            }
        }
    }
}
