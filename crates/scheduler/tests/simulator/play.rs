//! Plays a case to its end or to its failure.

use std::{
    any::Any,
    cell::{Cell, RefCell},
    panic::{self, AssertUnwindSafe, catch_unwind},
    sync::Once,
};

use orchestrator_scheduler::Record;

use crate::{
    case::Case,
    invariants::Broken,
    simulation::{ExtraRule, Simulation},
    statistics::Statistics,
};

/// How a case failed.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// What failures of the same kind have in common: the rule, or where and why something panicked.
    pub(crate) class: String,
    pub(crate) message: String,
    /// In which step.
    pub(crate) step: u64,
    pub(crate) journal: Vec<Record>,
}

/// Plays a case by the rules of all missions, and by one more where a test gives it.
///
/// # Errors
/// The first broken rule, or panic.
pub(crate) fn play(case: &Case, extra: Option<ExtraRule>) -> Result<Statistics, Box<Failure>> {
    let mut simulation = Simulation::new(case, extra);
    let (class, message) = match quietly(|| simulation.run()) {
        Ok(Ok(())) => return Ok(simulation.statistics()),
        Ok(Err(Broken { rule, what })) => (format!("broken: {}", rule.name()), what),
        Err(panic) => (format!("panic {}", kind(&panic)), panic),
    };
    let step = simulation.statistics.steps;
    // A panic may have left anything behind, but the journal.
    Err(Box::new(Failure { class, message, step, journal: simulation.journal() }))
}

thread_local! {
    /// Whether a panic of this thread is only a result.
    static QUIET: Cell<bool> = const { Cell::new(false) };
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs something; a panic is given with its place and not printed.
fn quietly<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let loud = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if QUIET.get() {
                let place = info.location().map(ToString::to_string).unwrap_or_default();
                PLACE.with(|last| *last.borrow_mut() = place);
            } else {
                loud(info);
            }
        }));
    });
    let before = QUIET.replace(true);
    let ran = catch_unwind(AssertUnwindSafe(run));
    QUIET.set(before);
    ran.map_err(|panic| format!("at {}: {}", PLACE.take(), text(panic.as_ref())))
}

fn text(panic: &(dyn Any + Send)) -> &str {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    owned.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without a message")
}

/// A message without what differs from case to case: numbers, and what is quoted.
fn kind(message: &str) -> String {
    let unquoted: String = message.split('"').step_by(2).collect::<Vec<_>>().join("…");
    let mut kind: String = unquoted.chars().map(|c| if c.is_ascii_digit() { '#' } else { c }).collect();
    while kind.contains("##") {
        kind = kind.replace("##", "#");
    }
    kind
}

#[test]
fn a_panic_is_a_failure_with_its_place_and_a_kind() {
    let panic = quietly(|| panic!("task \"t17\" can't go from 3 to 45")).unwrap_err();
    assert!(panic.contains("play.rs"), "{panic}");
    assert!(kind(&panic).ends_with("task … can't go from # to #"), "{}", kind(&panic));
    assert_eq!(quietly(|| 7), Ok(7));
}
