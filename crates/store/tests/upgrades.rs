//! Files of earlier schema versions: each becomes one of this version, with all that it held.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::fs;
use std::path::Path;

use orchestrator_store::{Durability, ErrorKind, Options, Store};
use rusqlite::Connection;

/// A file of each earlier version, as a program of that version wrote it.
const FILES: &[(u32, &str)] = &[(1, include_str!("fixtures/schema-1.sql"))];

fn stored(path: &Path, sql: &str) {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch("PRAGMA journal_mode = WAL").unwrap();
    connection.execute_batch(sql).unwrap();
    connection.close().unwrap();
}

fn number(connection: &Connection, sql: &str) -> u32 {
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// Tables, indices and views with their columns, whatever words made them.
fn schema(path: &Path) -> Vec<String> {
    Connection::open(path)
        .unwrap()
        .prepare(
            "SELECT format('%s %s: %s %s %s %s %s', s.type, s.name, c.name, c.type, c.\"notnull\", c.dflt_value, c.pk) \
             FROM sqlite_schema AS s LEFT JOIN pragma_table_xinfo(s.name) AS c ORDER BY s.name, c.cid",
        )
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

#[test]
fn there_is_a_stored_file_of_every_earlier_version() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    Store::open(&path, Options::default()).unwrap().close().unwrap();
    let now = number(&Connection::open(&path).unwrap(), "PRAGMA user_version");
    assert_eq!(FILES.iter().map(|(version, _)| *version).collect::<Vec<_>>(), (1..now).collect::<Vec<_>>());
}

#[test]
fn a_file_of_each_earlier_version_is_upgraded_with_all_that_it_held() {
    for (version, sql) in FILES {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        stored(&path, sql);
        assert_eq!(number(&Connection::open(&path).unwrap(), "PRAGMA user_version"), *version);

        let store = Store::open(&path, Options::default()).unwrap();
        let documents: Vec<_> = store
            .snapshot()
            .scan("")
            .map(|(key, found)| (key.to_owned(), found.version, found.value.to_string()))
            .collect();
        let expected = [
            ("mission/1", 1, r#"{"goal":"Sign in with a token","state":"running"}"#),
            ("mission/1/task/a", 5, r#"{"state":"accepted","note":"it's \"done\" – ä"}"#),
            ("mission/1/task/b", 2, r#"{"state":"pending"}"#),
        ]
        .map(|(key, version, value)| (key.to_owned(), version, value.to_owned()));
        assert_eq!(documents, expected, "schema {version}");
        let past = store.at(4).unwrap();
        assert_eq!(past.get("mission/1/task/a").unwrap().value.as_ref(), r#"{"state":"running"}"#);
        assert_eq!(store.at(6).unwrap().get("note").unwrap().value.as_ref(), "[1,2.5,null]");
        assert_eq!(store.at(3).unwrap_err().kind(), ErrorKind::Collected);
        let report = store.audit().unwrap();
        assert!(report.is_whole(), "schema {version}: {report:?}");
        assert_eq!(store.journal("mission/1", 1).unwrap().len(), 4);
        assert_eq!(store.streams().unwrap(), ["audit", "mission/1"]);

        let mut tx = store.begin().unwrap();
        tx.put("mission/1/task/b", r#"{"state":"ready"}"#).unwrap();
        tx.append("mission/1", "task_ready", 1, r#"{"task":"b"}"#).unwrap();
        assert_eq!(tx.commit(Durability::Full).unwrap(), 9);
        assert!(store.audit().unwrap().is_whole());
        store.close().unwrap();

        let fresh = folder.path().join("fresh.db");
        Store::open(&fresh, Options::default()).unwrap().close().unwrap();
        assert_eq!(schema(&path), schema(&fresh), "schema {version}");
    }
}

#[test]
fn version_2_knows_the_streams_of_each_commit_also_of_those_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    stored(&path, FILES[0].1);
    Store::open(&path, Options::default()).unwrap().close().unwrap();
    let connection = Connection::open(&path).unwrap();
    let mut commits = connection.prepare("SELECT version, streams FROM commits ORDER BY version").unwrap();
    let streams: Vec<(u32, String)> =
        commits.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
    let expected = [(4, "[]"), (5, r#"["audit","mission/1"]"#), (6, "[]"), (7, "[]"), (8, r#"["audit"]"#)];
    assert_eq!(streams, expected.map(|(version, streams)| (version, streams.to_owned())));
}

#[test]
fn several_that_open_an_old_file_at_once_upgrade_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    stored(&path, FILES[0].1);
    std::thread::scope(|scope| {
        let opening: Vec<_> =
            (0..6).map(|_| scope.spawn(|| Store::open(&path, Options::default()).unwrap())).collect();
        for store in opening {
            assert_eq!(store.join().unwrap().snapshot().version(), 8);
        }
    });
    assert!(Store::open(&path, Options::default()).unwrap().audit().unwrap().is_whole());
}

#[test]
fn an_upgrade_that_cannot_be_written_leaves_the_file_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    stored(&path, FILES[0].1);
    let before = fs::read(&path).unwrap();
    let holder = Connection::open(&path).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut options = Options::default();
    options.busy_timeout = std::time::Duration::from_millis(20);
    let error = Store::open(&path, options).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy, "{error}");
    drop(holder);
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(Store::open(&path, Options::default()).unwrap().snapshot().version(), 8);
}

#[test]
fn a_file_that_a_newer_program_upgraded_while_it_was_open_is_read_and_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = Store::open(&path, Options::default()).unwrap();
    let put = || {
        let mut tx = store.begin().unwrap();
        tx.put("a", "1").unwrap();
        tx.commit(Durability::Full)
    };
    assert_eq!(put().unwrap(), 1);
    Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 999").unwrap();
    let error = put().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NewerSchema);
    assert!(
        error.to_string().contains("999") && error.to_string().contains("nothing was written"),
        "{error}"
    );
    assert_eq!(store.collect(1).unwrap_err().kind(), ErrorKind::NewerSchema);
    assert_eq!((store.refresh().unwrap(), store.snapshot().len()), (1, 1));
}

#[test]
fn who_only_looks_leaves_a_file_of_an_earlier_version_as_it_is() {
    let mut look = Options::default();
    look.existing = true;
    for (_, sql) in FILES {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        stored(&path, sql);
        let before = fs::read(&path).unwrap();
        assert_eq!(Store::open(&path, look.clone()).unwrap_err().kind(), ErrorKind::OlderSchema);
        assert_eq!(fs::read(&path).unwrap(), before);
    }
}
