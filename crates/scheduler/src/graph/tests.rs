use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::csr::CsrBuf;

fn csr(rows: &[Vec<u32>]) -> CsrBuf {
    rows.iter().cloned().collect()
}

/// A diamond with a tail: 0 ← 1, 2 ← 3 ← 4.
fn diamond() -> (TaskGraph<u32>, [TaskKey; 5]) {
    let mut graph = TaskGraph::new();
    let dependencies = csr(&[vec![], vec![0], vec![0, 0], vec![1, 2], vec![3]]);
    let keys: Vec<TaskKey> = graph.extend((0..5).collect(), dependencies.as_csr()).unwrap().collect();
    (graph, keys.try_into().unwrap())
}

#[test]
fn a_task_is_free_when_all_that_it_depends_on_is_met() {
    let (mut graph, keys) = diamond();
    assert!(graph.is_free(keys[0]) && !graph.is_free(keys[1]));
    assert_eq!(graph.meet(keys[0]), [keys[1], keys[2]]);
    assert_eq!(graph.meet(keys[1]), []);
    assert_eq!(graph.meet(keys[2]), [keys[3]]);
    assert!(graph.is_free(keys[3]) && !graph.is_free(keys[4]));
    assert!(graph.is_met(keys[2]) && !graph.is_met(keys[3]));
}

#[test]
fn the_height_is_the_longest_way_to_an_end() {
    let (mut graph, keys) = diamond();
    assert_eq!(keys.map(|key| graph.height(key)), [4, 3, 3, 2, 1]);
    let late = graph.insert(5);
    graph.set_dependencies(late, &[keys[4], keys[0]]).unwrap();
    assert_eq!([keys[0], keys[4], late].map(|key| graph.height(key)), [5, 2, 1]);
    graph.meet(keys[0]);
    assert_eq!(graph.height(keys[0]), 0, "it runs no more");
}

#[test]
fn a_replaced_task_keeps_its_dependants_and_its_old_key_names_nothing() {
    let (mut graph, keys) = diamond();
    let new = graph.replace(keys[3], 30);
    assert_eq!(graph.get(keys[3]), None);
    assert_eq!(graph.get(new), Some(&30));
    assert!(graph.is_free(new));
    assert_eq!(graph.dependants(keys[1]).count() + graph.dependants(keys[2]).count(), 0);
    assert_eq!(graph.height(keys[0]), 2);
    graph.meet(keys[0]);
    graph.set_dependencies(new, &[keys[0]]).unwrap();
    assert!(graph.is_free(new), "what it depends on is met already");
    assert_eq!(graph.dependants(new).collect::<Vec<_>>(), [keys[4]]);
    assert_eq!(graph.dependencies(new).collect::<Vec<_>>(), [keys[0]]);
}

#[test]
fn a_task_that_was_added_later_is_freed_after_those_before_it() {
    let mut graph = TaskGraph::new();
    let root = graph.insert(0);
    let dependencies = csr(&[vec![0]]);
    let later: Vec<TaskKey> =
        (1..9).flat_map(|name| graph.extend(vec![name], dependencies.as_csr()).unwrap()).collect();
    assert_eq!(graph.dependants(root).collect::<Vec<_>>(), later);
    assert_eq!(graph.meet(root), later);
    assert_eq!(graph.dependants(root).count(), 0);
}

#[test]
fn a_task_that_left_is_not_named_as_free() {
    let (mut graph, keys) = diamond();
    graph.leave(keys[1]);
    assert_eq!(graph.meet(keys[0]), [keys[2]]);
    graph.rejoin(keys[1]);
    assert!(graph.is_free(keys[1]) && !graph.has_left(keys[1]));
}

#[test]
fn every_problem_of_a_batch_is_named_and_nothing_is_added() {
    let (mut graph, _) = diamond();
    let faulty = csr(&[vec![9], vec![0, 6]]);
    let error = graph.extend(vec![5, 6], faulty.as_csr()).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::InvalidPlan);
    let paths: Vec<&str> = error.problems().iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(paths, ["dependencies[0]", "dependencies[2]"]);
    let circular = csr(&[vec![7], vec![0, 5], vec![6], vec![9], vec![8]]);
    let error = graph.extend((5..10).collect(), circular.as_csr()).err().unwrap();
    let messages: BTreeSet<&str> = error.problems().iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(messages, BTreeSet::from(["cycle 5 → 7 → 6 → 5", "cycle 8 → 9 → 8"]));
    assert!(graph.extend(vec![5], csr(&[]).as_csr()).is_err());
    assert_eq!(graph.len(), 5);
}

#[test]
fn a_task_can_t_be_made_to_depend_on_itself() {
    let (mut graph, keys) = diamond();
    assert!(graph.set_dependencies(keys[0], &[keys[4]]).is_err());
    assert!(graph.set_dependencies(keys[0], &[keys[0]]).is_err());
    assert_eq!(graph.height(keys[0]), 4);
}

#[test]
#[should_panic(expected = "after all that it depends on")]
fn a_task_is_not_met_before_what_it_depends_on() {
    let (mut graph, keys) = diamond();
    graph.meet(keys[1]);
}

#[test]
fn a_key_survives_its_bits() {
    let key = TaskKey { index: 7, generation: u32::MAX >> 1 };
    assert_eq!(TaskKey::from_bits(key.to_bits()), key);
    assert!(key.to_bits() < 1 << 63);
}

/// The same graph, written as plainly as possible; everything is computed anew when it is asked for.
#[derive(Default)]
struct Model {
    tasks: Vec<ModelTask>,
}

#[derive(Clone, Default)]
struct ModelTask {
    on: Vec<u32>,
    met: bool,
    left: bool,
}

impl Model {
    fn height(&self, index: u32) -> u32 {
        let task = &self.tasks[index as usize];
        if task.met || task.left {
            return 0;
        }
        1 + self.dependants(index).into_iter().map(|index| self.height(index)).max().unwrap_or(0)
    }

    fn dependants(&self, index: u32) -> BTreeSet<u32> {
        let tasks = (0_u32..).zip(&self.tasks);
        tasks.filter(|(_, task)| task.on.contains(&index)).map(|(index, _)| index).collect()
    }

    fn is_free(&self, index: u32) -> bool {
        self.tasks[index as usize].on.iter().all(|on| self.tasks[*on as usize].met)
    }

    fn reaches(&self, from: u32, to: u32) -> bool {
        from == to || self.tasks[from as usize].on.iter().any(|on| self.reaches(*on, to))
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// Tasks with what each depends on, as draws among the tasks that there are then; the batch is numbered
    /// backwards when asked for, so that it depends on what comes after it.
    Extend(Vec<Vec<prop::sample::Index>>, bool),
    Meet(prop::sample::Index),
    Leave(Vec<prop::sample::Index>),
    Rejoin(prop::sample::Index),
    Replace(prop::sample::Index),
    SetDependencies(prop::sample::Index, Vec<prop::sample::Index>),
    SetAll(Vec<prop::sample::Index>),
}

fn step() -> impl Strategy<Value = Step> {
    let index = any::<prop::sample::Index>;
    let some = move || prop::collection::vec(any::<prop::sample::Index>(), 0..4);
    prop_oneof![
        4 => (prop::collection::vec(some(), 1..6), any::<bool>()).prop_map(|(rows, back)| Step::Extend(rows, back)),
        3 => index().prop_map(Step::Meet),
        2 => some().prop_map(Step::Leave),
        2 => index().prop_map(Step::Rejoin),
        1 => index().prop_map(Step::Replace),
        2 => (index(), some()).prop_map(|(key, on)| Step::SetDependencies(key, on)),
        1 => some().prop_map(Step::SetAll),
    ]
}

/// Both, side by side.
#[derive(Default)]
struct Pair {
    graph: TaskGraph<()>,
    model: Model,
}

impl Pair {
    fn key(&self, draw: prop::sample::Index) -> TaskKey {
        self.graph.key(u32::try_from(draw.index(self.graph.len())).unwrap())
    }

    fn apply(&mut self, step: Step) {
        match step {
            Step::Extend(rows, backwards) => self.extend(&rows, backwards),
            _ if self.graph.is_empty() => {}
            Step::Meet(draw) => self.meet(self.key(draw)),
            Step::Leave(draws) => {
                let mut keys: Vec<TaskKey> = draws.into_iter().map(|draw| self.key(draw)).collect();
                keys.retain(|key| !self.graph.is_met(*key));
                self.graph.leave_all(&keys);
                for key in keys {
                    self.model.tasks[key.index as usize].left = true;
                }
            }
            Step::Rejoin(draw) => {
                let key = self.key(draw);
                if self.graph.has_left(key) {
                    self.graph.rejoin(key);
                    self.model.tasks[key.index as usize].left = false;
                }
            }
            Step::Replace(draw) => {
                let key = self.key(draw);
                if !self.graph.is_met(key) {
                    self.graph.replace(key, ());
                    self.model.tasks[key.index as usize] = ModelTask::default();
                }
            }
            Step::SetDependencies(draw, on) => {
                let key = self.key(draw);
                let on: Vec<TaskKey> = on.into_iter().map(|on| self.key(on)).collect();
                if self.graph.is_met(key) {
                    return;
                }
                let circular = on.iter().any(|on| self.model.reaches(on.index, key.index));
                assert_eq!(self.graph.set_dependencies(key, &on).is_err(), circular);
                if !circular {
                    self.model.tasks[key.index as usize].on = on.iter().map(|on| on.index).collect();
                }
            }
            Step::SetAll(draws) => {
                // Each comes to depend on all that came before it and is not among them.
                let mut keys: Vec<TaskKey> = draws.into_iter().map(|draw| self.key(draw)).collect();
                keys.sort_unstable();
                keys.dedup();
                keys.retain(|key| !self.graph.is_met(*key));
                let fits = |key: &TaskKey| (0..key.index).all(|on| !self.model.reaches(on, key.index));
                keys.retain(fits);
                let changes: Vec<(TaskKey, Vec<TaskKey>)> = keys
                    .iter()
                    .map(|key| {
                        let before = (0..key.index).map(|index| self.graph.key(index));
                        (*key, before.filter(|on| !keys.contains(on)).collect())
                    })
                    .collect();
                for (key, on) in &changes {
                    self.model.tasks[key.index as usize].on = on.iter().map(|on| on.index).collect();
                }
                self.graph.set_all_dependencies(changes);
            }
        }
    }

    fn extend(&mut self, rows: &[Vec<prop::sample::Index>], backwards: bool) {
        let base = u32::try_from(self.graph.len()).unwrap();
        let last = base + u32::try_from(rows.len()).unwrap() - 1;
        let number = |at: u32| if backwards && at >= base { last - (at - base) } else { at };
        let mut tasks = vec![ModelTask::default(); rows.len()];
        for (at, row) in (base..).zip(rows) {
            let on = row.iter().filter(|_| at > 0);
            let on = on.map(|on| number(u32::try_from(on.index(at as usize)).unwrap())).collect();
            tasks[(number(at) - base) as usize] = ModelTask { on, ..ModelTask::default() };
        }
        let dependencies: CsrBuf = tasks.iter().map(|task| task.on.clone()).collect();
        let keys = self.graph.extend(vec![(); rows.len()], dependencies.as_csr()).unwrap();
        assert_eq!(keys.map(TaskKey::index).collect::<Vec<_>>(), (base..=last).collect::<Vec<_>>());
        self.model.tasks.append(&mut tasks);
    }

    fn meet(&mut self, key: TaskKey) {
        let task = &self.model.tasks[key.index as usize];
        if task.met || task.left || !self.model.is_free(key.index) {
            return;
        }
        let waiting: Vec<u32> = self.model.dependants(key.index).into_iter().collect();
        self.model.tasks[key.index as usize].met = true;
        let free = waiting
            .into_iter()
            .filter(|index| self.model.is_free(*index) && !self.model.tasks[*index as usize].left)
            .collect::<BTreeSet<_>>();
        assert_eq!(self.graph.meet(key).into_iter().map(TaskKey::index).collect::<BTreeSet<_>>(), free);
    }

    fn compare(&self) {
        for (index, task) in (0_u32..).zip(&self.model.tasks) {
            let key = self.graph.key(index);
            assert_eq!(self.graph.height(key), self.model.height(index), "height of {index}");
            assert_eq!(self.graph.is_met(key), task.met, "{index} is met");
            assert_eq!(self.graph.has_left(key), task.left, "{index} has left");
            assert_eq!(self.graph.is_free(key), self.model.is_free(index), "{index} is free");
            let dependants: BTreeSet<u32> = self.graph.dependants(key).map(TaskKey::index).collect();
            let expected = if task.met { BTreeSet::new() } else { self.model.dependants(index) };
            assert_eq!(dependants, expected, "dependants of {index}");
            let dependencies: BTreeSet<u32> = self.graph.dependencies(key).map(TaskKey::index).collect();
            assert_eq!(dependencies, task.on.iter().copied().collect(), "dependencies of {index}");
        }
    }
}

proptest! {
    #[test]
    fn it_is_at_every_step_what_a_plain_model_says(steps in prop::collection::vec(step(), 1..40)) {
        let mut pair = Pair::default();
        for step in steps {
            pair.apply(step);
            pair.compare();
        }
    }
}
