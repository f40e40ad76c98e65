//! A journal in memory that outlives its scheduler, fails now and then, and may lose what was not made to last.

use std::{cell::RefCell, rc::Rc};

use orchestrator_scheduler::{Batch, Durability, Journal, JournalError, Record};

#[derive(Clone, Debug, Default)]
pub(crate) struct Disk(Rc<RefCell<State>>);

#[derive(Debug, Default)]
struct State {
    records: Vec<Record>,
    /// Ends of the batches after the last that was made to last, which comes first.
    ends: Vec<usize>,
    fail_next: bool,
}

impl Disk {
    /// The next commit fails.
    pub(crate) fn fail_next(&self) {
        self.0.borrow_mut().fail_next = true;
    }

    /// Whether the failure that was asked for is still to come; takes it back.
    pub(crate) fn calm(&self) -> bool {
        std::mem::take(&mut self.0.borrow_mut().fail_next)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.borrow().records.len()
    }

    /// The records from `start` on.
    pub(crate) fn from(&self, start: usize) -> Vec<Record> {
        self.0.borrow().records[start..].to_vec()
    }

    /// How many commits the power would take with it.
    pub(crate) fn at_risk(&self) -> usize {
        self.0.borrow().ends.len().saturating_sub(1)
    }

    /// The power goes: the last `commits` are gone.
    pub(crate) fn lose(&self, commits: usize) {
        let mut state = self.0.borrow_mut();
        let kept = state.ends.len() - commits;
        let end = state.ends[kept - 1];
        state.ends.truncate(kept);
        state.records.truncate(end);
    }

    /// What no disk should do: the last record is another.
    pub(crate) fn falsify(&self, record: Record) {
        *self.0.borrow_mut().records.last_mut().unwrap() = record;
    }
}

impl Journal for Disk {
    fn commit(&mut self, batch: &Batch<'_>) -> Result<(), JournalError> {
        let mut state = self.0.borrow_mut();
        if std::mem::take(&mut state.fail_next) {
            return Err(JournalError::new("the disk is full"));
        }
        state.records.extend_from_slice(batch.records);
        if batch.durability == Durability::Full {
            state.ends.clear();
        }
        let end = state.records.len();
        state.ends.push(end);
        Ok(())
    }

    fn replay(&mut self) -> Result<Vec<Record>, JournalError> {
        Ok(self.0.borrow().records.clone())
    }
}
