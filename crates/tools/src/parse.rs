//! One run of a grammar, within limits.

use std::{ops::ControlFlow, time::Duration};

use tree_sitter::{ParseOptions, Parser, Tree};

use crate::{
    error::{Error, ErrorKind},
    language::Language,
    patience::Patience,
};

/// How much a tool may take and give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest file, in bytes.
    pub max_bytes: usize,
    /// Most errors in a report.
    pub max_errors: usize,
    /// Longest time for one file.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_bytes: 4 << 20, max_errors: 50, time: Duration::from_secs(2) }
    }
}

/// The source as text, where it is text and short enough.
pub(crate) fn text<'a>(source: &'a [u8], limits: &Limits) -> Result<&'a str, Error> {
    if source.len() > limits.max_bytes {
        return Err(Error::new(
            ErrorKind::TooLarge,
            format!("the file has {} bytes, the limit is {}", source.len(), limits.max_bytes),
        ));
    }
    let text = std::str::from_utf8(source).map_err(|error| {
        Error::new(ErrorKind::NotText, format!("byte {} is no UTF-8", error.valid_up_to()))
    })?;
    if let Some(at) = source.iter().position(|&byte| byte == 0) {
        return Err(Error::new(ErrorKind::NotText, format!("byte {at} is NUL: this is no text file")));
    }
    Ok(text)
}

/// Parses the text, errors and all.
pub(crate) fn parse(text: &str, language: Language, patience: Patience<'_>) -> Result<Tree, Error> {
    parse_as(text, &language.grammar(), patience)
}

/// The same by a grammar.
pub(crate) fn parse_as(
    text: &str,
    grammar: &tree_sitter::Language,
    patience: Patience<'_>,
) -> Result<Tree, Error> {
    // The parser looks only now and then, and for a short text never.
    if patience.is_over() {
        return Err(gave_up(patience));
    }
    let mut parser = Parser::new();
    parser.set_language(grammar).expect("the grammars are of an ABI that this tree-sitter reads");
    let bytes = text.as_bytes();
    let mut progress = |_: &tree_sitter::ParseState| {
        if patience.is_over() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    parser
        .parse_with_options(
            &mut |at, _| &bytes[at.min(bytes.len())..],
            None,
            Some(ParseOptions::new().progress_callback(&mut progress)),
        )
        .ok_or_else(|| gave_up(patience))
}

fn gave_up(patience: Patience<'_>) -> Error {
    if patience.is_cancelled() {
        Error::new(ErrorKind::Cancelled, "the check was cancelled")
    } else {
        Error::new(ErrorKind::TimedOut, "the file could not be parsed within the time limit")
    }
}
