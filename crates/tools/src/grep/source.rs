//! A file that is read for as long as there is patience.

use std::io::{self, Read};

use crate::{progress::add, walk::On};

/// The longest piece that is read before patience is asked again.
const CHUNK: usize = 256 << 10;

pub(crate) struct Source<'a, R> {
    inner: R,
    on: On<'a>,
    /// Bytes read so far.
    pub(crate) read: u64,
}

impl<'a, R: Read> Source<'a, R> {
    pub(crate) fn new(inner: R, on: On<'a>) -> Self {
        Self { inner, on, read: 0 }
    }
}

impl<R: Read> Read for Source<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.on.is_over() {
            // Told from errors of the system by asking for patience again.
            return Err(io::Error::other("the search was ended"));
        }
        let length = buffer.len().min(CHUNK);
        let read = self.inner.read(&mut buffer[..length])?;
        self.read += read as u64;
        add(&self.on.progress.bytes, read as u64);
        Ok(read)
    }
}
