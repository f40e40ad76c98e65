//! Versioned documents and an audited journal in one `SQLite` file.
//!
//! Documents are JSON under string keys. Every commit has a number, its version; a [`Snapshot`] holds all documents
//! at one version, in memory, so that reading takes no lock and does no I/O. A [`Transaction`] reads one
//! snapshot, and commits only if nothing that it read has changed since: committed transactions are
//! serializable, within a process and across processes. Records of the journal are appended in the same
//! commit as the documents that they explain, and each carries the hash of the one before.
//!
//! ```
//! use orchestrator_store::{Durability, Options, Store};
//!
//! # let folder = tempfile::tempdir().unwrap();
//! let store = Store::open(folder.path().join("store.db"), Options::default())?;
//!
//! let mut tx = store.begin()?;
//! assert_eq!(tx.get("task/1"), None);
//! tx.put("task/1", r#"{"state":"ready"}"#)?;
//! tx.append("mission/1", "task_ready", 1_767_225_600_000, r#"{"task":"1"}"#)?;
//! let version = tx.commit(Durability::Full)?;
//!
//! let snapshot = store.snapshot();
//! assert_eq!(snapshot.version(), version);
//! assert_eq!(&*snapshot.get("task/1").unwrap().value, r#"{"state":"ready"}"#);
//! assert_eq!(store.journal("mission/1", 1)?[0].kind, "task_ready");
//! # Ok::<(), orchestrator_store::Error>(())
//! ```
//!
//! This crate knows nothing of Node, of `OpenCode` or of missions, reads no clock and starts no thread.

mod audit;
mod changes;
mod commit;
mod database;
mod document;
mod error;
mod history;
mod journal;
mod lock;
mod ownership;
mod retry;
mod schema;
mod set_aside;
mod snapshot;
mod store;
mod transaction;
mod view;

pub use audit::{AuditReport, Finding, StreamAudit};
pub use changes::Changes;
pub use database::{Durability, Options};
pub use document::{Document, MAX_KEY_BYTES, MAX_VALUE_BYTES, Version};
pub use error::{Conflict, Error, ErrorKind, Result};
pub use history::{Collected, Revision};
pub use journal::{Digest, Head, Record};
pub use ownership::{
    Claim, Decision, Fence, HEARTBEAT, Held, Holder, Identity, LEASE, Liveness, Moment, NotOwner, Ownership,
    OwnershipError, Sighting, decide,
};
pub use set_aside::{Opened, SetAside};
pub use snapshot::Snapshot;
pub use store::Store;
pub use transaction::Transaction;
