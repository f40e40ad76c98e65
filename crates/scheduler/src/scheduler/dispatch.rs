//! Dispatch: who gets the free lanes and permits.
//!
//! In this order, as long as there are permits: delegations, which run in any phase; reviews, because they finish
//! something; retries, because their files are taken; then new work, lane by lane.

use crate::{
    graph::TaskKey,
    lease::Lane,
    parking::GroupId,
    phase::Phase,
    pools::strings::Name,
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
        self.stop_where_all_waits();
        self.dispatch_continuation();
        self.stop_where_starved();
    }

    fn dispatch_delegations(&mut self) {
        for _ in 0..self.delegations.len() {
            let Some(key) = self.delegations.pop_front() else { return };
            let Some(task) = self.tasks.get(key).filter(|task| task.state() == TaskState::Ready) else {
                continue;
            };
            let held = !task.is_engaged() && task.scope.is_some_and(|scope| self.parking.is_blocked(scope));
            let in_use =
                task.continued.as_ref().is_some_and(|session| self.leases.of_session(session).is_some());
            let lane = task.lane().or_else(|| self.lanes.free(task.spec.role));
            if !lane.filter(|_| !held && !in_use).is_some_and(|lane| self.begin_on(key, lane)) {
                self.delegations.push_back(key);
            }
        }
    }

    fn dispatch_retries(&mut self) {
        for _ in 0..self.retries.len() {
            let Some(key) = self.retries.pop_front() else { return };
            let waits = |task: &&Task| {
                task.state() == TaskState::Ready && task.is_engaged() && task.retry_at().is_none()
            };
            let Some(task) = self.tasks.get(key).filter(waits) else { continue };
            let lane = task.lane().or_else(|| self.lanes.free(task.spec.role));
            if !lane.is_some_and(|lane| self.begin_on(key, lane)) {
                self.retries.push_back(key);
            }
        }
    }

    /// Begins a task's turn on a lane, if it is let in; whether it was.
    fn begin_on(&mut self, key: TaskKey, lane: Lane) -> bool {
        let task = &self.tasks[key];
        let (agent, new_session) = (task.spec.agent.clone(), task.next_is_new() && task.continued.is_none());
        let refused_by = self.refused_by(key);
        let Some(admission) = self.admit(&agent, &refused_by, new_session) else { return false };
        self.begin_turn(key, lane, admission);
        true
    }

    /// The models that a task's next turn is not asked of.
    pub(super) fn refused_by(&self, key: TaskKey) -> Vec<Name> {
        let task = &self.tasks[key];
        let Some(work) = &task.work else { return Vec::new() };
        let others: Vec<Name> = work.refused_by.iter().chain(&work.avoided).cloned().collect();
        let answers = self.circuits.admits_but(&task.spec.agent, &others, self.clock.now());
        if answers { others } else { work.refused_by.clone() }
    }

    fn dispatch_new_work(&mut self) {
        for role in Role::ALL {
            let mut from = Lane { role, index: 0 };
            while self.has_work(role)
                && let Some(lane) = self.lanes.free_from(from)
            {
                if !self.has_room(true) {
                    return;
                }
                let Some(key) = self.candidate(lane) else { break };
                let begun = self.begin_on(key, lane);
                assert!(begun, "a candidate's model answers, and there was room");
                from.index = lane.index + 1;
            }
        }
    }

    pub(super) fn has_work(&self, role: Role) -> bool {
        self.lanes.has_work(role) || self.held.iter().any(|((of, _), keys)| *of == role && !keys.is_empty())
    }

    /// Whether new work of low priority waits for anything but files.
    pub(super) fn has_low(&self) -> bool {
        let is_low =
            |key: &TaskKey| self.tasks.get(*key).is_some_and(|task| task.spec.priority == Priority::Low);
        self.lanes.has_low() || self.held.values().flatten().any(is_low)
    }

    /// The next task that may start on a lane. Those whose files are busy are parked on the way, those whose models do
    /// not answer are held.
    fn candidate(&mut self, lane: Lane) -> Option<TaskKey> {
        if let Some(key) = self.release_held(lane.role) {
            return Some(key);
        }
        let low_too = !self.pressure.is_high();
        while let Some(bits) =
            self.lanes.next(lane, low_too, &mut self.random, |bits| height(&self.tasks, bits))
        {
            match Ticket::from_bits(bits) {
                Ticket::Task(key) => {
                    if !may_start(&self.tasks, key) {
                        continue;
                    }
                    if !self.answers(key) {
                        self.hold(key);
                    } else if self.has_files(key) {
                        return Some(key);
                    }
                }
                Ticket::Group(group) => {
                    let (tasks, circuits, now) = (&self.tasks, &self.circuits, self.clock.now());
                    let mut unanswered = Vec::new();
                    let (first, again) = self.parking.admit_next(group, |key| {
                        if !may_start(tasks, key) {
                            return false;
                        }
                        let answers = circuits.admits(&tasks[key].spec.agent, now);
                        if !answers {
                            unanswered.push(key);
                        }
                        answers
                    });
                    for key in unanswered {
                        self.hold(key);
                    }
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

    /// Whether some model of the task's agent would take a call.
    fn answers(&self, key: TaskKey) -> bool {
        self.circuits.admits(&self.tasks[key].spec.agent, self.clock.now())
    }

    /// Whether the task's files are free; if not, it waits for them.
    fn has_files(&mut self, key: TaskKey) -> bool {
        let task = &self.tasks[key];
        let (role, priority) = (task.spec.role, task.spec.priority);
        task.scope.is_none_or(|scope| self.parking.admit(key, scope, role, priority))
    }

    /// Sets a task aside until a model of its agent answers.
    fn hold(&mut self, key: TaskKey) {
        let spec = &self.tasks[key].spec;
        let (role, agent) = (spec.role, spec.agent.clone());
        let reason = self.circuits.refusal(&agent);
        self.tasks.change(key).reason = Some(reason);
        self.held.entry((role, agent)).or_default().push_back(key);
    }

    /// The first of a role's held tasks whose models answer again, whose files are free, and which memory allows.
    fn release_held(&mut self, role: Role) -> Option<TaskKey> {
        let now = self.clock.now();
        loop {
            let (circuits, tasks, short) = (&self.circuits, &self.tasks, self.pressure.is_high());
            let waits_for_memory = |key: &TaskKey| {
                short && tasks.get(*key).is_some_and(|task| task.spec.priority == Priority::Low)
            };
            let (keys, at) = self
                .held
                .iter_mut()
                .filter(|((of, agent), _)| *of == role && circuits.admits(agent, now))
                .find_map(|(_, keys)| {
                    let at = keys.iter().position(|key| !waits_for_memory(key))?;
                    Some((keys, at))
                })?;
            let key = keys.remove(at)?;
            if may_start(&self.tasks, key) {
                self.tasks.change(key).reason = None;
                if self.has_files(key) {
                    return Some(key);
                }
            }
        }
    }

    /// Makes ready those of the tasks that are pending, and queues them: the one with the longest way to an end on the
    /// deque of the lane that freed them, if there is one, the others in the injectors.
    pub(super) fn make_ready(&mut self, mut keys: Vec<TaskKey>, lane: Option<Lane>) {
        keys.retain(|key| self.tasks[*key].state() == TaskState::Pending);
        keys.sort_by_key(|key| (std::cmp::Reverse(self.tasks.graph().height(*key)), *key));
        for key in &keys {
            self.tasks.step(*key, TaskState::Ready);
            self.tasks.change(*key).reason = None;
        }
        // One task is all that the lane that freed them can start next. The others are anybody's, in the order of
        // their ways to the end: on the lane's own deque they would be stolen shortest way first.
        let own = lane.and_then(|lane| {
            let warm = |key: &&TaskKey| {
                let spec = &self.tasks[**key].spec;
                lane.role == spec.role && spec.priority == Priority::Normal
            };
            keys.iter().find(warm).map(|key| (lane, *key))
        });
        for key in keys {
            let ticket = Ticket::Task(key).to_bits();
            match own {
                Some((lane, warm)) if warm == key => {
                    self.lanes.push(lane, ticket, height(&self.tasks, ticket));
                }
                _ => {
                    let spec = &self.tasks[key].spec;
                    self.lanes.inject(spec.role, spec.priority, ticket, height(&self.tasks, ticket));
                }
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
            Some(lane) => self.lanes.push(lane, ticket, height(&self.tasks, ticket)),
            None => self.lanes.inject_first(spec.role, spec.priority, ticket),
        }
    }

    /// The plan has changed: what waits is ordered by its ways to the end as they are now.
    pub(super) fn reorder(&mut self) {
        let tasks = &self.tasks;
        self.lanes.reorder(|ticket| height(tasks, ticket));
    }

    /// A task let go of its files: what waited for it is looked at again.
    pub(super) fn wake_waiting(&mut self, key: TaskKey) {
        for (group, role, priority) in self.parking.release(key).into_iter().rev() {
            self.lanes.inject_first(role, priority, Ticket::Group(group).to_bits());
        }
    }
}

/// How long the way to an end is that begins with a ticket. One that stands for no work any more comes last.
fn height(tasks: &Tasks, ticket: u64) -> u32 {
    match Ticket::from_bits(ticket) {
        Ticket::Task(key) if tasks.get(key).is_some() => tasks.graph().height(key),
        Ticket::Task(_) | Ticket::Group(_) => 0,
    }
}

/// Whether a ticket still stands for work: its task may have been cancelled or replaced meanwhile.
fn may_start(tasks: &Tasks, key: TaskKey) -> bool {
    tasks.get(key).is_some_and(|task| task.state() == TaskState::Ready && !task.is_engaged())
}
