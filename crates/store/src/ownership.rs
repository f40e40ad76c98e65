//! One owner at a time for a name: a lease, and a fencing token that every commit of the owner is checked by.
//!
//! Who owns `name` is the document `owner/<name>`, a [`Holder`]. It is changed by transactions that read it, so of
//! those who reach for it together one gets it. Whether an owner may be taken over says [`decide`]. The lease alone
//! can't keep two from driving: a process may stop between looking at it and committing, for a second or for
//! a night. Its commits therefore check its [`Fence`]: they observe the document in their own transaction, and fail
//! when it has another token.
//!
//! The document is never deleted, so that tokens never repeat. A fence compares the opening's random name too.

mod decision;
mod identity;
mod process;

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use decision::{Decision, HEARTBEAT, Holder, LEASE, Liveness, decide};
pub use identity::Identity;

use crate::database::Durability;
use crate::document::Version;
use crate::error::{Error, ErrorKind, Result};
use crate::store::Store;
use crate::transaction::Transaction;

/// Each conflict means that somebody else changed the row, which decides the next look: more than a few in a row are
/// no race any more.
const ATTEMPTS: u32 = 16;

/// When something happens, by the two clocks of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Milliseconds since 1970, for people who read the row.
    pub wall_ms: u64,
    /// Milliseconds of a clock that never goes back and best stands still while the machine sleeps.
    pub steady_ms: u64,
}

/// Since when a claimant has seen a row just as it is. For its next look, by the same steady clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sighting {
    /// The commit that wrote the row: a heartbeat makes it another one.
    pub version: Version,
    /// By the claimant's steady clock.
    pub since_ms: u64,
}

/// What came of reaching for a name.
#[derive(Debug)]
#[must_use = "whoever does not hold the ownership must not drive"]
pub enum Claim {
    /// It is ours.
    Mine(Ownership),
    /// Somebody else has it.
    Held(Held),
}

/// Somebody else is the owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Who.
    pub holder: Holder,
    /// What is known of its process. [`Liveness::Unknown`] is taken over after [`LEASE`] of silence.
    pub liveness: Liveness,
    /// When to look again, from now: it may have ended, released it, or been silent for long enough then.
    pub look_again: Duration,
    /// To hand in with the next look: without it, watching starts anew.
    pub sighting: Sighting,
}

/// The right to drive what has this name, until it is released or taken over.
///
/// Nothing happens by itself: whoever holds it calls [`Ownership::renew`] each [`HEARTBEAT`], and
/// [`Ownership::release`] at the end. A process that ends without releasing is taken over at once by another of
/// the same host, and after [`LEASE`] by one of another host.
///
/// ```
/// use orchestrator_store::{Claim, Durability, Identity, Moment, Options, Ownership, OwnershipError, Store};
///
/// # let folder = tempfile::tempdir().unwrap();
/// let store = Store::open(folder.path().join("store.db"), Options::default())?;
/// let now = Moment { wall_ms: 1_767_225_600_000, steady_ms: 0 };
/// let Claim::Mine(owner) = Ownership::claim(&store, "m1", &Identity::of_this_process(), now, None)? else {
///     panic!("somebody else drives m1");
/// };
///
/// let fence = owner.fence();
/// let mut tx = store.begin()?;
/// fence.check(&mut tx)?;
/// tx.put("mission/m1", "{}")?;
/// tx.commit(Durability::Full)?;
///
/// assert!(owner.release(1_767_225_601_000)?);
/// assert!(fence.check(&mut store.begin()?).is_err());
/// # Ok::<(), OwnershipError>(())
/// ```
#[derive(Debug)]
pub struct Ownership {
    store: Store,
    fence: Fence,
}

impl Ownership {
    /// Reaches for a name: takes it where [`decide`] says so, renews it where `me` has it already, and otherwise says
    /// who has it. `earlier` is the sighting of the last look.
    ///
    /// Fails like a commit; with `InvalidKey` for a name that can't be part of a key; with `InvalidValue` for a row
    /// that can't be read.
    pub fn claim(
        store: &Store,
        name: &str,
        me: &Identity,
        now: Moment,
        earlier: Option<Sighting>,
    ) -> Result<Claim> {
        let key = key(name);
        // Full: a token that a loss of power takes back would be given out twice.
        let (_, claim) = store.retry(ATTEMPTS, Durability::Full, |tx| {
            let row = row(tx, &key)?;
            let (version, row) = row.map_or((0, None), |(version, holder)| (version, Some(holder)));
            let sighting = earlier
                .filter(|earlier| earlier.version == version)
                .unwrap_or(Sighting { version, since_ms: now.steady_ms });
            let watched = Duration::from_millis(now.steady_ms.saturating_sub(sighting.since_ms));
            let liveness = row.as_ref().map_or(Liveness::Unknown, |row| me.liveness_of(&row.identity));
            let held = |holder: &Holder, liveness, look_again| {
                Claim::Held(Held { holder: holder.clone(), liveness, look_again, sighting })
            };
            let (token, since) = match decide(row.as_ref(), me, watched, liveness) {
                Decision::Take { token } => (token, now.wall_ms),
                Decision::Renew { holder } => (holder.token, holder.since),
                Decision::Wait { holder, remaining } => {
                    return Ok(held(holder, Liveness::Unknown, remaining.min(HEARTBEAT)));
                }
                Decision::Theirs { holder } => return Ok(held(holder, Liveness::Alive, HEARTBEAT)),
            };
            let holder =
                Holder { identity: me.clone(), token, since, heartbeat: now.wall_ms, released: None };
            put(tx, &key, &holder)?;
            let fence =
                Fence { name: name.to_owned(), key: key.clone(), instance: me.instance.clone(), token };
            Ok::<_, Error>(Claim::Mine(Self { store: store.clone(), fence }))
        })?;
        Ok(claim)
    }

    /// Who owns a name now, other processes' commits included; `None` where nobody does. Whether its process still
    /// runs says [`Identity::liveness_of`].
    ///
    /// Fails with `InvalidValue` for a row that can't be read, and with the errors of [`Store::refresh`].
    pub fn holder(store: &Store, name: &str) -> Result<Option<Holder>> {
        let row = row(&mut store.begin()?, &key(name))?;
        Ok(row.map(|(_, holder)| holder).filter(|holder| holder.released.is_none()))
    }

    /// What is owned.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.fence.name
    }

    /// The fencing token.
    #[must_use]
    pub fn token(&self) -> u64 {
        self.fence.token
    }

    /// What commits check.
    #[must_use]
    pub fn fence(&self) -> Fence {
        self.fence.clone()
    }

    /// Says that the owner is still there. `wall_ms` is milliseconds since 1970.
    ///
    /// Fails with [`OwnershipError::NotOwner`] when it was taken over or released, for good; with
    /// [`OwnershipError::Store`] when it could not be written: it may still be ours then, and the next try may succeed.
    pub fn renew(&self, wall_ms: u64) -> Result<(), OwnershipError> {
        // Normal: what a loss of power takes back was of a boot that ended with it.
        self.change(Durability::Normal, |holder| holder.heartbeat = wall_ms)
    }

    /// Gives it up, so that anybody gets it at once. `wall_ms` is milliseconds since 1970. Returns whether it was
    /// still ours: what another one has taken over is left alone.
    ///
    /// Fails like a commit.
    pub fn release(&self, wall_ms: u64) -> Result<bool> {
        match self.change(Durability::Normal, |holder| holder.released = Some(wall_ms)) {
            Ok(()) => Ok(true),
            Err(OwnershipError::NotOwner(_)) => Ok(false),
            Err(OwnershipError::Store(error)) => Err(error),
        }
    }

    fn change(
        &self,
        durability: Durability,
        mut change: impl FnMut(&mut Holder),
    ) -> Result<(), OwnershipError> {
        self.store.retry(ATTEMPTS, durability, |tx| {
            let mut holder = self.fence.check(tx)?;
            change(&mut holder);
            Ok::<_, OwnershipError>(put(tx, &self.fence.key, &holder)?)
        })?;
        Ok(())
    }
}

/// What a commit of an owner checks: that the row still has its token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    name: String,
    key: String,
    instance: String,
    token: u64,
}

impl Fence {
    /// What is owned.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Reads the row in `tx`, so that its commit conflicts with whoever changes the row first: a takeover, but also a
    /// heartbeat. Run the transaction again after a conflict ([`Store::retry`]).
    ///
    /// Fails with [`NotOwner`] when the row is not this owner's any more: give the transaction up then.
    pub fn check(&self, tx: &mut Transaction) -> Result<Holder, NotOwner> {
        // A row that can't be read gives nobody the right to write.
        let holder = row(tx, &self.key).unwrap_or_default().map(|(_, holder)| holder);
        match holder {
            Some(holder)
                if (holder.token, &holder.identity.instance) == (self.token, &self.instance)
                    && holder.released.is_none() =>
            {
                Ok(holder)
            }
            holder => Err(NotOwner {
                name: self.name.clone(),
                token: self.token,
                holder: holder.filter(|holder| holder.released.is_none()).map(Box::new),
            }),
        }
    }
}

/// Somebody who was the owner is it no more. For good: a token never comes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotOwner {
    /// What was owned.
    pub name: String,
    /// With this token.
    pub token: u64,
    /// Who has it now; `None` where it was released, or its row can't be read.
    pub holder: Option<Box<Holder>>,
}

impl fmt::Display for NotOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, token, holder } = self;
        write!(f, "{name:?} is not owned with token {token} any more: ")?;
        match holder {
            Some(holder) => write!(
                f,
                "process {} took it over with token {}; stop, and claim it again to go on",
                holder.identity.pid, holder.token
            ),
            None => write!(f, "it was released, or its row was damaged; claim it again to go on"),
        }
    }
}

impl std::error::Error for NotOwner {}

/// Why an owner could not do what only the owner may.
#[derive(Clone, Debug)]
pub enum OwnershipError {
    /// It is not the owner any more.
    NotOwner(NotOwner),
    /// The store refused.
    Store(Error),
}

impl From<Error> for OwnershipError {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

impl From<NotOwner> for OwnershipError {
    fn from(error: NotOwner) -> Self {
        Self::NotOwner(error)
    }
}

impl fmt::Display for OwnershipError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOwner(error) => error.fmt(f),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for OwnershipError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // Its own message is the one that is shown: what is below it comes next.
        match self {
            Self::NotOwner(error) => error.source(),
            Self::Store(error) => error.source(),
        }
    }
}

fn key(name: &str) -> String {
    format!("owner/{name}")
}

/// The row and the commit that wrote it. Whoever changes it first makes the commit of `tx` fail.
fn row(tx: &mut Transaction, key: &str) -> Result<Option<(Version, Holder)>> {
    let Some(document) = tx.observe(key) else { return Ok(None) };
    match serde_json::from_str(&document.value) {
        Ok(holder) => Ok(Some((document.version, holder))),
        Err(error) => {
            let message = format!(
                "document {key:?} says who drives, and can't be read: {error}; put a right one there, with a greater token"
            );
            Err(Error::caused(ErrorKind::InvalidValue, message, error))
        }
    }
}

fn put(tx: &mut Transaction, key: &str, holder: &Holder) -> Result<()> {
    let json = serde_json::to_string(holder).expect("strings and numbers can be written as JSON");
    tx.put(key, &json)
}
