//! The tasks of a mission as they live: the one place where a task's state changes.

use std::collections::{BTreeSet, HashMap};

use crate::{
    event::Finding,
    graph::{TaskGraph, TaskKey},
    lease::{Lane, LeaseId},
    parking::ScopeId,
    pools::{
        self,
        slots::{Slot, Slots},
        strings::{Name, NameCounts, Names},
    },
    scheduler::{engagement::Engagement, speculation::Second},
    stagnation::Stagnation,
    task::{Priority, TaskKind, TaskSpec, TaskState, first},
    view::{Counts, TaskView, Verification},
};

/// Engagements that a scheduler makes at its start, and the most that it keeps for later: twice and eight times as many as
/// there are lanes by default.
const ENGAGEMENTS_AT_START: usize = 50;
const ENGAGEMENTS_KEPT: usize = 200;

/// One task, with all that happened to it.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) spec: TaskSpec,
    /// The files that it may change; `None` where that is unknown.
    pub(crate) scope: Option<ScopeId>,
    /// Globs that it was given since it was planned.
    pub(crate) widened: Vec<Name>,
    /// Changed by [`Tasks::step`] alone.
    state: TaskState,
    /// Attempts used up.
    pub(crate) used: u32,
    /// Which copy of the project its main attempt works in: 1 or 2. It outlives a pause.
    pub(crate) copy: u32,
    /// How long the last turn that ended by itself took, in milliseconds.
    pub(crate) ran_ms: Option<u64>,
    /// Between its first turn and its end.
    pub(crate) work: Option<Slot<Engagement>>,
    /// The earlier session that the first turn goes on in; delegations only.
    pub(crate) continued: Option<String>,
    /// The session of the last turn.
    pub(crate) session: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) summary: Option<String>,
    pub(crate) evidence: Vec<String>,
    pub(crate) files: Vec<String>,
    pub(crate) verification: Option<Verification>,
    pub(crate) findings: Vec<Finding>,
    /// From the first failed attempt, or fingerprint, on.
    stagnation: Option<Box<Stagnation>>,
    /// What reviewers rejected it for so far, without what differs from one time to the next.
    pub(crate) rejected_for: BTreeSet<String>,
    pub(crate) started_at: Option<u64>,
    ended_at: Option<u64>,
    updated_at: u64,
    changed: bool,
}

impl Task {
    pub(crate) fn new(spec: TaskSpec, scope: Option<ScopeId>) -> Self {
        Self {
            spec,
            scope,
            widened: Vec::new(),
            state: TaskState::Pending,
            used: 0,
            copy: first(),
            ran_ms: None,
            work: None,
            continued: None,
            session: None,
            reason: None,
            summary: None,
            evidence: Vec::new(),
            files: Vec::new(),
            verification: None,
            findings: Vec::new(),
            stagnation: None,
            rejected_for: BTreeSet::new(),
            started_at: None,
            ended_at: None,
            updated_at: 0,
            changed: false,
        }
    }

    pub(crate) fn state(&self) -> TaskState {
        self.state
    }

    /// Whether it is between its first turn and its end.
    pub(crate) fn is_engaged(&self) -> bool {
        self.work.is_some()
    }

    pub(crate) fn lane(&self) -> Option<Lane> {
        self.work.as_ref()?.lane
    }

    pub(crate) fn lease(&self) -> Option<LeaseId> {
        self.work.as_ref()?.lease
    }

    /// Whether its next turn opens a session of its own.
    pub(crate) fn next_is_new(&self) -> bool {
        self.lease().is_none()
    }

    pub(crate) fn retry_at(&self) -> Option<u64> {
        self.work.as_ref()?.retry_at
    }

    pub(crate) fn work_mut(&mut self) -> &mut Engagement {
        self.work.as_mut().expect("only a task that is engaged has turns and reviews")
    }

    /// What it may change: as planned, and as given since.
    pub(crate) fn scope_globs(&self) -> Vec<Name> {
        self.spec.files.iter().chain(&self.widened).cloned().collect()
    }

    pub(crate) fn stagnation_mut(&mut self) -> &mut Stagnation {
        self.stagnation.get_or_insert_default()
    }

    pub(crate) fn stagnation(&self) -> Option<&Stagnation> {
        self.stagnation.as_deref()
    }

    /// The turn that is under way is given up.
    pub(crate) fn forget_turn(&mut self) {
        if let Some(stagnation) = &mut self.stagnation {
            stagnation.forget_turn();
        }
    }

    /// The copy of the project that the main attempt does not work in.
    pub(crate) fn other_copy(&self) -> u32 {
        if self.copy == first() { 2 } else { first() }
    }

    pub(crate) fn is_delegation(&self) -> bool {
        self.spec.kind == TaskKind::Delegation
    }

    /// Whether a new plan may put another task in its place: not while a turn, a check or a review of it is under way.
    pub(crate) fn may_be_replaced(&self) -> bool {
        !self.is_delegation()
            && matches!(
                self.state,
                TaskState::Pending
                    | TaskState::Ready
                    | TaskState::Blocked
                    | TaskState::Failed
                    | TaskState::Cancelled
            )
    }

    fn waits_where_memory_is_short(&self) -> bool {
        self.state == TaskState::Ready
            && !self.is_engaged()
            && !self.is_delegation()
            && self.spec.priority == Priority::Low
    }

    /// The present try, from 1.
    pub(crate) fn attempt(&self) -> u32 {
        self.used + 1
    }

    fn view(&self, attempts: u32) -> TaskView {
        let spec = &self.spec;
        TaskView {
            id: spec.id.clone(),
            title: spec.title.clone(),
            agent: spec.agent.clone(),
            role: spec.role,
            kind: spec.kind,
            state: self.state,
            priority: spec.priority,
            depends_on: spec.depends_on.clone(),
            files: self.scope_globs(),
            review: spec.review,
            attempt: if self.started_at.is_some() { self.attempt().min(attempts) } else { 0 },
            attempts,
            lease: self.lease(),
            copy: self.copy,
            second: self.work.as_ref().and_then(|work| work.second.as_ref()).map(Second::view),
            lane: self.lane(),
            session: self.session.clone(),
            reason: self.reason.clone(),
            retry_at: self.work.as_ref().and_then(|work| work.retry_at.or(work.review.retry_at)),
            summary: self.summary.clone(),
            evidence: self.evidence.clone(),
            files_reported: self.files.clone(),
            verification: self.verification.clone(),
            findings: self.findings.clone(),
            tried: self.stagnation().map(Stagnation::tried).unwrap_or_default(),
            waiting: self.work.as_ref().and_then(|work| work.waiting.clone()),
            scope_request: self.work.as_ref().and_then(|work| work.scope_request.clone()),
            refused_by: self.work.as_ref().map(|work| work.refused_by.clone()).unwrap_or_default(),
            started_at: self.started_at,
            ended_at: self.ended_at,
            updated_at: self.updated_at,
        }
    }
}

/// All tasks, by key and by id, with counts that make every question about the whole cheap.
#[derive(Debug)]
pub(crate) struct Tasks {
    graph: TaskGraph<Task>,
    by_id: HashMap<Name, TaskKey>,
    counts: [u32; TaskState::ALL.len()],
    /// Keys of changed tasks since they were last taken.
    changed: Vec<TaskKey>,
    engagements: Slots<Engagement>,
    names: Names,
    attempts: u32,
    /// Counts the changes of the plan's tasks, their titles and their states.
    revision: u64,
    now: u64,
    /// While memory is short: how much of it is used, in percent.
    pressed: Option<u8>,
}

impl Tasks {
    pub(crate) fn new(attempts: u32) -> Self {
        Self {
            graph: TaskGraph::default(),
            by_id: HashMap::new(),
            counts: Default::default(),
            changed: Vec::new(),
            engagements: Slots::new(ENGAGEMENTS_AT_START, ENGAGEMENTS_KEPT),
            names: Names::default(),
            attempts,
            revision: 0,
            now: 0,
            pressed: None,
        }
    }

    /// Memory became short, or is no longer: what waits for it shows that.
    pub(crate) fn press(&mut self, percent: Option<u8>) {
        self.pressed = percent;
        let waiting: Vec<TaskKey> = self
            .graph
            .iter()
            .filter(|(_, task)| task.waits_where_memory_is_short())
            .map(|(key, _)| key)
            .collect();
        for key in waiting {
            self.touch(key);
        }
    }

    /// Sets the time that changes carry from here on.
    pub(crate) fn set_now(&mut self, now: u64) {
        self.now = now;
    }

    pub(crate) fn graph(&self) -> &TaskGraph<Task> {
        &self.graph
    }

    pub(crate) fn graph_mut(&mut self) -> &mut TaskGraph<Task> {
        &mut self.graph
    }

    pub(crate) fn find(&self, id: &str) -> Option<TaskKey> {
        self.by_id.get(id).copied()
    }

    pub(crate) fn get(&self, key: TaskKey) -> Option<&Task> {
        self.graph.get(key)
    }

    pub(crate) fn id(&self, key: TaskKey) -> Name {
        self.graph[key].spec.id.clone()
    }

    /// Adds a task, pending.
    pub(crate) fn insert(&mut self, task: Task) -> TaskKey {
        if !task.is_delegation() {
            self.count(TaskState::Pending, 1);
            self.revision += 1;
        }
        let id = task.spec.id.clone();
        let key = self.graph.insert(task);
        self.by_id.insert(id, key);
        self.touch(key);
        key
    }

    /// Puts a pending task in the place of one of the same id.
    pub(crate) fn replace(&mut self, key: TaskKey, task: Task) -> TaskKey {
        if self.graph[key].state != TaskState::Pending {
            self.step(key, TaskState::Pending);
        }
        self.revision += 1;
        let id = task.spec.id.clone();
        let key = self.graph.replace(key, task);
        self.by_id.insert(id, key);
        self.touch(key);
        key
    }

    /// Gives a task of the plan another title.
    pub(crate) fn retitle(&mut self, key: TaskKey, title: String) {
        self.revision += 1;
        self.change(key).spec.title = title;
    }

    /// Grows with every change of the plan's tasks, their titles and their states.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// A task's first turn begins; or another one.
    pub(crate) fn engage(&mut self, key: TaskKey) {
        let engagements = &self.engagements;
        self.graph[key].work.get_or_insert_with(|| engagements.take());
    }

    /// Shares the names of a task that is about to be added with those of the others.
    pub(crate) fn share_names(&mut self, spec: &mut TaskSpec) {
        spec.share(&mut self.names);
    }

    /// What the table of names holds.
    pub(crate) fn name_counts(&self) -> NameCounts {
        self.names.counts()
    }

    /// What the pool of engagements has done.
    pub(crate) fn engagement_counts(&self) -> pools::Counts {
        self.engagements.counts()
    }

    /// To change a task in anything but its state.
    pub(crate) fn change(&mut self, key: TaskKey) -> &mut Task {
        self.touch(key);
        &mut self.graph[key]
    }

    /// Moves a task to another state.
    ///
    /// # Panics
    /// When [`MOVES`](crate::MOVES) does not list the move: the scheduler has a bug.
    pub(crate) fn step(&mut self, key: TaskKey, to: TaskState) {
        let task = &self.graph[key];
        let from = task.state;
        assert!(from.may_become(to), "task {:?} can't go from {from:?} to {to:?}", task.spec.id);
        assert!(
            (from, to) != (TaskState::Running, TaskState::Accepted) || task.is_delegation(),
            "task {:?} is accepted only after its checks",
            task.spec.id
        );
        if !task.is_delegation() {
            self.count(from, -1);
            self.count(to, 1);
            self.revision += 1;
        }
        let out_of_the_running = matches!(to, TaskState::Failed | TaskState::Cancelled | TaskState::Blocked);
        match (self.graph.has_left(key), out_of_the_running) {
            (false, true) => self.graph.leave(key),
            (true, false) => self.graph.rejoin(key),
            _ => {}
        }
        let now = self.now;
        let task = self.change(key);
        task.state = to;
        task.ended_at = to.is_end().then_some(now);
    }

    /// How many tasks of the plan are in a state.
    pub(crate) fn in_state(&self, state: TaskState) -> u32 {
        self.counts[state as usize]
    }

    /// How many tasks of the plan are on their way: not pending, not ended.
    pub(crate) fn active(&self) -> u32 {
        [TaskState::Ready, TaskState::Running, TaskState::Verifying, TaskState::Reviewing]
            .map(|state| self.in_state(state))
            .iter()
            .sum()
    }

    /// How many tasks the plan has.
    pub(crate) fn planned(&self) -> u32 {
        self.counts.iter().sum()
    }

    /// Whether every task of the plan is accepted or dropped on purpose, and not all are dropped.
    pub(crate) fn all_fine(&self) -> bool {
        let accepted = self.in_state(TaskState::Accepted);
        accepted > 0 && accepted + self.in_state(TaskState::Cancelled) == self.planned()
    }

    pub(crate) fn counts(&self) -> Counts {
        Counts {
            pending: self.in_state(TaskState::Pending),
            ready: self.in_state(TaskState::Ready),
            running: self.in_state(TaskState::Running),
            verifying: self.in_state(TaskState::Verifying),
            reviewing: self.in_state(TaskState::Reviewing),
            accepted: self.in_state(TaskState::Accepted),
            failed: self.in_state(TaskState::Failed),
            cancelled: self.in_state(TaskState::Cancelled),
            blocked: self.in_state(TaskState::Blocked),
        }
    }

    pub(crate) fn view(&self, key: TaskKey) -> TaskView {
        self.view_of(&self.graph[key])
    }

    fn view_of(&self, task: &Task) -> TaskView {
        let mut view = task.view(self.attempts);
        if let Some(percent) = self.pressed.filter(|_| task.waits_where_memory_is_short()) {
            view.reason = Some(format!("memory is at {percent} %: a task of low priority waits"));
        }
        view
    }

    pub(crate) fn views(&self) -> Vec<TaskView> {
        self.graph.iter().map(|(_, task)| self.view_of(task)).collect()
    }

    /// The tasks that changed since this was last asked.
    pub(crate) fn take_changed(&mut self) -> Vec<TaskView> {
        let mut changed = std::mem::take(&mut self.changed);
        changed.retain(|key| self.graph.get(*key).is_some());
        for key in &changed {
            self.graph[*key].changed = false;
        }
        changed.into_iter().map(|key| self.view(key)).collect()
    }

    fn touch(&mut self, key: TaskKey) {
        let now = self.now;
        let task = &mut self.graph[key];
        task.updated_at = now;
        if !std::mem::replace(&mut task.changed, true) {
            self.changed.push(key);
        }
    }

    fn count(&mut self, state: TaskState, by: i32) {
        let count = &mut self.counts[state as usize];
        *count = count.checked_add_signed(by).expect("a task leaves only the state that it is in");
    }
}

impl std::ops::Index<TaskKey> for Tasks {
    type Output = Task;

    fn index(&self, key: TaskKey) -> &Task {
        &self.graph[key]
    }
}
