//! Memory that is used again: byte buffers, boxed values, strings.
//!
//! Each pool lends values that come back when they are dropped, keeps a bounded number of those that came back, and
//! counts what it does. A count of what is outstanding that is not 0 when everybody is done is a leak.
//!
//! | pool | lends | threads |
//! |---|---|---|
//! | [`Buffers`](buffers::Buffers) | byte buffers of 1, 4, 16 and 64 KiB | any, without a lock |
//! | [`Slots`](slots::Slots) | boxed values of one type | any, without a lock |
//! | [`Names`](strings::Names) | one shared copy of each string | one has the table, any have the names |

use serde::Serialize;

pub mod buffers;
mod shelf;
pub mod slots;
pub mod strings;

/// What a pool has done so far, and what is out of it at present.
///
/// Whenever nobody is taking or returning, `allocated = discarded + outstanding + idle`, summed over a pool's classes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// How many values were lent.
    pub taken: u64,
    /// How many of these had been lent before, or lay ready.
    pub reused: u64,
    /// How many were made.
    pub allocated: u64,
    /// How many were freed when they came back, because there was no room for them or they no longer fitted.
    pub discarded: u64,
    /// Lent and not yet back.
    pub outstanding: u64,
    /// The most that were outstanding at once.
    pub high_water: u64,
    /// Waiting to be lent.
    pub idle: u64,
}
