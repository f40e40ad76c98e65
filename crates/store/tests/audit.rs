//! An audit finds what was done to the journal behind the store's back, and says which records it was.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::path::PathBuf;

use orchestrator_store::{Digest, Durability, Finding, Options, Record, Store};
use rusqlite::{Connection, params};
use tempfile::TempDir;

const STREAM: &str = "mission/1";

/// A store with ten records in the stream, and three in another one.
struct Fixture {
    _folder: TempDir,
    path: PathBuf,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let store = Store::open(&path, Options::default()).unwrap();
        for n in 1..=10_u32 {
            let mut tx = store.begin().unwrap();
            tx.put("count", &n.to_string()).unwrap();
            tx.append(STREAM, "counted", u64::from(n) * 1000, &format!("{{\"n\":{n}}}")).unwrap();
            if n % 3 == 0 {
                tx.append("mission/2", "counted", 0, "{}").unwrap();
            }
            tx.commit(Durability::Normal).unwrap();
        }
        store.close().unwrap();
        Self { _folder: folder, path }
    }

    fn tamper(&self, sql: &str) {
        self.raw().execute_batch(sql).unwrap();
    }

    fn raw(&self) -> Connection {
        Connection::open(&self.path).unwrap()
    }

    fn open(&self) -> Store {
        Store::open(&self.path, Options::default()).unwrap()
    }

    /// What `verify` finds, after a check that `audit` finds the same and nothing elsewhere.
    fn findings(&self) -> Vec<Finding> {
        let store = self.open();
        let report = store.verify(STREAM).unwrap();
        assert_eq!(report.streams.len(), 1);
        let audit = store.audit().unwrap();
        assert_eq!(audit.file, Vec::<String>::new());
        for stream in &audit.streams {
            if stream.stream == STREAM {
                assert_eq!(stream, &report.streams[0]);
            } else {
                assert_eq!((stream.stream.as_str(), &stream.findings[..]), ("mission/2", &[][..]));
            }
        }
        assert_eq!(audit.is_whole(), report.is_whole());
        assert_eq!(report.is_whole(), report.streams[0].findings.is_empty());
        report.streams[0].findings.clone()
    }

    /// Replaces a record by one whose hash fits it, as one who knows how would.
    fn forge(&self, seq: u64, change: impl FnOnce(&mut Record)) {
        let store = self.open();
        let mut record = store.journal(STREAM, seq).unwrap().swap_remove(0);
        change(&mut record);
        record.hash = record.digest(STREAM);
        store.close().unwrap();
        self.raw()
            .execute(
                "INSERT OR REPLACE INTO journal (stream, seq, version, at_ms, kind, payload, prev, hash) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                params![
                    STREAM,
                    record.seq,
                    record.version,
                    record.at_ms,
                    record.kind,
                    record.payload,
                    record.prev.as_bytes(),
                    record.hash.as_bytes()
                ],
            )
            .unwrap();
    }
}

#[test]
fn an_untouched_journal_is_whole_and_the_report_counts_it() {
    let fixture = Fixture::new();
    assert_eq!(fixture.findings(), []);
    let store = fixture.open();
    let report = store.audit().unwrap();
    assert!(report.is_whole());
    assert_eq!(report.version, 10);
    let counts: Vec<_> =
        report.streams.iter().map(|s| (s.stream.as_str(), s.records, s.head.unwrap().seq)).collect();
    assert_eq!(counts, [(STREAM, 10, 10), ("mission/2", 3, 3)]);
    assert_eq!(report.streams[0].head, store.head(STREAM).unwrap());
}

#[test]
fn a_stream_that_there_is_not_is_whole_and_empty() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let report = store.verify("none").unwrap();
    assert!(report.is_whole());
    assert_eq!((report.streams[0].records, report.streams[0].head), (0, None));
}

#[test]
fn every_field_of_a_record_is_covered_by_its_hash() {
    for edit in [
        "payload = '{\"n\":40}'",
        "kind = 'Counted'",
        "at_ms = at_ms + 1",
        "version = version - 1",
        "prev = zeroblob(32)",
        "hash = zeroblob(32)",
        "kind = 'counte', payload = 'd{\"n\":4}'",
    ] {
        let fixture = Fixture::new();
        fixture.tamper(&format!("UPDATE journal SET {edit} WHERE stream = '{STREAM}' AND seq = 4"));
        assert_eq!(fixture.findings(), [Finding::Edited { seq: 4 }], "{edit}");
    }
}

#[test]
fn a_record_moved_to_another_stream_is_inserted_there_and_missing_here() {
    let fixture = Fixture::new();
    fixture.tamper("UPDATE journal SET stream = 'mission/3' WHERE stream = 'mission/1' AND seq = 10");
    let report = fixture.open().audit().unwrap();
    let found: Vec<_> = report.streams.iter().map(|s| (s.stream.as_str(), s.findings.clone())).collect();
    assert_eq!(
        found,
        [
            (STREAM, vec![Finding::Truncated { from: 10, to: 10 }]),
            ("mission/2", vec![]),
            (
                "mission/3",
                vec![Finding::Dropped { from: 1, to: 9 }, Finding::Edited { seq: 10 }, Finding::HeadMissing]
            ),
        ]
    );
}

#[test]
fn dropped_records_are_named_as_ranges() {
    let fixture = Fixture::new();
    fixture.tamper("DELETE FROM journal WHERE stream = 'mission/1' AND seq IN (1, 4, 5, 6, 9)");
    assert_eq!(
        fixture.findings(),
        [
            Finding::Dropped { from: 1, to: 1 },
            Finding::Dropped { from: 4, to: 6 },
            Finding::Dropped { from: 9, to: 9 }
        ]
    );
}

#[test]
fn a_dropped_record_is_named_also_when_the_later_ones_were_renumbered() {
    let fixture = Fixture::new();
    fixture.tamper(
        "DELETE FROM journal WHERE stream = 'mission/1' AND seq = 8; \
         UPDATE journal SET seq = 8 WHERE stream = 'mission/1' AND seq = 9; \
         UPDATE journal SET seq = 9 WHERE stream = 'mission/1' AND seq = 10;",
    );
    assert_eq!(
        fixture.findings(),
        [
            Finding::Reordered { seq: 8, was: 9 },
            Finding::Dropped { from: 8, to: 8 },
            Finding::Reordered { seq: 9, was: 10 }
        ]
    );
}

#[test]
fn reordered_records_are_named_with_their_former_places() {
    let fixture = Fixture::new();
    fixture.tamper(
        "UPDATE journal SET seq = 100 WHERE stream = 'mission/1' AND seq = 3; \
         UPDATE journal SET seq = 3 WHERE stream = 'mission/1' AND seq = 7; \
         UPDATE journal SET seq = 7 WHERE stream = 'mission/1' AND seq = 100;",
    );
    assert_eq!(
        fixture.findings(),
        [Finding::Reordered { seq: 3, was: 7 }, Finding::Reordered { seq: 7, was: 3 }]
    );
}

#[test]
fn a_truncated_stream_is_found_by_its_head() {
    let fixture = Fixture::new();
    fixture.tamper("DELETE FROM journal WHERE stream = 'mission/1' AND seq > 7");
    assert_eq!(fixture.findings(), [Finding::Truncated { from: 8, to: 10 }]);
    fixture.tamper("DELETE FROM journal WHERE stream = 'mission/1'");
    assert_eq!(fixture.findings(), [Finding::Truncated { from: 1, to: 10 }]);
}

#[test]
fn a_missing_head_is_found() {
    let fixture = Fixture::new();
    fixture.tamper("DELETE FROM heads WHERE stream = 'mission/1'");
    assert_eq!(fixture.findings(), [Finding::HeadMissing]);
}

#[test]
fn records_after_the_head_are_inserted_ones() {
    let fixture = Fixture::new();
    let last = fixture.open().head(STREAM).unwrap().unwrap();
    fixture.forge(10, |record| {
        record.seq = 11;
        record.prev = last.hash;
    });
    assert_eq!(fixture.findings(), [Finding::Inserted { seq: 11 }]);
}

#[test]
fn a_record_inserted_by_renumbering_the_rest_is_found_with_what_was_moved() {
    let fixture = Fixture::new();
    fixture.tamper(
        "UPDATE journal SET seq = 11 WHERE stream = 'mission/1' AND seq = 10; \
         UPDATE journal SET seq = 10 WHERE stream = 'mission/1' AND seq = 9;",
    );
    // Chained to record 8 as the true record 9 was.
    let prev = fixture.open().journal(STREAM, 8).unwrap()[0].hash;
    fixture.forge(8, |record| {
        record.seq = 9;
        record.prev = prev;
        record.payload = "{\"n\":99}".to_owned();
    });
    assert_eq!(
        fixture.findings(),
        [
            Finding::Inserted { seq: 9 },
            Finding::Reordered { seq: 10, was: 9 },
            Finding::Reordered { seq: 11, was: 10 }
        ]
    );
}

#[test]
fn an_edit_with_its_hash_made_anew_breaks_the_link_of_the_next_record() {
    let fixture = Fixture::new();
    fixture.forge(4, |record| record.payload = "{\"n\":40}".to_owned());
    assert_eq!(fixture.findings(), [Finding::Replaced { seq: 4 }]);
}

#[test]
fn an_edit_of_the_last_record_with_its_hash_made_anew_breaks_the_link_of_the_head() {
    let fixture = Fixture::new();
    fixture.forge(10, |record| record.payload = "{}".to_owned());
    assert_eq!(fixture.findings(), [Finding::Replaced { seq: 10 }]);
}

#[test]
fn a_tail_rewritten_up_to_the_head_is_found_at_the_head() {
    let fixture = Fixture::new();
    let mut prev = Digest::ZERO;
    for seq in 1..=10 {
        fixture.forge(seq, |record| {
            record.at_ms += 1;
            record.prev = prev;
        });
        prev = fixture.open().journal(STREAM, seq).unwrap()[0].hash;
    }
    assert_eq!(fixture.findings(), [Finding::Replaced { seq: 10 }]);
}

#[test]
fn a_first_record_with_something_before_it_is_found() {
    let fixture = Fixture::new();
    let other = fixture.open().head("mission/2").unwrap().unwrap().hash;
    fixture.forge(1, |record| record.prev = other);
    assert_eq!(fixture.findings(), [Finding::Replaced { seq: 1 }]);
}

#[test]
fn a_row_of_the_wrong_types_is_an_edited_record() {
    let fixture = Fixture::new();
    fixture.tamper(
        "PRAGMA ignore_check_constraints = ON; \
         UPDATE journal SET hash = x'00' WHERE stream = 'mission/1' AND seq = 2",
    );
    let report = fixture.open().verify(STREAM).unwrap();
    assert_eq!(report.streams[0].findings, [Finding::Edited { seq: 2 }]);
    let file = fixture.open().audit().unwrap().file;
    assert!(file.iter().any(|problem| problem.contains("CHECK constraint failed")), "{file:?}");
}

#[test]
fn documents_that_do_not_agree_with_the_list_of_commits_are_named_by_the_audit_of_the_file() {
    for (sql, expected) in [
        (
            "INSERT INTO versions VALUES ('forged', 11, '1')",
            "1 versions of documents are there that no commit wrote",
        ),
        (
            "INSERT INTO versions VALUES ('forged', 4, '1')",
            "1 versions of documents are there that no commit wrote",
        ),
        (
            "DELETE FROM versions WHERE version IN (3, 4)",
            "2 versions of documents are gone that their commits wrote",
        ),
        (
            "UPDATE commits SET keys = '[]' WHERE version = 7",
            "1 versions of documents are there that no commit wrote",
        ),
    ] {
        let fixture = Fixture::new();
        fixture.tamper(sql);
        let report = fixture.open().audit().unwrap();
        assert_eq!(report.file, [expected], "{sql}");
        assert!(!report.is_whole());
    }
    let fixture = Fixture::new();
    fixture.tamper("DELETE FROM commits WHERE version = 10");
    let report = fixture.open().audit().unwrap();
    assert!(
        report.file.contains(&"1 records are of commits that never were".to_owned()),
        "{:?}",
        report.file
    );
}

#[test]
fn a_collected_store_is_whole() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let mut tx = store.begin().unwrap();
    tx.delete("count").unwrap();
    tx.commit(Durability::Normal).unwrap();
    for keep_from in [4, 10, 11] {
        store.collect(keep_from).unwrap();
        let report = store.audit().unwrap();
        assert!(report.is_whole(), "{report:?}");
    }
}

#[test]
fn a_large_stream_edited_throughout_is_audited_in_bounded_time() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let mut tx = store.begin().unwrap();
    for n in 0..20_000 {
        tx.append("large", "n", n, "{}").unwrap();
    }
    tx.commit(Durability::Normal).unwrap();
    store.close().unwrap();
    fixture.tamper("UPDATE journal SET payload = '[]' WHERE stream = 'large'");
    let report = fixture.open().verify("large").unwrap();
    assert_eq!(report.streams[0].findings.len(), 20_000);
    assert!(report.streams[0].findings.iter().all(|finding| matches!(finding, Finding::Edited { .. })));
    // A stream whose every record moved by one costs one try a record, however long it is.
    fixture.tamper(
        "UPDATE journal SET payload = '{}' WHERE stream = 'large'; \
         DELETE FROM journal WHERE stream = 'large' AND seq = 1; \
         UPDATE journal SET seq = seq + 1000000 WHERE stream = 'large'; \
         UPDATE journal SET seq = seq - 1000001 WHERE stream = 'large';",
    );
    let findings = &fixture.open().verify("large").unwrap().streams[0].findings;
    assert_eq!(findings[..2], [Finding::Reordered { seq: 1, was: 2 }, Finding::Dropped { from: 1, to: 1 }]);
    assert_eq!(findings.last(), Some(&Finding::Reordered { seq: 19_999, was: 20_000 }));
    assert_eq!(findings.len(), 20_000);
}

#[test]
fn findings_read_as_sentences() {
    let sentences: Vec<String> = [
        Finding::Edited { seq: 4 },
        Finding::Reordered { seq: 3, was: 7 },
        Finding::Dropped { from: 4, to: 6 },
        Finding::Truncated { from: 10, to: 10 },
    ]
    .iter()
    .map(ToString::to_string)
    .collect();
    assert_eq!(
        sentences,
        [
            "record 4 was edited: it does not match its hash",
            "record 3 was moved: it was written as 7",
            "records 4 to 6 were dropped",
            "the stream was truncated: its last record, 10, is gone",
        ]
    );
}
