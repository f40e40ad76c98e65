//! A mission's journal in the store: the scheduler's events in a stream, and the documents beside them.

use orchestrator_scheduler::{Batch, Durability, Event, Journal, JournalError, Record};
use orchestrator_store as store;
use orchestrator_store::Store;
use serde::Deserialize;

use crate::pools::json;

/// Keeps one mission. The stream and the mission's document are `mission/<id>`, its tasks'
/// `mission/<id>/task/<task>`.
pub(crate) struct StoreJournal {
    store: Store,
    key: String,
    /// The commit that wrote the mission's document last, as far as this journal knows; 0 before the first. Whoever
    /// finds another one is not alone, and may not write what it decided without knowing of it.
    version: u64,
}

impl StoreJournal {
    pub(crate) fn new(store: Store, mission: &str) -> Self {
        Self { store, key: format!("mission/{mission}"), version: 0 }
    }

    /// One commit: the records, and the documents as they now stand.
    fn write(&self, batch: &Batch<'_>) -> Result<u64, JournalError> {
        let refused =
            |error| JournalError::caused_by(format!("the events of {} were not kept", self.key), error);
        let mut tx = self.store.begin().map_err(refused)?;
        let found = tx.observe(&self.key).map_or(0, |mission| mission.version);
        if found != self.version {
            return Err(JournalError::new(format!(
                "the events of {} were not kept: somebody else drives this mission (its document has version {found}, \
                 {} was expected)",
                self.key, self.version
            )));
        }
        for record in batch.records {
            let payload = json(&record.event);
            tx.append(&self.key, kind(&payload), record.at, &payload).map_err(refused)?;
        }
        for task in batch.tasks {
            tx.put(&format!("{}/task/{}", self.key, task.id), &json(task)).map_err(refused)?;
        }
        tx.put(&self.key, &json(batch.mission)).map_err(refused)?;
        let durability = match batch.durability {
            Durability::Full => store::Durability::Full,
            Durability::Normal => store::Durability::Normal,
        };
        tx.commit(durability).map_err(refused)
    }
}

impl Journal for StoreJournal {
    fn commit(&mut self, batch: &Batch<'_>) -> Result<(), JournalError> {
        self.version = self.write(batch)?;
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
    use orchestrator_scheduler::{Config, Journaled};
    use orchestrator_store::Options;

    use super::*;

    fn open(store: &Store) -> Journaled<StoreJournal> {
        Journaled::open(Config::default(), StoreJournal::new(store.clone(), "m1")).unwrap()
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
}
