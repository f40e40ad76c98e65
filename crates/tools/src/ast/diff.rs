//! A change as people and tools read it: a unified diff.

use similar::TextDiff;

/// The change of one file, with three lines around each place. Its names are those of git.
pub(super) fn unified(path: &str, before: &str, after: &str) -> String {
    TextDiff::from_lines(before, after)
        .unified_diff()
        .context_radius(3)
        .header(&format!("a/{path}"), &format!("b/{path}"))
        .to_string()
}
