//! Tools that look at a project's files: plain functions that take a cancel flag and limits, and own no thread.
//!
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

mod brackets;
mod error;
mod excerpt;
mod faults;
mod gaps;
mod json;
mod language;
mod parse;
mod python;
mod shell;
mod syntax;

pub use error::{Error, ErrorKind};
pub use language::Language;
pub use parse::Limits;
pub use shell::{ShellEffects, shell_effects};
pub use syntax::{SyntaxError, SyntaxErrorKind, SyntaxReport, check_syntax, new_errors};
