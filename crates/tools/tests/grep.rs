//! What `grep` finds in real files.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    io::Write,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use orchestrator_tools::{
    Case, Error, ErrorKind, FileOptions, GrepOptions, GrepReport, Mode, Order, ProblemKind, Progress,
    Truncation, grep,
};
use tempfile::TempDir;

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

fn pattern(pattern: &str) -> GrepOptions {
    GrepOptions { patterns: vec![pattern.to_owned()], ..Default::default() }
}

fn search(root: &Path, options: &GrepOptions) -> GrepReport {
    grep(root, options, &AtomicBool::new(false), &Progress::default()).unwrap()
}

fn refusal(root: &Path, options: &GrepOptions) -> Error {
    grep(root, options, &AtomicBool::new(false), &Progress::default()).unwrap_err()
}

/// `path:line:text` of every match.
fn lines(report: &GrepReport) -> Vec<String> {
    let file = |file: &orchestrator_tools::GrepFile| {
        let line =
            |found: &orchestrator_tools::GrepMatch| format!("{}:{}:{}", file.path, found.line, found.text);
        file.matches.iter().map(line).collect::<Vec<_>>()
    };
    report.files.iter().flat_map(file).collect()
}

#[test]
fn a_match_has_its_line_its_column_its_offset_and_the_parts_that_match() {
    let folder = folder(&[("src/ä.rs", "let x = 1;\nlet ü = ab + ab;\n".as_bytes())]);
    let report = search(folder.path(), &pattern("ab"));
    assert_eq!(report.files.len(), 1);
    assert_eq!(report.files[0].path, "src/ä.rs");
    let found = &report.files[0].matches[0];
    assert_eq!((found.line, found.column, found.offset), (2, 9, 20));
    assert_eq!(found.text, "let ü = ab + ab;");
    let parts: Vec<_> = found.submatches.iter().map(|range| &found.text[range.clone()]).collect();
    assert_eq!(parts, ["ab", "ab"]);
    assert_eq!((report.truncated, report.problem_count), (None, 0));
    assert_eq!((report.counts.files, report.counts.found), (1, 1));
}

#[test]
fn several_patterns_are_searched_for_at_once() {
    let folder = folder(&[("a", b"one\ntwo\nthree\n")]);
    let options = GrepOptions { patterns: vec!["one".into(), "th.ee".into()], ..Default::default() };
    assert_eq!(lines(&search(folder.path(), &options)), ["a:1:one", "a:3:three"]);
}

#[test]
fn text_words_and_letters_are_taken_as_asked() {
    let folder = folder(&[("a", b"a.b\naxb\nA.B\na.bc\n")]);
    let literal = GrepOptions { literal: true, ..pattern("a.b") };
    assert_eq!(lines(&search(folder.path(), &literal)), ["a:1:a.b", "a:4:a.bc"]);
    let word = GrepOptions { word: true, ..literal.clone() };
    assert_eq!(lines(&search(folder.path(), &word)), ["a:1:a.b"]);
    for (case, text, count) in [
        (Case::Sensitive, "a.b", 2),
        (Case::Insensitive, "A.b", 3),
        (Case::Smart, "a.b", 3),
        (Case::Smart, "A.B", 1),
    ] {
        let options = GrepOptions { case, patterns: vec![text.to_owned()], ..literal.clone() };
        assert_eq!(lines(&search(folder.path(), &options)).len(), count, "{case:?} {text}");
    }
}

#[test]
fn a_match_may_cover_several_lines_where_that_is_asked_for() {
    let folder = folder(&[("a", b"x\nfn a(\n  b,\n) {}\n")]);
    let options = GrepOptions { multiline: true, ..pattern(r"a\([^)]*\)") };
    let report = search(folder.path(), &options);
    let found = &report.files[0].matches[0];
    assert_eq!((found.line, found.column), (2, 4));
    assert_eq!(found.text, "fn a(\n  b,\n) {}");
    assert_eq!(&found.text[found.submatches[0].clone()], "a(\n  b,\n)");
    let error = refusal(folder.path(), &pattern("a\\n"));
    assert_eq!(error.kind(), ErrorKind::InvalidPattern);
}

#[test]
fn lines_around_a_match_are_told_once() {
    let folder = folder(&[("a", b"1\n2\nhit\n4\nhit\n6\n7\n8\n")]);
    let report = search(folder.path(), &GrepOptions { before: 1, after: 2, ..pattern("hit") });
    let matches = &report.files[0].matches;
    let numbers =
        |lines: &[orchestrator_tools::GrepLine]| lines.iter().map(|line| line.line).collect::<Vec<_>>();
    assert_eq!((numbers(&matches[0].before), numbers(&matches[0].after)), (vec![2], vec![4]));
    assert_eq!((numbers(&matches[1].before), numbers(&matches[1].after)), (vec![], vec![6, 7]));
    assert_eq!(matches[1].after[0].text, "6");
}

#[test]
fn files_can_be_counted_or_named_only() {
    let folder = folder(&[("a", b"x\nx\n"), ("b/c", b"x\n"), ("d", b"y\n")]);
    let count = search(folder.path(), &GrepOptions { mode: Mode::Count, ..pattern("x") });
    let counts: Vec<_> = count.files.iter().map(|file| (file.path.as_str(), file.count)).collect();
    assert_eq!(counts, [("a", 2), ("b/c", 1)]);
    let files = search(folder.path(), &GrepOptions { mode: Mode::Files, ..pattern("x") });
    let names: Vec<_> = files.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(names, ["a", "b/c"]);
}

#[test]
fn the_search_of_a_binary_file_ends_at_its_nul() {
    let mut late = b"hit\n".repeat(40_000);
    late.extend(b"\0hit\n");
    let folder = folder(&[("early", b"hit\n\0\nhit\n"), ("late", &late), ("text", b"hit\n")]);
    let options = GrepOptions { max_results: usize::MAX, ..pattern("hit") };
    let report = search(folder.path(), &options);
    let files: Vec<_> = report.files.iter().map(|file| (file.path.as_str(), file.binary)).collect();
    assert_eq!(files, [("late", Some(160_000)), ("text", None)]);
    assert_eq!(report.counts.binary, 2);
    let count = search(folder.path(), &GrepOptions { mode: Mode::Count, ..options });
    assert_eq!(count.files.len(), 1);
}

#[test]
fn utf_16_is_searched_as_text() {
    let text: Vec<u8> = "\u{FEFF}größer\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let folder = folder(&[("a", &text)]);
    let report = search(folder.path(), &pattern("öß"));
    assert_eq!(lines(&report), ["a:1:größer"]);
    assert_eq!((report.files[0].matches[0].column, report.files[0].matches[0].offset), (3, 2));
}

#[test]
fn bytes_that_are_no_utf_8_are_matched_and_shown_replaced() {
    let folder = folder(&[("a", b"caf\xe9 hit\n")]);
    let report = search(folder.path(), &pattern(r"(?-u:\xe9) hit"));
    assert_eq!(lines(&report), ["a:1:caf\u{FFFD} hit"]);
}

#[test]
fn a_line_of_megabytes_is_cut_around_its_match() {
    let mut line = vec![b'a'; 3 << 20];
    line.extend(b"HIT");
    line.extend(vec![b'b'; 3 << 20]);
    let folder = folder(&[("a", &line)]);
    let report = search(folder.path(), &pattern("HIT"));
    let found = &report.files[0].matches[0];
    assert!(found.text.len() <= 2_000);
    assert_eq!(&found.text[found.submatches[0].clone()], "HIT");
    let cut = found.cut.unwrap();
    assert_eq!(cut.before + found.text.len() + cut.after, line.len());
    assert_eq!(found.column, (3 << 20) + 1);
}

#[test]
fn a_pattern_that_matches_everything_is_bounded_and_says_so() {
    let folder = folder(&[("a", &b"line\n".repeat(5_000)), ("b", &b"line\n".repeat(5_000))]);
    let results = search(folder.path(), &GrepOptions { max_results: 7, ..pattern("") });
    assert_eq!((lines(&results).len(), results.truncated), (7, Some(Truncation::Results)));
    let bytes = search(folder.path(), &GrepOptions { max_bytes: 10_000, ..pattern(".") });
    let json = serde_json::to_string(&bytes).unwrap();
    assert!(json.len() < 12_000 && json.len() > 5_000, "{}", json.len());
    assert_eq!(bytes.truncated, Some(Truncation::Bytes));
    let each = search(folder.path(), &GrepOptions { max_per_file: Some(2), ..pattern("") });
    assert_eq!((lines(&each).len(), each.truncated), (4, None));
    assert!(each.files.iter().all(|file| file.limited));
    let nothing = search(folder.path(), &GrepOptions { max_results: 0, ..pattern("") });
    assert_eq!((nothing.files.len(), nothing.truncated), (0, Some(Truncation::Results)));
}

#[test]
fn the_same_tree_gives_the_same_result_however_many_threads_search_it() {
    let names: Vec<_> = (0..600).map(|index| format!("{}/{index}.txt", index % 23)).collect();
    let contents: Vec<_> = (0..600).map(|index| format!("hit {index}\n").repeat(index % 5)).collect();
    let files: Vec<_> = names.iter().map(String::as_str).zip(contents.iter().map(String::as_bytes)).collect();
    let folder = folder(&files);
    let with = |threads, max_results| {
        let files = FileOptions { threads: Some(threads), ..Default::default() };
        let report = search(folder.path(), &GrepOptions { files, max_results, ..pattern("hit") });
        (lines(&report), report.truncated)
    };
    for most in [1, 100, 10_000] {
        let alone = with(1, most);
        assert_eq!(alone.0.len(), most.min(1_200));
        for threads in [2, 3, 8] {
            assert_eq!(with(threads, most), alone);
        }
    }
    let mut sorted = with(1, 10_000).0;
    sorted.sort_by_key(|line| line.split(':').next().unwrap().replace('/', "\0"));
    assert_eq!(with(4, 10_000).0, sorted);
}

#[test]
fn the_last_changed_can_come_first() {
    let folder = folder(&[("a", b"x"), ("b", b"x"), ("c", b"x")]);
    let now = std::time::SystemTime::now();
    for (name, age) in [("a", 200), ("b", 100), ("c", 300)] {
        let file = fs::File::options().write(true).open(folder.path().join(name)).unwrap();
        file.set_modified(now - Duration::from_secs(age)).unwrap();
    }
    let options = GrepOptions { order: Order::Modified, mode: Mode::Files, max_results: 2, ..pattern("x") };
    let report = search(folder.path(), &options);
    let names: Vec<_> = report.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(names, ["b", "a"]);
    assert_eq!(report.truncated, Some(Truncation::Results));
}

#[test]
fn a_root_that_is_a_file_is_searched_and_one_that_is_nothing_is_refused() {
    let folder = folder(&[("a.txt", b"hit\n")]);
    assert_eq!(lines(&search(&folder.path().join("a.txt"), &pattern("hit"))), ["a.txt:1:hit"]);
    let error = refusal(&folder.path().join("b"), &pattern("hit"));
    assert_eq!(error.kind(), ErrorKind::InvalidRoot);
    assert!(error.to_string().contains("No such file"), "{error}");
}

#[test]
fn the_time_limit_ends_a_search_and_keeps_what_was_found() {
    let folder = tempfile::tempdir().unwrap();
    let mut file = fs::File::create(folder.path().join("a")).unwrap();
    file.write_all(b"hit\n").unwrap();
    // Without blocks on the disk it is read as NULs: the pattern finds no line in it, and the file no end soon.
    for _ in 0..200 {
        file.write_all(&b"a line that is none of those\n".repeat(20_000)).unwrap();
    }
    let options = GrepOptions { time_limit_ms: 1, ..pattern("hit|(a.){3}\\d") };
    let report = search(folder.path(), &options);
    assert_eq!(report.truncated, Some(Truncation::Time));
    assert_eq!(report.problem_count, 0);
}

#[test]
fn a_search_can_be_cancelled_and_watched_from_another_thread() {
    let folder = tempfile::tempdir().unwrap();
    for name in 0..4 {
        fs::write(folder.path().join(name.to_string()), b"a line that is none of those\n".repeat(2_000_000))
            .unwrap();
    }
    let (cancel, progress) = (AtomicBool::new(false), Progress::default());
    // Slow enough to be under way when it is looked at.
    let options = GrepOptions { case: Case::Insensitive, ..pattern(r"(\w+ ){9}\d|[a-q][^u-z]{13}x") };
    thread::scope(|scope| {
        let search = scope.spawn(|| grep(folder.path(), &options, &cancel, &progress));
        let begun = Instant::now();
        while progress.counts().bytes == 0 && begun.elapsed() < Duration::from_secs(20) {
            thread::yield_now();
        }
        cancel.store(true, Ordering::Relaxed);
        let error = search.join().unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cancelled);
    });
    let read = progress.counts().bytes;
    assert!(read > 0 && read < 4 * 29 * 2_000_000, "{read}");
}

#[test]
fn a_line_that_does_not_fit_in_memory_is_a_problem_and_the_rest_is_searched() {
    let folder = folder(&[("b", b"hit\n")]);
    let mut long = b"hit\n".to_vec();
    long.extend(vec![b'x'; 70 << 20]);
    fs::write(folder.path().join("a"), long).unwrap();
    let report = search(folder.path(), &pattern("hit"));
    assert_eq!(lines(&report), ["a:1:hit", "b:1:hit"]);
    assert_eq!(report.problems[0].kind, ProblemKind::TooLong);
    assert_eq!(report.problems[0].path, "a");
}

#[test]
fn a_file_of_four_gigabytes_is_no_trouble() {
    let folder = folder(&[("b", b"hit\n")]);
    let mut file = fs::File::create(folder.path().join("a")).unwrap();
    file.write_all(b"hit\n").unwrap();
    // It takes no room on the disk, and reads as NULs.
    file.set_len(4 << 30).unwrap();
    let report = search(folder.path(), &pattern("hit"));
    assert_eq!(lines(&report), ["b:1:hit"]);
    assert_eq!(report.counts.binary, 1);
    assert!(report.counts.bytes < 1 << 20, "{}", report.counts.bytes);
    let report = search(folder.path(), &GrepOptions { multiline: true, ..pattern("hit") });
    assert_eq!(lines(&report), ["b:1:hit"]);
    assert_eq!(report.problems[0].kind, ProblemKind::TooLong);
}

#[test]
fn files_above_a_size_are_left_out_and_counted() {
    let folder = folder(&[("a", b"hit\n"), ("b", &b"hit\n".repeat(10))]);
    let files = FileOptions { max_file_bytes: Some(10), ..Default::default() };
    let report = search(folder.path(), &GrepOptions { files, ..pattern("hit") });
    assert_eq!((lines(&report).len(), report.counts.too_large, report.problem_count), (1, 1, 0));
}

#[test]
fn a_long_line_in_one_file_does_not_change_what_is_found_in_a_binary_one() {
    let mut late = b"hit\n".repeat(40_000);
    late.extend(b"\0");
    let folder = folder(&[("a/late", &late), ("b/late", &late), ("c/late", &late)]);
    let options = GrepOptions {
        max_results: usize::MAX,
        max_bytes: usize::MAX,
        files: FileOptions { threads: Some(1), ..Default::default() },
        ..pattern("hit")
    };
    let before = lines(&search(folder.path(), &options)).len();
    for name in ["a/long", "b/long", "c/long"] {
        fs::write(folder.path().join(name), vec![b'x'; 1 << 20]).unwrap();
    }
    assert_eq!(lines(&search(folder.path(), &options)).len(), before);
    assert_eq!(before % 3, 0);
}

#[test]
fn a_look_at_a_few_files_that_takes_too_long_begins_anew_and_misses_nothing() {
    let folder = folder(&[("a.txt", "match\n".repeat(5_000).as_bytes())]);
    for _ in 0..50 {
        let report = search(folder.path(), &pattern("match"));
        assert_eq!((report.files[0].matches.len(), report.truncated), (5_000, None));
    }
}

#[test]
fn a_file_that_vanishes_before_it_is_opened_is_told_and_the_others_are_searched() {
    const FILES: usize = 2_000;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: usize| folder.path().join(format!("{name}.txt"));
    for name in 0..FILES {
        fs::write(path(name), b"hit\n".repeat(8_000)).unwrap();
    }
    let progress = Progress::default();
    let files = FileOptions { threads: Some(1), ..Default::default() };
    let options = GrepOptions { files, mode: Mode::Files, max_results: FILES, ..pattern("hit|no such text") };
    let report = thread::scope(|scope| {
        let search = scope.spawn(|| grep(folder.path(), &options, &AtomicBool::new(false), &progress));
        while progress.counts().files == 0 && !search.is_finished() {
            thread::yield_now();
        }
        for name in 0..FILES {
            fs::remove_file(path(name)).unwrap();
        }
        search.join().unwrap().unwrap()
    });
    assert!(report.problem_count > 0, "all files were opened before one was gone");
    assert!(report.problems.iter().all(|problem| problem.kind == ProblemKind::Vanished), "{report:?}");
    assert!(!report.files.is_empty());
    assert!(report.files.len() as u64 + report.problem_count <= FILES as u64);
}
