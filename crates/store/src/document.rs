//! A document, and the rules that keys and values obey.

use std::fmt;
use std::sync::Arc;

use serde::de::IgnoredAny;

use crate::error::{Error, ErrorKind, Result};

/// The number of a commit: the first is 1, each later one is greater by one; 0 is the empty store.
pub type Version = u64;

/// The longest key, stream name or record kind, in bytes of UTF-8. None may be empty or hold a NUL
/// (the `sqlite3` program would show it cut off there).
pub const MAX_KEY_BYTES: usize = 512;

/// The largest value or payload, in bytes of JSON text.
pub const MAX_VALUE_BYTES: usize = 16 * 1024 * 1024;

/// One version of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The commit that wrote it.
    pub version: Version,
    /// JSON text, as it was put.
    pub value: Arc<str>,
}

/// `what` names the thing in the message: "key", "stream", "kind".
pub(crate) fn check_name(what: &str, name: &str) -> Result<()> {
    let found = if name.is_empty() {
        "it is empty".to_owned()
    } else if name.len() > MAX_KEY_BYTES {
        format!("it has {} bytes, {MAX_KEY_BYTES} are allowed", name.len())
    } else if name.as_bytes().contains(&0) {
        "it holds a NUL character".to_owned()
    } else {
        return Ok(());
    };
    let shown: String = name.chars().take(40).collect();
    Err(Error::new(ErrorKind::InvalidKey, format!("{what} {shown:?} refused: {found}")))
}

/// `of` names what the value belongs to: `document "a"`.
pub(crate) fn check_size(of: impl fmt::Display, json: &str) -> Result<()> {
    if json.len() <= MAX_VALUE_BYTES {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::InvalidValue,
        format!("value of {of} refused: it has {} bytes, {MAX_VALUE_BYTES} are allowed", json.len()),
    ))
}

/// `of` names what the value belongs to: `document "a"`.
pub(crate) fn check_json(of: impl fmt::Display, json: &str) -> Result<()> {
    check_size(&of, json)?;
    match serde_json::from_str::<IgnoredAny>(json) {
        Ok(_) => Ok(()),
        Err(error) => {
            let message = format!("value of {of} refused: it is not valid JSON: {error}");
            Err(Error::caused(ErrorKind::InvalidValue, message, error))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_not_empty_not_too_long_and_has_no_nul() {
        assert!(check_name("key", &"k".repeat(MAX_KEY_BYTES)).is_ok());
        for bad in [String::new(), "k".repeat(MAX_KEY_BYTES + 1), "a\0b".to_owned(), "é".repeat(257)] {
            assert_eq!(check_name("key", &bad).unwrap_err().kind(), ErrorKind::InvalidKey, "{bad:?}");
        }
    }

    #[test]
    fn a_value_is_one_json_text() {
        for good in ["null", "1", "\"x\"", "{\"a\":[1,2,{}]}", " [] "] {
            assert!(check_json("document \"a\"", good).is_ok(), "{good}");
        }
        for bad in ["", "{", "{a:1}", "1 2", "[1,]", "\"\u{1}\"", "NaN"] {
            let error = check_json("document \"a\"", bad).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidValue, "{bad}");
            assert!(error.to_string().contains("document \"a\""), "{error}");
        }
    }

    #[test]
    fn a_deeply_nested_value_is_checked_without_exhausting_the_stack() {
        let deep = "[".repeat(200_000) + &"]".repeat(200_000);
        assert!(check_json("document \"a\"", &deep).is_ok());
        assert!(check_json("document \"a\"", &deep[1..]).is_err());
    }

    #[test]
    fn a_value_over_the_limit_is_refused_with_both_sizes() {
        let json = format!("\"{}\"", "x".repeat(MAX_VALUE_BYTES));
        let error = check_json("document \"a\"", &json).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidValue);
        assert!(error.to_string().contains("16777218") && error.to_string().contains("16777216"), "{error}");
    }
}
