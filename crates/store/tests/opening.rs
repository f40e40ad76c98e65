//! Opening: what is ours is read, what is not is refused and left as it was.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::fs;
use std::path::Path;

use orchestrator_store::{Durability, ErrorKind, MAX_KEY_BYTES, MAX_VALUE_BYTES, Options, Store};
use rusqlite::Connection;

fn filled(path: &Path) -> Store {
    let store = Store::open(path, Options::default()).unwrap();
    for n in 0..50 {
        let mut tx = store.begin().unwrap();
        tx.put(&format!("key/{n:02}"), &format!("\"{}\"", "v".repeat(500))).unwrap();
        tx.append("log", "put", n, &n.to_string()).unwrap();
        tx.commit(Durability::Normal).unwrap();
    }
    store
}

/// The error with which the file is refused; it and its folder must not change.
fn refusal(path: &Path) -> orchestrator_store::Error {
    let names = |folder: &Path| -> Vec<_> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let folder = path.parent().unwrap();
    let before = (names(folder), fs::read(path).unwrap());
    let error = Store::open(path, Options::default()).unwrap_err();
    assert_eq!((names(folder), fs::read(path).unwrap()), before, "{error}");
    assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    error
}

#[test]
fn all_is_there_after_closing_and_opening_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = filled(&path);
    let before: Vec<_> = store.snapshot().scan("").map(|(k, d)| (k.to_owned(), d.clone())).collect();
    let records = store.journal("log", 1).unwrap();
    store.close().unwrap();
    assert!(!folder.path().join("store.db-wal").exists(), "closing folds the log into the file");
    let store = Store::open(&path, Options::default()).unwrap();
    let after: Vec<_> = store.snapshot().scan("").map(|(k, d)| (k.to_owned(), d.clone())).collect();
    assert_eq!(after, before);
    assert_eq!(store.snapshot().version(), 50);
    assert_eq!(store.journal("log", 1).unwrap(), records);
}

#[test]
fn a_store_dropped_without_closing_is_complete_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    drop(filled(&path));
    assert_eq!(Store::open(&path, Options::default()).unwrap().snapshot().len(), 50);
}

#[test]
fn a_closed_store_says_so_and_its_snapshots_live_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(&folder.path().join("store.db"));
    let (snapshot, clone) = (store.snapshot(), store.clone());
    let mut tx = store.begin().unwrap();
    tx.put("late", "1").unwrap();
    store.close().unwrap();
    store.close().unwrap();
    assert_eq!(snapshot.get("key/07").unwrap().version, 8);
    assert_eq!(clone.snapshot().len(), 50);
    let errors = [
        tx.commit(Durability::Full).unwrap_err(),
        clone.begin().unwrap_err(),
        clone.refresh().unwrap_err(),
        clone.at(3).unwrap_err(),
        clone.journal("log", 1).unwrap_err(),
        clone.audit().unwrap_err(),
        clone.collect(3).unwrap_err(),
    ];
    assert!(errors.iter().all(|error| error.kind() == ErrorKind::Closed), "{errors:?}");
}

#[test]
fn a_file_of_a_newer_version_is_refused_and_left_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    filled(&path).close().unwrap();
    Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 999").unwrap();
    let error = refusal(&path);
    assert_eq!(error.kind(), ErrorKind::NewerSchema);
    assert!(
        error.to_string().contains("schema version 999") && error.to_string().contains("upgrade"),
        "{error}"
    );
}

#[test]
fn a_file_of_a_newer_version_that_was_not_closed_is_refused_and_its_log_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("store.db"), folder.path().join("copy"));
    let store = filled(&path);
    let newer = Connection::open(&path).unwrap();
    newer.execute_batch("PRAGMA user_version = 999").unwrap();
    // As a crash leaves it: the file and its log, without the process.
    fs::create_dir(&copy).unwrap();
    let copied = copy.join("store.db");
    fs::copy(&path, &copied).unwrap();
    fs::copy(folder.path().join("store.db-wal"), copy.join("store.db-wal")).unwrap();
    drop((newer, store));
    let log = fs::read(copy.join("store.db-wal")).unwrap();
    let file = fs::read(&copied).unwrap();
    let error = Store::open(&copied, Options::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NewerSchema);
    assert_eq!(fs::read(&copied).unwrap(), file);
    assert_eq!(fs::read(copy.join("store.db-wal")).unwrap(), log);
}

#[test]
fn a_database_of_another_application_is_refused_and_left_as_it_was() {
    for setup in [
        "CREATE TABLE theirs (x)",
        "PRAGMA application_id = 7",
        "PRAGMA journal_mode = WAL; CREATE TABLE t (x)",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("theirs.db");
        Connection::open(&path).unwrap().execute_batch(setup).unwrap();
        assert_eq!(refusal(&path).kind(), ErrorKind::Foreign, "{setup}");
    }
}

#[test]
fn what_is_no_database_is_refused_and_left_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    fs::write(&path, "Not a database, but long enough to have the header of one. ".repeat(50)).unwrap();
    let error = refusal(&path);
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(
        error.to_string().contains("not a database") && error.to_string().contains("move it away"),
        "{error}"
    );
}

#[test]
fn an_empty_file_becomes_a_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    fs::write(&path, "").unwrap();
    assert_eq!(Store::open(&path, Options::default()).unwrap().snapshot().version(), 0);
}

#[test]
fn a_damaged_store_is_an_error_and_never_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole.db");
    filled(&whole).close().unwrap();
    let bytes = fs::read(&whole).unwrap();
    let mut seen = 0;
    for (n, page) in (1..bytes.len() / 4096).enumerate() {
        let path = folder.path().join(format!("damaged-{n}.db"));
        let mut damaged = bytes.clone();
        damaged[page * 4096..(page + 1) * 4096].fill(0xa5);
        fs::write(&path, damaged).unwrap();
        match Store::open(&path, Options::default()) {
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Corrupt, "page {page}: {error}");
                seen += 1;
            }
            // A page of the journal: opening doesn't read it, the audit does.
            Ok(store) => match store.audit() {
                Ok(report) => seen += u64::from(!report.is_whole()),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Corrupt, "page {page}: {error}");
                    seen += 1;
                }
            },
        }
    }
    assert_eq!(seen, bytes.len() as u64 / 4096 - 1, "each damaged page is found");
}

#[test]
fn a_truncated_store_is_an_error_and_never_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole.db");
    filled(&whole).close().unwrap();
    let bytes = fs::read(&whole).unwrap();
    for length in [50, 4096, 5000, 8192, bytes.len() / 2, bytes.len() - 4096] {
        let path = folder.path().join(format!("cut-{length}.db"));
        fs::write(&path, &bytes[..length]).unwrap();
        let found = Store::open(&path, Options::default()).and_then(|store| store.audit());
        assert!(
            found.as_ref().map_or_else(|e| e.kind() == ErrorKind::Corrupt, |report| !report.is_whole()),
            "{length} of {} bytes: {found:?}",
            bytes.len()
        );
    }
}

#[test]
fn a_store_without_its_tables_is_corrupt() {
    for sql in [
        "DROP TABLE heads",
        "DROP TABLE state",
        "DROP TABLE commits",
        "DELETE FROM state",
        "ALTER TABLE versions RENAME TO v",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        filled(&path).close().unwrap();
        let raw = Connection::open(&path).unwrap();
        raw.execute_batch(&format!("DROP VIEW documents; {sql}")).unwrap();
        raw.close().unwrap();
        let error = Store::open(&path, Options::default()).and_then(|store| store.audit()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{sql}: {error}");
    }
}

#[test]
fn a_file_put_back_to_an_older_state_while_open_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = filled(&path);
    Connection::open(&path).unwrap().execute_batch("DELETE FROM commits WHERE version > 20").unwrap();
    let error = store.begin().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.to_string().contains("went back from version 50 to 20"), "{error}");
}

#[test]
fn bad_keys_and_values_are_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("store.db"), Options::default()).unwrap();
    let mut tx = store.begin().unwrap();
    let long = "k".repeat(MAX_KEY_BYTES + 1);
    for key in ["", long.as_str(), "a\0b"] {
        assert_eq!(tx.put(key, "1").unwrap_err().kind(), ErrorKind::InvalidKey);
        assert_eq!(tx.delete(key).unwrap_err().kind(), ErrorKind::InvalidKey);
        assert_eq!(tx.append(key, "k", 0, "1").unwrap_err().kind(), ErrorKind::InvalidKey);
        assert_eq!(tx.append("s", key, 0, "1").unwrap_err().kind(), ErrorKind::InvalidKey);
        assert_eq!(tx.get(key), None);
    }
    assert_eq!(tx.put("k", "{").unwrap_err().kind(), ErrorKind::InvalidValue);
    assert_eq!(tx.append("s", "k", 0, "").unwrap_err().kind(), ErrorKind::InvalidValue);
    assert_eq!(tx.append("s", "k", u64::MAX, "1").unwrap_err().kind(), ErrorKind::InvalidValue);
    assert_eq!(tx.commit(Durability::Full).unwrap(), 0, "nothing of it was taken in");
}

#[test]
fn a_value_that_was_parsed_before_is_kept_as_its_text_and_its_key_and_size_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("store.db"), Options::default()).unwrap();
    let raw = |json: String| serde_json::value::RawValue::from_string(json).unwrap();
    let value = raw(r#"{"b": 1,  "a": [1.0, "é"]}"#.to_owned());
    let mut tx = store.begin().unwrap();
    assert_eq!(tx.put_parsed("", &value).unwrap_err().kind(), ErrorKind::InvalidKey);
    let large = raw(format!("\"{}\"", "x".repeat(MAX_VALUE_BYTES)));
    assert_eq!(tx.put_parsed("large", &large).unwrap_err().kind(), ErrorKind::InvalidValue);
    tx.put_parsed("a", &value).unwrap();
    tx.commit(Durability::Normal).unwrap();
    assert_eq!(store.snapshot().len(), 1);
    assert_eq!(&*store.get("a").unwrap().value, value.get());
}

#[test]
fn any_text_is_a_key_and_scans_are_in_byte_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = Store::open(&path, Options::default()).unwrap();
    let mut keys = ["é", "e", "z", "日本", "\u{10ffff}", "\u{1}", "a b", "a/b", "a'b\"c", "A", "%", "_"];
    let mut tx = store.begin().unwrap();
    for key in keys {
        tx.put(key, "1").unwrap();
    }
    tx.commit(Durability::Normal).unwrap();
    store.close().unwrap();
    keys.sort_unstable();
    let snapshot = Store::open(&path, Options::default()).unwrap().snapshot();
    assert_eq!(snapshot.scan("").map(|(key, _)| key).collect::<Vec<_>>(), keys);
    assert_eq!(snapshot.scan("a").map(|(key, _)| key).collect::<Vec<_>>(), ["a b", "a'b\"c", "a/b"]);
    assert_eq!(snapshot.scan("%").count(), 1);
}

#[test]
fn a_value_of_the_largest_size_comes_back_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let value = format!("\"{}\"", "x".repeat(MAX_VALUE_BYTES - 2));
    let store = Store::open(&path, Options::default()).unwrap();
    let mut tx = store.begin().unwrap();
    tx.put("large", &value).unwrap();
    tx.commit(Durability::Normal).unwrap();
    store.close().unwrap();
    let store = Store::open(&path, Options::default()).unwrap();
    assert!(*store.get("large").unwrap().value == *value);
}

#[test]
fn the_log_is_copied_into_the_file_when_it_is_long_and_is_gone_when_the_last_one_closes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let log = folder.path().join("store.db-wal");
    let mut options = Options::default();
    options.checkpoint_pages = 20;
    let store = Store::open(&path, options).unwrap();
    let empty = fs::metadata(&path).unwrap().len();
    let value = format!("\"{}\"", "x".repeat(4000));
    for n in 0..200 {
        let mut tx = store.begin().unwrap();
        tx.put(&format!("key/{n}"), &value).unwrap();
        tx.commit(Durability::Normal).unwrap();
    }
    assert!(fs::metadata(&path).unwrap().len() > empty + 150 * 4000, "most of it is in the file");
    assert!(fs::metadata(&log).unwrap().len() < 100 * 4000, "the log starts again after each copy");
    store.close().unwrap();
    assert!(!log.exists());
}

#[test]
fn who_only_looks_makes_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut look = Options::default();
    look.existing = true;
    let path = folder.path().join("store.db");
    assert_eq!(Store::open(&path, look.clone()).unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);

    Store::open(&path, Options::default()).unwrap().close().unwrap();
    assert!(Store::open(&path, look.clone()).is_ok());
}
