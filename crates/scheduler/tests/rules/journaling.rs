//! The journal: kept before anything leaves, and all that is needed to begin again.

use std::{cell::RefCell, rc::Rc};

use orchestrator_scheduler::{
    Batch, Command, Config, Durability, ErrorKind, Event, Journal, JournalError, Journaled, RULES, Record,
    ReportStatus, TaskState,
};

use crate::bench::{With, plan, reported, task, workers};

#[derive(Debug, Default)]
struct Disk {
    records: Vec<Record>,
    commits: Vec<(usize, Vec<String>, Durability)>,
    full: bool,
    unreadable: bool,
}

/// A journal in memory that survives its scheduler, and can be made to fail.
#[derive(Clone, Debug, Default)]
struct Memory(Rc<RefCell<Disk>>);

impl Journal for Memory {
    fn commit(&mut self, batch: &Batch<'_>) -> Result<(), JournalError> {
        let mut disk = self.0.borrow_mut();
        if disk.full {
            return Err(JournalError::new("no space left"));
        }
        disk.records.extend_from_slice(batch.records);
        let tasks = batch.tasks.iter().map(|task| format!("{}:{:?}", task.id, task.state)).collect();
        disk.commits.push((batch.records.len(), tasks, batch.durability));
        Ok(())
    }

    fn replay(&mut self) -> Result<Vec<Record>, JournalError> {
        let disk = self.0.borrow();
        if disk.unreadable { Err(JournalError::new("bad sector")) } else { Ok(disk.records.clone()) }
    }
}

fn mission() -> (Memory, Journaled<Memory>) {
    let disk = Memory::default();
    let mission = Journaled::open(workers(2), disk.clone()).unwrap();
    (disk, mission)
}

fn begin() -> Vec<Event> {
    vec![Event::PlanSubmitted { plan: plan(&[task("a"), task("b").after(&["a"])]) }, Event::Resumed {}]
}

#[test]
fn one_commit_holds_the_events_and_the_documents_that_they_changed() {
    let (disk, mut mission) = mission();
    let outcomes = mission.submit(1, begin()).unwrap();
    assert_eq!(outcomes.len(), 2);
    assert_eq!(outcomes[1].commands.len(), 1);
    let lease = mission.scheduler().task("a").unwrap().lease.unwrap();
    mission.submit(2, vec![Event::SessionStarted { lease, session: "s".to_owned() }]).unwrap();
    mission.submit(3, vec![Event::Progress { lease }, Event::Resumed {}]).unwrap();
    let disk = disk.0.borrow();
    let first = (3, vec!["a:Running".to_owned(), "b:Pending".to_owned()], Durability::Full);
    let second = (1, vec!["a:Running".to_owned()], Durability::Normal);
    assert_eq!(disk.commits, [first, second], "signs of life and ignored events are not journaled");
    assert!(matches!(disk.records[0].event, Event::Opened { .. }), "the settings come first");
}

#[test]
fn a_failed_commit_lets_no_command_out_and_leaves_nothing_behind() {
    let (disk, mut mission) = mission();
    mission.submit(1, begin()).unwrap();
    let before = mission.scheduler().snapshot();
    disk.0.borrow_mut().full = true;
    let lease = mission.scheduler().task("a").unwrap().lease.unwrap();
    let event = || vec![reported(lease, ReportStatus::Blocked, "?")];
    let error = mission.submit(2, event()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Journal);
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "no space left");
    assert_eq!(mission.scheduler().snapshot(), before);
    disk.0.borrow_mut().full = false;
    mission.submit(3, event()).unwrap();
    assert_eq!(mission.scheduler().task("a").unwrap().state, TaskState::Failed);
}

#[test]
fn a_failed_commit_forgets_no_sign_of_life() {
    let (disk, mut mission) = mission();
    mission.submit(1_000, begin()).unwrap();
    let lease = mission.scheduler().task("a").unwrap().lease.unwrap();
    mission.submit(100_000, vec![Event::Progress { lease }]).unwrap();
    disk.0.borrow_mut().full = true;
    mission.submit(110_000, vec![Event::Paused { reason: "Esc".to_owned() }]).unwrap_err();
    assert_eq!(mission.next_wake(), Some(220_000));
}

#[test]
fn while_the_journal_can_not_be_read_either_nothing_is_taken() {
    let (disk, mut mission) = mission();
    mission.submit(1, begin()).unwrap();
    {
        let mut disk = disk.0.borrow_mut();
        (disk.full, disk.unreadable) = (true, true);
    }
    let pause = || vec![Event::Paused { reason: "Esc".to_owned() }];
    mission.submit(2, pause()).unwrap_err();
    disk.0.borrow_mut().full = false;
    assert_eq!(mission.submit(3, pause()).unwrap_err().to_string(), "the journal could not be read");
    disk.0.borrow_mut().unreadable = false;
    assert_eq!(mission.submit(4, pause()).unwrap()[0].ignored, None);
}

#[test]
fn one_bad_event_takes_back_the_whole_batch() {
    let (disk, mut mission) = mission();
    mission.submit(1, begin()).unwrap();
    let before = (mission.scheduler().snapshot(), disk.0.borrow().records.len());
    let batch = vec![
        Event::Paused { reason: "Esc".to_owned() },
        Event::PlanSubmitted { plan: plan(&[task("c").after(&["nowhere"])]) },
    ];
    assert_eq!(mission.submit(2, batch).unwrap_err().kind(), ErrorKind::InvalidPlan);
    assert_eq!((mission.scheduler().snapshot(), disk.0.borrow().records.len()), before);
}

#[test]
fn a_mission_is_opened_as_it_was_left_with_the_settings_that_it_began_with() {
    let (disk, mut mission) = mission();
    mission.submit(1, begin()).unwrap();
    let lease = mission.scheduler().task("a").unwrap().lease.unwrap();
    mission.submit(2, vec![Event::SessionStarted { lease, session: "s".to_owned() }]).unwrap();
    let before = mission.scheduler().snapshot();
    drop(mission);
    let again = Journaled::open(Config::default(), disk).unwrap();
    assert_eq!(again.scheduler().snapshot(), before);
    assert_eq!(again.scheduler().config(), &workers(2));
}

#[test]
fn a_journal_of_other_rules_is_not_replayed() {
    let (disk, mut mission) = mission();
    mission.submit(1, begin()).unwrap();
    if let Event::Opened { rules, .. } = &mut disk.0.borrow_mut().records[0].event {
        *rules += 1;
    }
    let error = Journaled::open(workers(2), disk).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Journal);
    assert!(error.to_string().contains(&format!("recorded by rules {}", RULES + 1)), "{error}");
}

#[test]
fn a_journal_with_a_missing_record_is_not_replayed() {
    let (disk, mut mission) = mission();
    mission.submit(1, begin()).unwrap();
    disk.0.borrow_mut().records.remove(1);
    let error = Journaled::open(workers(2), disk).unwrap_err();
    assert!(error.to_string().contains("record 1 of the journal does not fit"), "{error}");
}

#[test]
fn a_tick_is_journaled_as_what_was_decided() {
    let (disk, mut mission) = mission();
    mission.submit(1_000, begin()).unwrap();
    assert!(mission.tick(2_000).unwrap().is_empty());
    assert_eq!(mission.next_wake(), Some(121_000));
    let outcomes = mission.tick(121_000).unwrap();
    assert_eq!(outcomes.len(), 1);
    assert!(matches!(disk.0.borrow().records.last().unwrap().event, Event::Stalled { .. }));
    let before = mission.scheduler().snapshot();
    assert_eq!(Journaled::open(workers(2), disk).unwrap().scheduler().snapshot(), before);
}

#[test]
fn a_look_is_not_journaled_and_writes_nothing() {
    let (disk, mut mission) = mission();
    mission.submit(1_000, begin()).unwrap();
    let lease = mission.scheduler().task("a").unwrap().lease.unwrap();
    let session = "s".to_owned();
    mission.submit(1_000, vec![Event::SessionStarted { lease, session: session.clone() }]).unwrap();
    let before = (mission.scheduler().snapshot(), disk.0.borrow().commits.clone());
    assert_eq!(mission.next_wake(), Some(1_500));
    let outcomes = mission.tick(1_500).unwrap();
    assert_eq!(outcomes[0].commands, [Command::Poll { lease, session }]);
    assert_eq!(outcomes.len(), 1);
    assert_eq!((mission.scheduler().snapshot(), disk.0.borrow().commits.clone()), before);
    assert_eq!(Journaled::open(workers(2), disk).unwrap().scheduler().snapshot(), before.0);
}

#[test]
fn a_bad_configuration_is_refused_before_anything_is_written() {
    let disk = Memory::default();
    let error = Journaled::open(workers(0), disk.clone()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    assert!(disk.0.borrow().records.is_empty());
}
