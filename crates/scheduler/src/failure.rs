//! What each kind of error of a session does, as a table.

use crate::event::SessionErrorKind;

/// What comes after a work turn that ended with an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// The same attempt goes on in the same session after a pause.
    Wait,
    /// The session's context is compacted once and the same attempt goes on; the next time, the next attempt begins in a
    /// new session.
    Compact,
    /// The mission pauses and asks the user; the attempt does not count.
    AskUser,
    /// The next attempt is asked of the next model of the agent, in a new session; without one the task fails.
    NextModel,
    /// The next attempt, in the same session, which is told what was wrong.
    TellSession,
    /// The same attempt begins anew in a new session, after a pause.
    Reopen,
    /// The next attempt, in a new session.
    NewSession,
}

/// A row of [`FAILURES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The kind of error.
    pub kind: SessionErrorKind,
    /// What it is, for people.
    pub what: &'static str,
    /// Whether the provider is at fault: its model's circuit and the limiter hear of it.
    pub blames_provider: bool,
    /// Whether the model answered, be it as it may.
    pub answered: bool,
    /// What comes next.
    pub remedy: Remedy,
}

/// Every kind of error, and what it does to a work turn. Reviews wait and ask the same; any other error brings their next
/// round, in a new session.
pub const FAILURES: [Failure; 11] = {
    use SessionErrorKind as Kind;
    const fn row(kind: Kind, what: &'static str, remedy: Remedy) -> Failure {
        let blames_provider = matches!(kind, Kind::RateLimit | Kind::Overloaded | Kind::Timeout);
        let answered = matches!(kind, Kind::ContextOverflow | Kind::Refusal | Kind::BadToolCall);
        Failure { kind, what, blames_provider, answered, remedy }
    }
    [
        row(Kind::RateLimit, "too many requests", Remedy::Wait),
        row(Kind::Overloaded, "the provider is overloaded", Remedy::Wait),
        row(Kind::Timeout, "no answer in time", Remedy::Wait),
        row(Kind::ContextOverflow, "the context is full", Remedy::Compact),
        row(Kind::Auth, "the credentials were refused", Remedy::AskUser),
        row(Kind::Quota, "the account has nothing left", Remedy::AskUser),
        row(Kind::Refusal, "the model refused", Remedy::NextModel),
        row(
            Kind::BadToolCall,
            "the model called a tool in a form that could not be read",
            Remedy::TellSession,
        ),
        row(Kind::Gone, "the session is gone", Remedy::Reopen),
        row(Kind::Aborted, "the session was interrupted", Remedy::AskUser),
        row(Kind::Unknown, "the session failed", Remedy::NewSession),
    ]
};

impl SessionErrorKind {
    /// What an error of this kind does.
    ///
    /// # Panics
    /// Never: a test holds the table to be complete.
    #[must_use]
    pub fn failure(self) -> &'static Failure {
        FAILURES.iter().find(|row| row.kind == self).expect("the table has every kind")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_every_kind_at_its_place() {
        for (at, row) in FAILURES.iter().enumerate() {
            assert_eq!(row.kind as usize, at, "{:?}", row.kind);
        }
        assert_eq!(SessionErrorKind::Unknown as usize + 1, FAILURES.len(), "the last kind");
    }

    #[test]
    fn a_provider_that_is_to_blame_did_not_answer_and_is_waited_for() {
        for row in FAILURES {
            assert!(!(row.blames_provider && row.answered), "{row:?}");
            assert_eq!(row.blames_provider, row.remedy == Remedy::Wait, "{row:?}");
        }
    }
}
