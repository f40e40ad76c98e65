//! The store: its handle, its snapshots and its transactions.

use std::{
    borrow::Cow,
    fmt::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

use napi_derive::napi;
use orchestrator_store::{
    AuditReport, Document, Durability, Finding, Opened, Options, SetAside, Snapshot, Store, Transaction,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    crossing::crossing,
    failure::Failure,
    number::{number, whole},
    pools::{Json, json},
};

/// A `Store` of `orchestrator-store`.
#[napi]
pub struct NativeStore {
    store: Option<Store>,
    set_aside: Option<SetAside>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OpenOptions {
    busy_timeout_ms: Option<u64>,
    #[serde(default)]
    existing: bool,
    /// The time that dates the name of a file that is set aside; a damaged file is refused without it.
    set_aside_at_ms: Option<u64>,
}

/// A file that was set aside, as JavaScript sees it.
#[derive(Serialize)]
struct Aside<'a> {
    path: &'a Path,
    files: &'a [PathBuf],
    reason: String,
}

impl NativeStore {
    pub(crate) fn store(&self) -> Result<Store, Failure> {
        self.store.clone().ok_or_else(|| Failure::closed("store"))
    }
}

#[napi]
impl NativeStore {
    /// Opens the file, or makes it in a folder that exists.
    #[napi(factory)]
    pub fn open(path: String, options_json: String) -> napi::Result<Self> {
        crossing(|| {
            let given: OpenOptions = serde_json::from_str(&options_json)
                .map_err(|error| Failure::unreadable("the store's options are refused", &error))?;
            let mut options = Options::default();
            options.existing = given.existing;
            if let Some(timeout) = given.busy_timeout_ms {
                options.busy_timeout = Duration::from_millis(timeout);
            }
            let opened = match given.set_aside_at_ms {
                Some(now) => Store::open_or_set_aside(path, options, now)?,
                None => Opened { store: Store::open(path, options)?, set_aside: None },
            };
            Ok(Self { store: Some(opened.store), set_aside: opened.set_aside })
        })
    }

    /// The damaged file that opening moved out of the way, as JSON.
    #[napi]
    pub fn set_aside(&self) -> napi::Result<Option<Json>> {
        crossing(|| {
            Ok(self.set_aside.as_ref().map(|SetAside { path, files, reason }| {
                json(&Aside { path, files, reason: reason.to_string() })
            }))
        })
    }

    /// The latest state, other processes' commits included.
    #[napi]
    pub fn snapshot(&self) -> napi::Result<NativeSnapshot> {
        crossing(|| {
            let store = self.store()?;
            store.refresh()?;
            Ok(NativeSnapshot { snapshot: Some(store.snapshot()) })
        })
    }

    /// Takes in what other processes committed, and gives the version that is now the latest.
    #[napi]
    pub fn refresh(&self) -> napi::Result<f64> {
        crossing(|| Ok(number(self.store()?.refresh()?)))
    }

    /// The latest document of a key that this process knows of, as [`unless_known`] gives it.
    #[napi]
    pub fn get(&self, key: String, known: f64) -> napi::Result<Option<String>> {
        crossing(|| Ok(self.store()?.get(&key).map(|found| unless_known(&found, known))))
    }

    /// The state after a commit.
    #[napi]
    pub fn at(&self, version: f64) -> napi::Result<NativeSnapshot> {
        crossing(|| Ok(NativeSnapshot { snapshot: Some(self.store()?.at(whole(version, "a version")?)?) }))
    }

    /// A transaction on the latest state.
    #[napi]
    pub fn begin(&self) -> napi::Result<NativeTransaction> {
        crossing(|| {
            let store = self.store()?;
            store.refresh()?;
            let base = store.snapshot();
            let transaction = store.begin_at(base.clone());
            Ok(NativeTransaction { open: Some((base, transaction)) })
        })
    }

    /// The records of a stream from a place on, as a JSON array.
    #[napi]
    pub fn journal(&self, stream: String, from_seq: f64) -> napi::Result<String> {
        crossing(|| {
            let records = self.store()?.journal(&stream, whole(from_seq, "a place in a stream")?)?;
            let mut array = Array::default();
            for record in &records {
                let text = array.next();
                let (seq, at, kind, payload) =
                    (record.seq, record.at_ms, json(&record.kind), &record.payload);
                let (hash, prev) = (record.hash, record.prev);
                push(
                    text,
                    format_args!(
                        r#"{{"seq":{seq},"at":{at},"kind":{kind},"payload":{payload},"hash":"{hash}","prev":"{prev}"}}"#
                    ),
                );
            }
            Ok(array.end())
        })
    }

    /// What commits after a version changed under a prefix, as JSON; nothing when there were none.
    #[napi]
    pub fn changes(&self, prefix: String, since: f64) -> napi::Result<Option<Json>> {
        crossing(|| {
            let since = whole(since, "a version")?;
            let orchestrator_store::Changes { version, keys, streams } =
                self.store()?.changes(&prefix, since)?;
            Ok((version > since).then(|| json(&Changed { version, keys, streams })))
        })
    }

    /// Checks the file and every chain; gives a report as JSON.
    #[napi]
    pub fn audit(&self) -> napi::Result<Json> {
        crossing(|| Ok(json(&Audit::from(self.store()?.audit()?))))
    }

    /// Removes the history before a version; gives how many old versions that were.
    #[napi]
    pub fn collect(&self, keep_from: f64) -> napi::Result<f64> {
        crossing(|| {
            let collected = self.store()?.collect(whole(keep_from, "a version")?)?;
            Ok(number(u64::try_from(collected.removed).unwrap_or(u64::MAX)))
        })
    }

    /// Closes the file. Closing again does nothing.
    #[napi]
    pub fn close(&mut self) -> napi::Result<()> {
        crossing(|| Ok(self.store.take().map_or(Ok(()), |store| store.close())?))
    }
}

/// Changes, as JavaScript sees them.
#[derive(Serialize)]
struct Changed {
    version: u64,
    keys: Vec<String>,
    streams: Vec<String>,
}

/// A `Snapshot` of `orchestrator-store`.
#[napi]
pub struct NativeSnapshot {
    snapshot: Option<Snapshot>,
}

impl NativeSnapshot {
    fn snapshot(&self) -> Result<&Snapshot, Failure> {
        self.snapshot.as_ref().ok_or_else(|| Failure::closed("snapshot"))
    }
}

#[napi]
impl NativeSnapshot {
    /// The last commit in it.
    #[napi]
    pub fn version(&self) -> napi::Result<f64> {
        crossing(|| Ok(number(self.snapshot()?.version())))
    }

    /// A document, as [`unless_known`] gives it.
    #[napi]
    pub fn get(&self, key: String, known: f64) -> napi::Result<Option<String>> {
        crossing(|| Ok(self.snapshot()?.get(&key).map(|found| unless_known(found, known))))
    }

    /// The documents of a prefix, as a JSON array.
    #[napi]
    pub fn scan(&self, prefix: String) -> napi::Result<String> {
        crossing(|| Ok(scan(self.snapshot()?, &prefix)))
    }

    /// Lets go of what it keeps.
    #[napi]
    pub fn close(&mut self) -> napi::Result<()> {
        crossing(|| {
            self.snapshot = None;
            Ok(())
        })
    }
}

/// A `Transaction` of `orchestrator-store`; its writes come with the commit.
#[napi]
pub struct NativeTransaction {
    /// With the snapshot that it reads.
    open: Option<(Snapshot, Transaction)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Writes<'a> {
    /// Of the documents to put.
    #[serde(borrow)]
    keys: Vec<Key<'a>>,
    /// The value of each key.
    #[serde(borrow)]
    values: Vec<&'a RawValue>,
    deletes: Vec<String>,
    #[serde(borrow)]
    appends: Vec<Append<'a>>,
}

/// Borrowed where it has no escapes; a plain `Cow` in a list never is.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Append<'a> {
    stream: String,
    kind: String,
    at: f64,
    #[serde(borrow)]
    payload: &'a RawValue,
}

impl NativeTransaction {
    fn open(&mut self) -> Result<&mut (Snapshot, Transaction), Failure> {
        self.open.as_mut().ok_or_else(|| Failure::closed("transaction"))
    }
}

#[napi]
impl NativeTransaction {
    /// A document as the transaction began, as `[version,value]`; whoever changes it first makes the commit fail.
    #[napi]
    pub fn get(&mut self, key: String) -> napi::Result<Option<String>> {
        crossing(|| Ok(self.open()?.1.observe(&key).map(versioned)))
    }

    /// The documents of a prefix as the transaction began, as a JSON array; whoever changes one first, or adds one,
    /// makes the commit fail.
    #[napi]
    pub fn scan(&mut self, prefix: String) -> napi::Result<String> {
        crossing(|| {
            let (base, transaction) = self.open()?;
            transaction.observe_prefix(&prefix);
            Ok(scan(base, &prefix))
        })
    }

    /// Writes `{ keys, values, deletes, appends }` as one commit, and gives its version.
    #[napi]
    pub fn commit(&mut self, writes_json: String, full: bool) -> napi::Result<f64> {
        crossing(|| {
            let (_, mut transaction) = self.open.take().ok_or_else(|| Failure::closed("transaction"))?;
            let writes: Writes<'_> = serde_json::from_str(&writes_json)
                .map_err(|error| Failure::unreadable("the writes can't be read", &error))?;
            if writes.keys.len() != writes.values.len() {
                let (keys, values) = (writes.keys.len(), writes.values.len());
                return Err(Failure::invalid_input(format!("{keys} keys were given with {values} values")));
            }
            for (Key(key), value) in writes.keys.iter().zip(writes.values) {
                transaction.put_parsed(key, value)?;
            }
            for key in &writes.deletes {
                transaction.delete(key)?;
            }
            for append in &writes.appends {
                let at = whole(append.at, "the time")?;
                transaction.append(&append.stream, &append.kind, at, append.payload.get())?;
            }
            let durability = if full { Durability::Full } else { Durability::Normal };
            Ok(number(transaction.commit(durability)?))
        })
    }
}

/// What an audit found, as JavaScript sees it.
#[derive(Serialize)]
struct Audit {
    ok: bool,
    version: u64,
    streams: usize,
    records: u64,
    faults: Vec<Fault>,
}

#[derive(Serialize)]
struct Fault {
    /// `None`: of the file itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<String>,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    message: String,
}

impl From<AuditReport> for Audit {
    fn from(report: AuditReport) -> Self {
        let of_file = report.file.iter().map(|message| Fault {
            stream: None,
            kind: "file",
            seq: None,
            message: message.clone(),
        });
        let of_streams = report.streams.iter().flat_map(|stream| {
            stream.findings.iter().map(|finding| {
                let (kind, seq) = kind(*finding);
                Fault { stream: Some(stream.stream.clone()), kind, seq, message: finding.to_string() }
            })
        });
        Self {
            ok: report.is_whole(),
            version: report.version,
            streams: report.streams.len(),
            records: report.streams.iter().map(|stream| stream.records).sum(),
            faults: of_file.chain(of_streams).collect(),
        }
    }
}

fn kind(finding: Finding) -> (&'static str, Option<u64>) {
    match finding {
        Finding::Edited { seq } => ("edited", Some(seq)),
        Finding::Replaced { seq } => ("replaced", Some(seq)),
        Finding::Reordered { seq, .. } => ("reordered", Some(seq)),
        Finding::Inserted { seq } => ("inserted", Some(seq)),
        Finding::Dropped { from, .. } => ("dropped", Some(from)),
        Finding::Truncated { from, .. } => ("truncated", Some(from)),
        Finding::HeadMissing => ("head_missing", None),
        _ => ("other", None),
    }
}

fn document(key: &str, found: &Document) -> String {
    format!(r#"{{"key":{},"version":{},"value":{}}}"#, json(key), found.version, found.value)
}

/// A document as `[version,value]`.
fn versioned(found: &Document) -> String {
    format!("[{},{}]", found.version, found.value)
}

/// A document as `[version,value]`, or nothing to read where JavaScript has that version already.
fn unless_known(found: &Document, known: f64) -> String {
    #[expect(clippy::float_cmp, reason = "versions are whole numbers, which doubles hold exactly")]
    if number(found.version) == known { String::new() } else { versioned(found) }
}

fn scan(snapshot: &Snapshot, prefix: &str) -> String {
    let mut array = Array::default();
    for (key, found) in snapshot.scan(prefix) {
        array.next().push_str(&document(key, found));
    }
    array.end()
}

/// A JSON array of texts that are JSON already.
#[derive(Default)]
struct Array(String);

impl Array {
    fn next(&mut self) -> &mut String {
        self.0.push(if self.0.is_empty() { '[' } else { ',' });
        &mut self.0
    }

    fn end(mut self) -> String {
        if self.0.is_empty() {
            self.0.push('[');
        }
        self.0.push(']');
        self.0
    }
}

fn push(text: &mut String, piece: std::fmt::Arguments<'_>) {
    text.write_fmt(piece).expect("a string takes all that is written to it");
}
