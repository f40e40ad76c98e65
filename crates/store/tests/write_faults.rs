//! A disk that refuses: a typed error, and all that was committed before is intact.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod child;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::time::{Duration, Instant};

use orchestrator_store::{Durability, Error, ErrorKind, Options, Store};

fn put(store: &Store, key: &str, value: &str) -> Result<u64, Error> {
    let mut tx = store.begin()?;
    tx.put(key, value)?;
    tx.append("puts", "put", 0, value)?;
    tx.commit(Durability::Full)
}

fn succeed(mut command: std::process::Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}");
    said
}

#[test]
fn a_full_disk_is_an_error_of_its_kind_and_the_store_works_again_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let said = succeed(child::command("fills_the_disk", &path));
    let (_, last) = said.split_once("last version ").unwrap();
    let last: u64 = last.split_whitespace().next().unwrap().parse().unwrap();
    let store = Store::open(&path, Options::default()).unwrap();
    assert_eq!(store.snapshot().version(), last);
    assert_eq!(store.journal("puts", 1).unwrap().len() as u64, last);
    let report = store.audit().unwrap();
    assert!(report.is_whole(), "{report:?}");
}

#[test]
#[ignore = "a child of the test above"]
fn fills_the_disk() {
    let Some(path) = child::store() else { return };
    let store = Store::open(path, Options::default()).unwrap();
    put(&store, "first", "1").unwrap();
    limit_file_size(300_000);
    let value = format!("\"{}\"", "x".repeat(20_000));
    let error = (0..1000).find_map(|n| put(&store, &format!("key/{n}"), &value).err()).unwrap();
    assert_eq!(error.kind(), ErrorKind::Full, "{error}");
    assert!(error.to_string().contains("free some space"), "{error}");
    // As it was, also for reads that go to the file, and again when tried again.
    let before = store.snapshot().version();
    assert_eq!(put(&store, "more", &value).unwrap_err().kind(), ErrorKind::Full);
    assert_eq!(store.refresh().unwrap(), before);
    assert_eq!(store.snapshot().get("first").unwrap().value.as_ref(), "1");
    assert_eq!(store.journal("puts", 1).unwrap().len() as u64, before);
    assert!(store.audit().unwrap().is_whole());
    limit_file_size(100_000_000);
    println!("last version {}", put(&store, "more", &value).unwrap());
}

/// Past that many bytes a write to a file fails, as it does on a full disk.
fn limit_file_size(bytes: libc::rlim_t) {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is valid for the write.
    assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_FSIZE, &raw mut limit) }, 0);
    limit.rlim_cur = bytes;
    // SAFETY: `limit` is valid for the read; a limit breaks no rule of memory.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit) }, 0);
    // SAFETY: ignoring the signal installs no handler; without it the write fails instead of killing us.
    assert_ne!(unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) }, libc::SIG_ERR);
}

#[test]
fn a_file_locked_by_another_program_is_busy_after_the_timeout_and_then_free() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let mut options = Options::default();
    options.busy_timeout = Duration::from_millis(150);
    let store = Store::open(&path, options).unwrap();
    put(&store, "a", "1").unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let start = Instant::now();
    let error = put(&store, "a", "2").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy);
    assert!(error.to_string().contains("150 ms"), "{error}");
    assert!(start.elapsed() >= Duration::from_millis(140), "{:?}", start.elapsed());
    assert_eq!(store.begin().unwrap().get("a").as_deref(), Some("1"), "readers don't wait");
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(put(&store, "a", "2").unwrap(), 2);
}

#[test]
fn a_missing_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("not here");
    let error = Store::open(missing.join("store.db"), Options::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains(&format!("there is no folder {}", missing.display())), "{error}");
    assert!(!missing.exists());
}

#[test]
fn a_folder_in_the_place_of_the_file_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let error = Store::open(folder.path(), Options::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io, "{error}");
}

/// What is where, and which of it can't be written.
struct Case {
    name: &'static str,
    file: Option<u32>,
    folder: u32,
}

const CASES: &[Case] = &[
    Case { name: "no file in a read-only folder", file: None, folder: 0o555 },
    Case { name: "a file in a read-only folder", file: Some(0o666), folder: 0o555 },
    Case { name: "a read-only file in a read-only folder", file: Some(0o444), folder: 0o555 },
    Case { name: "a read-only file", file: Some(0o444), folder: 0o777 },
];

#[test]
fn what_cannot_be_written_is_refused_and_left_as_it_was() {
    for case in CASES {
        println!("{}", case.name);
        let outer = tempfile::tempdir().unwrap();
        fs::set_permissions(outer.path(), Permissions::from_mode(0o755)).unwrap();
        let folder = outer.path().join("state");
        fs::create_dir(&folder).unwrap();
        let path = folder.join("store.db");
        if let Some(mode) = case.file {
            let store = Store::open(&path, Options::default()).unwrap();
            put(&store, "a", "1").unwrap();
            store.close().unwrap();
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        }
        fs::set_permissions(&folder, Permissions::from_mode(case.folder)).unwrap();
        let before = listing(&folder);
        let said = succeed(as_nobody(outer.path(), &path));
        assert!(said.contains("refused: ReadOnly"), "{}: {said}", case.name);
        assert_eq!(listing(&folder), before, "{}", case.name);
        fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
    }
}

/// A child without the rights of root, for which nothing is read-only.
fn as_nobody(outer: &Path, store: &Path) -> std::process::Command {
    const NOBODY: u32 = 65_534;
    // SAFETY: `geteuid` has no preconditions.
    if unsafe { libc::geteuid() } != 0 {
        return child::command("reports_how_opening_ends", store);
    }
    // A copy that anyone may run: the build folder may be closed to others.
    let program = outer.join("program");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    let mut command = child::command_of(&program, "reports_how_opening_ends", store);
    command.uid(NOBODY).gid(NOBODY).current_dir(outer);
    command
}

fn listing(folder: &Path) -> Vec<(std::ffi::OsString, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name(), fs::read(entry.path()).unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
#[ignore = "a child of the test above"]
fn reports_how_opening_ends() {
    let Some(path) = child::store() else { return };
    match Store::open(path, Options::default()) {
        Ok(_) => println!("opened"),
        Err(error) => println!("refused: {:?}: {error}", error.kind()),
    }
}
