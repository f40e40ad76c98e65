//! What is kept of all that is found: the first in order, within the limits.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use crate::{
    grep::{GrepFile, GrepOptions},
    limit::{Order, Truncation, latest_first, path_key},
};

/// The place of a file in the result.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    rank: u64,
    path: Vec<u8>,
}

/// The files kept so far, shared by the threads of a search.
pub(crate) struct Kept {
    order: Order,
    max_results: usize,
    max_bytes: usize,
    arrivals: AtomicU64,
    /// Whether only what comes before the last one kept still counts.
    full: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    files: BTreeMap<Key, GrepFile>,
    results: usize,
    bytes: usize,
    truncated: Option<Truncation>,
}

impl Kept {
    pub(crate) fn new(options: &GrepOptions) -> Self {
        Self {
            order: options.order,
            max_results: options.max_results,
            max_bytes: options.max_bytes,
            arrivals: AtomicU64::new(0),
            full: AtomicBool::new(options.max_results == 0),
            state: Mutex::default(),
        }
    }

    pub(crate) fn key(&self, path: &Path, shown: &str) -> Key {
        match self.order {
            Order::Path => Key { rank: 0, path: path_key(shown.to_owned()) },
            Order::Modified => {
                let modified = path.metadata().and_then(|metadata| metadata.modified());
                Key { rank: latest_first(modified), path: path_key(shown.to_owned()) }
            }
            Order::Found => Key { rank: self.arrivals.fetch_add(1, Ordering::Relaxed), path: Vec::new() },
        }
    }

    /// Whether nothing that is still found can be kept.
    pub(crate) fn is_complete(&self) -> bool {
        // Relaxed: who sees it late searches a file in vain, and `add` decides under the lock.
        self.full.load(Ordering::Relaxed) && (self.order == Order::Found || self.max_results == 0)
    }

    /// Whether there are limits to think of before a file is searched.
    pub(crate) fn is_full(&self) -> bool {
        self.full.load(Ordering::Relaxed)
    }

    /// Whether what a file has could still be kept. What is not asked for because of this counts as cut.
    pub(crate) fn has_room(&self, key: &Key) -> bool {
        let mut state = self.lock();
        let room = state.files.last_key_value().is_some_and(|(last, _)| key < last);
        if !room {
            state.truncated.get_or_insert(Truncation::Results);
        }
        room
    }

    pub(crate) fn skipped(&self) {
        self.lock().truncated.get_or_insert(Truncation::Results);
    }

    pub(crate) fn add(&self, key: Key, file: GrepFile) {
        let mut state = self.lock();
        state.results += results(&file);
        state.bytes += bytes(&file);
        state.files.insert(key, file);
        while state.results > self.max_results || state.bytes > self.max_bytes {
            let by = if state.results > self.max_results { Truncation::Results } else { Truncation::Bytes };
            state.truncated.get_or_insert(by);
            state.drop_last();
        }
        // A limit of bytes is reached when something had to go for it.
        if state.results >= self.max_results || state.truncated == Some(Truncation::Bytes) {
            self.full.store(true, Ordering::Relaxed);
        }
    }

    pub(crate) fn into_files(self) -> (Vec<GrepFile>, Option<Truncation>) {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        (state.files.into_values().collect(), state.truncated)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Lets the last match go, and its file when there is nothing else in it.
    fn drop_last(&mut self) {
        let Some(mut last) = self.files.last_entry() else {
            self.results = 0;
            self.bytes = 0;
            return;
        };
        let file = last.get_mut();
        if file.matches.len() > 1 {
            let dropped = file.matches.pop().map_or(0, |dropped| dropped.bytes());
            file.count -= 1;
            self.results -= 1;
            self.bytes -= dropped;
        } else {
            let file = last.remove();
            self.results -= results(&file);
            self.bytes -= bytes(&file);
        }
    }
}

/// Matches, or one file where matches are not asked for.
fn results(file: &GrepFile) -> usize {
    file.matches.len().max(1)
}

fn bytes(file: &GrepFile) -> usize {
    40 + file.path.len() + file.matches.iter().map(super::GrepMatch::bytes).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grep::GrepMatch;

    fn file(path: &str, lines: &[u64]) -> GrepFile {
        let matches: Vec<_> = lines
            .iter()
            .map(|&line| GrepMatch { line, text: "x".repeat(100), ..Default::default() })
            .collect();
        let count = matches.len() as u64;
        GrepFile { path: path.to_owned(), count, matches, limited: false, binary: None }
    }

    fn kept(
        max_results: usize,
        max_bytes: usize,
        arrivals: &[(&str, &[u64])],
    ) -> (Vec<(String, u64)>, Option<Truncation>) {
        let kept = Kept::new(&GrepOptions { max_results, max_bytes, ..Default::default() });
        for (path, lines) in arrivals {
            let key = kept.key(Path::new(path), path);
            if !kept.is_full() || kept.has_room(&key) {
                kept.add(key, file(path, lines));
            }
        }
        let (files, truncated) = kept.into_files();
        (files.into_iter().map(|file| (file.path, file.count)).collect(), truncated)
    }

    #[test]
    fn the_same_matches_are_kept_in_whatever_order_the_files_come() {
        let files: [(&str, &[u64]); 4] =
            [("a.rs", &[1, 2]), ("a/b.rs", &[1, 2]), ("a/c.rs", &[1]), ("b", &[1])];
        let expected = (vec![("a/b.rs".to_owned(), 2), ("a/c.rs".to_owned(), 1)], Some(Truncation::Results));
        for first in 0..files.len() {
            let mut arrivals = files;
            arrivals.rotate_left(first);
            assert_eq!(kept(3, usize::MAX, &arrivals), expected);
            arrivals.reverse();
            assert_eq!(kept(3, usize::MAX, &arrivals), expected);
        }
    }

    #[test]
    fn what_just_fits_is_not_called_cut() {
        let arrivals: [(&str, &[u64]); 2] = [("a", &[1, 2]), ("b", &[1])];
        assert_eq!(kept(3, usize::MAX, &arrivals), (vec![("a".to_owned(), 2), ("b".to_owned(), 1)], None));
    }

    #[test]
    fn bytes_are_a_limit_too() {
        let arrivals: [(&str, &[u64]); 2] = [("b", &[1, 2, 3]), ("a", &[1])];
        let (files, truncated) = kept(100, 600, &arrivals);
        assert_eq!(files, [("a".to_owned(), 1), ("b".to_owned(), 1)]);
        assert_eq!(truncated, Some(Truncation::Bytes));
    }
}
