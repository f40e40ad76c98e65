//! The rules that a run checks by itself are not vacuous either: each run was true until it was doctored.

use orchestrator_scheduler::{Command, Event, Outcome, TaskState};

use crate::{
    case::Case,
    invariants::{Kept, Rule},
    simulation::Simulation,
};

/// A calm mission, as it stands once something is `there`.
fn mission(there: impl Fn(&Simulation) -> bool) -> Simulation {
    let case: Case = "seed=3 tasks=8 lanes=3 faults=none".parse().unwrap();
    for until in 1..500 {
        let mut simulation = Simulation::new(&Case { until: Some(until), ..case.clone() }, None);
        simulation.run().unwrap();
        if there(&simulation) {
            simulation.case.until = None;
            return simulation;
        }
    }
    panic!("{case} never came to that");
}

fn refused(kept: Kept) -> Option<Rule> {
    kept.err().map(|broken| broken.rule)
}

fn has_task(simulation: &Simulation, state: TaskState) -> bool {
    simulation.last.tasks.iter().any(|task| task.state == state)
}

fn has_session(simulation: &Simulation) -> bool {
    simulation.last.leases.iter().any(|lease| lease.running && lease.session.is_some())
}

#[test]
fn what_was_not_doctored_is_not_refused() {
    let mut simulation = mission(has_session);
    assert_eq!(refused(simulation.check_in_sight()), None);
    assert_eq!(refused(simulation.crashed(true)), None);
    assert_eq!(refused(simulation.submit(vec![unknown()])), None);
    assert_eq!(refused(simulation.go_on()), None);
}

#[test]
fn a_turn_out_of_sight_is_refused() {
    for timer in [None, Some(5_001)] {
        let mut simulation = mission(has_session);
        simulation.timer = timer.map(|later| simulation.now + later);
        assert_eq!(refused(simulation.check_in_sight()), Some(Rule::InSight));
    }
}

#[test]
fn a_check_that_is_never_answered_is_refused() {
    let mut simulation = mission(|simulation| has_task(simulation, TaskState::Verifying));
    simulation.host.die();
    assert_eq!(refused(simulation.go_on()), Some(Rule::EveryTaskEnds));
}

#[test]
fn a_journal_that_leads_elsewhere_is_refused_after_a_crash() {
    let mut simulation = mission(has_session);
    let record = simulation.journal().last().unwrap().clone();
    simulation.disk.falsify(orchestrator_scheduler::Record { at: record.at + 1, ..record });
    assert_eq!(refused(simulation.crashed(true)), Some(Rule::Replay));
}

#[test]
fn a_crash_that_is_not_recovered_from_as_it_was_is_refused() {
    let mut simulation = mission(has_session);
    simulation.last.mission.goal.push('!');
    assert_eq!(refused(simulation.crashed(true)), Some(Rule::Replay));
}

#[test]
fn a_replica_that_commands_something_else_or_stands_elsewhere_is_refused() {
    let outcome = |commands| [Outcome { commands, ignored: None }];
    let finish =
        Command::Finish { outcome: orchestrator_scheduler::MissionOutcome::Accepted, message: String::new() };
    let mut simulation = mission(has_session);
    let (last, disk) = (simulation.last.clone(), simulation.disk.clone());
    assert_eq!(refused(simulation.replica.follow(&disk, &outcome(Vec::new()), &last, &last)), None);
    let commanded = simulation.replica.follow(&disk, &outcome(vec![finish]), &last, &last);
    assert_eq!(refused(commanded), Some(Rule::Replay));
    let mut other = last.clone();
    other.mission.limit += 1;
    let stands = simulation.replica.follow(&disk, &outcome(Vec::new()), &last, &other);
    assert_eq!(refused(stands), Some(Rule::Replay));
}

#[test]
fn a_refused_event_that_changed_something_is_refused() {
    let mut simulation = mission(has_session);
    simulation.last.mission.goal.push('!');
    assert_eq!(refused(simulation.submit(vec![unknown()])), Some(Rule::AllOrNothing));
}

#[test]
fn a_failed_commit_that_changed_something_is_refused() {
    let mut simulation = mission(has_session);
    simulation.last.mission.goal.push('!');
    simulation.disk.fail_next();
    let paused = Event::Paused { reason: "Esc".into() };
    assert_eq!(refused(simulation.submit(vec![paused])), Some(Rule::AllOrNothing));
}

/// An event that is refused for what it says.
fn unknown() -> Event {
    Event::Cancelled { task: Some("nobody".into()), reason: "dropped".into() }
}
