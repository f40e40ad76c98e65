//! The journal: streams of records, each chained to the one before by its hash.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::document::{Version, check_json, check_name};
use crate::error::{Error, ErrorKind, Result};

/// A BLAKE3 hash; shown as 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Digest([u8; 32]);

impl Digest {
    /// What the first record of a stream has for the hash of the one before it.
    pub const ZERO: Self = Self([0; 32]);

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One event in a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its place in the stream: 1, 2, 3 … without gaps.
    pub seq: u64,
    /// The commit that wrote it, and the documents beside it.
    pub version: Version,
    /// The writer's clock, in milliseconds since 1970.
    pub at_ms: u64,
    /// What happened, in the writer's words.
    pub kind: String,
    /// JSON text.
    pub payload: String,
    /// [`Record::digest`] of this record.
    pub hash: Digest,
    /// The hash of the record before it; [`Digest::ZERO`] for the first.
    pub prev: Digest,
}

impl Record {
    /// The hash of the record: BLAKE3 over the previous hash and the record's canonical form:
    /// `prev ‖ len ‖ stream ‖ seq ‖ version ‖ at_ms ‖ len ‖ kind ‖ len ‖ payload`, every number and length as
    /// 8 bytes, little-endian. The lengths make it impossible to move bytes from one field to the next.
    #[must_use]
    pub fn digest(&self, stream: &str) -> Digest {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.prev.as_bytes());
        let mut text = |text: &str, numbers: &[u64]| {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
            for number in numbers {
                hasher.update(&number.to_le_bytes());
            }
        };
        text(stream, &[self.seq, self.version, self.at_ms]);
        text(&self.kind, &[]);
        text(&self.payload, &[]);
        Digest(*hasher.finalize().as_bytes())
    }
}

/// The end of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The last record's.
    pub seq: u64,
    /// The last record's.
    pub hash: Digest,
}

/// A record that a transaction wants appended; its place is known at the commit.
#[derive(Debug)]
pub(crate) struct Append {
    pub(crate) stream: Arc<str>,
    pub(crate) kind: String,
    pub(crate) at_ms: u64,
    pub(crate) payload: String,
}

pub(crate) fn check_append(stream: &str, kind: &str, at_ms: u64, payload: &str) -> Result<()> {
    check_name("stream", stream)?;
    check_name("record kind", kind)?;
    check_json(format_args!("a record {kind:?} of stream {stream:?}"), payload)?;
    if i64::try_from(at_ms).is_err() {
        return Err(Error::new(
            ErrorKind::InvalidValue,
            format!("a record {kind:?} of stream {stream:?} refused: {at_ms} ms is not a time"),
        ));
    }
    Ok(())
}

/// Appends the records of one `SQLite` transaction; the heads are written once, at its end.
#[derive(Default)]
pub(crate) struct Appender {
    heads: HashMap<Arc<str>, Head>,
}

impl Appender {
    pub(crate) fn append(
        &mut self,
        tx: &Connection,
        version: Version,
        append: &Append,
    ) -> rusqlite::Result<()> {
        let head = match self.heads.entry(append.stream.clone()) {
            Entry::Occupied(head) => head.into_mut(),
            Entry::Vacant(none) => {
                let head = read_head(tx, &append.stream)?;
                none.insert(head.unwrap_or(Head { seq: 0, hash: Digest::ZERO }))
            }
        };
        let mut record = Record {
            seq: head.seq + 1,
            version,
            at_ms: append.at_ms,
            kind: append.kind.clone(),
            payload: append.payload.clone(),
            hash: Digest::ZERO,
            prev: head.hash,
        };
        record.hash = record.digest(&append.stream);
        tx.prepare_cached(
            "INSERT INTO journal (stream, seq, version, at_ms, kind, payload, prev, hash) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            append.stream,
            record.seq,
            record.version,
            record.at_ms,
            record.kind,
            record.payload,
            record.prev.as_bytes(),
            record.hash.as_bytes()
        ])?;
        *head = Head { seq: record.seq, hash: record.hash };
        Ok(())
    }

    pub(crate) fn finish(self, tx: &Connection) -> rusqlite::Result<()> {
        for (stream, head) in self.heads {
            tx.prepare_cached(
                "INSERT INTO heads (stream, seq, hash) VALUES (?1, ?2, ?3) \
                 ON CONFLICT (stream) DO UPDATE SET seq = excluded.seq, hash = excluded.hash",
            )?
            .execute(params![stream, head.seq, head.hash.as_bytes()])?;
        }
        Ok(())
    }
}

pub(crate) fn read_head(connection: &Connection, stream: &str) -> rusqlite::Result<Option<Head>> {
    connection
        .prepare_cached("SELECT seq, hash FROM heads WHERE stream = ?1")?
        .query_row([stream], |row| Ok(Head { seq: row.get(0)?, hash: Digest(row.get(1)?) }))
        .optional()
}

/// The names of all streams, sorted, also of those that have only a head or only records.
pub(crate) fn read_streams(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare("SELECT stream FROM heads UNION SELECT DISTINCT stream FROM journal ORDER BY 1")?
        .query_map([], |row| row.get(0))?
        .collect()
}

pub(crate) fn read_records(
    connection: &Connection,
    stream: &str,
    from_seq: u64,
) -> rusqlite::Result<Vec<Record>> {
    connection
        .prepare_cached(
            "SELECT seq, version, at_ms, kind, payload, prev, hash FROM journal \
             WHERE stream = ?1 AND seq >= ?2 ORDER BY seq",
        )?
        .query_map(params![stream, from_seq], read_record)?
        .collect()
}

/// Reads `seq, version, at_ms, kind, payload, prev, hash`.
pub(crate) fn read_record(row: &Row<'_>) -> rusqlite::Result<Record> {
    Ok(Record {
        seq: row.get(0)?,
        version: row.get(1)?,
        at_ms: row.get(2)?,
        kind: row.get(3)?,
        payload: row.get(4)?,
        prev: Digest(row.get(5)?),
        hash: Digest(row.get(6)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record {
            seq: 2,
            version: 7,
            at_ms: 1_767_225_600_000,
            kind: "task_ready".to_owned(),
            payload: "{}".to_owned(),
            hash: Digest::ZERO,
            prev: Digest([0xab; 32]),
        }
    }

    #[test]
    fn the_hash_is_of_the_canonical_form_that_the_documentation_names() {
        let mut bytes = vec![0xab_u8; 32];
        bytes.extend(4_u64.to_le_bytes());
        bytes.extend(b"m/1\n");
        for number in [2_u64, 7, 1_767_225_600_000, 10] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(b"task_ready");
        bytes.extend(2_u64.to_le_bytes());
        bytes.extend(b"{}");
        assert_eq!(record().digest("m/1\n").as_bytes(), blake3::hash(&bytes).as_bytes());
    }

    #[test]
    fn no_two_fields_can_exchange_bytes_without_changing_the_hash() {
        let shifted = Record { kind: "task_read".to_owned(), payload: "y{}".to_owned(), ..record() };
        assert_ne!(record().digest("m"), shifted.digest("m"));
        assert_ne!(record().digest("m"), Record { kind: "mtask_ready".to_owned(), ..record() }.digest(""));
    }

    #[test]
    fn a_digest_is_shown_as_hex() {
        let shown = Digest([0x0f; 32]).to_string();
        assert_eq!(shown, "0f".repeat(32));
    }
}
