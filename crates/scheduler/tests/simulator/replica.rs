//! A second scheduler that is given the journal's records and nothing else, as a replay is.

use orchestrator_scheduler::{Command, Config, Outcome, Scheduler, Snapshot};

use crate::{
    disk::Disk,
    invariants::{Kept, ensure},
};

/// What a replay of the journal leads to, at every moment: replaying is nothing but handing in one record after the
/// other, so that following the journal is a replay of all of it, at every moment.
#[derive(Debug)]
pub(crate) struct Replica {
    scheduler: Scheduler,
    /// Records taken in.
    taken: usize,
    /// The states after the last commit that was made to last and those since: the power can take these with it.
    states: Vec<Snapshot>,
    keeps_states: bool,
    follows: u64,
    /// States that were compared.
    pub(crate) compared: u64,
}

/// Of so many commits, one is followed by a comparison of all that can be seen; their commands are always compared.
const LOOKS: u64 = 8;

impl Replica {
    pub(crate) fn new(config: Config, keeps_states: bool) -> Self {
        Self {
            scheduler: Scheduler::new(config).unwrap(),
            taken: 0,
            states: Vec::new(),
            keeps_states,
            follows: 0,
            compared: 0,
        }
    }

    /// Takes in what is new in the journal: it must lead to the same commands and the same state.
    pub(crate) fn follow(
        &mut self,
        disk: &Disk,
        outcomes: &[Outcome],
        last: &Snapshot,
        now: &Snapshot,
    ) -> Kept {
        let before = self.taken;
        let commands = self.take_in(disk)?;
        let left = outcomes.iter().filter(|outcome| outcome.ignored.is_none());
        let left: Vec<Command> = left.flat_map(|outcome| &outcome.commands).filter_map(decided).collect();
        ensure!(Replay, commands == left, "it commands {commands:?}, and {left:?} had left");
        if self.taken == before {
            let same = std::ptr::eq(last, now) || last == now;
            ensure!(Replay, same, "what no journal has led from {last:#?}\nto {now:#?}");
            return Ok(());
        }
        self.follows += 1;
        if self.follows.is_multiple_of(LOOKS) {
            self.compared += 1;
            let state = self.scheduler.snapshot();
            ensure!(Replay, state == *now, "it leads to {state:#?}\nand not to {now:#?}");
        }
        if self.keeps_states {
            if disk.at_risk() == 0 {
                self.states.clear();
            }
            self.states.push(now.clone());
        }
        Ok(())
    }

    /// How many commits the power could take with it.
    pub(crate) fn at_risk(&self) -> usize {
        self.states.len().saturating_sub(1)
    }

    /// The state that a journal without its last commits has to lead to.
    pub(crate) fn state_before(&self, commits: usize) -> Option<&Snapshot> {
        self.states.get(self.states.len().checked_sub(commits + 1)?)
    }

    /// Begins anew with a journal without its last commits.
    pub(crate) fn begin_anew(&mut self, disk: &Disk, config: Config, commits: usize) -> Kept {
        self.states.truncate(self.states.len() - commits);
        (self.scheduler, self.taken) = (Scheduler::new(config).unwrap(), 0);
        self.take_in(disk).map(drop)
    }

    fn take_in(&mut self, disk: &Disk) -> Result<Vec<Command>, crate::invariants::Broken> {
        let mut commands = Vec::new();
        for record in disk.from(self.taken) {
            self.taken += 1;
            match self.scheduler.handle(record.at, record.event.clone()) {
                Ok(Outcome { ignored: None, commands: more }) => {
                    commands.extend(more.iter().filter_map(decided));
                }
                other => ensure!(Replay, false, "{record:?} leads to {other:?}"),
            }
        }
        Ok(commands)
    }
}

/// A command without what depends on the caller's clock; `None` for one that no journal knows of.
fn decided(command: &Command) -> Option<Command> {
    match command.clone() {
        Command::Poll { .. } => None,
        Command::Retry { task, attempt, reason, .. } => {
            Some(Command::Retry { task, attempt, at_ms: 0, reason })
        }
        command => Some(command),
    }
}
