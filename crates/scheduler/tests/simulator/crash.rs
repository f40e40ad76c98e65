//! The process dies and begins again from the journal.

use orchestrator_scheduler::{Config, Event, Journaled, Phase};

use crate::{
    chance::Chance,
    fault::Fault,
    invariants::{Kept, ensure},
    simulation::Simulation,
};

/// Where in the handling of a batch the process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crash {
    /// The batch is taken in, in part or in whole, and not kept.
    BeforeCommit,
    /// The batch is kept, and none of its commands was carried out.
    AfterCommit,
    /// The first half of its commands was carried out.
    Midway,
}

impl Crash {
    pub(crate) fn of(fault: Fault) -> Option<Self> {
        match fault {
            Fault::CrashBeforeCommit => Some(Self::BeforeCommit),
            Fault::CrashAfterCommit => Some(Self::AfterCommit),
            Fault::CrashMidway => Some(Self::Midway),
            _ => None,
        }
    }

    /// How many of a batch's commands are carried out.
    pub(crate) fn carried_out(self, commands: usize) -> usize {
        match self {
            // It was to be before a commit that never came.
            Self::BeforeCommit => commands,
            Self::AfterCommit => 0,
            Self::Midway => commands.div_ceil(2),
        }
    }
}

impl Simulation {
    /// The process dies between two events.
    pub(crate) fn die(&mut self, chance: &mut Chance) -> Kept {
        // Where nothing is lost, the next process may go on as if nothing had happened.
        self.crashed(chance.percent(50))
    }

    /// The process died and begins again; the state is that before. Whether anything was lost with it decides
    /// whether it has to recover.
    pub(crate) fn crashed(&mut self, lost: bool) -> Kept {
        self.statistics.crashes += 1;
        self.disk.calm();
        let commits = self.lose_power();
        // The settings are those of the journal, if it has any.
        let config = if self.disk.len() == 0 { self.config.clone() } else { Config::default() };
        let opened = Journaled::open(config, self.disk.clone());
        ensure!(Replay, opened.is_ok(), "the journal can't be replayed: {:?}", opened.err());
        self.mission = opened.expect("it was looked at a line above");
        let now = self.mission.scheduler().snapshot();
        let expected = if commits == 0 { Some(&self.last) } else { self.replica.state_before(commits) };
        ensure!(
            Replay,
            expected.is_some_and(|expected| *expected == now),
            "after a crash: {now:#?}\nand before: {expected:#?}"
        );
        if commits > 0 {
            self.replica.begin_anew(&self.disk, self.config.clone(), commits)?;
            self.witness.forget_turns(&now.leases);
        }
        self.last = now;
        self.set_timer();
        let dead = self.host.luck.strikes(Fault::SessionsDie, &mut self.chance, 50);
        if dead {
            self.host.die();
        }
        if lost || dead || commits > 0 { self.recover() } else { Ok(()) }
    }

    /// Takes away the last commits that were not made to last; gives how many.
    fn lose_power(&mut self) -> usize {
        let at_risk = self.replica.at_risk();
        if at_risk == 0 || !self.host.luck.strikes(Fault::PowerLoss, &mut self.chance, 50) {
            return 0;
        }
        let commits = self.chance.index(at_risk) + 1;
        self.disk.lose(commits);
        commits
    }

    /// What a caller does after a crash: it says so. It may die again meanwhile.
    fn recover(&mut self) -> Kept {
        let ran = matches!(self.phase(), Phase::Running | Phase::Verifying | Phase::Sealing);
        if !ran && self.last.leases.iter().all(|lease| !lease.running) {
            return Ok(());
        }
        if self.host.luck.strikes(Fault::CrashAgain, &mut self.chance, 20) {
            self.crash = Some(self.chance.pick(&[Crash::BeforeCommit, Crash::AfterCommit, Crash::Midway]));
        }
        self.submit(vec![Event::Interrupted {}])?;
        // At once, or when the user comes back.
        if self.phase() == Phase::Paused && self.chance.percent(70) {
            self.submit(vec![Event::Resumed {}])?;
        }
        Ok(())
    }
}
