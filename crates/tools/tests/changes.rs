//! Of a changed file only those errors count that the change brought in.

use std::sync::atomic::AtomicBool;

use orchestrator_tools::{ErrorKind, Language, Limits, check_syntax, new_errors};

fn new_lines(before: Option<&[u8]>, after: &str) -> Vec<u32> {
    new_errors(before, after.as_bytes(), Language::TypeScript, &Limits::default(), &AtomicBool::new(false))
        .expect("a text of a few lines is parsed")
        .errors
        .iter()
        .map(|error| error.line)
        .collect()
}

const OLD: &str = "const a = ;\nconst b = 1;\n";

#[test]
fn an_old_error_that_moved_is_not_new() {
    assert_eq!(
        new_lines(Some(OLD.as_bytes()), "// more\n// lines\n  const a = ;\nconst b = 2;\n"),
        [] as [u32; 0]
    );
}

#[test]
fn an_error_beside_an_old_one_is_new() {
    assert_eq!(new_lines(Some(OLD.as_bytes()), "const a = ;\nconst b = ;\n"), [2]);
}

#[test]
fn the_same_error_once_more_is_new() {
    assert_eq!(new_lines(Some(OLD.as_bytes()), "const a = ;\nconst b = 1;\nconst a = ;\n").len(), 1);
}

#[test]
fn without_a_usable_file_before_every_error_is_new() {
    assert_eq!(new_lines(None, OLD), [1]);
    assert_eq!(new_lines(Some(b"\xff\xfe binary \0"), OLD), [1]);
    assert_eq!(new_lines(Some(b""), OLD), [1]);
}

#[test]
fn old_errors_beyond_the_limit_still_count_as_old() {
    let limits = Limits { max_errors: 2, ..Limits::default() };
    let old = "const a = ;\n".repeat(20);
    let report =
        check_syntax(old.as_bytes(), Language::TypeScript, &limits, &AtomicBool::new(false)).unwrap();
    assert_eq!((report.errors.len(), report.truncated), (2, true));

    let new = format!("{old}let b = = 2;\n");
    let report = new_errors(
        Some(old.as_bytes()),
        new.as_bytes(),
        Language::TypeScript,
        &limits,
        &AtomicBool::new(false),
    )
    .unwrap();
    assert_eq!(report.errors.iter().map(|error| error.line).collect::<Vec<_>>(), [21]);
    assert!(!report.truncated);
}

#[test]
fn a_cancelled_comparison_gives_no_answer() {
    let error = new_errors(
        Some(OLD.as_bytes()),
        OLD.as_bytes(),
        Language::TypeScript,
        &Limits::default(),
        &AtomicBool::new(true),
    )
    .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
}
