//! What a bench says: rows with a goal, tables without, and notes. `benches/run.mjs` makes a page of it.

use serde::Serialize;

use crate::measure::Spread;

/// One bench's results.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// What was compared.
    pub(crate) title: &'static str,
    /// How it was measured.
    pub(crate) method: String,
    /// The numbers that have a goal, or a peer.
    pub(crate) rows: Vec<Row>,
    /// More numbers, without a goal.
    pub(crate) tables: Vec<Table>,
    /// Where we lose and why, and what the numbers do not show.
    pub(crate) notes: Vec<String>,
}

/// One number beside its peer's.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) what: String,
    /// In words; none where the number is only stated.
    pub(crate) goal: Option<String>,
    pub(crate) ours: String,
    pub(crate) peer: String,
    /// Ours over the peer's.
    pub(crate) ratio: Option<Spread>,
    /// Whether the goal was met.
    pub(crate) met: Option<bool>,
}

/// Numbers beside the goals.
#[derive(Debug, Serialize)]
pub(crate) struct Table {
    pub(crate) caption: String,
    pub(crate) head: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}
