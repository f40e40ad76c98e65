//! The one switch between what threads share by the standard library, by loom and by shuttle. Nothing else in this
//! crate names any of them, but for the tests, which start threads, and [`Name`](crate::pools::strings::Name), whose
//! only shared word is the count of its `Arc<str>`, a type that loom doesn't have.

#[cfg(loom)]
pub(crate) use loom::sync::{
    Arc,
    atomic::{AtomicU64, Ordering, fence},
};

#[cfg(shuttle)]
pub(crate) use shuttle::sync::{
    Arc,
    atomic::{AtomicU64, Ordering, fence},
};

#[cfg(not(any(loom, shuttle)))]
pub(crate) use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering, fence},
};
