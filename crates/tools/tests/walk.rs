//! Which files `grep` and `glob` look at, and what they say of the others.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use orchestrator_tools::{
    Error, ErrorKind, FileOptions, GlobOptions, GlobReport, GrepOptions, Order, ProblemKind, Progress,
    Truncation, glob, grep,
};
use tempfile::TempDir;

fn folder(files: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for path in files {
        write(folder.path(), path, "hit\n");
    }
    folder
}

fn write(folder: &Path, path: &str, content: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn list(root: &Path, files: FileOptions) -> GlobReport {
    let options = GlobOptions { files, ..Default::default() };
    glob(root, &options, &AtomicBool::new(false), &Progress::default()).unwrap()
}

fn refusal(root: &Path, files: FileOptions) -> Error {
    let options = GlobOptions { files, ..Default::default() };
    glob(root, &options, &AtomicBool::new(false), &Progress::default()).unwrap_err()
}

fn globs(globs: &[&str]) -> Vec<String> {
    globs.iter().map(|&glob| glob.to_owned()).collect()
}

#[test]
fn ignored_and_hidden_files_are_left_out_unless_asked_for() {
    let folder = folder(&["a.rs", "b.log", "c.tmp", "d.bak", "e.old", ".hidden", "out/x.rs", "deep/.env"]);
    fs::create_dir(folder.path().join(".git")).unwrap();
    write(folder.path(), ".git/info/exclude", "*.old\n");
    write(folder.path(), ".gitignore", "*.log\n/out/\n");
    write(folder.path(), ".ignore", "*.tmp\n");
    write(folder.path(), ".rgignore", "*.bak\n");
    assert_eq!(list(folder.path(), FileOptions::default()).paths, ["a.rs"]);
    let all = FileOptions { no_ignore: true, ..Default::default() };
    assert_eq!(list(folder.path(), all).paths, ["a.rs", "b.log", "c.tmp", "d.bak", "e.old", "out/x.rs"]);
    let hidden = FileOptions { hidden: true, exclude: globs(&[".git"]), ..Default::default() };
    assert_eq!(
        list(folder.path(), hidden).paths,
        [".gitignore", ".hidden", ".ignore", ".rgignore", "a.rs", "deep/.env"]
    );
}

#[test]
fn ignore_files_above_the_root_count_too() {
    let folder = folder(&["src/a.rs", "src/b.log"]);
    fs::create_dir(folder.path().join(".git")).unwrap();
    write(folder.path(), ".gitignore", "*.log\n");
    assert_eq!(list(&folder.path().join("src"), FileOptions::default()).paths, ["a.rs"]);
}

#[test]
fn globs_include_and_exclude_from_the_root() {
    let folder = folder(&["a.ts", "src/b.ts", "src/b.test.ts", "src/deep/c.ts", "src/d.rs"]);
    let files = |include: &[&str], exclude: &[&str]| {
        let options = FileOptions { include: globs(include), exclude: globs(exclude), ..Default::default() };
        list(folder.path(), options).paths
    };
    assert_eq!(files(&["*.ts"], &["*.test.ts"]), ["a.ts", "src/b.ts", "src/deep/c.ts"]);
    assert_eq!(files(&["src/*.ts"], &[]), ["src/b.test.ts", "src/b.ts"]);
    assert_eq!(files(&["/*.ts", "**/*.rs"], &[]), ["a.ts", "src/d.rs"]);
    assert_eq!(files(&[], &["src/deep", "*.rs", "b.*"]), ["a.ts"]);
    assert_eq!(files(&["*.{ts,rs}", "!src/**"], &[]), ["a.ts"]);
    assert_eq!(files(&["*.nothing"], &[]), Vec::<String>::new());
}

#[test]
fn file_types_have_ripgreps_names_and_an_unknown_one_names_the_nearest() {
    let folder = folder(&["a.ts", "b.rs", "c.py"]);
    let types = |types: &[&str], exclude: &[&str]| FileOptions {
        types: globs(types),
        exclude_types: globs(exclude),
        ..Default::default()
    };
    assert_eq!(list(folder.path(), types(&["ts", "rust"], &[])).paths, ["a.ts", "b.rs"]);
    assert_eq!(list(folder.path(), types(&[], &["py"])).paths, ["a.ts", "b.rs"]);
    for (name, meant) in [("pyhton", "`python`"), ("rs", "`rust`"), ("quitefar", "include: [\"*.quitefar\"]")]
    {
        let error = refusal(folder.path(), types(&[name], &[]));
        assert_eq!(error.kind(), ErrorKind::UnknownFileType);
        assert!(error.to_string().contains(meant), "{error}");
    }
}

#[test]
fn a_result_is_cut_at_its_limit_in_the_order_that_was_asked_for() {
    let folder = folder(&["a/z", "a.b", "b", "c"]);
    let listing = |order, max_results, threads| {
        let files = FileOptions { threads: Some(threads), ..Default::default() };
        let options = GlobOptions { files, order, max_results, ..Default::default() };
        glob(folder.path(), &options, &AtomicBool::new(false), &Progress::default()).unwrap()
    };
    for threads in [1, 4] {
        let some = listing(Order::Path, 3, threads);
        assert_eq!(some.paths, ["a/z", "a.b", "b"]);
        assert_eq!(some.truncated, Some(Truncation::Results));
        assert_eq!(listing(Order::Path, 4, threads).truncated, None);
        let found = listing(Order::Found, 2, threads);
        assert_eq!((found.paths.len(), found.truncated), (2, Some(Truncation::Results)));
        let mut all = listing(Order::Found, 4, threads);
        all.paths.sort();
        assert_eq!((all.paths.len(), all.truncated), (4, None));
    }
    let old = fs::File::options().write(true).open(folder.path().join("a.b")).unwrap();
    old.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    let first = fs::File::options().write(true).open(folder.path().join("c")).unwrap();
    first.set_modified(std::time::SystemTime::now() + std::time::Duration::from_secs(60)).unwrap();
    let modified = listing(Order::Modified, 10, 2).paths;
    assert_eq!((modified[0].as_str(), modified[3].as_str()), ("c", "a.b"));
}

#[test]
fn depth_is_bounded_where_asked() {
    let folder = folder(&["a", "b/c", "b/d/e"]);
    let files = FileOptions { max_depth: Some(2), ..Default::default() };
    assert_eq!(list(folder.path(), files).paths, ["a", "b/c"]);
}

#[test]
fn a_large_folder_is_walked_by_several_threads_with_the_same_result() {
    let folder = tempfile::tempdir().unwrap();
    for index in 0..6_000 {
        write(folder.path(), &format!("{}/{index}", index % 300), "");
    }
    let with = |threads| list(folder.path(), FileOptions { threads: Some(threads), ..Default::default() });
    let alone = with(1);
    assert_eq!(alone.paths.len(), 6_000);
    assert_eq!(with(2).paths, alone.paths);
    assert_eq!(with(7).paths, alone.paths);
    assert_eq!(alone.counts.files, 6_000);
    assert_eq!(alone.counts.entries, 6_301);
}

#[test]
fn a_cancelled_listing_says_so() {
    let folder = folder(&["a"]);
    let cancel = AtomicBool::new(true);
    let error = glob(folder.path(), &GlobOptions::default(), &cancel, &Progress::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    cancel.store(false, Ordering::Relaxed);
    assert!(glob(folder.path(), &GlobOptions::default(), &cancel, &Progress::default()).is_ok());
}

#[test]
fn a_line_of_an_ignore_file_that_makes_no_sense_is_told_and_the_others_count() {
    let folder = folder(&["a", "b"]);
    write(folder.path(), ".ignore", "{x\nb\n");
    let report = list(folder.path(), FileOptions::default());
    assert_eq!(report.paths, ["a"]);
    assert_eq!(report.problems[0].kind, ProblemKind::IgnoreFile);
    assert!(report.problems[0].path.ends_with(".ignore"), "{:?}", report.problems[0]);
    assert!(report.problems[0].message.contains('1'), "{:?}", report.problems[0]);
}

#[cfg(unix)]
mod unix {
    use std::{
        ffi::OsStr,
        os::unix::{ffi::OsStrExt, fs::symlink, net::UnixListener},
    };

    use super::*;

    #[test]
    fn links_are_followed_only_when_asked_and_a_loop_is_told() {
        let outside = folder(&["secret"]);
        let folder = folder(&["dir/a"]);
        symlink(outside.path(), folder.path().join("away")).unwrap();
        symlink(folder.path(), folder.path().join("dir/up")).unwrap();
        symlink("nowhere", folder.path().join("broken")).unwrap();
        for threads in [1, 3] {
            let threads = Some(threads);
            let plain = list(folder.path(), FileOptions { threads, ..Default::default() });
            assert_eq!((plain.paths, plain.problem_count), (vec!["dir/a".to_owned()], 0));
            let followed = list(folder.path(), FileOptions { follow: true, threads, ..Default::default() });
            assert_eq!(followed.paths, ["away/secret", "dir/a"]);
            let told: Vec<_> =
                followed.problems.iter().map(|problem| (problem.path.as_str(), problem.kind)).collect();
            assert_eq!(told, [("broken", ProblemKind::Vanished), ("dir/up", ProblemKind::Loop)]);
        }
    }

    #[test]
    fn a_root_may_be_a_link() {
        let folder = folder(&["dir/a"]);
        symlink(folder.path().join("dir"), folder.path().join("link")).unwrap();
        symlink(folder.path().join("dir/a"), folder.path().join("name")).unwrap();
        for threads in [1, 3] {
            let files = FileOptions { threads: Some(threads), ..Default::default() };
            assert_eq!(list(&folder.path().join("link"), files.clone()).paths, ["a"]);
            assert_eq!(list(&folder.path().join("name"), files).paths, ["name"]);
        }
    }

    #[test]
    fn pipes_sockets_and_devices_are_not_opened() {
        let folder = folder(&["a"]);
        let _socket = UnixListener::bind(folder.path().join("socket")).unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let options = GrepOptions { patterns: globs(&["hit"]), ..Default::default() };
        let report = grep(folder.path(), &options, &AtomicBool::new(false), &Progress::default()).unwrap();
        assert_eq!(report.files.len(), 1);
        let told: Vec<_> =
            report.problems.iter().map(|problem| (problem.path.as_str(), problem.kind)).collect();
        assert_eq!(told, [("pipe", ProblemKind::Special), ("socket", ProblemKind::Special)]);
        let error = refusal(&pipe, FileOptions::default());
        assert_eq!(error.kind(), ErrorKind::InvalidRoot);
        let error = refusal(Path::new("/dev/zero"), FileOptions::default());
        assert_eq!(error.kind(), ErrorKind::InvalidRoot);
    }

    #[test]
    fn a_link_that_vanishes_or_a_file_that_leads_nowhere_is_a_problem_of_the_search() {
        let folder = folder(&["a"]);
        symlink("gone", folder.path().join("b")).unwrap();
        let files = FileOptions { follow: true, ..Default::default() };
        let options = GrepOptions { patterns: globs(&["hit"]), files, ..Default::default() };
        let report = grep(folder.path(), &options, &AtomicBool::new(false), &Progress::default()).unwrap();
        assert_eq!(report.files.len(), 1);
        assert_eq!(report.problems[0].kind, ProblemKind::Vanished);
        assert_eq!(report.problems[0].path, "b");
    }

    #[test]
    fn a_name_that_is_no_text_is_shown_replaced() {
        let folder = folder(&[]);
        fs::write(folder.path().join(OsStr::from_bytes(b"caf\xe9")), "hit\n").unwrap();
        assert_eq!(list(folder.path(), FileOptions::default()).paths, ["caf\u{FFFD}"]);
    }
}
