//! The file opens with the plain `sqlite3` program, also while a store has it open.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::path::Path;
use std::process::Command;

use orchestrator_store::{Durability, Options, Store};

fn query(path: &Path, sql: &str) -> Option<String> {
    match Command::new("sqlite3").arg("-readonly").arg(path).arg(sql).output() {
        Ok(output) => {
            assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
            Some(String::from_utf8(output.stdout).unwrap().trim_end().to_owned())
        }
        Err(error) => {
            println!("skipped: the program sqlite3 can't be run: {error}");
            None
        }
    }
}

#[test]
fn people_read_documents_history_and_journal_with_the_sqlite3_program() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = Store::open(&path, Options::default()).unwrap();
    for n in 1..=3 {
        let mut tx = store.begin().unwrap();
        tx.put("mission/1", &format!("{{\"step\":{n}}}")).unwrap();
        tx.put("gone", "1").unwrap();
        tx.append("mission/1", "stepped", n * 1000, &n.to_string()).unwrap();
        tx.commit(Durability::Normal).unwrap();
    }
    let mut tx = store.begin().unwrap();
    tx.delete("gone").unwrap();
    tx.commit(Durability::Full).unwrap();
    let last = store.head("mission/1").unwrap().unwrap();
    let expected = [
        ("SELECT key, version, value FROM documents", "mission/1|3|{\"step\":3}".to_owned()),
        ("SELECT value ->> 'step' FROM documents WHERE key = 'mission/1'", "3".to_owned()),
        ("SELECT version, value IS NULL FROM versions WHERE key = 'gone'", "1|0\n2|0\n3|0\n4|1".to_owned()),
        (
            "SELECT seq, version, at_ms, kind, payload FROM journal WHERE seq = 2",
            "2|2|2000|stepped|2".to_owned(),
        ),
        ("SELECT seq, lower(hex(hash)) FROM heads", format!("3|{}", last.hash)),
        (
            "SELECT version, keys, streams FROM commits WHERE version >= 3",
            "3|[\"gone\",\"mission/1\"]|[\"mission/1\"]\n4|[\"gone\"]|[]".to_owned(),
        ),
        ("PRAGMA integrity_check", "ok".to_owned()),
    ];
    for (sql, expected) in &expected {
        let Some(answer) = query(&path, sql) else { return };
        assert_eq!(answer, *expected, "{sql}");
    }
    store.close().unwrap();
    for (sql, expected) in &expected {
        assert_eq!(query(&path, sql).as_ref(), Some(expected), "{sql}, closed");
    }
}
