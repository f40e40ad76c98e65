//! Rewriting code by its syntax tree.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use ast_grep_config::Fixer;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use ignore::DirEntry;
use serde::{Deserialize, Serialize};

use super::{
    atomic::{self, Written},
    diff::unified,
    file::{Content, read, tree},
    query::{AstQuery, Compiled, Matcher, compile, rewrite},
    search::{MAX_FILE_BYTES, is_of},
};
use crate::{
    error::{Error, ErrorKind},
    language::Language,
    limit::{Truncation, path_key},
    parse::Limits,
    patience::Patience,
    problem::{Problem, Problems},
    progress::{Counts, Progress, add},
    syntax::new_errors,
    walk::{FileOptions, Flow, On, Visitor, Walk, shown},
};

/// What to rewrite, how, and where.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct AstReplaceOptions {
    /// What to look for.
    pub query: AstQuery,
    /// What to put in its place, with the names of the pattern; a rule may bring its own as `fix`.
    pub rewrite: Option<String>,
    /// Which files; of these only those of the language. None has more than 4 MiB, unless `max_file_bytes` says otherwise.
    pub files: FileOptions,
    /// Nothing is written.
    pub dry_run: bool,
    /// Only files that one of these globs matches are written, relative to the root; the others are named. None: all.
    pub scope: Option<Vec<String>>,
    /// Only these files are written, by path, and only if they still have the hash that an earlier report told.
    pub expect: Option<BTreeMap<String, String>>,
    /// Most files that are changed. If there are more, none is.
    pub max_files: usize,
    /// About how long all diffs together may be, in bytes: those after it are left out, their changes are made.
    pub max_diff_bytes: usize,
    /// The longest that looking for matches may take, in milliseconds. If it takes longer, nothing is written.
    pub time_limit_ms: u64,
}

impl Default for AstReplaceOptions {
    fn default() -> Self {
        Self {
            query: AstQuery::default(),
            rewrite: None,
            files: FileOptions::default(),
            dry_run: false,
            scope: None,
            expect: None,
            max_files: 500,
            max_diff_bytes: 1 << 20,
            time_limit_ms: 30_000,
        }
    }
}

/// What was rewritten, by path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AstReplaceReport {
    /// As what the files were read.
    pub language: Language,
    /// The files that changed, or would.
    pub changes: Vec<AstChange>,
    /// The files that match and were left as they are.
    pub refused: Vec<AstRefused>,
    /// Why the pattern may find less than it should: it doesn't parse on its own. Says where.
    pub warning: Option<String>,
    /// Why nothing was written: there are more files than may be changed, or it took too long.
    pub truncated: Option<Truncation>,
    /// What could not be looked at; the first 100.
    pub problems: Vec<Problem>,
    /// How many problems there were.
    pub problem_count: u64,
    /// What was done.
    pub counts: Counts,
}

/// A file that changed, or would.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AstChange {
    /// Relative to the root, with `/`.
    pub path: String,
    /// How many places of it.
    pub replacements: usize,
    /// Unified; none where the diffs before it have taken all the room.
    pub diff: Option<String>,
    /// Whether the file was written.
    pub written: bool,
    /// Of the file as it was read, in hexadecimal: BLAKE3.
    pub hash: String,
    /// How many syntax errors the change brings in, 50 at most; none where that could not be checked in time.
    pub new_syntax_errors: Option<usize>,
}

/// A file that matches and was left as it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AstRefused {
    /// Relative to the root, with `/`.
    pub path: String,
    /// Why.
    pub reason: AstRefusal,
    /// In a sentence.
    pub message: String,
}

/// Why a file was left as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AstRefusal {
    /// No glob of the scope matches it.
    OutOfScope,
    /// It was changed since it was read, or is not as was expected.
    Changed,
    /// Nothing was said of it in `expect`.
    Unexpected,
    /// The system doesn't let this user write it.
    Denied,
    /// Any other error of the system.
    Io,
}

/// Rewrites all matches below `root`, or in one file, that are in no other match. A file is written whole or not at all,
/// keeps its mode and its line ends, and is left where it changed meanwhile; files are written one after the other, so
/// that a failure of one says nothing of the others. Cancelled while it writes, it ends after the file that it is at.
///
/// # Errors
/// Those of [`ast_search`](super::ast_search); a rewrite that is lacking is [`ErrorKind::InvalidPattern`].
pub fn ast_replace(
    root: &Path,
    options: &AstReplaceOptions,
    cancel: &AtomicBool,
    progress: &Progress,
) -> Result<AstReplaceReport, Error> {
    let patience = Patience::within(Duration::from_millis(options.time_limit_ms), cancel);
    let mut compiled = compile(&options.query, Language::of_path(root), patience)?;
    let fixer = match (&options.rewrite, compiled.fix.take()) {
        (Some(text), _) => rewrite(text, compiled.language)?,
        (None, Some(fix)) => fix,
        (None, None) => {
            let message = "say what to put in the place of a match: `rewrite`, or `fix` in the rule";
            return Err(Error::new(ErrorKind::InvalidPattern, message));
        }
    };
    let scope = options.scope.as_deref().map(scope).transpose()?;
    let walk = Walk::new(root, &options.files)?;
    let (problems, ended) = (Problems::default(), AtomicBool::new(false));
    let plans = Mutex::default();
    let on = On { patience, ended: &ended, progress, problems: &problems };
    walk.run(on, walk.threads(), || Planner {
        root: walk.root(),
        compiled: &compiled,
        fixer: &fixer,
        options,
        plans: &plans,
        on,
    });
    if patience.is_cancelled() {
        return Err(Error::new(
            ErrorKind::Cancelled,
            "the rewrite was cancelled before anything was written",
        ));
    }
    let mut plans = plans.into_inner().unwrap_or_else(PoisonError::into_inner);
    plans.sort_by_cached_key(|plan| path_key(plan.shown.clone()));
    let truncated = if ended.load(Ordering::Relaxed) {
        Some(Truncation::Time)
    } else {
        (plans.len() > options.max_files).then_some(Truncation::Results)
    };
    plans.truncate(options.max_files);
    let mut outcome = Outcome { changes: Vec::new(), refused: BTreeSet::new(), room: options.max_diff_bytes };
    for plan in plans {
        if patience.is_cancelled() {
            break;
        }
        let write = !options.dry_run && truncated.is_none();
        outcome.carry_out(plan, compiled.language, write, scope.as_ref(), options, cancel);
    }
    let (problems, problem_count) = problems.into_told();
    Ok(AstReplaceReport {
        language: compiled.language,
        changes: outcome.changes,
        refused: outcome.refused.into_iter().collect(),
        warning: compiled.warning,
        truncated,
        problems,
        problem_count,
        counts: progress.counts(),
    })
}

fn scope(globs: &[String]) -> Result<GlobSet, Error> {
    let refused =
        |error: &globset::Error| Error::new(ErrorKind::InvalidGlob, format!("the scope is refused: {error}"));
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        set.add(GlobBuilder::new(glob).literal_separator(true).build().map_err(|error| refused(&error))?);
    }
    set.build().map_err(|error| refused(&error))
}

/// A file with the text that it is to have.
struct Plan {
    path: PathBuf,
    shown: String,
    before: String,
    after: String,
    replacements: usize,
}

/// Makes plans on one thread.
struct Planner<'a> {
    root: &'a Path,
    compiled: &'a Compiled,
    fixer: &'a Fixer,
    options: &'a AstReplaceOptions,
    plans: &'a Mutex<Vec<Plan>>,
    on: On<'a>,
}

impl Visitor for Planner<'_> {
    fn file(&mut self, entry: &DirEntry) -> Flow {
        let path = entry.path();
        if !is_of(path, self.compiled.language, entry.depth() == 0) {
            return Flow::Continue;
        }
        match read(path, self.options.files.max_file_bytes.unwrap_or(MAX_FILE_BYTES)) {
            Ok(Content::Text(text)) => {
                add(&self.on.progress.files, 1);
                add(&self.on.progress.bytes, text.len() as u64);
                if text.contains(&self.compiled.required)
                    && let Some(plan) = self.plan(path, text)
                {
                    let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
                    plans.push(plan);
                    // One more than allowed says that there are too many.
                    if plans.len() > self.options.max_files {
                        return Flow::Quit;
                    }
                }
            }
            Ok(Content::Binary) => add(&self.on.progress.binary, 1),
            Ok(Content::TooLarge) => add(&self.on.progress.too_large, 1),
            Err(error) => self.on.problems.add_io(self.root, path, &error),
        }
        if self.on.is_over() { Flow::Quit } else { Flow::Continue }
    }
}

impl Planner<'_> {
    fn plan(&self, path: &Path, before: String) -> Option<Plan> {
        // Patience is the one thing that ends it, and `file` tells of that.
        let document = tree(before, self.compiled, self.on.patience).ok()?;
        let root = document.root();
        let edits = match &self.compiled.matcher {
            Matcher::Pattern(pattern) => root.replace_all(pattern, self.fixer),
            Matcher::Rule(rule) => root.replace_all(rule, self.fixer),
        };
        let before = document.source();
        let crlf = before.contains("\r\n");
        let mut after = String::with_capacity(before.len());
        let (mut end, mut replacements) = (0, 0);
        for edit in edits {
            // A rule's `fix` may take in more than its match, and so meet the one before.
            if edit.position < end {
                continue;
            }
            after.push_str(&before[end..edit.position]);
            let inserted = String::from_utf8_lossy(&edit.inserted_text);
            if crlf {
                after.push_str(&inserted.replace("\r\n", "\n").replace('\n', "\r\n"));
            } else {
                after.push_str(&inserted);
            }
            end = edit.position + edit.deleted_length;
            replacements += 1;
        }
        after.push_str(&before[end..]);
        if after == before {
            return None;
        }
        add(&self.on.progress.found, replacements as u64);
        Some(Plan {
            path: path.to_owned(),
            shown: shown(self.root, path),
            before: before.to_owned(),
            after,
            replacements,
        })
    }
}

struct Outcome {
    changes: Vec<AstChange>,
    refused: BTreeSet<AstRefused>,
    /// Bytes that the diffs may still have.
    room: usize,
}

impl Outcome {
    fn carry_out(
        &mut self,
        plan: Plan,
        language: Language,
        write: bool,
        scope: Option<&GlobSet>,
        options: &AstReplaceOptions,
        cancel: &AtomicBool,
    ) {
        let hash = blake3::hash(plan.before.as_bytes());
        if let Some((reason, message)) = objection(&plan, &hash, scope, options) {
            self.refused.insert(AstRefused { path: plan.shown, reason, message });
            return;
        }
        if write && let Some((reason, message)) = written(&plan, &hash) {
            self.refused.insert(AstRefused { path: plan.shown, reason, message });
            return;
        }
        let diff = unified(&plan.shown, &plan.before, &plan.after);
        let diff = (diff.len() <= self.room).then_some(diff);
        self.room -= diff.as_ref().map_or(0, String::len);
        let (before, after) = (plan.before.as_bytes(), plan.after.as_bytes());
        let errors = new_errors(Some(before), after, language, &Limits::default(), cancel);
        self.changes.push(AstChange {
            path: plan.shown,
            replacements: plan.replacements,
            diff,
            written: write,
            hash: hash.to_hex().to_string(),
            new_syntax_errors: errors.ok().map(|report| report.errors.len()),
        });
    }
}

/// Why a file may not be written, before it is tried.
fn objection(
    plan: &Plan,
    hash: &blake3::Hash,
    scope: Option<&GlobSet>,
    options: &AstReplaceOptions,
) -> Option<(AstRefusal, String)> {
    if scope.is_some_and(|scope| !scope.is_match(&plan.shown)) {
        let globs = options.scope.as_deref().unwrap_or_default().join(", ");
        return Some((AstRefusal::OutOfScope, format!("it is outside of the scope: {globs}")));
    }
    let expected = options.expect.as_ref()?;
    match expected.get(&plan.shown) {
        Some(expected) if *expected == hash.to_hex().as_str() => None,
        Some(_) => Some((AstRefusal::Changed, "it changed since its change was shown".to_owned())),
        None => Some((AstRefusal::Unexpected, "its change was not asked for".to_owned())),
    }
}

/// Writes the file; says why it was left as it is.
fn written(plan: &Plan, hash: &blake3::Hash) -> Option<(AstRefusal, String)> {
    // A link stays a link: what it leads to is written.
    let path = fs::canonicalize(&plan.path);
    match path.and_then(|path| atomic::replace(&path, &plan.after, hash)) {
        Ok(Written::Done) => None,
        Ok(Written::Changed) => Some((AstRefusal::Changed, "it changed since it was read".to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            Some((AstRefusal::Denied, error.to_string()))
        }
        Err(error) => Some((AstRefusal::Io, error.to_string())),
    }
}
