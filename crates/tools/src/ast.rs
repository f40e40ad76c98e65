//! Searching and rewriting syntax trees, on ast-grep's crates: its patterns, its rules, its matches.

mod atomic;
mod diff;
mod file;
mod query;
mod replace;
mod search;

pub use query::{AstQuery, Strictness};
pub use replace::{AstChange, AstRefusal, AstRefused, AstReplaceOptions, AstReplaceReport, ast_replace};
pub use search::{AstCapture, AstFile, AstMatch, AstSearchOptions, AstSearchReport, ast_search};
