//! Dispatch: who gets the free lanes and permits.
//!
//! In this order, as long as there are permits: delegations, which run in any phase; reviews, because they finish
//! something; retries, because their files are taken; then new work, lane by lane.

use crate::{
    graph::TaskKey,
    lease::Lane,
    parking::GroupId,
    permit::Permit,
    phase::Phase,
    scheduler::{
        Scheduler,
        tasks::{Task, Tasks},
    },
    task::{Priority, Role, TaskState},
};

/// What the deques and injectors hold: a task, or a group of tasks that waited for files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ticket {
    Task(TaskKey),
    Group(GroupId),
}

impl Ticket {
    const GROUP: u64 = 1 << 63;

    fn to_bits(self) -> u64 {
        match self {
            Ticket::Task(key) => key.to_bits(),
            Ticket::Group(group) => Self::GROUP | group.to_bits(),
        }
    }

    fn from_bits(bits: u64) -> Self {
        if bits & Self::GROUP == 0 {
            Ticket::Task(TaskKey::from_bits(bits))
        } else {
            Ticket::Group(GroupId::from_bits(bits & !Self::GROUP))
        }
    }
}

impl Scheduler {
    /// Starts all that may start.
    pub(super) fn dispatch(&mut self) {
        if self.phase == Phase::Done {
            return;
        }
        self.dispatch_delegations();
        if matches!(self.phase, Phase::Running | Phase::Sealing) {
            self.dispatch_reviews();
        }
        if self.phase == Phase::Running {
            self.dispatch_retries();
            self.dispatch_new_work();
        }
    }

    pub(super) fn permit(&self) -> Option<Permit> {
        self.permits.acquire(self.limiter.limit())
    }

    fn dispatch_delegations(&mut self) {
        for _ in 0..self.delegations.len() {
            let Some(key) = self.delegations.pop_front() else { return };
            let Some(task) = self.tasks.get(key).filter(|task| task.state() == TaskState::Ready) else {
                continue;
            };
            let held = !task.engaged && task.scope.is_some_and(|scope| self.parking.is_blocked(scope));
            let in_use =
                task.continued.as_ref().is_some_and(|session| self.leases.of_session(session).is_some());
            let lane = task.lane.or_else(|| self.lanes.free(task.spec.role));
            match lane.filter(|_| !held && !in_use).zip(self.permit()) {
                Some((lane, permit)) => self.begin_turn(key, lane, permit),
                None => self.delegations.push_back(key),
            }
        }
    }

    fn dispatch_retries(&mut self) {
        for _ in 0..self.retries.len() {
            let Some(key) = self.retries.pop_front() else { return };
            let waits =
                |task: &&Task| task.state() == TaskState::Ready && task.engaged && task.retry_at.is_none();
            let Some(task) = self.tasks.get(key).filter(waits) else { continue };
            let lane = task.lane.or_else(|| self.lanes.free(task.spec.role));
            match lane.zip(self.permit()) {
                Some((lane, permit)) => self.begin_turn(key, lane, permit),
                None => self.retries.push_back(key),
            }
        }
    }

    fn dispatch_new_work(&mut self) {
        for role in Role::ALL {
            let mut from = Lane { role, index: 0 };
            while let Some(lane) = self.lanes.free_from(from) {
                let Some(permit) = self.permit() else { return };
                let Some(key) = self.candidate(lane) else { break };
                self.begin_turn(key, lane, permit);
                from.index = lane.index + 1;
            }
        }
    }

    /// The next task that may start on a lane. Those whose files are busy are parked on the way.
    fn candidate(&mut self, lane: Lane) -> Option<TaskKey> {
        while let Some(bits) = self.lanes.next(lane, &mut self.random) {
            match Ticket::from_bits(bits) {
                Ticket::Task(key) => {
                    if !may_start(&self.tasks, key) {
                        continue;
                    }
                    let task = &self.tasks[key];
                    let (role, priority) = (task.spec.role, task.spec.priority);
                    if task.scope.is_none_or(|scope| self.parking.admit(key, scope, role, priority)) {
                        return Some(key);
                    }
                }
                Ticket::Group(group) => {
                    let tasks = &self.tasks;
                    let (first, again) = self.parking.admit_next(group, |key| may_start(tasks, key));
                    if let Some(key) = first {
                        if again {
                            let spec = &self.tasks[key].spec;
                            self.lanes.inject_first(spec.role, spec.priority, Ticket::Group(group).to_bits());
                        }
                        return first;
                    }
                }
            }
        }
        None
    }

    /// Makes ready those of the tasks that are pending, and queues them: on the deque of the lane that freed them,
    /// if there is one, else in the injectors. The longest way to an end goes first, then the plan's order.
    pub(super) fn make_ready(&mut self, mut keys: Vec<TaskKey>, lane: Option<Lane>) {
        keys.retain(|key| self.tasks[*key].state() == TaskState::Pending);
        keys.sort_by_key(|key| (std::cmp::Reverse(self.tasks.graph().height(*key)), *key));
        for key in &keys {
            self.tasks.step(*key, TaskState::Ready);
            self.tasks.change(*key).reason = None;
        }
        let warm = |key: &TaskKey| {
            let spec = &self.tasks[*key].spec;
            lane.filter(|lane| lane.role == spec.role && spec.priority == Priority::Normal)
        };
        let (own, others): (Vec<TaskKey>, Vec<TaskKey>) =
            keys.into_iter().partition(|key| warm(key).is_some());
        for key in others {
            let spec = &self.tasks[key].spec;
            self.lanes.inject(spec.role, spec.priority, Ticket::Task(key).to_bits());
        }
        // Ascending, so that the newest end of the deque has the longest way.
        if let Some(lane) = lane {
            for key in own.into_iter().rev() {
                self.lanes.push(lane, Ticket::Task(key).to_bits());
            }
        }
    }

    /// Queues the next turn of a task that has had one.
    pub(super) fn queue_retry(&mut self, key: TaskKey) {
        if self.tasks[key].is_delegation() {
            self.delegations.push_back(key);
        } else {
            self.retries.push_back(key);
        }
    }

    /// Queues a task whose turn was taken back, before others: on the lane that it had, if its priority allows.
    pub(super) fn queue_again(&mut self, key: TaskKey, lane: Option<Lane>) {
        let spec = &self.tasks[key].spec;
        let ticket = Ticket::Task(key).to_bits();
        match lane.filter(|_| spec.priority == Priority::Normal) {
            Some(lane) => self.lanes.push(lane, ticket),
            None => self.lanes.inject_first(spec.role, spec.priority, ticket),
        }
    }

    /// A task let go of its files: what waited for it is looked at again.
    pub(super) fn wake_waiting(&mut self, key: TaskKey) {
        for (group, role, priority) in self.parking.release(key).into_iter().rev() {
            self.lanes.inject_first(role, priority, Ticket::Group(group).to_bits());
        }
    }
}

/// Whether a ticket still stands for work: its task may have been cancelled or replaced meanwhile.
fn may_start(tasks: &Tasks, key: TaskKey) -> bool {
    tasks.get(key).is_some_and(|task| task.state() == TaskState::Ready && !task.engaged)
}
