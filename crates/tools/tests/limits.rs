//! What is no text, too long, too slow or too deep gives an error or an answer, never a panic.

use std::{
    sync::atomic::AtomicBool,
    time::{Duration, Instant},
};

use orchestrator_tools::{ErrorKind, Language, Limits, SyntaxReport, check_syntax};

const ALL: [Language; 7] = [
    Language::TypeScript,
    Language::Tsx,
    Language::JavaScript,
    Language::Json,
    Language::Jsonc,
    Language::Python,
    Language::Rust,
];

fn check(source: &[u8], language: Language, limits: &Limits) -> Result<SyntaxReport, ErrorKind> {
    check_syntax(source, language, limits, &AtomicBool::new(false)).map_err(|error| error.kind())
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    for language in ALL {
        for source in [&b"\x89PNG\r\n\x1a\n\0\0\0"[..], b"a\xff\xfe", b"a\0b", b"\xc3"] {
            assert_eq!(check(source, language, &Limits::default()), Err(ErrorKind::NotText), "{language:?}");
        }
    }
}

#[test]
fn a_file_over_the_limit_is_refused_before_it_is_read() {
    let limits = Limits { max_bytes: 10, ..Limits::default() };
    assert_eq!(check(b"let a = 1;\n", Language::JavaScript, &limits), Err(ErrorKind::TooLarge));
    assert!(check(b"let a = 1;", Language::JavaScript, &limits).is_ok());
}

#[test]
fn a_parse_ends_at_the_time_limit() {
    let source = "const a = { b: [1, 2, 3], c: () => d };\n".repeat(50_000);
    let limits = Limits { time: Duration::from_millis(20), ..Limits::default() };
    let begun = Instant::now();
    assert_eq!(check(source.as_bytes(), Language::TypeScript, &limits), Err(ErrorKind::TimedOut));
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[test]
fn no_time_at_all_is_over_at_once_and_endless_time_is_no_overflow() {
    let none = Limits { time: Duration::ZERO, ..Limits::default() };
    assert_eq!(check(b"a", Language::JavaScript, &none), Err(ErrorKind::TimedOut));
    let endless = Limits { time: Duration::MAX, ..Limits::default() };
    assert!(check(b"a", Language::JavaScript, &endless).is_ok());
}

#[test]
fn a_cancelled_check_gives_no_answer() {
    let error = check_syntax(b"a", Language::Rust, &Limits::default(), &AtomicBool::new(true)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
}

#[test]
fn deep_nesting_overflows_no_stack() {
    let limits = Limits { time: Duration::from_secs(5), ..Limits::default() };
    for language in ALL {
        for piece in ["(", "[", "{", "{\"a\":[", "!", "a?b:", "<a>", "x=>", "if a:\n", "\"", "${", "`"] {
            // Either answer will do: what counts is that there is one.
            match check(piece.repeat(3_000).as_bytes(), language, &limits) {
                Ok(report) => assert!(report.errors.len() <= limits.max_errors),
                Err(kind) => assert_eq!(kind, ErrorKind::TimedOut, "{language:?} {piece}"),
            }
        }
    }
    let nested = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    assert_eq!(check(nested.as_bytes(), Language::Json, &limits).map(|report| report.errors), Ok(Vec::new()));
}

#[test]
fn any_piece_of_a_file_gets_an_answer() {
    let source = "const ä = { b: `c${\"d\"}` }; // 😀\nfunction f(<T,>x) { return <a>é</a> }\n";
    for language in ALL {
        for from in (0..source.len()).filter(|&at| source.is_char_boundary(at)) {
            for to in (from..=source.len()).filter(|&at| source.is_char_boundary(at)).step_by(3) {
                assert!(check(&source.as_bytes()[from..to], language, &Limits::default()).is_ok());
            }
        }
    }
}
