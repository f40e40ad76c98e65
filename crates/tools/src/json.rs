//! JSON to the letter (RFC 8259), and JSON with comments made into it.
//!
//! The tree-sitter grammar for JSON takes comments, several values and odd numbers, so it alone can't say that a
//! file is valid. `serde_json` can; the tree then says more about what it refuses.

use serde::de::IgnoredAny;

use crate::{excerpt::Lines, faults::Fault};

/// The first place where the text is no JSON, by the letter; `None` for valid text, a byte order mark allowed.
pub(crate) fn refusal(text: &str) -> Option<Fault> {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let error = serde_json::from_str::<IgnoredAny>(body).err()?;
    let start = (text.len() - body.len()) + Lines::new(body).byte(error.line(), error.column());
    let place = format!(" at line {} column {}", error.line(), error.column());
    let said = error.to_string();
    let message = said.strip_suffix(&place).unwrap_or(&said).to_owned();
    Some(Fault { start, end: start, missing: error.is_eof(), message })
}

/// The text with comments and trailing commas blanked out. Every byte keeps its place and every line its end.
pub(crate) fn without_comments(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    // The last byte that means something, and where it is: a comma after a value may turn out to trail.
    let mut last = (0, b'[');
    let mut comma = None;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                last = (at, b'"');
                at = string_end(&bytes, at);
            }
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                let end = find(&bytes, at, b"\n").unwrap_or(bytes.len());
                blank(&mut bytes[at..end]);
                at = end;
            }
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                // A comment that never ends stays, and is refused by the parser.
                let Some(end) = find(&bytes, at + 2, b"*/").map(|end| end + 2) else { break };
                blank(&mut bytes[at..end]);
                at = end;
            }
            byte => {
                if matches!(byte, b'}' | b']') && last.1 == b',' && comma == Some(last.0) {
                    bytes[last.0] = b' ';
                }
                if byte == b',' && !matches!(last.1, b'[' | b'{' | b',' | b':') {
                    comma = Some(at);
                }
                if !byte.is_ascii_whitespace() {
                    last = (at, byte);
                }
                at += 1;
            }
        }
    }
    String::from_utf8(bytes).expect("whole comments and commas were replaced by spaces")
}

/// The place after a string that begins at `at`; a string that isn't closed ends with its line.
fn string_end(bytes: &[u8], at: usize) -> usize {
    let mut end = at + 1;
    while end < bytes.len() {
        match bytes[end] {
            b'\\' => end += 2,
            b'"' => return end + 1,
            b'\n' => return end,
            _ => end += 1,
        }
    }
    bytes.len()
}

fn find(bytes: &[u8], from: usize, what: &[u8]) -> Option<usize> {
    bytes.get(from..)?.windows(what.len()).position(|window| window == what).map(|at| from + at)
}

fn blank(bytes: &mut [u8]) {
    for byte in bytes.iter_mut().filter(|byte| **byte != b'\n' && **byte != b'\r') {
        *byte = b' ';
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_trailing_commas_become_spaces_of_the_same_length() {
        let text = "{ // ä\n \"a//b\": [1, /* , */ 2,\n], }\n";
        let plain = without_comments(text);
        assert_eq!(plain.len(), text.len());
        assert_eq!(plain.matches('\n').count(), 3);
        assert_eq!(refusal(&plain), None);
    }

    #[test]
    fn a_comma_that_separates_nothing_is_no_trailing_comma() {
        assert!(refusal(&without_comments("[1,,2]")).is_some());
        assert!(refusal(&without_comments("[,]")).is_some(), "{}", without_comments("[,]"));
        assert!(refusal(&without_comments("{\"a\": 1 /* never closed")).is_some());
    }

    #[test]
    fn a_refusal_points_at_the_byte() {
        let fault = refusal("{\n  \"a\": 01\n}").unwrap();
        assert_eq!(&"{\n  \"a\": 01\n}"[fault.start..=fault.start], "1");
        assert!(refusal("").unwrap().missing);
        assert_eq!(refusal("\u{feff}{}"), None);
    }
}
