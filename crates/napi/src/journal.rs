//! A mission's journal in the store: the scheduler's events in a stream, and the documents beside them.

use orchestrator_scheduler::{Batch, Durability, Event, Journal, JournalError, Record};
use orchestrator_store as store;
use orchestrator_store::{Fence, NotOwner, Store};
use serde::Deserialize;

use crate::pools::json;

/// How often a commit is tried. Of what it reads, a heartbeat may change its fence's row without changing what it says;
/// everything else that another one does to it is found out by the second try.
const ATTEMPTS: u32 = 4;

/// Keeps one mission. The stream and the mission's document are `mission/<id>`, its tasks'
/// `mission/<id>/task/<task>`.
pub(crate) struct StoreJournal {
    store: Store,
    key: String,
    /// What each commit is checked by, for a mission that has an owner.
    fence: Option<Fence>,
    /// The commit that wrote the mission's document last, as far as this journal knows; 0 before the first. Whoever
    /// finds another one is not alone, and may not write what it decided without knowing of it.
    version: u64,
}

/// Why a commit was given up.
#[derive(Debug)]
enum Refusal {
    /// The mission was taken over.
    NotOwner(NotOwner),
    /// The mission's document has this version, which is not the one that was expected.
    Overtaken(u64),
    Store(store::Error),
}

impl From<store::Error> for Refusal {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

impl From<NotOwner> for Refusal {
    fn from(error: NotOwner) -> Self {
        Self::NotOwner(error)
    }
}

impl StoreJournal {
    pub(crate) fn new(store: Store, mission: &str, fence: Option<Fence>) -> Self {
        Self { store, key: format!("mission/{mission}"), fence, version: 0 }
    }

    /// One commit: the records, and the documents as they now stand. Each try calls `staged` before it commits.
    fn write(&self, batch: &Batch<'_>, mut staged: impl FnMut()) -> Result<u64, Refusal> {
        let durability = match batch.durability {
            Durability::Full => store::Durability::Full,
            Durability::Normal => store::Durability::Normal,
        };
        let (version, ()) = self.store.retry(ATTEMPTS, durability, |tx| {
            if let Some(fence) = &self.fence {
                fence.check(tx)?;
            }
            let found = tx.observe(&self.key).map_or(0, |mission| mission.version);
            if found != self.version {
                return Err(Refusal::Overtaken(found));
            }
            for record in batch.records {
                let payload = json(&record.event);
                tx.append(&self.key, kind(&payload), record.at, &payload)?;
            }
            for task in batch.tasks {
                tx.put(&format!("{}/task/{}", self.key, task.id), &json(task))?;
            }
            tx.put(&self.key, &json(batch.mission))?;
            staged();
            Ok(())
        })?;
        Ok(version)
    }
}

impl Journal for StoreJournal {
    fn commit(&mut self, batch: &Batch<'_>) -> Result<(), JournalError> {
        let not_kept = format!("the events of {} were not kept", self.key);
        self.version = self.write(batch, || ()).map_err(|refusal| match refusal {
            Refusal::NotOwner(error) => JournalError::caused_by(not_kept, error),
            Refusal::Store(error) => JournalError::caused_by(not_kept, error),
            Refusal::Overtaken(found) => JournalError::new(format!(
                "{not_kept}: somebody else drives this mission (its document has version {found}, {} was expected)",
                self.version
            )),
        })?;
        Ok(())
    }

    fn replay(&mut self) -> Result<Vec<Record>, JournalError> {
        let unread =
            |error| JournalError::caused_by(format!("the stream {} could not be read", self.key), error);
        // The document first: whatever is committed after it makes the next commit fail, and so be repeated.
        self.store.refresh().map_err(unread)?;
        let version = self.store.get(&self.key).map_or(0, |mission| mission.version);
        let records = self.store.journal(&self.key, 1).map_err(unread)?;
        let events = records
            .into_iter()
            .map(|record| {
                let event: Event = serde_json::from_str(&record.payload).map_err(|error| {
                    JournalError::caused_by(
                        format!("record {} of {} is no event", record.seq, self.key),
                        error,
                    )
                })?;
                Ok(Record { at: record.at_ms, event })
            })
            .collect::<Result<_, _>>()?;
        self.version = version;
        Ok(events)
    }
}

/// The name of an event's type, as its JSON has it.
fn kind(event: &str) -> &str {
    #[derive(Deserialize)]
    struct Tag<'a> {
        #[serde(borrow, rename = "type")]
        kind: &'a str,
    }
    serde_json::from_str::<Tag<'_>>(event).expect("every event has a type, in plain letters").kind
}

#[cfg(test)]
mod tests {
    use orchestrator_scheduler::{Config, Journaled, Scheduler};
    use orchestrator_store::{Claim, Identity, Moment, Options, Ownership};

    use super::*;

    fn open(store: &Store) -> Journaled<StoreJournal> {
        open_with(store, None)
    }

    fn open_with(store: &Store, fence: Option<Fence>) -> Journaled<StoreJournal> {
        Journaled::open(Config::default(), StoreJournal::new(store.clone(), "m1", fence)).unwrap()
    }

    const START: Moment = Moment { wall_ms: 0, steady_ms: 0 };

    fn own(store: &Store) -> Ownership {
        match Ownership::claim(store, "m1", &Identity::of_this_process(), START, None).unwrap() {
            Claim::Mine(owner) => owner,
            Claim::Held(held) => panic!("{held:?}"),
        }
    }

    fn plan(id: &str) -> Event {
        let plan = format!(
            r#"{{"type":"plan_submitted","plan":{{"tasks":[{{"id":"{id}","title":"t","prompt":"p","agent":"worker","role":"worker"}}]}}}}"#
        );
        serde_json::from_str(&plan).unwrap()
    }

    #[test]
    fn events_and_documents_are_one_commit_and_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("store.db"), Options::default()).unwrap();
        let mut mission = open(&store);
        mission.submit(5, vec![plan("a"), Event::Resumed {}]).unwrap();

        let kinds: Vec<_> =
            store.journal("mission/m1", 1).unwrap().into_iter().map(|record| record.kind).collect();
        assert_eq!(kinds, ["opened", "plan_submitted", "resumed"]);
        let snapshot = store.snapshot();
        assert_eq!(snapshot.version(), 1);
        assert!(snapshot.get("mission/m1").unwrap().value.contains(r#""phase":"running""#));
        assert!(snapshot.get("mission/m1/task/a").unwrap().value.contains(r#""state":"running""#));
        assert_eq!(open(&store).scheduler().snapshot(), mission.scheduler().snapshot());
    }

    #[test]
    fn who_was_overtaken_keeps_nothing_and_then_knows_what_happened() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("store.db"), Options::default()).unwrap();
        let mut first = open(&store);
        let mut second = open(&store);
        first.submit(5, vec![plan("a")]).unwrap();
        let error = second.submit(6, vec![plan("b")]).unwrap_err();
        assert_eq!(error.kind(), orchestrator_scheduler::ErrorKind::Journal);
        assert_eq!(store.journal("mission/m1", 1).unwrap().len(), 2);

        second.submit(7, vec![plan("b")]).unwrap();
        let tasks: Vec<_> = second.scheduler().snapshot().tasks.into_iter().map(|task| task.id).collect();
        assert_eq!(tasks, ["a", "b"]);
    }

    #[test]
    fn an_owner_that_was_taken_over_keeps_nothing_and_is_told_who_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("store.db"), Options::default()).unwrap();
        let first = own(&store);
        let mut mission = open_with(&store, Some(first.fence()));
        mission.submit(5, vec![plan("a")]).unwrap();
        first.release(6).unwrap();
        let second = own(&store);

        // The new owner has written nothing of the mission yet: only the token tells.
        for at in [7, 8] {
            let error = mission.submit(at, vec![plan("b")]).unwrap_err();
            let failure = serde_json::to_value(crate::failure::Failure::from(error)).unwrap();
            assert_eq!(failure["code"], "ERR_NOT_OWNER");
            assert_eq!(failure["details"]["token"], 1);
            assert_eq!(failure["details"]["holder"]["token"], 2);
            assert_eq!(failure["details"]["holder"]["pid"], std::process::id());
        }
        assert_eq!(store.journal("mission/m1", 1).unwrap().len(), 2);
        assert_eq!(store.get("mission/m1/task/b"), None);

        let mut mission = open_with(&store, Some(second.fence()));
        mission.submit(9, vec![plan("b")]).unwrap();
        assert_eq!(store.journal("mission/m1", 1).unwrap().len(), 3);
    }

    #[test]
    fn heartbeats_in_the_middle_of_a_commit_do_not_stand_in_its_way_and_a_takeover_does() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("store.db"), Options::default()).unwrap();
        let first = own(&store);
        let mission = Scheduler::new(Config::default()).unwrap().mission();
        let batch = Batch { records: &[], tasks: &[], mission: &mission, durability: Durability::Normal };
        let mut journal = StoreJournal::new(store.clone(), "m1", Some(first.fence()));

        let mut heartbeats = 1..ATTEMPTS;
        let renew = || {
            if let Some(at) = heartbeats.next() {
                first.renew(at.into()).unwrap();
            }
        };
        journal.version = journal.write(&batch, renew).unwrap();
        assert_eq!(heartbeats.len(), 0, "each try but the last was disturbed");

        let mut second = None;
        let refusal = journal
            .write(&batch, || {
                assert!(first.release(9).unwrap());
                second = Some(own(&store));
            })
            .unwrap_err();
        assert!(matches!(&refusal, Refusal::NotOwner(error) if error.token == 1), "{refusal:?}");
        assert_eq!(store.get("mission/m1").unwrap().version, journal.version);
    }
}
