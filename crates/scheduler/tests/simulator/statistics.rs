//! What a run of many missions came to.

use std::fmt;

use crate::{fault::Fault, luck::Strikes};

/// Sums over missions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Statistics {
    pub(crate) missions: u64,
    pub(crate) steps: u64,
    pub(crate) events: u64,
    pub(crate) ignored: u64,
    pub(crate) turns: u64,
    pub(crate) crashes: u64,
    /// Comparisons of a state with what its journal leads to.
    pub(crate) replays: u64,
    pub(crate) accepted: u64,
    pub(crate) failed: u64,
    pub(crate) cancelled: u64,
    /// Second attempts that began, and those by which a task was accepted.
    pub(crate) second_attempts: u64,
    pub(crate) second_wins: u64,
    /// The longest mission, in steps.
    pub(crate) longest: u64,
    pub(crate) strikes: Strikes,
}

impl Statistics {
    pub(crate) fn add(&mut self, other: &Self) {
        self.missions += other.missions;
        self.steps += other.steps;
        self.events += other.events;
        self.ignored += other.ignored;
        self.turns += other.turns;
        self.crashes += other.crashes;
        self.replays += other.replays;
        self.accepted += other.accepted;
        self.failed += other.failed;
        self.cancelled += other.cancelled;
        self.second_attempts += other.second_attempts;
        self.second_wins += other.second_wins;
        self.longest = self.longest.max(other.longest);
        self.strikes.add(&other.strikes);
    }

    /// The faults that never struck.
    pub(crate) fn idle_faults(&self) -> Vec<&'static str> {
        let idle = Fault::ALL.iter().filter(|fault| self.strikes.of(**fault) == 0);
        idle.map(|fault| fault.name()).collect()
    }
}

impl fmt::Display for Statistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { missions, steps, events, ignored, turns, crashes, replays, .. } = self;
        writeln!(
            f,
            "{missions} missions, {steps} steps (the longest mission {}), {turns} turns",
            self.longest
        )?;
        writeln!(
            f,
            "{events} events, {ignored} of them ignored; {crashes} crashes, {replays} replays compared"
        )?;
        writeln!(f, "{} second attempts, {} of them won", self.second_attempts, self.second_wins)?;
        let Self { accepted, failed, cancelled, .. } = self;
        writeln!(f, "tasks: {accepted} accepted, {failed} failed, {cancelled} cancelled")?;
        write!(f, "faults:")?;
        for (at, fault) in Fault::ALL.iter().enumerate() {
            let before = if at % 6 == 0 { "\n  " } else { ", " };
            write!(f, "{before}{} {}", fault.name(), self.strikes.of(*fault))?;
        }
        Ok(())
    }
}
