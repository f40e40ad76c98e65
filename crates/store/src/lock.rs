//! Locking that survives a panic of another thread.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks; a poisoned lock is taken as it is. What the store's locks guard is valid at every point where a
/// panic can happen: an open `SQLite` transaction rolls back when it unwinds, and the queue and the pins
/// are changed by single calls.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
