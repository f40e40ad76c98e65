//! Macros of C and C++, which a parser that doesn't expand them can't read.

use std::sync::LazyLock;

use regex::Regex;

use crate::faults::Fault;

/// A name in capitals, or one that is the compiler's own: `EXPORT`, `Q_OBJECT`, `__init`.
static NAME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b(?:[A-Z][A-Z0-9_]{2,}|__[a-z]\w*)\b").expect("the pattern is valid"));

/// Leaves out the faults that a macro on their line, or on the line before, may explain: a valid file must not be refused
/// for them, and a compiler sees the others. A bracket without a partner counts all the same.
pub(crate) fn without_those_of_macros(mut faults: Vec<Fault>, text: &str) -> Vec<Fault> {
    faults.retain(|fault| {
        let is_bracket =
            matches!(&text.as_bytes()[fault.start..fault.end], [b'(' | b')' | b'[' | b']' | b'{' | b'}']);
        is_bracket || !NAME.is_match(around(text, fault.start))
    });
    faults
}

/// The line of a byte, and the line with text before it.
fn around(text: &str, byte: usize) -> &str {
    let line = text[..byte].rfind('\n').map_or(0, |at| at + 1);
    let end = text[byte..].find('\n').map_or(text.len(), |at| byte + at);
    let before = text[..line].trim_end();
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    &text[start..end]
}
