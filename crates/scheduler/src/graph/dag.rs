//! The shape of a graph of tasks: who waits for whom, in a few flat arrays.

use std::{cmp::Reverse, collections::BinaryHeap, ops::Range};

use super::batch::Batch;

/// No task, and no link.
const NONE: u32 = u32::MAX;
/// What [`Node::waiting`] says of a task that is met.
const MET: u32 = u32::MAX;

/// Links and holes that are not worth writing all anew.
const FEW: usize = if cfg!(test) { 4 } else { 64 };

/// What a transition reads and writes of a task: a quarter of a cache line.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(16))]
pub(super) struct Node {
    /// Dependencies that are not met yet: the in-degree that counts. [`MET`] for a task that is met itself.
    waiting: u32,
    /// Tasks on the longest way from here to an end, this one included, of those that still can run. 0 for a task
    /// that can't: it is met, or it left.
    pub(super) height: u32,
    /// Where the dependants begin in [`Dag::dependant_ids`].
    at: u32,
    /// How many stand there. Those that came later are in [`Dag::late`].
    len: u32,
}

impl Node {
    fn is_met(self) -> bool {
        self.waiting == MET
    }

    fn has_left(self) -> bool {
        self.height == 0 && !self.is_met()
    }
}

/// A part of an arena.
#[derive(Clone, Copy, Debug, Default)]
struct Run {
    at: u32,
    len: u32,
}

impl Run {
    fn range(self) -> Range<usize> {
        self.at as usize..self.at as usize + self.len as usize
    }
}

/// A dependant that came after the run of its dependency was written: one of a ring, the last of which is in
/// [`Dag::late_of`] and leads to the first.
#[derive(Clone, Copy, Debug)]
struct Late {
    dependant: u32,
    next: u32,
}

/// A directed acyclic graph of tasks that are numbered in the order in which they came.
///
/// Edges lie in two arenas, one a direction, a run of each for every task: no allocation a task. New tasks go to the
/// end of both. An edge to an *older* task can't grow that task's run; it becomes a link beside the arena. A replaced
/// list leaves a hole. When links and holes are a quarter of everything, all runs are written anew
/// ([`fold`](Self::fold)): that costs as much as the graph is large, and a quarter as many edges were added or
/// removed since, so each of them pays for a constant part (amortised O(1) an edge).
#[derive(Debug, Default)]
pub(crate) struct Dag {
    /// The number of the first task that is still here; those before are met, or left, for good.
    first: u32,
    pub(super) nodes: Vec<Node>,
    /// How many edges to dependants are on a longest way from the task: where none is left, its height drops.
    pub(super) support: Vec<u32>,
    dependencies: Vec<Run>,
    dependency_ids: Vec<u32>,
    dependant_ids: Vec<u32>,
    /// The last link of every task; shorter than `nodes` while the newest have none.
    late_of: Vec<u32>,
    late: Vec<Late>,
    /// Places in the arenas, and links, that belong to no task any more.
    holes: usize,
    /// See [`heights`](super::heights).
    pub(super) dirty: BinaryHeap<Reverse<(u32, u32)>>,
}

impl Dag {
    /// The number that the next task gets.
    pub(crate) fn end(&self) -> u32 {
        self.first + u32::try_from(self.nodes.len()).expect("a graph has less than 2^32 tasks")
    }

    /// The number of the first task that is still here.
    pub(crate) fn first(&self) -> u32 {
        self.first
    }

    /// How many dependencies take up room.
    pub(crate) fn edges(&self) -> usize {
        self.dependency_ids.len().max(self.dependant_ids.len() + self.late.len())
    }

    /// Adds the tasks of a batch. `raised` is told of the older tasks that have a greater height now, and the height.
    pub(crate) fn extend(&mut self, batch: &Batch<'_>, raised: impl FnMut(u32, u32)) {
        debug_assert_eq!(batch.base, self.end(), "a batch is added at the end that it was checked for");
        self.fold_if_worth_it();
        let dependants_at = size(self.dependant_ids.len());
        let dependencies_at = size(self.dependency_ids.len());
        self.dependant_ids.extend_from_slice(&batch.dependants.ids);
        self.dependency_ids.extend_from_slice(batch.dependencies.targets());
        self.support.resize(self.support.len() + batch.len(), 0);
        let runs = |offsets: &[u32], at: u32| Run { at: at + offsets[0], len: offsets[1] - offsets[0] };
        self.dependencies
            .extend(batch.dependencies.offsets().windows(2).map(|offsets| runs(offsets, dependencies_at)));
        self.nodes.extend(batch.dependants.offsets.windows(2).map(|offsets| {
            let Run { at, len } = runs(offsets, dependants_at);
            Node { waiting: 0, height: 1, at, len }
        }));
        for (id, row) in (batch.base..).zip(0..batch.len()) {
            let mut waiting = 0;
            for on in batch.dependencies.row(row) {
                if *on >= batch.base {
                    waiting += 1;
                } else if self.is_unmet(*on) {
                    waiting += 1;
                    self.link(*on, id);
                }
            }
            let at = self.at(id);
            self.nodes[at].waiting = waiting;
        }
        self.measure_batch(batch, raised);
    }

    /// Makes `id` a task that depends on nothing and has not left, heights of others aside.
    pub(super) fn reset(&mut self, id: u32) {
        self.disconnect(id);
        let at = self.at(id);
        self.nodes[at].height = self.nodes[at].height.max(1);
    }

    /// Gives `id` these dependencies in the place of those that it had, heights aside.
    pub(super) fn connect(&mut self, id: u32, on: &[u32]) {
        self.disconnect(id);
        let run = Run { at: size(self.dependency_ids.len()), len: size(on.len()) };
        self.dependency_ids.extend_from_slice(on);
        let mut waiting = 0;
        for on in on {
            if self.is_unmet(*on) {
                waiting += 1;
                self.link(*on, id);
            }
        }
        let at = self.at(id);
        self.dependencies[at] = run;
        self.nodes[at].waiting = waiting;
    }

    /// Takes away what `id` depends on, heights aside. Linear in the dependants of those dependencies.
    fn disconnect(&mut self, id: u32) {
        let at = self.at(id);
        assert!(!self.nodes[at].is_met(), "a task that is met is not changed any more");
        let run = std::mem::take(&mut self.dependencies[at]);
        for place in run.range() {
            let on = self.dependency_ids[place];
            if self.is_unmet(on) {
                self.unlink(on, id);
            }
        }
        self.holes += run.len as usize;
        self.nodes[at].waiting = 0;
    }

    /// Adds a dependant to an older task.
    fn link(&mut self, on: u32, dependant: u32) {
        let at = self.at(on);
        if self.late_of.len() <= at {
            self.late_of.resize(self.nodes.len(), NONE);
        }
        let new = size(self.late.len());
        let last = std::mem::replace(&mut self.late_of[at], new);
        let next =
            if last == NONE { new } else { std::mem::replace(&mut self.late[last as usize].next, new) };
        self.late.push(Late { dependant, next });
    }

    /// Removes one edge; those that stay keep their order.
    fn unlink(&mut self, on: u32, dependant: u32) {
        let at = self.at(on);
        let node = &mut self.nodes[at];
        let run = Run { at: node.at, len: node.len }.range();
        self.holes += 1;
        if let Some(place) = self.dependant_ids[run.clone()].iter().position(|id| *id == dependant) {
            self.dependant_ids.copy_within(run.start + place + 1..run.end, run.start + place);
            node.len -= 1;
            return;
        }
        let last = self.late_of[at];
        let mut before = last;
        loop {
            let link = self.late[before as usize].next;
            if self.late[link as usize].dependant == dependant {
                self.late[before as usize].next = self.late[link as usize].next;
                if link == last {
                    self.late_of[at] = if before == link { NONE } else { before };
                }
                return;
            }
            assert!(link != last, "a task is among the dependants of what it depends on");
            before = link;
        }
    }

    /// Marks a task as met, and names the dependants that wait for nothing from now on and have not left, with their
    /// heights. It has no dependants any more then.
    ///
    /// # Panics
    /// When it was met before, has left, or waits for something itself.
    pub(crate) fn meet(&mut self, id: u32, mut free: impl FnMut(u32, u32)) {
        let at = self.at(id);
        let node = &mut self.nodes[at];
        assert!(node.waiting == 0 && node.height > 0, "a task is met once, and after all that it depends on");
        let run = Run { at: node.at, len: node.len };
        *node = Node { waiting: MET, height: 0, len: 0, ..*node };
        for place in run.range() {
            let dependant = self.dependant_ids[place];
            self.wait_for_one_less(dependant, &mut free);
        }
        self.holes += run.len as usize;
        if let Some(last) = self.late_of.get_mut(at).map(|last| std::mem::replace(last, NONE))
            && last != NONE
        {
            let mut link = last;
            loop {
                link = self.late[link as usize].next;
                self.holes += 1;
                self.wait_for_one_less(self.late[link as usize].dependant, &mut free);
                if link == last {
                    break;
                }
            }
        }
    }

    fn wait_for_one_less(&mut self, dependant: u32, free: &mut impl FnMut(u32, u32)) {
        let at = self.at(dependant);
        let node = &mut self.nodes[at];
        node.waiting -= 1;
        if node.waiting == 0 && node.height > 0 {
            free(dependant, node.height);
        }
    }

    /// Whether everything that a task depends on is met.
    pub(crate) fn is_free(&self, id: u32) -> bool {
        let node = self.nodes[self.at(id)];
        node.waiting == 0 || node.is_met()
    }

    /// Whether a task is met; those that are not here any more are taken for met.
    pub(crate) fn is_met(&self, id: u32) -> bool {
        !self.is_unmet(id)
    }

    /// Whether a task has left, and not come back.
    pub(crate) fn has_left(&self, id: u32) -> bool {
        self.nodes[self.at(id)].has_left()
    }

    /// 0 for a task that can't run any more.
    pub(crate) fn height(&self, id: u32) -> u32 {
        id.checked_sub(self.first).map_or(0, |at| self.nodes[at as usize].height)
    }

    pub(crate) fn dependencies(&self, id: u32) -> impl Iterator<Item = u32> + '_ {
        self.dependency_ids[self.dependencies[self.at(id)].range()].iter().copied()
    }

    /// Those that wait for a task, in the order in which they came.
    pub(crate) fn dependants(&self, id: u32) -> impl Iterator<Item = u32> + '_ {
        let at = self.at(id);
        let node = self.nodes[at];
        let last = self.late_of.get(at).copied().filter(|last| *last != NONE);
        let first = last.map(|last| self.late[last as usize].next);
        let late = std::iter::successors(first, move |link| {
            Some(self.late[*link as usize].next).filter(|_| Some(*link) != last)
        });
        let run = Run { at: node.at, len: node.len }.range();
        self.dependant_ids[run].iter().copied().chain(late.map(|link| self.late[link as usize].dependant))
    }

    /// The places of a task's dependencies: they stay while heights change.
    pub(super) fn dependency_places(&self, at: usize) -> Range<usize> {
        self.dependencies[at].range()
    }

    /// The place of the task that `place` names, where it is not met: heights concern the others only.
    pub(super) fn unmet_dependency(&self, place: usize) -> Option<usize> {
        let on = self.dependency_ids[place];
        self.is_unmet(on).then(|| self.at(on))
    }

    /// Forgets the tasks before `first`: all of them met, or left for good with all that depends on them.
    pub(crate) fn forget_before(&mut self, first: u32) {
        let gone = self.at(first);
        self.holes += self.dependencies[..gone].iter().map(|run| run.len as usize).sum::<usize>();
        self.holes += self.nodes[..gone].iter().map(|node| node.len as usize).sum::<usize>();
        self.nodes.drain(..gone);
        self.support.drain(..gone);
        self.dependencies.drain(..gone);
        self.late_of.drain(..gone.min(self.late_of.len()));
        self.first = first;
        self.fold_if_worth_it();
    }

    fn fold_if_worth_it(&mut self) {
        let all = self.nodes.len() + self.dependant_ids.len() + self.dependency_ids.len();
        if self.late.len() + self.holes > all / 4 + FEW {
            self.fold();
        }
    }

    /// Writes all runs anew, in the order of the tasks: links become part of them, holes go.
    fn fold(&mut self) {
        let mut dependant_ids = Vec::with_capacity(self.dependant_ids.len() + self.late.len());
        let mut dependency_ids = Vec::with_capacity(self.dependency_ids.len());
        for id in self.first..self.end() {
            let at = self.at(id);
            let start = dependant_ids.len();
            dependant_ids.extend(self.dependants(id));
            let node = &mut self.nodes[at];
            (node.at, node.len) = (size(start), size(dependant_ids.len() - start));
            let start = dependency_ids.len();
            let is_here = |on: &&u32| **on >= self.first;
            let kept = &self.dependency_ids[self.dependencies[at].range()];
            dependency_ids.extend(kept.iter().filter(is_here));
            self.dependencies[at] = Run { at: size(start), len: size(dependency_ids.len() - start) };
            if let Some(last) = self.late_of.get_mut(at) {
                *last = NONE;
            }
        }
        dependant_ids.shrink_to(2 * dependant_ids.len());
        dependency_ids.shrink_to(2 * dependency_ids.len());
        (self.dependant_ids, self.dependency_ids) = (dependant_ids, dependency_ids);
        self.late.clear();
        self.holes = 0;
    }

    pub(super) fn at(&self, id: u32) -> usize {
        (id - self.first) as usize
    }

    pub(super) fn id(&self, at: usize) -> u32 {
        self.first + size(at)
    }

    pub(super) fn is_unmet(&self, id: u32) -> bool {
        id.checked_sub(self.first).is_some_and(|at| !self.nodes[at as usize].is_met())
    }
}

fn size(size: usize) -> u32 {
    u32::try_from(size).expect("a batch that would make the graph larger than 2^32 is refused")
}
