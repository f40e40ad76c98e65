//! Finding code by its syntax tree.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use ast_grep_core::{Doc, NodeMatch, meta_var::MetaVariable};
use ignore::DirEntry;
use serde::{Deserialize, Serialize};

use super::{
    file::{Content, matches, read, tree},
    query::{AstQuery, Compiled, compile},
};
use crate::{
    error::{Error, ErrorKind},
    excerpt::Lines,
    language::Language,
    limit::{Truncation, path_key},
    patience::Patience,
    problem::{Problem, Problems},
    progress::{Counts, Progress, add},
    walk::{FileOptions, Flow, On, PROBE, Visitor, Walk, shown},
};

/// Largest file that is parsed, in bytes, unless the options say otherwise.
pub(super) const MAX_FILE_BYTES: u64 = 4 << 20;

/// What to search, and how much may come of it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct AstSearchOptions {
    /// What to look for.
    pub query: AstQuery,
    /// Which files; of these only those of the language. None has more than 4 MiB, unless `max_file_bytes` says otherwise.
    pub files: FileOptions,
    /// Most matches.
    pub max_results: usize,
    /// About how long the texts of all matches together may be, in bytes.
    pub max_bytes: usize,
    /// The longest text told of a match or a capture, in bytes.
    pub max_text_bytes: usize,
    /// The longest that it may take, in milliseconds.
    pub time_limit_ms: u64,
}

impl Default for AstSearchOptions {
    fn default() -> Self {
        Self {
            query: AstQuery::default(),
            files: FileOptions::default(),
            max_results: 1_000,
            max_bytes: 8 << 20,
            max_text_bytes: 2_000,
            time_limit_ms: 30_000,
        }
    }
}

/// What was found, by path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AstSearchReport {
    /// As what the files were read.
    pub language: Language,
    /// The files that have matches.
    pub files: Vec<AstFile>,
    /// Why the pattern may find less than it should: it doesn't parse on its own. Says where.
    pub warning: Option<String>,
    /// Why there may be more.
    pub truncated: Option<Truncation>,
    /// What could not be looked at; the first 100.
    pub problems: Vec<Problem>,
    /// How many problems there were.
    pub problem_count: u64,
    /// What was done.
    pub counts: Counts,
}

/// A file that has matches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AstFile {
    /// Relative to the root, with `/`.
    pub path: String,
    /// In the order of the text. A match may lie in another.
    pub matches: Vec<AstMatch>,
}

/// A node that matches. Lines and columns are 1-based; columns count characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AstMatch {
    /// Where it begins.
    pub line: u32,
    /// Where it begins.
    pub column: u32,
    /// Where its last character is.
    pub end_line: u32,
    /// After its last character.
    pub end_column: u32,
    /// Bytes before it.
    pub offset: usize,
    /// Bytes before its end.
    pub end_offset: usize,
    /// The node's text, or its beginning.
    pub text: String,
    /// Whether the text was cut.
    pub cut: bool,
    /// What the names of the pattern stand for, by name.
    pub captures: BTreeMap<String, AstCapture>,
}

/// What a name stands for: the text of one node, those of several, or one that a rule's `transform` made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum AstCapture {
    /// Of `$NAME`.
    One(String),
    /// Of `$$$NAME`.
    Many(Vec<String>),
}

/// Searches the files of one language below `root`, or one file, for nodes that match. What can't be looked at is told in
/// the report.
///
/// # Errors
/// [`ErrorKind::InvalidPattern`], [`ErrorKind::InvalidRule`], [`ErrorKind::UnknownLanguage`], [`ErrorKind::InvalidGlob`],
/// [`ErrorKind::UnknownFileType`], [`ErrorKind::InvalidRoot`], [`ErrorKind::Cancelled`].
pub fn ast_search(
    root: &Path,
    options: &AstSearchOptions,
    cancel: &AtomicBool,
    progress: &Progress,
) -> Result<AstSearchReport, Error> {
    let patience = Patience::within(Duration::from_millis(options.time_limit_ms), cancel);
    let compiled = compile(&options.query, Language::of_path(root), patience)?;
    let walk = Walk::new(root, &options.files)?;
    if walk.threads() > 1 {
        let counted = Progress::default();
        let report = run(&walk, &compiled, options, patience.at_most(PROBE), 1, &counted);
        if report.truncated != Some(Truncation::Time) {
            progress.add_all(report.counts);
            return Ok(report);
        }
    }
    let report = run(&walk, &compiled, options, patience, walk.threads(), progress);
    if patience.is_cancelled() {
        return Err(Error::new(ErrorKind::Cancelled, "the search was cancelled"));
    }
    Ok(report)
}

fn run(
    walk: &Walk<'_>,
    compiled: &Compiled,
    options: &AstSearchOptions,
    patience: Patience<'_>,
    threads: usize,
    progress: &Progress,
) -> AstSearchReport {
    let problems = Problems::default();
    let ended = AtomicBool::new(false);
    let found =
        Found { options, files: Mutex::default(), held: AtomicUsize::new(0), cut: AtomicBool::new(false) };
    let on = On { patience, ended: &ended, progress, problems: &problems };
    walk.run(on, threads, || Searcher { root: walk.root(), compiled, options, found: &found, on });
    let (files, truncated) = found.into_files();
    let (problems, problem_count) = problems.into_told();
    let truncated = if ended.load(Ordering::Relaxed) { Some(Truncation::Time) } else { truncated };
    AstSearchReport {
        language: compiled.language,
        files,
        warning: compiled.warning.clone(),
        truncated,
        problems,
        problem_count,
        counts: progress.counts(),
    }
}

/// What several threads have found.
struct Found<'a> {
    options: &'a AstSearchOptions,
    files: Mutex<Vec<AstFile>>,
    /// Matches in `files`.
    held: AtomicUsize,
    cut: AtomicBool,
}

impl Found<'_> {
    fn add(&self, file: AstFile) {
        let more = file.matches.len();
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.push(file);
        // Relaxed: changed under the lock.
        let held = self.held.fetch_add(more, Ordering::Relaxed) + more;
        // Which come first is known only at the end; meanwhile twice as many as are wanted are kept, so that sorting is
        // seldom.
        if held > self.options.max_results.saturating_mul(2).max(1_000) {
            let (kept, _) = first(std::mem::take(&mut *files), self.options);
            self.held.store(kept.iter().map(|file| file.matches.len()).sum(), Ordering::Relaxed);
            self.cut.store(true, Ordering::Relaxed);
            *files = kept;
        }
    }

    fn into_files(self) -> (Vec<AstFile>, Option<Truncation>) {
        let cut = self.cut.into_inner();
        let files = self.files.into_inner().unwrap_or_else(PoisonError::into_inner);
        let (files, truncated) = first(files, self.options);
        (files, truncated.or(cut.then_some(Truncation::Results)))
    }
}

/// The first files by path, as many as the limits allow.
fn first(mut files: Vec<AstFile>, options: &AstSearchOptions) -> (Vec<AstFile>, Option<Truncation>) {
    files.sort_by_cached_key(|file| path_key(file.path.clone()));
    let (mut results, mut bytes) = (0, 0);
    let mut truncated = None;
    for file in &mut files {
        let fitting = file
            .matches
            .iter()
            .position(|found| {
                bytes += size(found);
                if bytes > options.max_bytes {
                    truncated = truncated.or(Some(Truncation::Bytes));
                } else if results == options.max_results {
                    truncated = truncated.or(Some(Truncation::Results));
                } else {
                    results += 1;
                }
                truncated.is_some()
            })
            .unwrap_or(file.matches.len());
        file.matches.truncate(fitting);
    }
    files.retain(|file| !file.matches.is_empty());
    (files, truncated)
}

fn size(found: &AstMatch) -> usize {
    let captures = found.captures.values().map(|capture| match capture {
        AstCapture::One(text) => text.len(),
        AstCapture::Many(texts) => texts.iter().map(String::len).sum(),
    });
    found.text.len() + captures.sum::<usize>()
}

/// What one thread searches with.
struct Searcher<'a> {
    root: &'a Path,
    compiled: &'a Compiled,
    options: &'a AstSearchOptions,
    found: &'a Found<'a>,
    on: On<'a>,
}

impl Visitor for Searcher<'_> {
    fn file(&mut self, entry: &DirEntry) -> Flow {
        let path = entry.path();
        if !is_of(path, self.compiled.language, entry.depth() == 0) {
            return Flow::Continue;
        }
        let most = self.options.files.max_file_bytes.unwrap_or(MAX_FILE_BYTES);
        let text = match read(path, most) {
            Ok(Content::Text(text)) => text,
            Ok(Content::Binary) => {
                add(&self.on.progress.binary, 1);
                return Flow::Continue;
            }
            Ok(Content::TooLarge) => {
                add(&self.on.progress.too_large, 1);
                return Flow::Continue;
            }
            Err(error) => {
                self.on.problems.add_io(self.root, path, &error);
                return Flow::Continue;
            }
        };
        add(&self.on.progress.files, 1);
        add(&self.on.progress.bytes, text.len() as u64);
        if text.contains(&self.compiled.required) {
            self.search(path, text);
        }
        if self.on.is_over() { Flow::Quit } else { Flow::Continue }
    }
}

impl Searcher<'_> {
    fn search(&self, path: &Path, text: String) {
        // Patience is the one thing that ends it, and `file` tells of that.
        let Ok(document) = tree(text, self.compiled, self.on.patience) else { return };
        let mut places = None;
        let mut found = Vec::new();
        // In no file more than are wanted of all.
        let most = self.options.max_results.saturating_add(1);
        let mut count = 0;
        matches(&document.root(), &self.compiled.matcher, self.on.patience, |matched| {
            count += 1;
            if found.len() < most {
                let lines = places.get_or_insert_with(|| Lines::new(document.source()));
                found.push(told(&matched, lines, self.options.max_text_bytes));
            }
        });
        add(&self.on.progress.found, count);
        if !found.is_empty() {
            self.found.add(AstFile { path: shown(self.root, path), matches: found });
        }
    }
}

/// Whether a file is one to look at: by its name, unless it was named itself.
pub(super) fn is_of(path: &Path, language: Language, is_root: bool) -> bool {
    match Language::of_path(path) {
        Some(of) => of.patterns() == language.patterns(),
        None => is_root,
    }
}

fn told<D: Doc<Source = String>>(matched: &NodeMatch<'_, D>, lines: &Lines<'_>, most: usize) -> AstMatch {
    let range = matched.range();
    let text = matched.text();
    let (line, column) = lines.place(range.start);
    let (end_line, end_column) = lines.place(range.end);
    let env = matched.get_env();
    let mut captures = BTreeMap::new();
    for variable in env.get_matched_variables() {
        match variable {
            MetaVariable::Capture(name, _) => {
                let text = match env.get_match(&name) {
                    Some(node) => node.text().into_owned(),
                    None => env
                        .get_transformed(&name)
                        .map_or_else(String::new, |text| String::from_utf8_lossy(text).into_owned()),
                };
                captures.insert(name, AstCapture::One(cut(&text, most).to_owned()));
            }
            // A rule's parts that look around leave labels there, by names that no pattern can have.
            MetaVariable::MultiCapture(name) if name.starts_with(|first: char| first.is_lowercase()) => {}
            MetaVariable::MultiCapture(name) => {
                let texts = env.get_multiple_matches(&name);
                let named = texts.iter().filter(|node| node.is_named());
                let texts = named.map(|node| cut(&node.text(), most).to_owned()).collect();
                captures.insert(name, AstCapture::Many(texts));
            }
            MetaVariable::Dropped(_) | MetaVariable::Multiple => {}
        }
    }
    let shown = cut(&text, most);
    AstMatch {
        line,
        column,
        end_line,
        end_column,
        offset: range.start,
        end_offset: range.end,
        cut: shown.len() < text.len(),
        text: shown.to_owned(),
        captures,
    }
}

fn cut(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
