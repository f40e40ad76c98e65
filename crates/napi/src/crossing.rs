//! The border: what happens to errors and panics on their way out.

use std::{
    any::Any,
    borrow::Cow,
    cell::RefCell,
    panic::{self, AssertUnwindSafe},
    sync::Once,
};

use crate::failure::Failure;

thread_local! {
    /// The place of a panic of this thread, while a crossing is under way: `None` outside of one.
    static PLACE: RefCell<Option<Cow<'static, str>>> = const { RefCell::new(None) };
}

/// Runs the body of an exported function. An error becomes a JavaScript error, and so does a panic, with its place.
pub(crate) fn crossing<T>(body: impl FnOnce() -> Result<T, Failure>) -> napi::Result<T> {
    contained(body).map_err(napi::Error::from)
}

/// The same on any thread, with no JavaScript at hand.
pub(crate) fn contained<T>(body: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    quiet_panics();
    PLACE.set(Some(Cow::Borrowed("an unknown place")));
    // What a panic leaves behind is not used again: see `Fragile`.
    let outcome = panic::catch_unwind(AssertUnwindSafe(body));
    let place = PLACE.take();
    outcome.unwrap_or_else(|payload| Err(panicked(&*payload, &place.unwrap_or_default())))
}

/// State that a panic in the middle of a change would leave wrong: after one it can't be used any more.
pub(crate) struct Fragile<T>(Option<T>);

impl<T> Fragile<T> {
    pub(crate) fn new(state: T) -> Self {
        Self(Some(state))
    }

    /// Runs something on the state; a panic in it loses the state.
    pub(crate) fn with<R>(
        &mut self,
        change: impl FnOnce(&mut T) -> Result<R, Failure>,
    ) -> Result<R, Failure> {
        let Some(mut state) = self.0.take() else {
            return Err(Failure::new("ERR_PANIC", "the engine panicked earlier: open it again"));
        };
        let outcome = change(&mut state);
        self.0 = Some(state);
        outcome
    }
}

/// A panic of ours is told by its error: printing it would write over the host's screen.
fn quiet_panics() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let elsewhere = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let told = PLACE.with_borrow_mut(|place| {
                if let (Some(place), Some(location)) = (place.as_mut(), info.location()) {
                    *place = Cow::Owned(location.to_string());
                    return true;
                }
                false
            });
            if !told {
                elsewhere(info);
            }
        }));
    });
}

fn panicked(payload: &(dyn Any + Send), place: &str) -> Failure {
    let said = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("it said nothing");
    Failure::new(
        "ERR_PANIC",
        format!(
            "the engine panicked at {place}: {said}. This is a bug of the engine: please report it with this message."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_with_its_place() {
        let line = line!() + 1;
        let error = crossing(|| -> Result<(), Failure> { panic!("the lane {} is gone", 7) }).unwrap_err();
        assert!(error.reason.starts_with(r#"{"code":"ERR_PANIC""#), "{}", error.reason);
        assert!(error.reason.contains("the lane 7 is gone"), "{}", error.reason);
        assert!(error.reason.contains(&format!("crossing.rs:{line}:")), "{}", error.reason);
    }

    #[test]
    fn state_that_a_panic_interrupted_is_not_used_again() {
        let mut state = Fragile::new(1);
        assert_eq!(state.with(|number| Ok(*number)).unwrap(), 1);
        let panicked = crossing(|| state.with(|_| -> Result<(), Failure> { panic!("half way") }));
        assert!(panicked.unwrap_err().reason.contains("half way"));
        let refused = crossing(|| state.with(|number| Ok(*number)));
        assert!(refused.unwrap_err().reason.contains("panicked earlier"));
    }

    #[test]
    fn a_failed_change_keeps_the_state() {
        let mut state = Fragile::new(1);
        let failed: Result<(), _> = state.with(|number| {
            *number += 1;
            Err(Failure::invalid_input("no"))
        });
        assert!(failed.is_err());
        assert_eq!(state.with(|number| Ok(*number)).unwrap(), 2);
    }
}
