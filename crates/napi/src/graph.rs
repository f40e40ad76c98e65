//! The dependency queue: numbers in typed arrays, in place. No pointer into JavaScript's memory outlives its call.

use napi::bindgen_prelude::Uint32ArraySlice;
use napi_derive::napi;
use orchestrator_scheduler::DependencyQueue;

use crate::{
    crossing::{Fragile, crossing},
    failure::Failure,
};

/// A `DependencyQueue` of `orchestrator-scheduler`.
#[napi]
pub struct NativeTaskGraph {
    // Boxed, because every change takes it out and puts it back.
    queue: Fragile<Box<DependencyQueue>>,
    /// The tasks that the last call of `failed` or `cancel` blocked, until they are fetched.
    blocked: Vec<u32>,
}

#[napi]
impl NativeTaskGraph {
    /// A queue without tasks.
    #[napi(constructor)]
    pub fn new() -> napi::Result<Self> {
        crossing(|| Ok(Self { queue: Fragile::new(Box::default()), blocked: Vec::new() }))
    }

    /// Adds tasks; gives the number of the first.
    #[napi]
    pub fn add(
        &mut self,
        count: u32,
        priorities: &[u8],
        offsets: &[u32],
        dependencies: &[u32],
    ) -> napi::Result<u32> {
        crossing(|| self.queue.with(|queue| Ok(queue.add(count, priorities, offsets, dependencies)?)))
    }

    /// The first `done` numbers of `batch` are done; writes at most `most` tasks to run over them, and gives how many.
    #[napi]
    pub fn advance(&mut self, mut batch: Uint32ArraySlice<'_>, done: u32, most: u32) -> napi::Result<u32> {
        crossing(|| {
            let batch = writable(&mut batch);
            let (done, most) = (fits(done, batch, "done")?, fits(most, batch, "most")?);
            let taken = self.queue.with(|queue| Ok(queue.advance(batch, done, most)?))?;
            Ok(count(taken))
        })
    }

    /// Running tasks failed; gives how many are blocked by it.
    #[napi]
    pub fn failed(&mut self, ids: &[u32]) -> napi::Result<u32> {
        crossing(|| {
            self.blocked = self.queue.with(|queue| Ok(queue.failed(ids)?))?;
            Ok(count(self.blocked.len()))
        })
    }

    /// Takes tasks out; gives how many are blocked by it.
    #[napi]
    pub fn cancel(&mut self, ids: &[u32]) -> napi::Result<u32> {
        crossing(|| {
            self.blocked = self.queue.with(|queue| Ok(queue.cancel(ids)?))?;
            Ok(count(self.blocked.len()))
        })
    }

    /// Writes the tasks that were blocked by the last call, of which it gave the number.
    #[napi]
    pub fn blocked(&mut self, mut into: Uint32ArraySlice<'_>) -> napi::Result<()> {
        crossing(|| {
            let into = writable(&mut into);
            let blocked = std::mem::take(&mut self.blocked);
            let length = fits(count(blocked.len()), into, "the number of blocked tasks")?;
            into[..length].copy_from_slice(&blocked);
            Ok(())
        })
    }

    /// Writes how many tasks are in each state, seven numbers.
    #[napi]
    pub fn counts(&mut self, mut into: Uint32ArraySlice<'_>) -> napi::Result<()> {
        crossing(|| {
            let into = writable(&mut into);
            let counts = self.queue.with(|queue| Ok(queue.counts().all()))?;
            let length = fits(count(counts.len()), into, "the number of states")?;
            into[..length].copy_from_slice(&counts);
            Ok(())
        })
    }

    /// The number of a task's state.
    #[napi]
    pub fn state(&mut self, id: u32) -> napi::Result<Option<u8>> {
        crossing(|| self.queue.with(|queue| Ok(queue.state(id).map(|state| state as u8))))
    }

    /// The number of tasks on the longest way from a task to an end.
    #[napi]
    pub fn height(&mut self, id: u32) -> napi::Result<Option<u32>> {
        crossing(|| self.queue.with(|queue| Ok(queue.height(id))))
    }
}

/// The memory of a typed array, for as long as the call lasts.
fn writable<'a>(array: &'a mut Uint32ArraySlice<'_>) -> &'a mut [u32] {
    // SAFETY: nobody else reads or writes it meanwhile. JavaScript's thread waits in this call; the memory is not
    // shared with other threads (`ts/engine/graph.ts` refuses such arrays); and no function here that writes to an
    // array is given a second one, which could be a view of the same memory.
    unsafe { array.as_mut() }
}

fn fits(number: u32, array: &[u32], what: &str) -> Result<usize, Failure> {
    let number = number as usize;
    if number <= array.len() {
        return Ok(number);
    }
    let message = format!("{what} is {number}, and the array has room for {}", array.len());
    Err(Failure::invalid_input(message))
}

fn count(count: usize) -> u32 {
    u32::try_from(count).expect("there are less than 2^32 tasks")
}
