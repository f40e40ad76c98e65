//! Why a job was not taken.

/// Why a job was not taken. Nothing of it has run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// As many jobs as may wait for a thread do so.
    #[error("{waiting} jobs wait for a thread, which is the limit: submit it again when some have ended")]
    Full {
        /// How many wait.
        waiting: usize,
    },
    /// The results that are kept or still to come may have as many bytes as the submitter's limit allows.
    #[error(
        "the result may have {asked} bytes, and {reserved} of {limit} are reserved by others: take their results first"
    )]
    NoRoom {
        /// What the job asked for.
        asked: usize,
        /// What others have.
        reserved: usize,
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
