//! The journal: what is kept before anything takes effect outside.

use std::error::Error as StdError;

use serde::{Deserialize, Serialize};

use crate::{
    command::Command,
    config::Config,
    error::{Error, ErrorKind},
    event::{Durability, Event},
    lease::LeaseId,
    memory::Memory,
    scheduler::{Outcome, RULES, Scheduler},
    view::{MissionView, TaskView},
};

/// One event at its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Record {
    /// When, in milliseconds, as the scheduler counted it.
    pub at: u64,
    /// What.
    pub event: Event,
}

/// What one commit has to keep, all of it or nothing.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// The events, in order.
    pub records: &'a [Record],
    /// The tasks that they changed, as they now stand.
    pub tasks: &'a [TaskView],
    /// The mission as it now stands.
    pub mission: &'a MissionView,
    /// How hard it has to be kept: the highest of its events.
    pub durability: Durability,
}

/// Keeps a mission's events, and the documents that they change, in one commit.
pub trait Journal {
    /// Appends `batch.records` and puts the documents, all or nothing.
    ///
    /// # Errors
    /// Nothing of the batch may have been kept then.
    fn commit(&mut self, batch: &Batch<'_>) -> Result<(), JournalError>;

    /// Every record ever committed, in order.
    fn replay(&mut self) -> Result<Vec<Record>, JournalError>;
}

/// Why a journal could not be written or read.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct JournalError {
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl JournalError {
    /// An error with a message that says what was tried and what was found.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), source: None }
    }

    /// The same, with the error below it.
    pub fn caused_by(message: impl Into<String>, source: impl StdError + Send + Sync + 'static) -> Self {
        Self { message: message.into(), source: Some(Box::new(source)) }
    }
}

/// A scheduler that keeps a journal: no command leaves before its event is kept. A look at the host's record decides
/// nothing: its event is not kept, and a tick that brings nothing else writes nothing.
///
/// After a crash, [`open`](Self::open) gives the scheduler as it was. Its sessions may be gone and its last commands
/// may never have left, so the caller submits `paused` and, when the user wants it, `resumed`: turns then begin
/// anew, at the attempt that they had, and checks are asked for again. A pause does not touch delegations: of those
/// that run, the caller says by `session_error` that the session is gone.
#[derive(Debug)]
pub struct Journaled<J> {
    journal: J,
    scheduler: Scheduler,
    /// Whether the journal holds the mission's settings yet.
    opened: bool,
    /// Whether memory holds what the journal does not.
    stale: bool,
    /// The signs of life as they were before that, because no journal has them.
    signs: Vec<(LeaseId, u64)>,
}

impl<J: Journal> Journaled<J> {
    /// Opens a mission: a new one with `config`, or the journal's with the settings that it began with.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`]; [`ErrorKind::Journal`] where the journal can't be read or was recorded by other
    /// rules.
    pub fn open(config: Config, mut journal: J) -> Result<Self, Error> {
        let (mut scheduler, opened) = replay(config, &mut journal)?;
        scheduler.take_changed();
        Ok(Self { journal, scheduler, opened, stale: false, signs: Vec::new() })
    }

    /// Takes in events that happened at `at_ms`, keeps them in one commit, and only then gives what each came to.
    ///
    /// # Errors
    /// As [`Scheduler::handle`]; and [`ErrorKind::Journal`]. None of the events has taken effect then.
    pub fn submit(&mut self, at_ms: u64, events: Vec<Event>) -> Result<Vec<Outcome>, Error> {
        self.refresh()?;
        if events.iter().any(Event::is_journaled) {
            self.signs = self.scheduler.signs_of_life();
        }
        let mut records = Vec::new();
        let mut outcomes = Vec::with_capacity(events.len());
        if !self.opened {
            let opened = Event::Opened { config: self.scheduler.config().clone(), rules: RULES };
            self.scheduler.handle(at_ms, opened.clone())?;
            records.push(Record { at: self.scheduler.now(), event: opened });
        }
        let settings = records.len();
        for event in events {
            let kept = event.is_journaled().then(|| event.clone());
            let outcome = match self.scheduler.handle(at_ms, event) {
                Ok(outcome) => outcome,
                Err(error) => {
                    self.forget(!records.is_empty())?;
                    return Err(error);
                }
            };
            if let Some(event) = kept.filter(|_| outcome.ignored.is_none()) {
                records.push(Record { at: self.scheduler.now(), event });
            }
            outcomes.push(outcome);
        }
        if records.len() > settings {
            self.commit(&records, &outcomes)?;
            self.opened = true;
        }
        Ok(outcomes)
    }

    /// Takes in what is due at `now_ms`.
    ///
    /// # Errors
    /// As [`submit`](Self::submit).
    pub fn tick(&mut self, now_ms: u64) -> Result<Vec<Outcome>, Error> {
        self.refresh()?;
        self.scheduler.pass(now_ms);
        let due = self.scheduler.due(now_ms);
        if due.is_empty() { Ok(Vec::new()) } else { self.submit(now_ms, due) }
    }

    /// Takes in a measurement of the memory, at `now_ms`: it is kept where it changes anything.
    ///
    /// # Errors
    /// As [`submit`](Self::submit).
    pub fn measured(&mut self, now_ms: u64, memory: Memory) -> Result<Vec<Outcome>, Error> {
        self.refresh()?;
        match self.scheduler.measured(memory) {
            Some(change) => self.submit(now_ms, vec![change]),
            None => Ok(Vec::new()),
        }
    }

    /// The earliest time at which [`tick`](Self::tick) has something to do.
    #[must_use]
    pub fn next_wake(&self) -> Option<u64> {
        self.scheduler.next_wake()
    }

    /// The scheduler, to look at.
    #[must_use]
    pub fn scheduler(&self) -> &Scheduler {
        &self.scheduler
    }

    fn commit(&mut self, records: &[Record], outcomes: &[Outcome]) -> Result<(), Error> {
        let tasks = self.scheduler.take_changed();
        let mission = self.scheduler.mission();
        let tells = |command: &Command| matches!(command, Command::Notify { .. } | Command::Retry { .. });
        let acts = outcomes.iter().flat_map(|outcome| &outcome.commands).any(|command| !tells(command));
        let hardest = records.iter().map(|record| record.event.durability()).max();
        // What leaves must not be forgotten: the number of a lease would be used twice.
        let durability = if acts { Durability::Full } else { hardest.unwrap_or(Durability::Normal) };
        let batch = Batch { records, tasks: &tasks, mission: &mission, durability };
        self.journal.commit(&batch).map_err(|error| {
            self.stale = true;
            let context = format!("the journal could not keep {} events; none took effect", records.len());
            // Where the journal can't be read either, the next call tries again.
            let _ = self.refresh();
            Error::new(ErrorKind::Journal, context).caused_by(error)
        })
    }

    /// Takes back what was applied to memory alone.
    fn forget(&mut self, applied: bool) -> Result<(), Error> {
        self.stale |= applied;
        self.refresh()
    }

    /// Rebuilds memory where it holds what the journal does not.
    fn refresh(&mut self) -> Result<(), Error> {
        if !self.stale {
            return Ok(());
        }
        let (mut scheduler, opened) = replay(self.scheduler.config().clone(), &mut self.journal)?;
        scheduler.take_changed();
        scheduler.restore_signs_of_life(&self.signs);
        (self.scheduler, self.opened, self.stale) = (scheduler, opened, false);
        Ok(())
    }
}

/// The scheduler that the journal's records lead to, and whether there are any.
fn replay<J: Journal>(config: Config, journal: &mut J) -> Result<(Scheduler, bool), Error> {
    let mut scheduler = Scheduler::new(config)?;
    let records = journal
        .replay()
        .map_err(|error| Error::new(ErrorKind::Journal, "the journal could not be read").caused_by(error))?;
    let opened = !records.is_empty();
    for (at, record) in records.into_iter().enumerate() {
        let refused = |why: String| {
            Error::new(
                ErrorKind::Journal,
                format!("record {at} of the journal does not fit what came before: {why}"),
            )
        };
        match scheduler.handle(record.at, record.event) {
            Ok(Outcome { ignored: None, .. }) => {}
            Ok(Outcome { ignored: Some(why), .. }) => return Err(refused(why)),
            Err(error) => return Err(refused(error.to_string()).caused_by(error)),
        }
    }
    Ok((scheduler, opened))
}
