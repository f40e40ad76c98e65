//! What can be seen of a mission, without changing anything.

use crate::{
    config::Config,
    lease::LeaseId,
    phase::Phase,
    pools,
    scheduler::{
        Scheduler,
        leases::{self, Job, Lease},
    },
    task::TaskSpec,
    view::{LeaseView, MissionView, Snapshot, TaskView},
};

impl Scheduler {
    /// Where the mission is.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// The settings of the mission.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The time of the last event, as the scheduler counts it, in milliseconds.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.clock.now()
    }

    /// The mission without its tasks; its cost does not depend on how many there are.
    #[must_use]
    pub fn mission(&self) -> MissionView {
        let mission = &self.mission;
        MissionView {
            phase: self.phase,
            goal: mission.goal.clone(),
            verify: mission.verify.clone(),
            limit: self.limiter.limit(),
            in_use: self.permits.in_use(),
            counts: self.tasks.counts(),
            budget: self.ledger.budget(),
            used: self.ledger.spent(self.updated_at),
            used_by_commander: self.mission.used_outside(),
            reserved: self.ledger.reserved(),
            continuation: self.continuation.view(),
            continued_in_vain: self.continuation.in_vain(),
            models: self.circuits.views(),
            memory_percent: self.pressure.is_high().then(|| self.pressure.percent()),
            reason: mission.reason.clone(),
            outcome: mission.outcome,
            mission_verification: mission.verification.clone(),
            seal_findings: mission.seal_findings.clone(),
            started_at: mission.started_at,
            ended_at: mission.ended_at,
            revision: self.tasks.revision(),
            updated_at: self.updated_at,
        }
    }

    /// Everything. Its cost grows with the number of tasks.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let leases = self.leases.iter().map(|(id, lease)| self.lease_view(id, lease)).collect();
        Snapshot { mission: self.mission(), tasks: self.tasks.views(), leases }
    }

    /// One task as it stands.
    #[must_use]
    pub fn task(&self, id: &str) -> Option<TaskView> {
        self.tasks.find(id).map(|key| self.tasks.view(key))
    }

    /// One task as it was asked for, with its prompt.
    #[must_use]
    pub fn spec(&self, id: &str) -> Option<&TaskSpec> {
        self.tasks.find(id).map(|key| &self.tasks[key].spec)
    }

    /// One lease, while it lives.
    #[must_use]
    pub fn lease(&self, id: LeaseId) -> Option<LeaseView> {
        self.leases.get(id).map(|lease| self.lease_view(id, lease))
    }

    /// The live lease that a session belongs to.
    #[must_use]
    pub fn lease_of_session(&self, session: &str) -> Option<LeaseView> {
        self.leases.of_session(session).and_then(|id| self.lease(id))
    }

    /// What the pool has done that lends tasks what they need between their first turn and their end. Once a mission
    /// is over, nothing of it is outstanding.
    #[must_use]
    pub fn engagement_counts(&self) -> pools::Counts {
        self.tasks.engagement_counts()
    }

    /// What the table of names holds: ids, agents, globs and commands, one copy of each.
    #[must_use]
    pub fn name_counts(&self) -> pools::strings::NameCounts {
        self.tasks.name_counts()
    }

    /// The last sign of life of every turn under way: what no journal has.
    pub(crate) fn signs_of_life(&self) -> Vec<(LeaseId, u64)> {
        self.leases.signs_of_life()
    }

    fn lease_view(&self, id: LeaseId, lease: &Lease) -> LeaseView {
        let lane = match lease.job {
            Job::Work(key) => self.tasks[key].lane(),
            Job::Second(_) | Job::Review { .. } | Job::Judged(_) => Some(lease.lane),
        };
        let copy = match lease.job {
            Job::Work(key) => self.tasks[key].copy,
            Job::Second(key) => self.tasks[key].other_copy(),
            Job::Review { .. } | Job::Judged(_) => {
                lease.job.task().and_then(|key| self.tasks.get(key)).map_or(1, |task| task.copy)
            }
        };
        LeaseView {
            lease: id,
            purpose: lease.job.purpose(),
            task: lease.job.task().and_then(|key| self.tasks.get(key)).map(|task| task.spec.id.clone()),
            lane,
            attempt: lease.attempt,
            turn: lease.turn,
            copy,
            session: lease.session().map(str::to_owned),
            model: lease.model.clone(),
            used: self.leases.used_by(id),
            running: lease.running.is_some(),
            clock_stopped: lease.running.as_ref().is_some_and(leases::Turn::clock_stopped),
        }
    }
}
