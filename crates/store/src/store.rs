//! The store: one file, its latest view in memory, one connection that writes and one that reads.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use rusqlite::{Transaction as Sql, TransactionBehavior};

use crate::commit::{Committer, closed, publish, went_back};
use crate::database::{Database, Durability, Options};
use crate::document::{Document, Version};
use crate::error::{Error, ErrorKind, Result};
use crate::history::Pins;
use crate::journal::{Head, Record, read_head, read_records, read_streams};
use crate::lock::lock;
use crate::schema;
use crate::snapshot::Snapshot;
use crate::transaction::{Change, Transaction};
use crate::view::{Progress, State, View};

/// Versioned documents and a journal in one `SQLite` file. A handle: clones share everything, and any thread
/// may use any of them.
///
/// Several stores, in one process or in many, may have the same file open. Each sees the commits of its own
/// handles at once, and those of others at [`Store::begin`] and [`Store::refresh`].
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    path: Arc<Path>,
    options: Options,
    latest: ArcSwap<View>,
    committer: Committer,
    /// Reads while another connection may be writing; `None` once closed.
    reader: Mutex<Option<Database>>,
    pins: Arc<Pins>,
}

impl Store {
    /// Opens the file, or creates it in a folder that exists, and reads its documents into memory.
    ///
    /// Fails with `NotFound` (no such folder: the message names it), `ReadOnly`, `Busy`, `Full`, `Io`; and, without
    /// having written to the file, with `Corrupt`, `Foreign` or `NewerSchema`.
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Self> {
        let path = path.as_ref();
        // Absolute: it stays the same file when the process changes its folder.
        let path: Arc<Path> = std::path::absolute(path)
            .map_err(|e| Error::caused(ErrorKind::Io, format!("opening {}: {e}", path.display()), e))?
            .into();
        let writer = loop {
            let writer = Database::create(&path, &options)?;
            schema::prepare(&writer, options.existing)?;
            // From here on our lock keeps others from setting it aside. If they did before, there is another file now.
            if !writer.has_moved()? {
                break writer;
            }
        };
        writer.configure(&options)?;
        let db = Database::open_reader(&path, &options)?;
        let latest = {
            let during = |e| db.fail("reading", e);
            let tx = Sql::new_unchecked(db.connection(), TransactionBehavior::Deferred).map_err(during)?;
            View::load(&tx).map_err(during)?
        };
        Ok(Self {
            shared: Arc::new(Shared {
                path,
                options,
                latest: ArcSwap::from_pointee(latest),
                committer: Committer::new(writer),
                reader: Mutex::new(Some(db)),
                pins: Arc::default(),
            }),
        })
    }

    /// The file, as an absolute path.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.shared.path.to_path_buf()
    }

    /// The options that it was opened with.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.shared.options
    }

    /// The latest snapshot that this process knows of. Takes no lock, does no I/O, can't fail.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::latest(self.shared.latest.load_full())
    }

    /// The document of that key in [`Store::snapshot`].
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Document> {
        self.shared.latest.load().documents.get(key).cloned()
    }

    /// Takes in what other processes committed, and returns the version that is now the latest. When they
    /// committed nothing, this costs a look at memory that the processes share and at one cached page.
    pub fn refresh(&self) -> Result<Version> {
        // After our own commits the writing connection has its pages in memory, the other one reads them again.
        match self.shared.committer.with_idle_writer(|writer| self.refresh_through(writer)) {
            Some(refreshed) => refreshed,
            None => self.refresh_through(lock(&self.shared.reader).as_ref().ok_or_else(closed)?),
        }
    }

    fn refresh_through(&self, db: &Database) -> Result<Version> {
        let latest = &self.shared.latest;
        let during = |e| db.fail("reading", e);
        // Before the file is looked at: it may not be newer than what is found there.
        let base = latest.load_full();
        if State::read(db.connection()).map_err(during)?.version == base.version {
            return Ok(base.version);
        }
        let progress = {
            let tx = Sql::new_unchecked(db.connection(), TransactionBehavior::Deferred).map_err(during)?;
            base.catch_up(&tx).map_err(during)?
        };
        match progress {
            Progress::Unchanged => {}
            Progress::Newer(view) => publish(latest, view),
            Progress::WentBack(found) => return Err(went_back(db, base.version, found)),
        }
        Ok(latest.load().version)
    }

    /// Starts a transaction on the newest snapshot, other processes' commits included.
    pub fn begin(&self) -> Result<Transaction> {
        self.refresh()?;
        Ok(self.begin_at(self.snapshot()))
    }

    /// Starts a transaction on a snapshot that the caller has already read from. An older snapshot is more
    /// likely to conflict; nothing else differs. No I/O.
    ///
    /// The snapshot must be of this store.
    pub fn begin_at(&self, snapshot: Snapshot) -> Transaction {
        Transaction::new(self.clone(), snapshot)
    }

    /// The records of a stream from that place on, in order; none if there is no such stream. They are read as
    /// they are: [`Store::verify`] checks them.
    pub fn journal(&self, stream: &str, from_seq: u64) -> Result<Vec<Record>> {
        self.read("reading the journal of", |tx| {
            read_records(tx, stream, from_seq.min(i64::MAX.unsigned_abs()))
        })
    }

    /// The end of a stream, if it has any record.
    pub fn head(&self, stream: &str) -> Result<Option<Head>> {
        self.read("reading the journal of", |tx| read_head(tx, stream))
    }

    /// The names of all streams, sorted.
    pub fn streams(&self) -> Result<Vec<String>> {
        self.read("reading the journal of", |tx| read_streams(tx))
    }

    /// Closes the file, after the commit under way; the last process to do so folds the log into it. Other
    /// handles then get `Closed`; snapshots stay readable. Closing again does nothing.
    pub fn close(&self) -> Result<()> {
        let writer = self.shared.committer.close();
        let reader = lock(&self.shared.reader).take().map_or(Ok(()), Database::close);
        writer.and(reader)
    }

    pub(crate) fn submit(&self, change: Change, durability: Durability) -> Result<Version> {
        self.shared.committer.submit(&self.shared.latest, change, durability)
    }

    pub(crate) fn pins(&self) -> &Arc<Pins> {
        &self.shared.pins
    }

    /// One more connection that reads, for long work.
    pub(crate) fn open_reader(&self) -> Result<Database> {
        match &*lock(&self.shared.reader) {
            Some(_) => Database::open_reader(&self.shared.path, &self.shared.options),
            None => Err(closed()),
        }
    }

    pub(crate) fn committer(&self) -> &Committer {
        &self.shared.committer
    }

    /// Runs in one read transaction of the reading connection; `action` is for the error message.
    pub(crate) fn read<T>(
        &self,
        action: &str,
        run: impl FnOnce(&Sql<'_>) -> rusqlite::Result<T>,
    ) -> Result<T> {
        let reader = lock(&self.shared.reader);
        let db = reader.as_ref().ok_or_else(closed)?;
        let during = |e| db.fail(action, e);
        let tx = Sql::new_unchecked(db.connection(), TransactionBehavior::Deferred).map_err(during)?;
        run(&tx).map_err(during)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("path", &self.shared.path)
            .field("version", &self.shared.latest.load().version)
            .finish_non_exhaustive()
    }
}
