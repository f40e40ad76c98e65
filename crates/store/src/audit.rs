//! Checking the journal: which records were edited, dropped, reordered, inserted or cut off.
//!
//! Each record is checked against its own hash, its link to the record before, and the stream's head, which is
//! kept apart. A record whose hash fits another place than the one it stands at was moved, and is counted there:
//! so a renumbered stream is told from an edited one. Who rewrites a stream's whole tail *and* its head leaves
//! nothing to find; keep [`StreamAudit::head`] elsewhere to notice that too.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use rusqlite::{Connection, Row, Transaction, TransactionBehavior, params};

use crate::database::Database;
use crate::document::Version;
use crate::error::Result;
use crate::journal::{Digest, Head, read_head, read_record, read_streams};
use crate::store::Store;
use crate::view::State;

/// How many places are tried, in all, to find where moved records of a stream belong. Past it they are
/// reported as edited.
const PLACES_TRIED: usize = 50_000;

/// What an audit found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditReport {
    /// The last commit that was looked at.
    pub version: Version,
    /// What is wrong with the file itself, in sentences; [`Store::verify`] doesn't look for it.
    pub file: Vec<String>,
    /// The streams that were checked, sorted by name.
    pub streams: Vec<StreamAudit>,
}

impl AuditReport {
    /// Was nothing found?
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.file.is_empty() && self.streams.iter().all(|stream| stream.findings.is_empty())
    }
}

/// What an audit found in one stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamAudit {
    /// Its name.
    pub stream: String,
    /// How many records there are.
    pub records: u64,
    /// Its end as the store has it.
    pub head: Option<Head>,
    /// What is wrong, in the order of the places; empty when the chain is whole.
    pub findings: Vec<Finding>,
}

/// One thing that is wrong with a stream. A `seq` is the number that the record now has in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Finding {
    /// The record is not what its hash was made from.
    Edited {
        /// Where it is.
        seq: u64,
    },
    /// The record fits its own hash, but is not the one that the next record (or the head) was chained to.
    Replaced {
        /// Where it is.
        seq: u64,
    },
    /// The record was written at another place.
    Reordered {
        /// Where it is.
        seq: u64,
        /// Where it was.
        was: u64,
    },
    /// The record was never part of the chain.
    Inserted {
        /// Where it is.
        seq: u64,
    },
    /// These records are gone, while later ones are there.
    Dropped {
        /// The first of them.
        from: u64,
        /// The last of them.
        to: u64,
    },
    /// These last records are gone.
    Truncated {
        /// The first of them.
        from: u64,
        /// The last of them: the head names it.
        to: u64,
    },
    /// There are records, and no head.
    HeadMissing,
}

impl Finding {
    fn place(&self) -> u64 {
        match *self {
            Self::Edited { seq }
            | Self::Replaced { seq }
            | Self::Reordered { seq, .. }
            | Self::Inserted { seq }
            | Self::Dropped { from: seq, .. }
            | Self::Truncated { from: seq, .. } => seq,
            Self::HeadMissing => u64::MAX,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Edited { seq } => write!(f, "record {seq} was edited: it does not match its hash"),
            Self::Replaced { seq } => {
                write!(
                    f,
                    "record {seq} was replaced, or rewritten with what is before it: the chain goes on from another one"
                )
            }
            Self::Reordered { seq, was } => write!(f, "record {seq} was moved: it was written as {was}"),
            Self::Inserted { seq } => write!(f, "record {seq} was inserted: it is not part of the chain"),
            Self::Dropped { from, to } if from == to => write!(f, "record {from} was dropped"),
            Self::Dropped { from, to } => write!(f, "records {from} to {to} were dropped"),
            Self::Truncated { from, to } if from == to => {
                write!(f, "the stream was truncated: its last record, {from}, is gone")
            }
            Self::Truncated { from, to } => {
                write!(f, "the stream was truncated: its last records, {from} to {to}, are gone")
            }
            Self::HeadMissing => {
                f.write_str("the stream's head is gone: whether it was truncated can't be told")
            }
        }
    }
}

impl Store {
    /// Checks the whole file: `SQLite`'s own structures and every stream of the journal. Reads all of it, on a
    /// connection of its own, while commits and reads go on.
    ///
    /// Fails only when the file can't be read; what is wrong in it is in the report.
    pub fn audit(&self) -> Result<AuditReport> {
        self.with_auditor(|db, tx| {
            let during = |e| db.fail("auditing", e);
            let version = State::read(tx).map_err(during)?.version;
            let mut report = AuditReport { version, file: check_file(tx).map_err(during)?, streams: vec![] };
            for stream in read_streams(tx).map_err(during)? {
                match audit_stream(tx, &stream) {
                    Ok(stream) => report.streams.push(stream),
                    // Damaged pages: said once already, and the other streams may be readable.
                    Err(error) if !report.file.is_empty() => {
                        report.file.push(format!("stream {stream:?} can't be read: {error}"));
                    }
                    Err(error) => return Err(during(error)),
                }
            }
            Ok(report)
        })
    }

    /// Checks the chain of one stream. A stream that there is not has no findings.
    pub fn verify(&self, stream: &str) -> Result<AuditReport> {
        self.with_auditor(|db, tx| {
            let during = |e| db.fail("auditing", e);
            let version = State::read(tx).map_err(during)?.version;
            let stream = audit_stream(tx, stream).map_err(during)?;
            Ok(AuditReport { version, file: Vec::new(), streams: vec![stream] })
        })
    }

    /// A read transaction on a connection of its own: an audit takes long.
    fn with_auditor<T>(&self, run: impl FnOnce(&Database, &Transaction<'_>) -> Result<T>) -> Result<T> {
        let db = self.open_reader()?;
        let tx = Transaction::new_unchecked(db.connection(), TransactionBehavior::Deferred)
            .map_err(|e| db.fail("auditing", e))?;
        run(&db, &tx)
    }
}

/// What is wrong with the pages of the file, and between its tables.
fn check_file(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut problems: Vec<String> = connection
        .prepare("PRAGMA integrity_check")?
        .query_map([], |row| row.get::<_, String>(0))?
        .filter(|line| !matches!(line, Ok(line) if line == "ok"))
        .collect::<rusqlite::Result<_>>()?;
    let mut expect_none = |what: &str, sql: &str| -> rusqlite::Result<()> {
        let found: i64 = connection.query_row(sql, [], |row| row.get(0))?;
        if found > 0 {
            problems.push(format!("{found} {what}"));
        }
        Ok(())
    };
    expect_none(
        "versions of documents are gone that their commits wrote",
        "SELECT count(*) FROM state, commits, json_each(commits.keys) AS wrote \
         LEFT JOIN versions ON versions.key = wrote.value AND versions.version = commits.version \
         WHERE commits.version > state.floor AND versions.key IS NULL",
    )?;
    expect_none(
        "versions of documents are there that no commit wrote",
        "SELECT count(*) FROM \
         (SELECT key, version FROM state, versions WHERE version > floor EXCEPT \
          SELECT wrote.value, commits.version FROM commits, json_each(commits.keys) AS wrote)",
    )?;
    expect_none(
        "records are of commits that never were",
        "SELECT count(*) FROM journal WHERE version > (SELECT coalesce(max(version), 0) FROM commits)",
    )?;
    Ok(problems)
}

/// A record without its content.
struct Link {
    seq: u64,
    prev: Digest,
    hash: Digest,
    /// Does it match its own hash, at its own or (once found) at its former place?
    sound: bool,
}

fn audit_stream(connection: &Connection, stream: &str) -> rusqlite::Result<StreamAudit> {
    let head = read_head(connection, stream)?;
    let mut findings = Vec::new();
    let mut links = Vec::new();
    let mut statement = connection.prepare(
        "SELECT seq, version, at_ms, kind, payload, prev, hash FROM journal WHERE stream = ?1 ORDER BY seq",
    )?;
    let mut rows = statement.query([stream])?;
    while let Some(row) = rows.next()? {
        links.push(read_link(row, stream)?);
    }
    let moved = find_moved(connection, stream, &links, head)?;
    let places = assign_places(&mut links, &moved, head, &mut findings);
    check_gaps(&places, head, &mut findings);
    check_links(&places, head, &mut findings);
    if head.is_none() && !links.is_empty() {
        findings.push(Finding::HeadMissing);
    }
    findings.sort_by_key(Finding::place);
    Ok(StreamAudit { stream: stream.to_owned(), records: links.len() as u64, head, findings })
}

fn read_link(row: &Row<'_>, stream: &str) -> rusqlite::Result<Link> {
    Ok(match read_record(row) {
        Ok(record) => {
            let sound = record.digest(stream) == record.hash;
            Link { seq: record.seq, prev: record.prev, hash: record.hash, sound }
        }
        // Not even of the right types: it was not written by this crate.
        Err(_) => Link {
            seq: row.get::<_, i64>(0)?.max(0).unsigned_abs(),
            prev: Digest::ZERO,
            hash: Digest::ZERO,
            sound: false,
        },
    })
}

/// For records that don't match their hash, the places at which they would: `seq → was`.
fn find_moved(
    connection: &Connection,
    stream: &str,
    links: &[Link],
    head: Option<Head>,
) -> rusqlite::Result<BTreeMap<u64, u64>> {
    let open = open_places(links, head);
    let mut statement = connection.prepare(
        "SELECT seq, version, at_ms, kind, payload, prev, hash FROM journal WHERE stream = ?1 AND seq = ?2",
    )?;
    let mut moved = BTreeMap::new();
    let mut tries_left = PLACES_TRIED;
    // What a run of records was shifted by; the next one likely was too.
    let mut shift = 0;
    for link in links.iter().filter(|link| !link.sound) {
        let mut rows = statement.query(params![stream, link.seq])?;
        let Some(Ok(mut record)) = rows.next()?.map(read_record) else { continue };
        let mut fits = |place| {
            record.seq = place;
            record.digest(stream) == link.hash
        };
        let shifted = link.seq.checked_add_signed(shift).filter(|&place| fits(place));
        let was = shifted.or_else(|| {
            let tried = &open[..open.len().min(tries_left)];
            tries_left -= tried.len();
            tried.iter().copied().find(|&place| fits(place))
        });
        if let Some(was) = was {
            moved.insert(link.seq, was);
            shift = was.wrapping_sub(link.seq).cast_signed();
        }
    }
    Ok(moved)
}

/// The places where a moved record can have been: those without a record, those of other moved ones, and those
/// of records that the chain doesn't go on from.
fn open_places(links: &[Link], head: Option<Head>) -> Vec<u64> {
    let followed = followed(links, head);
    let in_place = links.iter().filter(|link| link.sound && followed.contains(&link.hash));
    let taken: HashSet<u64> = in_place.map(|link| link.seq).collect();
    let last = links.last().map(|link| link.seq).max(head.map(|head| head.seq)).unwrap_or(0);
    (1..=last).filter(|place| !taken.contains(place)).take(PLACES_TRIED).collect()
}

/// The hashes that a later record or the head names.
fn followed(links: &[Link], head: Option<Head>) -> HashSet<Digest> {
    links.iter().map(|link| link.prev).chain(head.map(|head| head.hash)).collect()
}

/// Puts each record at the place where it was written, and reports those that have none.
fn assign_places<'a>(
    links: &'a mut [Link],
    moved: &BTreeMap<u64, u64>,
    head: Option<Head>,
    findings: &mut Vec<Finding>,
) -> BTreeMap<u64, &'a Link> {
    let followed = followed(links, head);
    let mut places: BTreeMap<u64, &Link> = BTreeMap::new();
    for link in links {
        let place = match moved.get(&link.seq) {
            Some(&was) => {
                link.sound = true;
                findings.push(Finding::Reordered { seq: link.seq, was });
                was
            }
            None => link.seq,
        };
        let link = &*link;
        if !link.sound {
            findings.push(Finding::Edited { seq: link.seq });
        } else if head.is_some_and(|head| place > head.seq) {
            findings.push(Finding::Inserted { seq: link.seq });
            continue;
        }
        // Two for one place: the chain goes on from one of them at most.
        if let Some(other) = places.insert(place, link) {
            let (stays, goes) = if followed.contains(&link.hash) { (link, other) } else { (other, link) };
            places.insert(place, stays);
            findings.retain(|finding| finding.place() != goes.seq);
            findings.push(Finding::Inserted { seq: goes.seq });
        }
    }
    places
}

fn check_gaps(places: &BTreeMap<u64, &Link>, head: Option<Head>, findings: &mut Vec<Finding>) {
    let mut next = 1;
    for &place in places.keys() {
        if place > next {
            findings.push(Finding::Dropped { from: next, to: place - 1 });
        }
        next = place + 1;
    }
    if let Some(head) = head.filter(|head| head.seq >= next) {
        findings.push(Finding::Truncated { from: next, to: head.seq });
    }
}

fn check_links(places: &BTreeMap<u64, &Link>, head: Option<Head>, findings: &mut Vec<Finding>) {
    for (&place, link) in places.iter().filter(|(_, link)| link.sound) {
        let next = match head {
            Some(head) if head.seq == place => Some(head.hash),
            _ => places.get(&(place + 1)).filter(|next| next.sound).map(|next| next.prev),
        };
        let first_has_a_past = place == 1 && link.prev != Digest::ZERO;
        if first_has_a_past || next.is_some_and(|next| next != link.hash) {
            findings.push(Finding::Replaced { seq: link.seq });
        }
    }
}
