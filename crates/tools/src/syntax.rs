//! Whether a file parses, and where it doesn't.
//!
//! Tree-sitter's grammars are made for editors. They accept some text that a compiler refuses (a name declared
//! twice, `return` outside a function), so a clean report is no proof. They also lag behind their languages: what they
//! don't know yet is listed in the module `gaps`.

use std::{collections::HashMap, sync::atomic::AtomicBool};

use serde::Serialize;

use crate::{
    error::{Error, ErrorKind},
    excerpt::Lines,
    faults::{Fault, faults},
    gaps, json,
    language::Language,
    macros::without_those_of_macros,
    parse::{Limits, parse, text},
    patience::Patience,
    python,
};

/// What kind of fault a place has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SyntaxErrorKind {
    /// Something is there that doesn't belong.
    Error,
    /// Something is lacking.
    Missing,
}

/// One place that doesn't parse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SyntaxError {
    /// 1-based.
    pub line: u32,
    /// 1-based; counts characters (Unicode code points), not bytes and not UTF-16 units.
    pub column: u32,
    /// The last line that the error covers, 1-based.
    pub end_line: u32,
    /// What kind of fault it is.
    pub kind: SyntaxErrorKind,
    /// What is wrong, in a few words.
    pub message: String,
    /// The line, or the part of it around the place; at most 120 characters.
    pub excerpt: String,
}

/// The errors of a file, in the order of the text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SyntaxReport {
    /// As what it was read.
    pub language: Language,
    /// At most [`Limits::max_errors`].
    pub errors: Vec<SyntaxError>,
    /// Whether there are more errors than these.
    pub truncated: bool,
}

/// Parses a file and lists what doesn't fit. An empty file is valid in every language but [`Language::Json`].
///
/// # Errors
/// [`ErrorKind::NotText`], [`ErrorKind::TooLarge`], [`ErrorKind::TimedOut`], [`ErrorKind::Cancelled`].
pub fn check_syntax(
    source: &[u8],
    language: Language,
    limits: &Limits,
    cancel: &AtomicBool,
) -> Result<SyntaxReport, Error> {
    let errors = all_errors(source, language, limits, cancel)?;
    Ok(report(language, errors, limits))
}

/// Like [`check_syntax`], but lists only those errors that the file didn't have before. An error that merely
/// moved to another line is not new. A `before` that is no text, too large or too slow counts as no file.
///
/// # Errors
/// Those of [`check_syntax`], about `after`.
pub fn new_errors(
    before: Option<&[u8]>,
    after: &[u8],
    language: Language,
    limits: &Limits,
    cancel: &AtomicBool,
) -> Result<SyntaxReport, Error> {
    let mut errors = all_errors(after, language, limits, cancel)?;
    if let (Some(before), false) = (before, errors.is_empty()) {
        let old = match all_errors(before, language, limits, cancel) {
            Ok(old) => old,
            Err(error) if error.kind() == ErrorKind::Cancelled => return Err(error),
            Err(_) => Vec::new(),
        };
        let mut known: HashMap<_, usize> = HashMap::new();
        for error in &old {
            *known.entry(identity(error)).or_default() += 1;
        }
        errors.retain(|error| match known.get_mut(&identity(error)) {
            Some(count) if *count > 0 => {
                *count -= 1;
                false
            }
            _ => true,
        });
    }
    Ok(report(language, errors, limits))
}

/// What an error keeps when its lines move.
fn identity(error: &SyntaxError) -> (SyntaxErrorKind, String, String) {
    (error.kind, error.message.clone(), error.excerpt.clone())
}

fn report(language: Language, mut errors: Vec<SyntaxError>, limits: &Limits) -> SyntaxReport {
    let truncated = errors.len() > limits.max_errors;
    errors.truncate(limits.max_errors);
    SyntaxReport { language, errors, truncated }
}

fn all_errors(
    source: &[u8],
    language: Language,
    limits: &Limits,
    cancel: &AtomicBool,
) -> Result<Vec<SyntaxError>, Error> {
    let text = text(source, limits)?;
    let patience = Patience::within(limits.time, cancel);
    let found = match language {
        Language::Json => json_faults(text, patience)?,
        Language::Jsonc if text.trim().is_empty() => Vec::new(),
        Language::Jsonc => json_faults(&json::without_comments(text), patience)?,
        _ => code_faults(text, language, patience)?,
    };
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let lines = Lines::new(text);
    Ok(found.into_iter().map(|fault| describe(&fault, &lines)).collect())
}

/// The letter of the standard decides, the tree tells.
fn json_faults(text: &str, patience: Patience<'_>) -> Result<Vec<Fault>, Error> {
    let Some(refusal) = json::refusal(text) else { return Ok(Vec::new()) };
    let tree = parse(text, Language::Json, patience)?;
    let found = faults(&tree, text);
    Ok(if found.is_empty() { vec![refusal] } else { found })
}

/// Where the grammar finds errors, they count only if they stay when what it doesn't know yet is put in words
/// that it knows.
fn code_faults(text: &str, language: Language, patience: Patience<'_>) -> Result<Vec<Fault>, Error> {
    let tree = parse(text, language, patience)?;
    if !tree.root_node().has_error() {
        return Ok(if language == Language::Python { python::faults(&tree, text) } else { Vec::new() });
    }
    // A header's name doesn't tell C from C++.
    if language == Language::C && !parse(text, Language::Cpp, patience)?.root_node().has_error() {
        return Ok(Vec::new());
    }
    let found = match gaps::reworded(text, language, &tree) {
        Some(known) => faults(&parse(&known, language, patience)?, text),
        None => faults(&tree, text),
    };
    Ok(match language {
        Language::C | Language::Cpp => without_those_of_macros(found, text),
        _ => found,
    })
}

fn describe(fault: &Fault, lines: &Lines<'_>) -> SyntaxError {
    // What is missed at the end of the text is told where the text ends, not on the empty line after it.
    let start = if fault.missing { lines.last_text(fault.start) } else { fault.start };
    let (line, column) = lines.place(start);
    // The end is exclusive: an error that ends with its line's break doesn't cover the next line.
    let (end_line, _) = lines.place(fault.end.saturating_sub(1).max(start));
    SyntaxError {
        line,
        column,
        end_line,
        kind: if fault.missing { SyntaxErrorKind::Missing } else { SyntaxErrorKind::Error },
        message: fault.message.clone(),
        excerpt: lines.excerpt(start),
    }
}
