//! From patterns to a matcher, built as ripgrep builds its own, and from its errors to a place.

use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use regex_syntax::{
    ast::{self, parse},
    hir,
};

use crate::{
    error::{Error, ErrorKind},
    grep::{Case, GrepOptions},
};

/// Most memory of a compiled pattern. Compiling can't be cancelled: what fits in here takes some tens of milliseconds.
/// ripgrep allows 100 MiB.
const MAX_COMPILED: usize = 16 << 20;

/// Most memory that a thread uses to match faster; ripgrep allows 1,000 MiB.
const MAX_CACHED: usize = 64 << 20;

/// A matcher of all patterns at once.
pub(crate) fn matcher(options: &GrepOptions) -> Result<RegexMatcher, Error> {
    if options.patterns.is_empty() {
        return Err(Error::new(ErrorKind::InvalidPattern, "there is no pattern to search for"));
    }
    let mut builder = RegexMatcherBuilder::new();
    builder
        .multi_line(true)
        .fixed_strings(options.literal)
        .case_insensitive(options.case == Case::Insensitive)
        .case_smart(options.case == Case::Smart)
        .word(options.word)
        // A file with a NUL is binary and not searched on, so that a pattern which needs one matches nothing.
        .ban_byte(Some(0))
        .size_limit(MAX_COMPILED)
        .dfa_size_limit(MAX_CACHED);
    if !options.multiline {
        builder.line_terminator(Some(b'\n'));
    }
    builder.build_many(&options.patterns).map_err(|error| explain(&error, options))
}

/// The builder joins all patterns, and its error doesn't say where: each is asked for alone.
fn explain(error: &grep_regex::Error, options: &GrepOptions) -> Error {
    let patterns = || options.patterns.iter().enumerate();
    let placed = match error.kind() {
        grep_regex::ErrorKind::NotAllowed(_) => patterns().find_map(|(index, pattern)| {
            let at = pattern.find(['\n', '\r']).or_else(|| pattern.find("\\n"))?;
            let what =
                "without `multiline` no match crosses a line's end; set `multiline`, or search for the lines";
            Some(Error::at(ErrorKind::InvalidPattern, pattern, index, at, what))
        }),
        grep_regex::ErrorKind::Banned(_) => patterns().find_map(|(index, pattern)| {
            let at = pattern.find('\0').or_else(|| pattern.find("\\x00")).or_else(|| pattern.find("\\0"))?;
            let what = "files with a NUL byte are binary and not searched; leave it out";
            Some(Error::at(ErrorKind::InvalidPattern, pattern, index, at, what))
        }),
        _ if options.literal => None,
        _ => patterns().find_map(|(index, pattern)| fault(pattern, index)),
    };
    let refused = placed.unwrap_or_else(|| {
        Error::new(ErrorKind::InvalidPattern, format!("the pattern is refused: {error}; make it simpler"))
    });
    refused.said_below(error.to_string())
}

fn fault(pattern: &str, index: usize) -> Option<Error> {
    let error =
        |byte: usize, what: String| Some(Error::at(ErrorKind::InvalidPattern, pattern, index, byte, &what));
    let parsed = match parse::Parser::new().parse(pattern) {
        Ok(parsed) => parsed,
        Err(fault) => {
            let advice = advice(fault.kind());
            return error(fault.span().start.offset, format!("{}; {advice}", fault.kind()));
        }
    };
    let translated = hir::translate::TranslatorBuilder::new().utf8(false).build().translate(pattern, &parsed);
    match translated {
        Ok(_) => None,
        Err(fault) => error(fault.span().start.offset, format!("{}; {LITERAL}", fault.kind())),
    }
}

const LITERAL: &str = "or set `literal` to search for the text itself";

fn advice(kind: &ast::ErrorKind) -> String {
    use ast::ErrorKind as Kind;
    let advice = match kind {
        Kind::GroupUnclosed => "close it with `)`, write `\\(` for the character itself,",
        Kind::GroupUnopened => "open it with `(`, write `\\)` for the character itself,",
        Kind::ClassUnclosed => "close it with `]`, write `\\[` for the character itself,",
        Kind::ClassRangeInvalid => "write the smaller one first,",
        Kind::RepetitionMissing => {
            "write what is to be repeated before it, put a `\\` before the character itself,"
        }
        Kind::RepetitionCountUnclosed | Kind::RepetitionCountDecimalEmpty => {
            "write `{2}` or `{2,5}`, `\\{` for the character itself,"
        }
        Kind::RepetitionCountInvalid => "write the smaller number first,",
        Kind::EscapeUnrecognized => "leave the backslash out, write `\\\\` for a backslash,",
        Kind::EscapeUnexpectedEof => "write `\\\\` for a backslash,",
        Kind::UnsupportedLookAround => "search for more, and pick from the matches,",
        Kind::UnsupportedBackreference => "write out what is to come again,",
        Kind::FlagUnrecognized => {
            "the flags are i, m, s, R, U, u and x; a group without a number is `(?:…)`,"
        }
        _ => return LITERAL.trim_start_matches("or ").to_owned(),
    };
    format!("{advice} {LITERAL}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(pattern: &str) -> Error {
        let options =
            GrepOptions { patterns: vec!["ok".to_owned(), pattern.to_owned()], ..Default::default() };
        matcher(&options).map(|_| ()).unwrap_err()
    }

    #[test]
    fn a_fault_is_named_with_its_column_its_character_and_what_to_do() {
        for (pattern, column, found, advice) in [
            ("ä(b", 2, "`(`", "close it with `)`"),
            ("ab)", 3, "`)`", "open it with `(`"),
            ("x[a-", 2, "`[`", "close it with `]`"),
            ("[z-a]", 2, "`z`", "the smaller one first"),
            ("*.ts", 1, "`*`", "write what is to be repeated"),
            ("a{", 2, "`{`", "`\\{`"),
            ("a{5,2}", 2, "`{`", "the smaller number first"),
            ("a\\", 2, "`\\`", "`\\\\`"),
            ("\\q", 1, "`\\`", "leave the backslash out"),
            ("a(?=b)", 2, "`(`", "pick from the matches"),
            ("(a)\\1", 4, "`\\`", "write out"),
            ("\\pX", 1, "`\\`", "literal"),
            ("(?<a", 5, "its end", "literal"),
            ("a\\nb", 2, "`\\`", "`multiline`"),
            ("a\\x00", 2, "`\\`", "binary"),
        ] {
            let error = refused(pattern);
            assert_eq!(error.kind(), ErrorKind::InvalidPattern, "{pattern}");
            let place = error.place().unwrap_or_else(|| panic!("{pattern}: {error}"));
            assert_eq!((place.index, place.column), (1, column), "{error}");
            assert!(error.to_string().contains(&format!("column {column}, at {found}")), "{error}");
            assert!(error.to_string().contains(advice), "{error}");
        }
    }

    #[test]
    fn what_ripgrep_says_of_it_is_kept() {
        let said = "regex parse error:\n    (?:foo()\n    ^\nerror: unclosed group";
        let options = GrepOptions { patterns: vec!["foo(".to_owned()], ..Default::default() };
        assert_eq!(matcher(&options).unwrap_err().said(), Some(said));
    }

    #[test]
    fn a_pattern_too_large_to_compile_is_refused() {
        let options = GrepOptions { patterns: vec!["\\w{2000}".to_owned()], ..Default::default() };
        let error = matcher(&options).map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("size limit"), "{error}");
    }

    #[test]
    fn text_that_is_no_regular_expression_can_be_searched_literally() {
        let options = GrepOptions {
            patterns: vec!["a(b".to_owned(), "*[".to_owned()],
            literal: true,
            ..Default::default()
        };
        assert!(matcher(&options).is_ok());
    }
}
