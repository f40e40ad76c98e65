//! Where ready tasks wait whose files another task is changing.
//!
//! Tasks of one role, one priority and the same scope form a *class*. A class waits as a whole, for one task that
//! keeps its scope busy (its *blocker*); when that task lets go, only the classes that waited for it are looked at
//! again, one task of each. So 10,000 tasks that all change the same file cost one look a task, not 10,000.

use std::collections::{BTreeMap, HashMap, VecDeque};

use crate::{
    graph::TaskKey,
    scope::Scope,
    task::{Priority, Role},
};

/// Names a class; counts from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClassId(u32);

impl ClassId {
    pub(crate) fn to_bits(self) -> u64 {
        u64::from(self.0)
    }

    pub(crate) fn from_bits(bits: u64) -> Self {
        #[allow(clippy::cast_possible_truncation, reason = "made by to_bits")]
        Self(bits as u32)
    }
}

/// The classes, and the tasks whose scopes are busy.
#[derive(Debug, Default)]
pub(crate) struct Parking {
    classes: Vec<Class>,
    by_scope: HashMap<(Role, Priority, Scope), ClassId>,
    /// Tasks that keep their scope busy, from the first turn to the end.
    busy: BTreeMap<TaskKey, ClassId>,
    blocked_on: HashMap<TaskKey, Vec<ClassId>>,
}

#[derive(Debug)]
struct Class {
    role: Role,
    priority: Priority,
    scope: Scope,
    waiting: VecDeque<TaskKey>,
    standing: Standing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// Its tasks are in the injectors and deques like any others.
    Moving,
    /// Its tasks wait for a blocker.
    Parked,
    /// The blocker let go: the class itself is in its injector.
    Woken,
}

impl Parking {
    /// The class of a task, or `None` where the scope is unknown and meets nothing.
    pub(crate) fn class(&mut self, role: Role, priority: Priority, scope: Scope) -> Option<ClassId> {
        if scope.is_unknown() {
            return None;
        }
        let next = ClassId(u32::try_from(self.classes.len()).expect("a mission has less than 2^32 scopes"));
        let id = *self.by_scope.entry((role, priority, scope.clone())).or_insert(next);
        if id == next {
            self.classes.push(Class {
                role,
                priority,
                scope,
                waiting: VecDeque::new(),
                standing: Standing::Moving,
            });
        }
        Some(id)
    }

    /// Whether the scope of a class is busy, and by whom.
    pub(crate) fn blocker(&self, class: ClassId) -> Option<TaskKey> {
        let scope = &self.of(class).scope;
        let meets = |other: &ClassId| *other == class || self.of(*other).scope.overlaps(scope);
        self.busy.iter().find(|(_, other)| meets(other)).map(|(task, _)| *task)
    }

    /// Whether a task of this class may start now; if not, it waits here from now on.
    pub(crate) fn admit(&mut self, task: TaskKey, class: ClassId) -> bool {
        if self.of(class).standing == Standing::Moving {
            let Some(blocker) = self.blocker(class) else { return true };
            self.park(class, blocker);
        }
        self.of_mut(class).waiting.push_back(task);
        false
    }

    /// A woken class has its turn: the first of its tasks that may still start, if its scope is free. The others go
    /// on waiting, for that one.
    pub(crate) fn admit_first(
        &mut self,
        class: ClassId,
        may_start: impl Fn(TaskKey) -> bool,
    ) -> Option<TaskKey> {
        let waiting = &mut self.of_mut(class).waiting;
        while waiting.front().is_some_and(|task| !may_start(*task)) {
            waiting.pop_front();
        }
        if waiting.is_empty() {
            self.of_mut(class).standing = Standing::Moving;
            return None;
        }
        if let Some(blocker) = self.blocker(class) {
            self.park(class, blocker);
            return None;
        }
        let first = self.of_mut(class).waiting.pop_front()?;
        if self.of(class).waiting.is_empty() {
            self.of_mut(class).standing = Standing::Moving;
        } else {
            self.park(class, first);
        }
        Some(first)
    }

    /// A task starts to change its files.
    pub(crate) fn occupy(&mut self, task: TaskKey, class: ClassId) {
        self.busy.insert(task, class);
    }

    /// A task lets go of its files: gives the classes to be put at the head of their injectors.
    pub(crate) fn release(&mut self, task: TaskKey) -> Vec<(ClassId, Role, Priority)> {
        self.busy.remove(&task);
        let woken = self.blocked_on.remove(&task).unwrap_or_default();
        woken
            .into_iter()
            .map(|id| {
                let class = self.of_mut(id);
                class.standing = Standing::Woken;
                (id, class.role, class.priority)
            })
            .collect()
    }

    fn park(&mut self, class: ClassId, blocker: TaskKey) {
        self.of_mut(class).standing = Standing::Parked;
        self.blocked_on.entry(blocker).or_default().push(class);
    }

    fn of(&self, class: ClassId) -> &Class {
        &self.classes[class.0 as usize]
    }

    fn of_mut(&mut self, class: ClassId) -> &mut Class {
        &mut self.classes[class.0 as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::TaskGraph;

    fn parking(scopes: &[&str]) -> (Parking, Vec<(TaskKey, ClassId)>) {
        let mut parking = Parking::default();
        let mut graph = TaskGraph::default();
        let tasks = scopes
            .iter()
            .map(|glob| {
                let scope = Scope::new(&[(*glob).to_owned()]);
                let class = parking.class(Role::Worker, Priority::Normal, scope).unwrap();
                (graph.insert(()), class)
            })
            .collect();
        (parking, tasks)
    }

    #[test]
    fn tasks_of_one_scope_are_one_class_and_an_unknown_scope_is_none() {
        let (mut parking, tasks) = parking(&["a", "a", "b"]);
        assert_eq!(tasks[0].1, tasks[1].1);
        assert_ne!(tasks[0].1, tasks[2].1);
        assert_eq!(parking.class(Role::Worker, Priority::Normal, Scope::default()), None);
    }

    #[test]
    fn a_class_waits_for_the_task_that_has_its_files_and_wakes_once() {
        let (mut parking, tasks) = parking(&["src/**", "src/a", "src/a"]);
        let [(holder, wide), (first, narrow), (second, _)] = tasks[..] else { panic!("three tasks") };
        assert!(parking.admit(holder, wide));
        parking.occupy(holder, wide);
        assert!(!parking.admit(first, narrow));
        assert!(!parking.admit(second, narrow));
        assert_eq!(parking.release(holder), [(narrow, Role::Worker, Priority::Normal)]);
        assert_eq!(parking.admit_first(narrow, |_| true), Some(first));
        parking.occupy(first, narrow);
        assert_eq!(parking.release(holder), []);
        // The second waits for the first now, although nothing asked for it in between.
        assert_eq!(parking.release(first).len(), 1);
        assert_eq!(parking.admit_first(narrow, |_| true), Some(second));
    }

    #[test]
    fn a_woken_class_that_meets_another_blocker_waits_for_that_one() {
        let (mut parking, tasks) = parking(&["a", "{a,b}", "b"]);
        let [(a, of_a), (both, of_both), (b, of_b)] = tasks[..] else { panic!("three tasks") };
        parking.occupy(a, of_a);
        parking.occupy(b, of_b);
        assert!(!parking.admit(both, of_both));
        assert_eq!(parking.release(a).len(), 1);
        assert_eq!(parking.admit_first(of_both, |_| true), None);
        assert_eq!(parking.release(b).len(), 1);
        assert_eq!(parking.admit_first(of_both, |_| true), Some(both));
    }

    #[test]
    fn a_woken_class_passes_over_tasks_that_may_not_start_any_more() {
        let (mut parking, tasks) = parking(&["a", "a", "a"]);
        let [(holder, class), (gone, _), (left, _)] = tasks[..] else { panic!("three tasks") };
        parking.occupy(holder, class);
        assert!(!parking.admit(gone, class));
        assert!(!parking.admit(left, class));
        parking.release(holder);
        assert_eq!(parking.admit_first(class, |task| task != gone), Some(left));
    }
}
