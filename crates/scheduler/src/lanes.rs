//! Lanes: who holds which, and where a free one finds its next work.
//!
//! A free lane looks, in this order: the injector for high priority; its own deque, newest first; the injector for
//! normal priority, longest way to an end first; another lane's deque, oldest first, beginning with a victim drawn by chance; the injector for low
//! priority. What its own last task made ready comes from its deque, with a warm session and a warm cache.

use crate::{
    config::LaneCounts,
    deque::{self, Deque, Stealer},
    lease::Lane,
    random::Random,
    ready::ReadyQueue,
    task::{Priority, Role},
};

/// Ids in one lane's deque; what is above goes to the injector for normal priority.
const DEQUE_CAPACITY: usize = if cfg!(loom) { 4 } else { 256 };

/// The lanes of all roles, and the work that waits for them.
#[derive(Debug)]
pub(crate) struct Lanes {
    roles: [RoleLanes; 3],
}

#[derive(Debug)]
struct RoleLanes {
    lanes: Vec<Slot>,
    injectors: [ReadyQueue; 3],
    waiting: usize,
}

#[derive(Debug)]
struct Slot {
    deque: Deque,
    stealer: Stealer,
    held: bool,
}

impl RoleLanes {
    fn new(lanes: u32) -> Self {
        let slot = |_| {
            let (deque, stealer) = deque::with_capacity(DEQUE_CAPACITY);
            Slot { deque, stealer, held: false }
        };
        Self { lanes: (0..lanes).map(slot).collect(), injectors: Default::default(), waiting: 0 }
    }

    fn next(
        &mut self,
        index: usize,
        low_too: bool,
        random: &mut Random,
        height_of: impl Fn(u64) -> u32,
    ) -> Option<u64> {
        let [high, normal, low] = &mut self.injectors;
        high.pop(&height_of)
            .or_else(|| self.lanes[index].deque.pop())
            .or_else(|| normal.pop(&height_of))
            .or_else(|| steal(&self.lanes, index, random))
            .or_else(|| if low_too { low.pop(&height_of) } else { None })
    }
}

/// The oldest id of some other lane's deque.
fn steal(lanes: &[Slot], thief: usize, random: &mut Random) -> Option<u64> {
    let last = u64::try_from(lanes.len()).ok()?.checked_sub(1)?;
    let first = usize::try_from(random.between(0, last)).ok()?;
    deque::steal_round(lanes.len(), thief, first, |victim| &lanes[victim].stealer)
}

impl Lanes {
    pub(crate) fn new(counts: &LaneCounts) -> Self {
        Self { roles: Role::ALL.map(|role| RoleLanes::new(counts.of(role))) }
    }

    /// The next id for a lane; of low priority only where these too may go.
    pub(crate) fn next(
        &mut self,
        lane: Lane,
        low_too: bool,
        random: &mut Random,
        height_of: impl Fn(u64) -> u32,
    ) -> Option<u64> {
        let role = self.of_mut(lane.role);
        if role.waiting == 0 {
            return None;
        }
        let id = role.next(lane.index as usize, low_too, random, height_of);
        role.waiting -= usize::from(id.is_some());
        id
    }

    /// Whether anything of a role waits.
    pub(crate) fn has_work(&self, role: Role) -> bool {
        self.of(role).waiting > 0
    }

    /// Whether anything of low priority waits.
    pub(crate) fn has_low(&self) -> bool {
        self.roles.iter().any(|role| !role.injectors[Priority::Low as usize].is_empty())
    }

    /// Puts work into an injector, by the length of its way to the end.
    pub(crate) fn inject(&mut self, role: Role, priority: Priority, id: u64, height: u32) {
        let role = self.of_mut(role);
        role.injectors[priority as usize].push(id, height);
        role.waiting += 1;
    }

    /// Ways to the end may have become longer: what waits in the injectors is ordered anew.
    pub(crate) fn reorder(&mut self, height_of: impl Fn(u64) -> u32) {
        for injector in self.roles.iter_mut().flat_map(|role| &mut role.injectors) {
            injector.reorder(&height_of);
        }
    }

    /// Puts work back at the head of an injector.
    pub(crate) fn inject_first(&mut self, role: Role, priority: Priority, id: u64) {
        let role = self.of_mut(role);
        role.injectors[priority as usize].push_first(id);
        role.waiting += 1;
    }

    /// Puts work on a lane's own deque; where that is full, in the injector for normal priority.
    pub(crate) fn push(&mut self, lane: Lane, id: u64, height: u32) {
        let role = self.of_mut(lane.role);
        if let Err(id) = role.lanes[lane.index as usize].deque.push(id) {
            role.injectors[Priority::Normal as usize].push(id, height);
        }
        role.waiting += 1;
    }

    /// The first lane of a role that nobody holds.
    pub(crate) fn free(&self, role: Role) -> Option<Lane> {
        self.free_from(Lane { role, index: 0 })
    }

    /// The first lane from `from` on that nobody holds.
    pub(crate) fn free_from(&self, from: Lane) -> Option<Lane> {
        let slots = &self.of(from.role).lanes;
        (from.index..)
            .zip(slots.iter().skip(from.index as usize))
            .find(|(_, slot)| !slot.held)
            .map(|(index, _)| Lane { role: from.role, index })
    }

    pub(crate) fn take(&mut self, lane: Lane) {
        let held = std::mem::replace(&mut self.slot_mut(lane).held, true);
        assert!(!held, "a lane has one holder: {lane:?} was taken twice");
    }

    pub(crate) fn give_back(&mut self, lane: Lane) {
        let held = std::mem::replace(&mut self.slot_mut(lane).held, false);
        assert!(held, "a lane is given back once: nobody holds {lane:?}");
    }

    fn slot_mut(&mut self, lane: Lane) -> &mut Slot {
        &mut self.of_mut(lane.role).lanes[lane.index as usize]
    }

    fn of(&self, role: Role) -> &RoleLanes {
        &self.roles[role as usize]
    }

    fn of_mut(&mut self, role: Role) -> &mut RoleLanes {
        &mut self.roles[role as usize]
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const WORKER: Role = Role::Worker;

    fn lane(index: u32) -> Lane {
        Lane { role: WORKER, index }
    }

    fn lanes(workers: u32) -> Lanes {
        Lanes::new(&LaneCounts { planner: 1, worker: workers, reviewer: 1 })
    }

    fn drain(lanes: &mut Lanes, index: u32) -> Vec<u64> {
        let mut random = Random::seeded(0);
        std::iter::from_fn(|| lanes.next(lane(index), true, &mut random, |_| 1)).collect()
    }

    #[test]
    fn a_lane_looks_high_own_normal_others_low() {
        let mut lanes = lanes(2);
        lanes.inject(WORKER, Priority::Low, 50, 1);
        lanes.inject(WORKER, Priority::Normal, 30, 1);
        lanes.inject(WORKER, Priority::High, 10, 1);
        lanes.push(lane(0), 20, 1);
        lanes.push(lane(0), 21, 1);
        lanes.push(lane(1), 40, 1);
        lanes.push(lane(1), 41, 1);
        assert_eq!(drain(&mut lanes, 0), [10, 21, 20, 30, 40, 41, 50]);
    }

    #[test]
    fn what_is_of_low_priority_waits_where_it_may_not_go() {
        let mut lanes = lanes(1);
        lanes.inject(WORKER, Priority::Low, 50, 1);
        lanes.inject(WORKER, Priority::Normal, 30, 1);
        let mut next = |low_too| lanes.next(lane(0), low_too, &mut Random::seeded(0), |_| 1);
        assert_eq!([next(false), next(false), next(true)], [Some(30), None, Some(50)]);
    }

    #[test]
    fn one_role_finds_nothing_of_another() {
        let mut lanes = lanes(1);
        lanes.inject(Role::Planner, Priority::High, 1, 1);
        assert!(drain(&mut lanes, 0).is_empty());
    }

    #[test]
    fn what_a_deque_has_no_room_for_waits_in_the_injector() {
        let mut lanes = lanes(1);
        let ids = DEQUE_CAPACITY as u64 + 10;
        (0..ids).for_each(|id| lanes.push(lane(0), id, 1));
        let mut all = drain(&mut lanes, 0);
        all.sort_unstable();
        assert_eq!(all, (0..ids).collect::<Vec<_>>());
    }

    #[test]
    fn the_victim_is_drawn_by_chance() {
        let first_victims: std::collections::BTreeSet<u64> = (0..32)
            .filter_map(|seed| {
                let mut lanes = lanes(8);
                (1..8).for_each(|index| lanes.push(lane(index), u64::from(index), 1));
                lanes.next(lane(0), true, &mut Random::seeded(seed), |_| 1)
            })
            .collect();
        assert!(first_victims.len() > 3, "{first_victims:?}");
    }

    #[test]
    fn a_lane_has_one_holder() {
        let mut lanes = lanes(2);
        lanes.take(lane(0));
        assert_eq!(lanes.free(WORKER), Some(lane(1)));
        lanes.take(lane(1));
        assert_eq!(lanes.free(WORKER), None);
        lanes.give_back(lane(0));
        assert_eq!(lanes.free(WORKER), Some(lane(0)));
        assert_eq!(lanes.free_from(lane(1)), None);
    }

    #[test]
    #[should_panic(expected = "a lane has one holder")]
    fn a_lane_is_not_taken_twice() {
        let mut lanes = lanes(1);
        lanes.take(lane(0));
        lanes.take(lane(0));
    }
}
