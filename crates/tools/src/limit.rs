//! Where results end, and in which order they come.

use serde::{Deserialize, Serialize};

/// The order of files in a result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// By path, folder by folder. The same tree gives the same result, also where a limit cuts it: the first are kept,
    /// and the whole tree is walked to know which they are.
    #[default]
    Path,
    /// The last changed first, then by path; like [`Order::Path`] the whole tree is walked.
    Modified,
    /// As they are found, which differs from run to run. The search ends where a limit is reached.
    Found,
}

/// Why there may be more than a result tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Truncation {
    /// The most results.
    Results,
    /// The most bytes.
    Bytes,
    /// The time limit.
    Time,
}

/// A path so that comparing bytes compares folder by folder, as a walk would come upon the files. No path has a NUL.
pub(crate) fn path_key(path: String) -> Vec<u8> {
    replaced(path.into_bytes(), b'/', 0)
}

/// The path of a key.
pub(crate) fn path_of(key: Vec<u8>) -> String {
    String::from_utf8(replaced(key, 0, b'/'))
        .expect("the key was made of a text, one ASCII character changed")
}

fn replaced(mut bytes: Vec<u8>, from: u8, to: u8) -> Vec<u8> {
    for byte in &mut bytes {
        if *byte == from {
            *byte = to;
        }
    }
    bytes
}

/// A time so that the last one comes first.
pub(crate) fn latest_first(modified: std::io::Result<std::time::SystemTime>) -> u64 {
    // Before 1970, after 2554 or not to be had: last, or first.
    let since = modified.ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    let nanoseconds = since.map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX));
    u64::MAX - nanoseconds
}
