//! Which of the tasks that could start goes first.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

/// Tasks of one priority that could start: the longest way to an end goes first (the critical path), then who came
/// first to that height.
///
/// Heights change while a task waits here. One that *rose* is told by [`raise`](Self::raise), which queues the task
/// a second time; one that *dropped* is noticed when the task comes up, and the task goes back to where it belongs.
/// Of a task's several entries the first to come up at its true height stands for it, the others are passed over; so
/// are those of a task that was taken out.
///
/// There is a plain queue for each height, and a tree of the heights that occur: O(log h) a step with `h` different
/// heights, which are few where tasks are many. In a binary heap of the tasks, the dead ends of a large layered graph
/// pile up at the bottom, and each step gets dearer.
#[derive(Debug, Default)]
pub(crate) struct ReadyQueue {
    /// Those that were put first: the last of them leaves before all others.
    first: Vec<u64>,
    /// None of them is empty.
    by_height: BTreeMap<u32, VecDeque<u64>>,
    /// Ids in `by_height`, all together.
    entries: usize,
    /// The ids of which more entries are in `by_height` than the one that stands for a waiting task.
    repeated: HashMap<u64, Repeated>,
    waiting: usize,
}

#[derive(Clone, Copy, Debug)]
struct Repeated {
    entries: u32,
    /// Whether one of the entries stands for a task that waits; otherwise all are left over.
    waits: bool,
}

/// Left-over entries that are not worth a compaction.
const FEW: usize = 32;

impl ReadyQueue {
    /// Queues a task that is not in the queue.
    pub(crate) fn push(&mut self, id: u64, height: u32) {
        self.waiting += 1;
        if !self.repeated.is_empty()
            && let Some(repeated) = self.repeated.get_mut(&id)
        {
            repeated.entries += 1;
            repeated.waits = true;
        }
        self.enqueue(id, height);
    }

    /// Puts a task that is not in the queue before all others, those put first earlier included.
    pub(crate) fn push_first(&mut self, id: u64) {
        self.waiting += 1;
        self.first.push(id);
    }

    /// Tells that a task that was queued by [`push`](Self::push) has a greater height by now.
    pub(crate) fn raise(&mut self, id: u64, height: u32) {
        self.repeated.entry(id).or_insert(Repeated { entries: 1, waits: true }).entries += 1;
        self.enqueue(id, height);
        self.drop_repeated_if_many();
    }

    /// Takes a task out that was queued by [`push`](Self::push).
    pub(crate) fn remove(&mut self, id: u64) {
        self.repeated.entry(id).or_insert(Repeated { entries: 1, waits: true }).waits = false;
        self.waiting -= 1;
        self.drop_repeated_if_many();
    }

    /// Takes the task that goes first, by the heights as they are now.
    pub(crate) fn pop(&mut self, height_of: impl Fn(u64) -> u32) -> Option<u64> {
        if let Some(id) = self.first.pop() {
            self.waiting -= 1;
            return Some(id);
        }
        loop {
            let (queued_at, id) = self.dequeue()?;
            let repeated = if self.repeated.is_empty() { None } else { self.repeated.get_mut(&id) };
            let is_left_over = repeated.as_ref().is_some_and(|repeated| !repeated.waits);
            if !is_left_over {
                let height = height_of(id);
                if height < queued_at {
                    self.enqueue(id, height);
                    continue;
                }
            }
            if let Some(repeated) = repeated {
                repeated.waits = false;
                repeated.entries -= 1;
                if repeated.entries == 0 {
                    self.repeated.remove(&id);
                }
            }
            if !is_left_over {
                self.waiting -= 1;
                return Some(id);
            }
        }
    }

    /// Queues all tasks anew by the heights as they are now, for when any may have risen; those that were put first stay
    /// first.
    pub(crate) fn reorder(&mut self, height_of: impl Fn(u64) -> u32) {
        let first = std::mem::take(&mut self.first);
        self.waiting -= first.len();
        let ids: Vec<u64> = std::iter::from_fn(|| self.pop(&height_of)).collect();
        for id in ids {
            self.push(id, height_of(id));
        }
        self.waiting += first.len();
        self.first = first;
    }

    /// How many tasks wait here.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.waiting
    }

    /// Whether no task waits here.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    fn enqueue(&mut self, id: u64, height: u32) {
        self.entries += 1;
        self.by_height.entry(height).or_default().push_back(id);
    }

    /// The first of the highest, with the height that it was queued at.
    fn dequeue(&mut self) -> Option<(u32, u64)> {
        let mut highest = self.by_height.last_entry()?;
        let height = *highest.key();
        let id = highest.get_mut().pop_front();
        if highest.get().is_empty() {
            highest.remove();
        }
        self.entries -= 1;
        Some((height, id.expect("no queue is left empty")))
    }

    /// Tasks that keep rising, or are taken out, must not fill the memory. It takes as many steps before this is due
    /// as there are entries to look through.
    fn drop_repeated_if_many(&mut self) {
        if self.entries > 2 * self.waiting + FEW {
            self.drop_repeated();
        }
    }

    /// Keeps one entry of each waiting task: the one that comes up first.
    fn drop_repeated(&mut self) {
        let repeated = std::mem::take(&mut self.repeated);
        let mut seen = HashSet::with_capacity(repeated.len());
        for queue in self.by_height.values_mut().rev() {
            queue.retain(|id| repeated.get(id).is_none_or(|repeated| repeated.waits && seen.insert(*id)));
        }
        self.by_height.retain(|_, queue| !queue.is_empty());
        self.entries = self.by_height.values().map(VecDeque::len).sum();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn drain(queue: &mut ReadyQueue, height_of: impl Fn(u64) -> u32) -> Vec<u64> {
        std::iter::from_fn(|| queue.pop(&height_of)).collect()
    }

    #[test]
    fn the_longest_way_goes_first_and_then_who_came_first() {
        let mut queue = ReadyQueue::default();
        let heights = [1, 3, 2, 3, 1];
        for (id, height) in (0..).zip(heights) {
            queue.push(id, height);
        }
        assert_eq!(queue.len(), 5);
        assert_eq!(drain(&mut queue, |id| heights[usize::try_from(id).unwrap()]), [1, 3, 2, 0, 4]);
        assert_eq!(queue.len(), 0);
    }

    #[test]
    fn what_is_put_first_goes_before_all_others() {
        let mut queue = ReadyQueue::default();
        queue.push(1, 9);
        queue.push_first(2);
        queue.push_first(3);
        assert_eq!(drain(&mut queue, |_| 9), [3, 2, 1]);
    }

    #[test]
    fn a_task_whose_way_got_shorter_waits_at_its_new_place() {
        let mut queue = ReadyQueue::default();
        queue.push(1, 5);
        queue.push(2, 3);
        assert_eq!(drain(&mut queue, |id| if id == 1 { 2 } else { 3 }), [2, 1]);
    }

    #[test]
    fn a_task_that_rose_comes_out_at_its_new_place_and_once() {
        let mut queue = ReadyQueue::default();
        queue.push(1, 1);
        queue.push(2, 2);
        queue.raise(1, 3);
        assert_eq!(queue.pop(|id| if id == 1 { 3 } else { 2 }), Some(1));
        // It is queued again while an entry of before is left over.
        queue.push(1, 1);
        assert_eq!(drain(&mut queue, |id| if id == 1 { 1 } else { 2 }), [2, 1]);
        assert!(queue.repeated.is_empty());
    }

    #[test]
    fn a_task_that_keeps_rising_takes_no_more_room() {
        let mut queue = ReadyQueue::default();
        queue.push(1, 1);
        queue.push(2, 50);
        (2..10_000).for_each(|height| queue.raise(1, height));
        assert!(queue.entries <= 2 * 2 + FEW);
        assert_eq!(drain(&mut queue, |id| if id == 1 { 9_999 } else { 50 }), [1, 2]);
    }

    proptest! {
        #[test]
        fn every_task_comes_out_once_and_always_the_highest(
            steps in proptest::collection::vec((0_u8..4, 0_u64..8, 1_u32..6), 0..120)
        ) {
            let mut queue = ReadyQueue::default();
            let mut waiting: BTreeMap<u64, u32> = BTreeMap::new();
            for (step, id, height) in steps {
                match (step, waiting.get(&id).copied()) {
                    (0, None) => {
                        queue.push(id, height);
                        waiting.insert(id, height);
                    }
                    (1, Some(before)) => {
                        waiting.insert(id, height);
                        if height > before {
                            queue.raise(id, height);
                        }
                    }
                    (2, _) => {
                        let popped = queue.pop(|id| waiting.get(&id).copied().unwrap_or(9));
                        let highest = waiting.values().copied().max();
                        prop_assert_eq!(popped.and_then(|id| waiting.remove(&id)), highest);
                    }
                    (3, Some(_)) => {
                        queue.remove(id);
                        waiting.remove(&id);
                    }
                    _ => {}
                }
                prop_assert_eq!(queue.len(), waiting.len());
            }
            let mut rest = drain(&mut queue, |id| waiting.get(&id).copied().unwrap_or(9));
            rest.sort_unstable();
            prop_assert_eq!(rest, waiting.into_keys().collect::<Vec<_>>());
        }
    }
}
