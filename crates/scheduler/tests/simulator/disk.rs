//! A journal in memory that outlives its scheduler, and fails now and then.

use std::{cell::RefCell, rc::Rc};

use orchestrator_scheduler::{Batch, Journal, JournalError, Record};

#[derive(Clone, Debug, Default)]
pub(crate) struct Disk(Rc<RefCell<State>>);

#[derive(Debug, Default)]
struct State {
    records: Vec<Record>,
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
}

impl Journal for Disk {
    fn commit(&mut self, batch: &Batch<'_>) -> Result<(), JournalError> {
        let mut state = self.0.borrow_mut();
        if std::mem::take(&mut state.fail_next) {
            return Err(JournalError::new("the disk is full"));
        }
        state.records.extend_from_slice(batch.records);
        Ok(())
    }

    fn replay(&mut self) -> Result<Vec<Record>, JournalError> {
        Ok(self.0.borrow().records.clone())
    }
}
