use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn queue(rows: &[Vec<u32>]) -> DependencyQueue {
    let mut queue = DependencyQueue::new();
    add(&mut queue, &[], rows).unwrap();
    queue
}

fn add(queue: &mut DependencyQueue, priorities: &[u8], rows: &[Vec<u32>]) -> Result<u32, Error> {
    let edges: CsrBuf = rows.iter().cloned().collect();
    let edges = edges.as_csr();
    let count = u32::try_from(rows.len()).unwrap();
    queue.add(count, priorities, edges.offsets(), edges.targets())
}

fn take(queue: &mut DependencyQueue, most: usize) -> Vec<u32> {
    let mut room = vec![0; most];
    let taken = queue.take(&mut room);
    room.truncate(taken);
    room
}

#[test]
fn tasks_are_handed_out_when_what_they_depend_on_is_done() {
    let mut queue = queue(&[vec![], vec![0], vec![0], vec![1, 2]]);
    assert_eq!(take(&mut queue, 8), [0]);
    assert_eq!(queue.state(0), Some(QueueState::Running));
    queue.done(&[0]).unwrap();
    assert_eq!(take(&mut queue, 8), [1, 2]);
    let mut batch = [2, 1, 9, 9];
    assert_eq!(queue.advance(&mut batch, 2, 4).unwrap(), 1);
    assert_eq!(batch[0], 3);
    queue.done(&[3]).unwrap();
    assert_eq!(queue.counts().all(), [0, 0, 0, 4, 0, 0, 0]);
}

#[test]
fn the_priority_decides_then_the_way_to_an_end_then_who_came_first() {
    let mut queue = DependencyQueue::new();
    let rows = vec![vec![], vec![], vec![], vec![], vec![], vec![2]];
    add(&mut queue, &[2, 1, 1, 0, 1, 1], &rows).unwrap();
    assert_eq!(queue.height(2), Some(2));
    assert_eq!(take(&mut queue, 8), [3, 2, 1, 4, 0]);
}

#[test]
fn a_task_that_gets_a_longer_way_while_it_is_ready_goes_earlier() {
    let mut queue = queue(&[vec![], vec![]]);
    add(&mut queue, &[], &[vec![1], vec![2]]).unwrap();
    assert_eq!(take(&mut queue, 8), [1, 0]);
}

#[test]
fn a_failure_blocks_all_that_depends_on_it() {
    let mut queue = queue(&[vec![], vec![0], vec![1], vec![], vec![3, 2]]);
    assert_eq!(queue.height(3), Some(2));
    assert_eq!(take(&mut queue, 1), [0]);
    assert_eq!(queue.failed(&[0]).unwrap(), [1, 2, 4]);
    assert_eq!(queue.height(3), Some(1), "what it would lead to does not run");
    assert_eq!(take(&mut queue, 8), [3]);
    assert_eq!(queue.counts().of(QueueState::Blocked), 3);
    // Later tasks as well, at once.
    add(&mut queue, &[], &[vec![4], vec![5], vec![3]]).unwrap();
    assert_eq!(
        [5, 6, 7].map(|id| queue.state(id).unwrap()),
        [QueueState::Blocked, QueueState::Blocked, QueueState::Waiting]
    );
}

#[test]
fn what_is_cancelled_is_not_handed_out_and_blocks_what_depends_on_it() {
    let mut queue = queue(&[vec![], vec![], vec![0], vec![]]);
    assert_eq!(queue.cancel(&[0, 0]).unwrap(), [2]);
    assert_eq!(take(&mut queue, 1), [1]);
    assert_eq!(queue.cancel(&[1, 2]).unwrap(), [0; 0], "2 has ended");
    assert!(queue.done(&[1]).is_err(), "it was cancelled");
    assert_eq!(take(&mut queue, 8), [3]);
    assert_eq!(queue.counts().all(), [0, 0, 1, 0, 0, 1, 2]);
}

#[test]
fn a_late_or_double_end_is_refused_with_the_task_and_its_state() {
    let mut queue = queue(&[vec![], vec![], vec![0]]);
    take(&mut queue, 2);
    for (ids, kind, says) in [
        (vec![1, 2], ErrorKind::WrongState, "task 2 is waiting"),
        (vec![1, 1], ErrorKind::WrongState, "task 1 is listed twice"),
        (vec![1, 9], ErrorKind::UnknownTask, "no task 9: 3 were added"),
    ] {
        let error = queue.done(&ids).unwrap_err();
        assert_eq!(error.kind(), kind);
        assert!(error.to_string().contains(says), "{error}");
        assert_eq!(queue.state(1), Some(QueueState::Running), "nothing was changed");
    }
    queue.done(&[0, 1]).unwrap();
    assert!(queue.failed(&[1]).unwrap_err().to_string().contains("task 1 is done"));
    assert!(queue.cancel(&[9]).is_err());
    assert_eq!(queue.state(9), None);
    assert_eq!(queue.height(9), None);
}

#[test]
fn every_problem_is_named_and_nothing_is_added() {
    let mut queue = queue(&[vec![]]);
    for (priorities, offsets, dependencies, paths) in [
        (&[0, 3, 7][..], &[][..], &[][..], &["priorities[1]", "priorities[2]"][..]),
        (&[0], &[], &[], &["priorities"]),
        (&[], &[0, 1], &[0], &["offsets"]),
        (&[], &[], &[0], &["offsets[0]"]),
        (&[], &[0, 1, 0, 1], &[0], &["offsets[2]"]),
        (&[], &[0, 1, 2, 2], &[1, 9], &["dependencies[0]", "dependencies[1]"]),
        (&[], &[0, 1, 2, 3], &[2, 3, 1], &["dependencies"]),
    ] {
        let error = queue.add(3, priorities, offsets, dependencies).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidPlan);
        assert_eq!(
            error.problems().iter().map(|problem| &problem.path).collect::<Vec<_>>(),
            paths,
            "{error}"
        );
        assert_eq!(queue.added(), 1);
        assert_eq!(queue.counts().open(), 1);
    }
    let error = queue.add(u32::MAX, &[], &[], &[]).unwrap_err();
    assert_eq!(error.problems()[0].path, "count");
    let error = queue.add(3, &[], &[0, 1, 2, 3], &[2, 3, 1]).unwrap_err();
    assert!(error.to_string().ends_with("cycle 1 → 2 → 3 → 1"), "{error}");
}

#[test]
fn what_has_ended_is_let_go_and_its_end_is_remembered() {
    let mut queue = DependencyQueue::new();
    let mut alive = Vec::new();
    for round in 0..2_000_u32 {
        let on: Vec<u32> = round.checked_sub(1).map(|last| last * 2 + 1).into_iter().collect();
        add(&mut queue, &[], &[vec![], on]).unwrap();
        for id in take(&mut queue, 8) {
            if id % 32 == 0 {
                queue.failed(&[id]).unwrap();
            } else {
                queue.done(&[id]).unwrap();
            }
            alive.push(id);
        }
    }
    assert!(queue.marks.len() < 32, "{} records", queue.marks.len());
    assert!(queue.dag.edges() < 128, "{} edges", queue.dag.edges());
    assert_eq!(queue.counts().of(QueueState::Failed), 4_000 / 32);
    let ends = (0..4_000).map(|id| (id, queue.state(id).unwrap()));
    for (id, end) in ends.filter(|(id, _)| alive.contains(id)) {
        assert_eq!(end == QueueState::Failed, id % 32 == 0, "task {id} is {end}");
    }
    // What a task depends on may be gone.
    add(&mut queue, &[], &[vec![1], vec![0]]).unwrap();
    assert_eq!(queue.state(4_001), Some(QueueState::Blocked));
    assert_eq!(take(&mut queue, 8).last(), Some(&4_000));
}

#[test]
fn tasks_that_are_cancelled_before_they_run_leave_nothing_behind() {
    let mut queue = queue(&[vec![]]);
    for id in 1..2_000 {
        add(&mut queue, &[], &[vec![]]).unwrap();
        queue.cancel(&[id]).unwrap();
    }
    assert_eq!(take(&mut queue, 8), [0]);
    queue.done(&[0]).unwrap();
    add(&mut queue, &[], &[vec![]]).unwrap();
    assert_eq!(queue.dag.first(), 2_000);
    assert_eq!(take(&mut queue, 8), [2_000]);
}

proptest! {
    #[test]
    fn every_order_is_one_that_the_dependencies_allow(
        rows in prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 0..3), 1..40),
        priorities in prop::collection::vec(0_u8..3, 40),
        batch in 1_usize..7,
        fate in prop::collection::vec(0_u8..12, 40),
    ) {
        let rows: Vec<Vec<u32>> = rows.iter().enumerate().map(|(at, row)| {
            let on = row.iter().filter(|_| at > 0).map(|on| u32::try_from(on.index(at)).unwrap());
            on.collect()
        }).collect();
        let mut queue = DependencyQueue::new();
        let mut ends: BTreeMap<u32, QueueState> = BTreeMap::new();
        let mut running = Vec::new();
        let mut chunks = rows.chunks(batch);
        let mut added = 0;
        loop {
            if let Some(chunk) = chunks.next() {
                add(&mut queue, &priorities[added..added + chunk.len()], chunk).unwrap();
                added += chunk.len();
            }
            running.extend(take(&mut queue, 2));
            if running.is_empty() && added == rows.len() {
                break;
            }
            for id in running.drain(..) {
                for on in &rows[id as usize] {
                    prop_assert_eq!(ends.get(on), Some(&QueueState::Done), "{} before {}", id, on);
                }
                let end = match fate[id as usize] {
                    0 => {
                        queue.failed(&[id]).unwrap();
                        QueueState::Failed
                    }
                    1 => {
                        queue.cancel(&[id]).unwrap();
                        QueueState::Cancelled
                    }
                    _ => {
                        queue.done(&[id]).unwrap();
                        QueueState::Done
                    }
                };
                prop_assert_eq!(ends.insert(id, end), None, "{} ran twice", id);
            }
        }
        for (id, row) in (0_u32..).zip(&rows) {
            let blocked = row.iter().any(|on| queue.state(*on) != Some(QueueState::Done));
            let expected = if blocked { QueueState::Blocked } else { ends[&id] };
            prop_assert_eq!(queue.state(id), Some(expected));
        }
        let all: u32 = queue.counts().all().iter().sum();
        prop_assert_eq!(all as usize, rows.len());
        prop_assert_eq!(queue.counts().open(), 0);
    }
}
