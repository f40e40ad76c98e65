//! Searching and rewriting by syntax tree, on real files.

use std::{collections::BTreeMap, fs, path::Path, sync::atomic::AtomicBool};

use orchestrator_tools::{
    AstCapture, AstQuery, AstRefusal, AstReplaceOptions, AstReplaceReport, AstSearchOptions, AstSearchReport,
    ErrorKind, FileOptions, Progress, Truncation, ast_replace, ast_search,
};
use tempfile::TempDir;

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a file is in a folder"))
            .expect("the example can be carried out");
        fs::write(path, text).expect("the example can be carried out");
    }
    folder
}

fn pattern(text: &str, language: &str) -> AstQuery {
    AstQuery { pattern: Some(text.to_owned()), language: Some(language.to_owned()), ..AstQuery::default() }
}

fn search(root: &Path, options: &AstSearchOptions) -> AstSearchReport {
    ast_search(root, options, &AtomicBool::new(false), &Progress::default())
        .expect("the example can be carried out")
}

fn replace(root: &Path, options: &AstReplaceOptions) -> AstReplaceReport {
    ast_replace(root, options, &AtomicBool::new(false), &Progress::default())
        .expect("the example can be carried out")
}

fn texts(report: &AstSearchReport) -> Vec<String> {
    let matches = report.files.iter().flat_map(|file| file.matches.iter().map(move |found| (file, found)));
    matches.map(|(file, found)| format!("{}:{}:{}", file.path, found.line, found.text)).collect()
}

fn rewrite(query: AstQuery, with: &str) -> AstReplaceOptions {
    AstReplaceOptions { query, rewrite: Some(with.to_owned()), ..AstReplaceOptions::default() }
}

#[test]
fn matches_come_by_path_with_places_and_captures() {
    let folder = folder(&[
        ("b.ts", "const ä = log(1, 2);\n"),
        ("a/z.ts", "log('x');\nlog(log(3));\n"),
        ("c.py", "log(1)\n"),
    ]);
    let options = AstSearchOptions { query: pattern("log($$$ARGS)", "ts"), ..AstSearchOptions::default() };
    let report = search(folder.path(), &options);
    assert_eq!(
        texts(&report),
        ["a/z.ts:1:log('x')", "a/z.ts:2:log(log(3))", "a/z.ts:2:log(3)", "b.ts:1:log(1, 2)"]
    );
    let found = &report.files[1].matches[0];
    assert_eq!((found.line, found.column, found.end_line, found.end_column), (1, 11, 1, 20));
    assert_eq!((found.offset, found.end_offset), (11, 20));
    assert_eq!(found.captures["ARGS"], AstCapture::Many(vec!["1".to_owned(), "2".to_owned()]));
    assert_eq!(report.counts.files, 2);
}

#[test]
fn a_rule_finds_what_no_pattern_can() {
    let folder = folder(&[("a.ts", "async function a() { await b(); }\nfunction c() { d(); }\n")]);
    let rule =
        "language: ts\nrule:\n  kind: function_declaration\n  has:\n    pattern: await $X\n    stopBy: end\n";
    let query = AstQuery { rule: Some(rule.to_owned()), ..AstQuery::default() };
    let report = search(folder.path(), &AstSearchOptions { query, ..AstSearchOptions::default() });
    assert_eq!(texts(&report), ["a.ts:1:async function a() { await b(); }"]);
    let captures = &report.files[0].matches[0].captures;
    assert_eq!(captures.keys().collect::<Vec<_>>(), ["X"]);
}

#[test]
fn the_first_matches_are_kept_whatever_is_found_first() {
    let files: Vec<_> = (0..200).map(|index| (format!("{index:03}.js"), "f(1);f(2);\n".repeat(10))).collect();
    let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let folder = folder(&files);
    let options =
        AstSearchOptions { query: pattern("f($A)", "js"), max_results: 25, ..AstSearchOptions::default() };
    let report = search(folder.path(), &options);
    assert_eq!(report.truncated, Some(Truncation::Results));
    let counts: Vec<_> = report.files.iter().map(|file| (file.path.as_str(), file.matches.len())).collect();
    assert_eq!(counts, [("000.js", 20), ("001.js", 5)]);
}

#[test]
fn texts_end_at_their_limits() {
    let folder = folder(&[("a.js", "f('ääää');\nf('bbbb');\n")]);
    let query = pattern("f($A)", "js");
    let options = AstSearchOptions { query: query.clone(), max_text_bytes: 4, ..AstSearchOptions::default() };
    let report = search(folder.path(), &options);
    assert_eq!(texts(&report), ["a.js:1:f('", "a.js:2:f('b"]);
    assert!(report.files[0].matches[0].cut);
    let options = AstSearchOptions { query, max_bytes: 25, ..AstSearchOptions::default() };
    let report = search(folder.path(), &options);
    assert_eq!((report.files[0].matches.len(), report.truncated), (1, Some(Truncation::Bytes)));
}

#[test]
fn binary_and_large_files_are_counted_and_the_rest_is_searched() {
    let folder = folder(&[("a.js", "f(1)\n"), ("b.js", "f(1)\0"), ("c.js", &"f(1);".repeat(1_000))]);
    let files = FileOptions { max_file_bytes: Some(1_000), ..FileOptions::default() };
    let options = AstSearchOptions { query: pattern("f($A)", "js"), files, ..AstSearchOptions::default() };
    let report = search(folder.path(), &options);
    assert_eq!(texts(&report), ["a.js:1:f(1)"]);
    assert_eq!((report.counts.binary, report.counts.too_large), (1, 1));
}

#[test]
fn one_file_tells_its_language_itself() {
    let folder = folder(&[("a.go", "package a\n\nfunc f() { g() }\n")]);
    let query = AstQuery { rule: Some("kind: call_expression".to_owned()), ..AstQuery::default() };
    let options = AstSearchOptions { query, ..AstSearchOptions::default() };
    assert_eq!(texts(&search(&folder.path().join("a.go"), &options)), ["a.go:3:g()"]);
}

#[test]
fn a_search_is_cancelled_and_runs_out_of_time() {
    let folder = folder(&[("a.js", "f(1)\n")]);
    let options = AstSearchOptions { query: pattern("f($A)", "js"), ..AstSearchOptions::default() };
    let error =
        ast_search(folder.path(), &options, &AtomicBool::new(true), &Progress::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    let options = AstSearchOptions { time_limit_ms: 0, ..options };
    assert_eq!(search(folder.path(), &options).truncated, Some(Truncation::Time));
}

#[test]
fn a_dry_run_shows_the_change_and_writes_nothing() {
    let folder = folder(&[("a.ts", "var a = 1;\nvar b = 2;\n")]);
    let options = AstReplaceOptions { dry_run: true, ..rewrite(pattern("var $A = $B", "ts"), "let $A = $B") };
    let report = replace(folder.path(), &options);
    let change = &report.changes[0];
    assert_eq!(
        change.diff.as_deref().unwrap(),
        "--- a/a.ts\n+++ b/a.ts\n@@ -1,2 +1,2 @@\n-var a = 1;\n-var b = 2;\n+let a = 1;\n+let b = 2;\n"
    );
    assert_eq!((change.replacements, change.written, change.new_syntax_errors), (2, false, Some(0)));
    assert_eq!(fs::read_to_string(folder.path().join("a.ts")).unwrap(), "var a = 1;\nvar b = 2;\n");
}

#[test]
fn a_file_is_written_with_its_own_line_ends() {
    let folder = folder(&[("a.ts", "f(1);\r\n// stays\r\n")]);
    let report = replace(folder.path(), &rewrite(pattern("f($A)", "ts"), "g(\n  $A\n)"));
    assert!(report.changes[0].written);
    let text = fs::read_to_string(folder.path().join("a.ts")).unwrap();
    assert_eq!(text, "g(\r\n  1\r\n);\r\n// stays\r\n");
}

#[test]
fn files_outside_of_the_scope_are_named_and_left() {
    let folder = folder(&[("src/a.ts", "f(1)\n"), ("test/b.ts", "f(1)\n")]);
    let options = AstReplaceOptions {
        scope: Some(vec!["src/**".to_owned()]),
        ..rewrite(pattern("f($A)", "ts"), "g($A)")
    };
    let report = replace(folder.path(), &options);
    assert_eq!(report.changes.len(), 1);
    assert_eq!(
        (report.refused[0].path.as_str(), report.refused[0].reason),
        ("test/b.ts", AstRefusal::OutOfScope)
    );
    assert_eq!(fs::read_to_string(folder.path().join("test/b.ts")).unwrap(), "f(1)\n");
}

#[test]
fn only_what_was_shown_is_written() {
    let folder = folder(&[("a.ts", "f(1)\n"), ("b.ts", "f(1)\n"), ("c.ts", "f(1)\n")]);
    let options = rewrite(pattern("f($A)", "ts"), "g($A)");
    let shown = replace(folder.path(), &AstReplaceOptions { dry_run: true, ..options.clone() });
    let hashes: BTreeMap<_, _> =
        shown.changes[..2].iter().map(|change| (change.path.clone(), change.hash.clone())).collect();
    fs::write(folder.path().join("b.ts"), "f(2)\n").unwrap();
    let report = replace(folder.path(), &AstReplaceOptions { expect: Some(hashes), ..options });
    let changed: Vec<_> = report.changes.iter().map(|change| change.path.as_str()).collect();
    let refused: Vec<_> =
        report.refused.iter().map(|refused| (refused.path.as_str(), refused.reason)).collect();
    assert_eq!(changed, ["a.ts"]);
    assert_eq!(refused, [("b.ts", AstRefusal::Changed), ("c.ts", AstRefusal::Unexpected)]);
}

#[test]
fn more_files_than_may_change_change_none() {
    let folder = folder(&[("a.ts", "f(1)\n"), ("b.ts", "f(1)\n")]);
    let options = AstReplaceOptions { max_files: 1, ..rewrite(pattern("f($A)", "ts"), "g($A)") };
    let report = replace(folder.path(), &options);
    assert_eq!(report.truncated, Some(Truncation::Results));
    assert!(report.changes.iter().all(|change| !change.written));
    for file in ["a.ts", "b.ts"] {
        assert_eq!(fs::read_to_string(folder.path().join(file)).unwrap(), "f(1)\n");
    }
}

#[test]
fn a_rewrite_that_breaks_the_file_says_so() {
    let folder = folder(&[("a.ts", "f(1);\n")]);
    let options = AstReplaceOptions { dry_run: true, ..rewrite(pattern("f($A)", "ts"), "g($A") };
    assert!(replace(folder.path(), &options).changes[0].new_syntax_errors > Some(0));
}

#[test]
fn a_rule_brings_its_own_rewrite_and_transformations() {
    let folder = folder(&[("a.py", "old_name(1)\n")]);
    let rule = "rule: { pattern: $F($A) }\ntransform:\n  NEW: { convert: { source: $F, toCase: camelCase } }\nfix: $NEW($A)\n";
    let query =
        AstQuery { rule: Some(rule.to_owned()), language: Some("python".to_owned()), ..AstQuery::default() };
    let report = replace(folder.path(), &AstReplaceOptions { query, ..AstReplaceOptions::default() });
    assert!(report.changes[0].written);
    assert_eq!(fs::read_to_string(folder.path().join("a.py")).unwrap(), "oldName(1)\n");
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link() {
    let folder = folder(&[("real.ts", "f(1)\n")]);
    let link = folder.path().join("link.ts");
    std::os::unix::fs::symlink("real.ts", &link).unwrap();
    let report = replace(&link, &rewrite(pattern("f($A)", "ts"), "g($A)"));
    assert!(report.changes[0].written);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(folder.path().join("real.ts")).unwrap(), "g(1)\n");
}

#[test]
fn a_pattern_that_is_no_whole_code_is_warned_of_with_its_place() {
    let folder = folder(&[("a.ts", "import { a, b } from \"c\";\n")]);
    let options =
        AstSearchOptions { query: pattern("import { $$$A } from $B", "ts"), ..AstSearchOptions::default() };
    let report = search(folder.path(), &options);
    let warning = report.warning.clone().unwrap();
    assert!(warning.contains("from column"), "{warning}");
    assert_eq!(texts(&report).len(), 1, "ast-grep finds it all the same");
    let options = AstSearchOptions { query: pattern("f($A)", "ts"), ..options };
    assert_eq!(search(folder.path(), &options).warning, None);
}
