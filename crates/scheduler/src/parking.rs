//! Where ready tasks wait whose files another task is changing.
//!
//! A task that may not start waits for one *pattern*: one that a busy task has declared and that is in its way. When
//! that pattern becomes free, the first of those that wait for it is looked at. If it starts and has declared the very
//! same pattern, the others wait on without being looked at: of 10,000 tasks that all declare one shared file, one is
//! looked at each time, not 10,000.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use crate::{
    graph::TaskKey,
    scope::{Pattern, meet, patterns},
    task::{Priority, Role},
};

/// Names the scope of one or more tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ScopeId(u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct PatternId(u32);

/// Names the tasks of one role and one priority that wait for one pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GroupId(u32);

impl GroupId {
    pub(crate) fn to_bits(self) -> u64 {
        u64::from(self.0)
    }

    pub(crate) fn from_bits(bits: u64) -> Self {
        #[allow(clippy::cast_possible_truncation, reason = "made by to_bits")]
        Self(bits as u32)
    }
}

/// The scopes of all tasks, which of them are busy, and who waits for what.
#[derive(Debug, Default)]
pub(crate) struct Parking {
    patterns: Vec<Pattern>,
    pattern_ids: HashMap<Pattern, PatternId>,
    scopes: Vec<Vec<PatternId>>,
    scope_ids: HashMap<Vec<PatternId>, ScopeId>,
    /// Tasks that keep their scope busy, from the first turn to the end.
    busy: BTreeMap<TaskKey, ScopeId>,
    /// The patterns of their scopes. No two of these meet, so each is held by one task.
    held: HashSet<PatternId>,
    groups: Vec<Group>,
    group_ids: HashMap<(PatternId, Role, Priority), GroupId>,
    groups_of: HashMap<PatternId, Vec<GroupId>>,
}

#[derive(Debug)]
struct Group {
    pattern: PatternId,
    role: Role,
    priority: Priority,
    waiting: VecDeque<(TaskKey, ScopeId)>,
    /// Whether the group is in its injector, to be looked at.
    woken: bool,
}

impl Parking {
    /// The scope of these globs, or `None` where there are none: an unknown scope meets nothing.
    pub(crate) fn scope<Glob: AsRef<str>>(&mut self, globs: &[Glob]) -> Option<ScopeId> {
        if globs.is_empty() {
            return None;
        }
        let patterns: Vec<PatternId> =
            patterns(globs).into_iter().map(|pattern| self.pattern(pattern)).collect();
        let next = ScopeId(id(self.scopes.len()));
        let scope = *self.scope_ids.entry(patterns.clone()).or_insert(next);
        if scope == next {
            self.scopes.push(patterns);
        }
        Some(scope)
    }

    /// Whether some busy task has files of this scope.
    pub(crate) fn is_blocked(&self, scope: ScopeId) -> bool {
        self.blocker(scope).is_some()
    }

    /// Whether a task may start now; if not, it waits here from now on.
    pub(crate) fn admit(&mut self, task: TaskKey, scope: ScopeId, role: Role, priority: Priority) -> bool {
        let Some(pattern) = self.blocker(scope) else { return true };
        self.park(task, scope, pattern, role, priority);
        false
    }

    /// A woken group has its turn: the first of its tasks that may start. Those that something else is in the way of
    /// wait for that from now on. Also says whether the group has to be looked at again.
    pub(crate) fn admit_next(
        &mut self,
        group: GroupId,
        mut may_start: impl FnMut(TaskKey) -> bool,
    ) -> (Option<TaskKey>, bool) {
        while !self.held.contains(&self.of(group).pattern) {
            let Some((task, scope)) = self.of_mut(group).waiting.pop_front() else { break };
            if !may_start(task) {
                continue;
            }
            let Group { pattern, role, priority, .. } = *self.of(group);
            if let Some(other) = self.blocker(scope) {
                self.park(task, scope, other, role, priority);
                continue;
            }
            // Where the task is about to hold the pattern, the others wait for it.
            let again = !self.of(group).waiting.is_empty() && !self.patterns_of(scope).contains(&pattern);
            self.of_mut(group).woken = again;
            return (Some(task), again);
        }
        self.of_mut(group).woken = false;
        (None, false)
    }

    /// Another task at work whose files meet this scope.
    pub(crate) fn other_at_work(&self, task: TaskKey, scope: ScopeId) -> Option<TaskKey> {
        let pattern = |id: &PatternId| &self.patterns[id.0 as usize];
        let own = self.patterns_of(scope);
        let meets = |theirs: &[PatternId]| {
            theirs.iter().any(|other| own.iter().any(|own| meet(pattern(own), pattern(other))))
        };
        let mut others = self.busy.iter().filter(|(busy, _)| **busy != task);
        others.find(|(_, busy)| meets(self.patterns_of(**busy))).map(|(busy, _)| *busy)
    }

    /// A task starts to change its files, or more of them.
    pub(crate) fn occupy(&mut self, task: TaskKey, scope: ScopeId) {
        self.busy.insert(task, scope);
        self.held.extend(&self.scopes[scope.0 as usize]);
    }

    /// A task lets go of its files: gives the groups to be put at the head of their injectors.
    pub(crate) fn release(&mut self, task: TaskKey) -> Vec<(GroupId, Role, Priority)> {
        let Some(scope) = self.busy.remove(&task) else { return Vec::new() };
        let mut woken = Vec::new();
        for pattern in &self.scopes[scope.0 as usize] {
            self.held.remove(pattern);
            for id in self.groups_of.get(pattern).into_iter().flatten() {
                let group = &mut self.groups[id.0 as usize];
                if !group.waiting.is_empty() && !std::mem::replace(&mut group.woken, true) {
                    woken.push((*id, group.role, group.priority));
                }
            }
        }
        woken
    }

    /// A pattern of a busy task that meets this scope.
    fn blocker(&self, scope: ScopeId) -> Option<PatternId> {
        let own = self.patterns_of(scope);
        if let Some(same) = own.iter().find(|pattern| self.held.contains(pattern)) {
            return Some(*same);
        }
        let theirs = self.busy.values().flat_map(|busy| self.patterns_of(*busy));
        let pattern = |id: &PatternId| &self.patterns[id.0 as usize];
        theirs.copied().find(|other| own.iter().any(|own| meet(pattern(own), pattern(other))))
    }

    fn park(&mut self, task: TaskKey, scope: ScopeId, pattern: PatternId, role: Role, priority: Priority) {
        let next = GroupId(id(self.groups.len()));
        let group = *self.group_ids.entry((pattern, role, priority)).or_insert(next);
        if group == next {
            self.groups.push(Group { pattern, role, priority, waiting: VecDeque::new(), woken: false });
            self.groups_of.entry(pattern).or_default().push(group);
        }
        self.of_mut(group).waiting.push_back((task, scope));
    }

    fn pattern(&mut self, pattern: Pattern) -> PatternId {
        let next = PatternId(id(self.patterns.len()));
        let pattern_id = *self.pattern_ids.entry(pattern.clone()).or_insert(next);
        if pattern_id == next {
            self.patterns.push(pattern);
        }
        pattern_id
    }

    fn patterns_of(&self, scope: ScopeId) -> &[PatternId] {
        &self.scopes[scope.0 as usize]
    }

    fn of(&self, group: GroupId) -> &Group {
        &self.groups[group.0 as usize]
    }

    fn of_mut(&mut self, group: GroupId) -> &mut Group {
        &mut self.groups[group.0 as usize]
    }
}

fn id(length: usize) -> u32 {
    u32::try_from(length).expect("a mission has less than 2^32 patterns")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::TaskGraph;

    const WORKER: (Role, Priority) = (Role::Worker, Priority::Normal);

    /// A parking with a task for each list of globs.
    fn parking(scopes: &[&[&str]]) -> (Parking, Vec<(TaskKey, ScopeId)>) {
        let mut parking = Parking::default();
        let mut graph = TaskGraph::default();
        let tasks = scopes
            .iter()
            .map(|globs| {
                let globs: Vec<String> = globs.iter().map(ToString::to_string).collect();
                (graph.insert(()), parking.scope(&globs).unwrap())
            })
            .collect();
        (parking, tasks)
    }

    fn admit(parking: &mut Parking, (task, scope): (TaskKey, ScopeId)) -> bool {
        let admitted = parking.admit(task, scope, WORKER.0, WORKER.1);
        if admitted {
            parking.occupy(task, scope);
        }
        admitted
    }

    fn release(parking: &mut Parking, (task, _): (TaskKey, ScopeId)) -> Vec<GroupId> {
        parking.release(task).into_iter().map(|(group, ..)| group).collect()
    }

    #[test]
    fn an_unknown_scope_is_none_and_the_same_globs_are_the_same_scope() {
        let (mut parking, tasks) = parking(&[&["a", "b"], &["a", "b"], &["b"]]);
        assert_eq!(tasks[0].1, tasks[1].1);
        assert_ne!(tasks[0].1, tasks[2].1);
        assert_eq!(parking.scope::<&str>(&[]), None);
    }

    #[test]
    fn those_that_wait_for_a_shared_file_are_looked_at_one_at_a_time() {
        let (mut parking, tasks) = parking(&[&["a", "index"], &["b", "index"], &["c", "index"]]);
        assert!(admit(&mut parking, tasks[0]));
        assert!(!admit(&mut parking, tasks[1]));
        assert!(!admit(&mut parking, tasks[2]));
        let woken = release(&mut parking, tasks[0]);
        assert_eq!(woken.len(), 1);
        assert_eq!(parking.admit_next(woken[0], |_| true), (Some(tasks[1].0), false));
        parking.occupy(tasks[1].0, tasks[1].1);
        assert_eq!(release(&mut parking, tasks[1]), woken);
        assert_eq!(parking.admit_next(woken[0], |_| true), (Some(tasks[2].0), false));
    }

    #[test]
    fn those_that_can_go_side_by_side_do() {
        let (mut parking, tasks) = parking(&[&["src/**"], &["src/a"], &["src/b"], &["src/a"]]);
        assert!(admit(&mut parking, tasks[0]));
        for task in &tasks[1..] {
            assert!(!admit(&mut parking, *task));
        }
        let woken = release(&mut parking, tasks[0])[0];
        assert_eq!(parking.admit_next(woken, |_| true), (Some(tasks[1].0), true));
        parking.occupy(tasks[1].0, tasks[1].1);
        assert_eq!(parking.admit_next(woken, |_| true), (Some(tasks[2].0), true));
        parking.occupy(tasks[2].0, tasks[2].1);
        // The last has the files of the first: it waits for that from now on.
        assert_eq!(parking.admit_next(woken, |_| true), (None, false));
        assert!(release(&mut parking, tasks[2]).is_empty());
        let woken = release(&mut parking, tasks[1])[0];
        assert_eq!(parking.admit_next(woken, |_| true), (Some(tasks[3].0), false));
    }

    #[test]
    fn a_woken_group_whose_pattern_was_taken_again_goes_on_waiting() {
        let (mut parking, tasks) = parking(&[&["a"], &["a"], &["a"]]);
        assert!(admit(&mut parking, tasks[0]));
        assert!(!admit(&mut parking, tasks[1]));
        let woken = release(&mut parking, tasks[0])[0];
        assert!(admit(&mut parking, tasks[2]), "it came before the group had its turn");
        assert_eq!(parking.admit_next(woken, |_| true), (None, false));
        assert_eq!(release(&mut parking, tasks[2]), [woken]);
        assert_eq!(parking.admit_next(woken, |_| true), (Some(tasks[1].0), false));
    }

    #[test]
    fn tasks_that_may_not_start_any_more_are_passed_over() {
        let (mut parking, tasks) = parking(&[&["a"], &["a"], &["a"]]);
        assert!(admit(&mut parking, tasks[0]));
        assert!(!admit(&mut parking, tasks[1]));
        assert!(!admit(&mut parking, tasks[2]));
        let woken = release(&mut parking, tasks[0])[0];
        let gone = tasks[1].0;
        assert_eq!(parking.admit_next(woken, |task| task != gone), (Some(tasks[2].0), false));
    }
}
