//! Heights, kept up to date as the graph changes.
//!
//! The height of a task is the number of tasks on the longest way from it to an end, of those that still can run:
//! what is left of the critical path through it. A task that is met or has left counts for none.
//!
//! A change goes up, from a task to what it depends on, as far as it makes a difference. What it reaches is settled
//! in ascending order of the heights from before: a task had a greater one than all that depends on it, so each is
//! settled once, after everything that its height follows from. With `d` tasks that really change and `e` edges at them
//! that is O(e + d log d) (I. Katriel, L. Michel and P. Van Hentenryck, *Maintaining longest paths incrementally*, 2005).
//! How many edges hold up a height is counted, so that dependants are looked through only where a height does drop.

use std::cmp::Reverse;

use super::{batch::Batch, dag::Dag};

/// Marks, in [`Dag::support`], a task that waits to be settled.
const DIRTY: u32 = 1 << 31;

impl Dag {
    /// Measures new tasks, and raises the older ones that they depend on; `raised` is told of those.
    pub(super) fn measure_batch(&mut self, batch: &Batch<'_>, mut raised: impl FnMut(u32, u32)) {
        let base = self.at(batch.base);
        for at in batch.dependants_first() {
            self.push_up(base + at, base);
        }
        self.settle_raised(&mut raised);
    }

    /// Takes tasks out of the running: they have no height, and those that they depend on may get a smaller one.
    pub(crate) fn leave(&mut self, ids: &[u32]) {
        for id in ids {
            let at = self.at(*id);
            assert!(self.is_unmet(*id), "a task that is met does not leave");
            let before = std::mem::take(&mut self.nodes[at].height);
            self.support[at] = 0;
            self.let_down(at, before);
        }
        while let Some(Reverse((before, at))) = self.dirty.pop() {
            let at = at as usize;
            if self.nodes[at].height > 0 {
                self.measure(at);
                self.let_down(at, before);
            }
        }
    }

    /// Brings a task back that has left.
    pub(super) fn rejoin(&mut self, id: u32) {
        let at = self.at(id);
        assert!(self.has_left(id), "only a task that has left comes back");
        self.measure(at);
        self.push_up(at, usize::MAX);
        self.settle_raised(&mut |_, _| {});
    }

    /// Measures the given tasks and all that they depend on, directly or not: for changes in which the order of
    /// before says nothing. Linear in what is measured.
    ///
    /// # Panics
    /// When there is a cycle.
    pub(super) fn measure_above(&mut self, ids: &[u32]) {
        // While a task is measured, its support counts the dependants that are not measured yet.
        let mut reached = Vec::new();
        for id in ids {
            let at = self.at(*id);
            if self.nodes[at].height > 0 && self.support[at] & DIRTY == 0 {
                self.support[at] = DIRTY;
                reached.push(at);
            }
        }
        let mut next = 0;
        while let Some(at) = reached.get(next).copied() {
            next += 1;
            for place in self.dependency_places(at) {
                let Some(on) = self.unmet_dependency(place) else { continue };
                if self.nodes[on].height == 0 {
                    continue;
                }
                if self.support[on] & DIRTY == 0 {
                    self.support[on] = DIRTY;
                    reached.push(on);
                }
                self.support[on] += 1;
            }
        }
        let mut settled: Vec<usize> =
            reached.iter().copied().filter(|at| self.support[*at] == DIRTY).collect();
        next = 0;
        while let Some(at) = settled.get(next).copied() {
            next += 1;
            self.measure(at);
            for place in self.dependency_places(at) {
                let Some(on) = self.unmet_dependency(place) else { continue };
                if self.support[on] & DIRTY != 0 {
                    self.support[on] -= 1;
                    if self.support[on] == DIRTY {
                        settled.push(on);
                    }
                }
            }
        }
        assert!(settled.len() == reached.len(), "cycles are refused before");
    }

    /// Measures one task by its dependants, whose heights are right.
    fn measure(&mut self, at: usize) {
        let (mut highest, mut support) = (0, 0);
        for dependant in self.dependants(self.id(at)) {
            let height = self.nodes[self.at(dependant)].height;
            if height > highest {
                (highest, support) = (height, 0);
            }
            support += u32::from(height == highest && height > 0);
        }
        self.nodes[at].height = highest + 1;
        self.support[at] = support;
    }

    /// A task got its height, a greater one than before: raises what it depends on. Those from `new_from` on are new
    /// and need no settling.
    fn push_up(&mut self, at: usize, new_from: usize) {
        let height = self.nodes[at].height + 1;
        for place in self.dependency_places(at) {
            let Some(on) = self.unmet_dependency(place) else { continue };
            let before = self.nodes[on].height;
            if before == 0 {
                continue;
            }
            if before < height {
                let mark = self.support[on] & DIRTY;
                self.nodes[on].height = height;
                if on >= new_from {
                    self.support[on] = 1;
                    continue;
                }
                self.support[on] = DIRTY | 1;
                if mark == 0 {
                    self.queue(before, on);
                }
            } else if before == height {
                self.support[on] += 1;
            }
        }
    }

    fn settle_raised(&mut self, raised: &mut impl FnMut(u32, u32)) {
        while let Some(Reverse((_, at))) = self.dirty.pop() {
            let at = at as usize;
            self.support[at] &= !DIRTY;
            raised(self.id(at), self.nodes[at].height);
            self.push_up(at, usize::MAX);
        }
    }

    /// A task lost the height `before`: what it depends on loses an edge that held it up.
    fn let_down(&mut self, at: usize, before: u32) {
        if before == 0 {
            return;
        }
        for place in self.dependency_places(at) {
            let Some(on) = self.unmet_dependency(place) else { continue };
            let height = self.nodes[on].height;
            if height == before + 1 {
                self.support[on] -= 1;
                if self.support[on] == 0 {
                    self.queue(height, on);
                }
            }
        }
    }

    fn queue(&mut self, before: u32, at: usize) {
        let at = u32::try_from(at).expect("a graph has less than 2^32 tasks");
        self.dirty.push(Reverse((before, at)));
    }
}
