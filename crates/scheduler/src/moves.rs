//! State machines as tables.

/// One legal move of a state machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move<S> {
    /// From this state.
    pub from: S,
    /// To this one.
    pub to: S,
    /// When, in a few words.
    pub when: &'static str,
}

impl<S> Move<S> {
    /// A row of a table.
    pub(crate) const fn new(from: S, to: S, when: &'static str) -> Self {
        Self { from, to, when }
    }
}

/// Whether a table lists the move.
pub(crate) fn lists<S: Copy + PartialEq>(table: &[Move<S>], from: S, to: S) -> bool {
    table.iter().any(|row| row.from == from && row.to == to)
}
