//! Tools that look at a project's files: plain functions that take a cancel flag and limits, and keep no thread.
//!
//! [`grep`](grep()) and [`glob`](glob()) find what is in files and which files there are.
//! [`ast_search`] and [`ast_replace`] do so by syntax trees; [`outline`](outline()) says what a file declares.
//! [`check_syntax`] and [`new_errors`] say whether a file parses, and where it doesn't.
//! [`shell_effects`] says what a shell command would change.
//!
//! ```
//! use orchestrator_tools::{Language, Limits, check_syntax};
//! use std::{path::Path, sync::atomic::AtomicBool};
//!
//! let language = Language::of_path(Path::new("src/app.ts")).expect("TypeScript is known");
//! let report = check_syntax(b"const x = ;\n", language, &Limits::default(), &AtomicBool::new(false))?;
//! assert_eq!(report.errors[0].line, 1);
//! # Ok::<(), orchestrator_tools::Error>(())
//! ```

mod ast;
mod brackets;
mod error;
mod excerpt;
mod faults;
mod gaps;
mod glob;
mod globs;
mod grep;
mod json;
mod language;
mod limit;
mod macros;
mod outline;
mod parse;
mod patience;
mod pattern_language;
mod problem;
mod progress;
mod python;
mod shell;
mod syntax;
mod walk;

pub use ast::{
    AstCapture, AstChange, AstFile, AstMatch, AstQuery, AstRefusal, AstRefused, AstReplaceOptions,
    AstReplaceReport, AstSearchOptions, AstSearchReport, Strictness, ast_replace, ast_search,
};
pub use error::{Error, ErrorKind, Place};
pub use glob::{GlobOptions, GlobReport, glob};
pub use grep::{Case, Cut, GrepFile, GrepLine, GrepMatch, GrepOptions, GrepReport, Lines, Mode, grep};
pub use language::Language;
pub use limit::{Order, Truncation};
pub use outline::{MAX_SYMBOLS, Outline, Symbol, SymbolKind, outline, outline_of};
pub use parse::Limits;
pub use problem::{Problem, ProblemKind};
pub use progress::{Counts, Progress};
pub use shell::{ShellEffects, shell_effects};
pub use syntax::{SyntaxError, SyntaxErrorKind, SyntaxReport, check_syntax, new_errors};
pub use walk::FileOptions;
