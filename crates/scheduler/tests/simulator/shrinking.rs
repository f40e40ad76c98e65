//! The shrinker, shown on a rule that is wrong on purpose.

use orchestrator_scheduler::Event;

use crate::{
    case::Case,
    fault::Fault,
    host::Host,
    invariants::{Kept, Step, ensure},
    play::play,
    shrink::shrink,
};

/// Breaks when a session on the third lane of a role goes silent.
fn third_lane_never_goes_silent(host: &Host, step: &Step) -> Kept {
    for lease in &step.now.leases {
        let third = lease.lane.is_some_and(|lane| lane.index == 2);
        ensure!(Lanes, !third || !host.silent.contains(&lease.lease), "{lease:?} went silent");
    }
    Ok(())
}

#[test]
fn a_failing_case_shrinks_to_the_fault_and_the_tasks_that_it_takes() {
    let failing = |case: &Case| play(case, Some(third_lane_never_goes_silent)).err();
    let large = (0..2_000).map(Case::drawn).filter(|case| case.faults.iter().count() > 10);
    let mut found = large.filter_map(|case| failing(&case).map(|failure| (case, failure)));
    for (case, failure) in found.by_ref().take(3) {
        let (small, failure) = shrink(&case, failure, failing);
        assert_eq!(small.faults.iter().collect::<Vec<Fault>>(), [Fault::Silence], "{small}");
        assert_eq!(small.disturbances, Some(Vec::new()), "{small}");
        assert!(small.lanes >= 3 && small.tasks <= case.tasks, "{small}");
        // It is itself a failing case, and as it is printed; and nothing can be left out of it.
        let again: Case = small.to_string().parse().unwrap();
        assert_eq!(failing(&again).map(|failure| failure.class), Some(failure.class.clone()));
        for less in [
            Case { faults: [].into_iter().collect(), ..small.clone() },
            Case { tasks: small.tasks - 1, ..small.clone() },
            Case { lanes: small.lanes - 1, ..small.clone() },
        ] {
            assert!(failing(&less).is_none(), "{less} fails too");
        }
        let submitted = |event: &Event| matches!(event, Event::PlanSubmitted { .. });
        assert!(failure.journal.iter().any(|record| submitted(&record.event)), "the journal is there");
    }
    assert!(found.next().is_some(), "there are cases to shrink");
}
