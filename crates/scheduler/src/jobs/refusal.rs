//! Why a job was not taken.

/// Why a job was not taken. Nothing of it has run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// As many jobs as may wait do so, for a thread or for room for their results.
    #[error("{waiting} jobs wait, which is the limit: submit it again when some have ended")]
    Full {
        /// How many wait.
        waiting: usize,
    },
    /// The result may be larger than all the results together may be that its submitter keeps.
    #[error(
        "the result may have {asked} bytes, and {limit} is the limit of all results that are kept: reserve less"
    )]
    NoRoom {
        /// What the job asked for.
        asked: usize,
        /// The submitter's limit.
        limit: usize,
    },
    /// The pool was dropped.
    #[error("the pool of threads has ended")]
    Ended,
    /// There is no thread, and the system gave none.
    #[error("no thread could be started")]
    NoThread(#[source] std::io::Error),
}
