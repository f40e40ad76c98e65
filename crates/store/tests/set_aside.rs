//! A damaged file is set aside under a dated name; a file that is refused for another reason is left where it is.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use orchestrator_store::{Durability, ErrorKind, Opened, Options, Store};
use rusqlite::Connection;

/// 2026-11-22 18:00:00 UTC.
const NOW: u64 = 1_795_370_400_000;
const DATED: &str = "store.db.damaged-2026-11-22T18-00-00Z";

fn put(store: &Store, key: &str) {
    let mut tx = store.begin().unwrap();
    tx.put(key, &format!("\"{}\"", "v".repeat(500))).unwrap();
    tx.commit(Durability::Full).unwrap();
}

fn open(path: &Path) -> orchestrator_store::Result<Opened> {
    let mut options = Options::default();
    options.busy_timeout = Duration::from_millis(100);
    Store::open_or_set_aside(path, options, NOW)
}

/// A store of several pages, all but its first page overwritten.
fn damaged(path: &Path) -> Vec<u8> {
    let store = Store::open(path, Options::default()).unwrap();
    for n in 0..50 {
        put(&store, &format!("key/{n}"));
    }
    store.close().unwrap();
    let mut bytes = fs::read(path).unwrap();
    bytes[4096..].fill(0xa5);
    fs::write(path, &bytes).unwrap();
    bytes
}

fn listing(folder: &Path) -> Vec<(OsString, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let mut files: Vec<_> =
        entries.map(|entry| (entry.file_name(), fs::read(entry.path()).unwrap())).collect();
    files.sort();
    files
}

#[test]
fn a_damaged_store_gets_a_dated_name_and_a_new_one_takes_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let bytes = damaged(&path);
    let Opened { store, set_aside } = open(&path).unwrap();
    let set_aside = set_aside.unwrap();
    assert_eq!(set_aside.path, folder.path().join(DATED));
    assert_eq!(set_aside.reason.kind(), ErrorKind::Corrupt);
    assert_eq!(fs::read(&set_aside.path).unwrap(), bytes, "not a byte of it is lost");
    assert_eq!((store.snapshot().version(), store.path()), (0, path.clone()));
    put(&store, "a");
    store.close().unwrap();
    let again = open(&path).unwrap();
    assert!(again.set_aside.is_none());
    assert_eq!(again.store.snapshot().len(), 1);
}

#[test]
fn its_log_goes_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    // As a crash leaves it: the file and its log, without the process.
    let live = folder.path().join("live.db");
    let store = Store::open(&live, Options::default()).unwrap();
    put(&store, "a");
    fs::write(&path, "No database, but long enough to have the header of one. ".repeat(90)).unwrap();
    fs::copy(folder.path().join("live.db-wal"), folder.path().join("store.db-wal")).unwrap();
    let log = fs::read(folder.path().join("store.db-wal")).unwrap();
    let set_aside = open(&path).unwrap().set_aside.unwrap();
    let moved = |suffix: &str| folder.path().join(format!("{DATED}{suffix}"));
    assert_eq!(set_aside.files[..2], [moved(""), moved("-wal")]);
    assert_eq!(fs::read(moved("-wal")).unwrap(), log);
}

#[test]
fn a_log_whose_file_was_moved_before_a_crash_is_moved_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    fs::write(folder.path().join("store.db-wal"), "log").unwrap();
    fs::write(folder.path().join(DATED), "its file").unwrap();
    let set_aside = open(&path).unwrap().set_aside.unwrap();
    let moved: Vec<PathBuf> = vec![folder.path().join(format!("{DATED}.2-wal"))];
    assert_eq!(set_aside.files, moved, "next to the name that is taken");
    assert_eq!(fs::read(&moved[0]).unwrap(), b"log");
    assert_eq!(fs::read(folder.path().join(DATED)).unwrap(), b"its file");
}

#[test]
fn two_files_damaged_in_the_same_second_get_names_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    for _ in 0..3 {
        fs::write(&path, "No database, but long enough to have the header of one. ".repeat(90)).unwrap();
        open(&path).unwrap().store.close().unwrap();
    }
    let mut names: Vec<_> = listing(folder.path()).into_iter().map(|(name, _)| name).collect();
    names.retain(|name| name != "store.db.setting-aside");
    let dated = |n| OsString::from(format!("{DATED}{n}"));
    assert_eq!(names, [OsString::from("store.db"), dated(""), dated(".2"), dated(".3")]);
}

#[test]
fn what_is_not_damaged_is_refused_and_left_where_it_is() {
    let cases: &[(&str, ErrorKind)] = &[
        ("PRAGMA user_version = 999", ErrorKind::NewerSchema),
        ("PRAGMA application_id = 7", ErrorKind::Foreign),
        ("PRAGMA user_version = -1", ErrorKind::Corrupt),
        ("DROP VIEW documents; ALTER TABLE versions RENAME TO v", ErrorKind::Corrupt),
    ];
    for (sql, kind) in cases {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        Store::open(&path, Options::default()).unwrap().close().unwrap();
        let raw = Connection::open(&path).unwrap();
        raw.execute_batch(sql).unwrap();
        raw.close().unwrap();
        let before = listing(folder.path());
        assert_eq!(open(&path).unwrap_err().kind(), *kind, "{sql}");
        assert_eq!(listing(folder.path()), before, "{sql}");
    }
}

#[test]
fn a_file_that_another_program_holds_locked_is_left_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let holder = Connection::open(&path).unwrap();
    holder.execute_batch("BEGIN EXCLUSIVE").unwrap();
    assert_eq!(open(&path).unwrap_err().kind(), ErrorKind::Busy);
    holder.execute_batch("COMMIT").unwrap();
    assert!(open(&path).unwrap().set_aside.is_none());
}

#[test]
fn a_damaged_file_that_someone_still_has_open_is_left_where_it_is() {
    for header in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let user = Store::open(&path, Options::default()).unwrap();
        for n in 0..50 {
            put(&user, &format!("key/{n}"));
        }
        Connection::open(&path).unwrap().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        let mut bytes = fs::read(&path).unwrap();
        bytes[if header { 0 } else { 4096 }..].fill(0xa5);
        // In place: the user's connection sees it too.
        fs::write(&path, &bytes).unwrap();
        let error = open(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Busy, "{error}");
        assert!(error.to_string().contains("another program has it open"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), bytes);
        drop(user);
        assert!(open(&path).unwrap().set_aside.is_some());
    }
}

#[test]
fn of_several_that_find_it_damaged_at_once_one_sets_it_aside_and_all_use_the_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    damaged(&path);
    let set_aside = std::thread::scope(|scope| {
        let opening: Vec<_> = (0..6)
            .map(|n| {
                let path = &path;
                scope.spawn(move || {
                    let opened = Store::open_or_set_aside(path, Options::default(), NOW).unwrap();
                    put(&opened.store, &n.to_string());
                    opened.set_aside.is_some()
                })
            })
            .collect();
        opening.into_iter().map(|thread| thread.join().unwrap()).filter(|did| *did).count()
    });
    assert_eq!(set_aside, 1);
    assert_eq!(Store::open(&path, Options::default()).unwrap().snapshot().len(), 6);
}
