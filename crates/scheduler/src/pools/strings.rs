//! Interned strings: of equal strings, one copy.
//!
//! A task's id stands in the graph, in its scope, in every command and every view that names it. Each is a [`Name`]:
//! to clone it is to count, and to compare two that are the same is to compare pointers.
//!
//! ```
//! use orchestrator_scheduler::pools::strings::Names;
//!
//! let mut names = Names::default();
//! let a = names.intern("build");
//! assert_eq!(names.intern("build"), a);
//! assert_eq!((names.counts().entries, names.counts().hits), (1, 1));
//! drop(a);
//! names.sweep();
//! assert_eq!(names.counts().entries, 0);
//! ```

use std::{
    borrow::Borrow,
    cmp::Ordering,
    collections::HashSet,
    fmt,
    hash::{Hash, Hasher},
    ops::Deref,
    sync::Arc,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A string that is cheap to clone. It is compared, ordered and hashed by what it says, so that it does not matter
/// whether it comes from a table, nor from which.
#[derive(Clone)]
pub struct Name(Arc<str>);

impl Name {
    /// What it says.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Self(Arc::from(text))
    }
}

impl From<String> for Name {
    fn from(text: String) -> Self {
        Self(Arc::from(text))
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}

impl Eq for Name {}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        *self.0 == *other
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        *self.0 == **other
    }
}

impl PartialEq<String> for Name {
    fn eq(&self, other: &String) -> bool {
        **self == **other
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        if Arc::ptr_eq(&self.0, &other.0) { Ordering::Equal } else { self.0.cmp(&other.0) }
    }
}

impl Hash for Name {
    /// As `str` does: a table of names is searched by `&str`.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&*self.0, f)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Name {
    /// A name of its own: [`Names::adopt`] shares it.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

/// What a [`Names`] holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NameCounts {
    /// Strings in the table.
    pub entries: u64,
    /// Those that somebody has; the others go at the next sweep.
    pub outstanding: u64,
    /// How often a string was there already.
    pub hits: u64,
    /// Of text in the table.
    pub bytes: u64,
}

/// Below so many entries nothing is swept by itself.
const FIRST_SWEEP: usize = 64;

/// The table of names: one copy of each string that somebody has.
#[derive(Debug)]
pub struct Names {
    entries: HashSet<Name>,
    /// How many entries there may be before those that nobody has are looked for.
    sweep_at: usize,
    hits: u64,
}

impl Default for Names {
    fn default() -> Self {
        Self { entries: HashSet::new(), sweep_at: FIRST_SWEEP, hits: 0 }
    }
}

impl Names {
    /// The name that says `text`.
    pub fn intern(&mut self, text: &str) -> Name {
        match self.find(text) {
            Some(name) => name,
            None => self.insert(Name::from(text)),
        }
    }

    /// The table's own copy of a name; what it doesn't have, it takes in as it is.
    pub fn adopt(&mut self, name: Name) -> Name {
        match self.find(&name) {
            Some(known) => known,
            None => self.insert(name),
        }
    }

    /// Drops the entries that nobody has, and says how many those were. Runs by itself whenever the table has doubled
    /// since the last time.
    pub fn sweep(&mut self) -> usize {
        let before = self.entries.len();
        // A count of one is the table's own, and nobody else can clone from the table meanwhile.
        self.entries.retain(|name| Arc::strong_count(&name.0) > 1);
        self.sweep_at = FIRST_SWEEP.max(2 * self.entries.len());
        before - self.entries.len()
    }

    /// What the table holds. Looks at every entry.
    #[must_use]
    pub fn counts(&self) -> NameCounts {
        let mut counts = NameCounts { hits: self.hits, ..NameCounts::default() };
        for Name(text) in &self.entries {
            counts.entries += 1;
            counts.outstanding += u64::from(Arc::strong_count(text) > 1);
            counts.bytes += text.len() as u64;
        }
        counts
    }

    fn find(&mut self, text: &str) -> Option<Name> {
        let found = self.entries.get(text).cloned();
        self.hits += u64::from(found.is_some());
        found
    }

    fn insert(&mut self, name: Name) -> Name {
        if self.entries.len() >= self.sweep_at {
            self.sweep();
        }
        self.entries.insert(name.clone());
        name
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn equal_strings_share_one_copy() {
        let mut names = Names::default();
        let (first, second) = (names.intern("a"), names.intern("a"));
        assert!(Arc::ptr_eq(&first.0, &second.0));
        let counts = names.counts();
        assert_eq!((counts.entries, counts.hits, counts.outstanding, counts.bytes), (1, 1, 1, 1));
    }

    #[test]
    fn an_entry_goes_when_its_last_name_is_gone() {
        let mut names = Names::default();
        let kept = names.intern("kept");
        drop((names.intern("gone"), names.intern("gone")));
        assert_eq!((names.counts().entries, names.counts().outstanding), (2, 1));
        assert_eq!(names.sweep(), 1);
        assert_eq!((names.counts().entries, names.counts().bytes), (1, 4));
        drop(kept);
        assert_eq!(names.counts().outstanding, 0);
        assert_eq!(names.sweep(), 1);
        assert_eq!(names.counts().entries, 0);
    }

    #[test]
    fn a_growing_table_sweeps_itself() {
        let mut names = Names::default();
        let kept: Vec<Name> = (0..100).map(|number| names.intern(&format!("kept {number}"))).collect();
        for number in 0..10_000 {
            names.intern(&format!("gone {number}"));
        }
        assert!(names.counts().entries <= 2 * 100, "{:?}", names.counts());
        assert_eq!(names.counts().outstanding, 100);
        assert!(kept.iter().all(|name| names.entries.contains(name)));
    }

    #[test]
    fn names_of_any_origin_are_equal_when_they_say_the_same() {
        let mut names = Names::default();
        let (pooled, own) = (names.intern("a"), Name::from("a"));
        assert_eq!(pooled, own);
        assert_eq!(pooled.cmp(&own), Ordering::Equal);
        assert!(HashSet::from([pooled]).contains(&own));
        assert_eq!(own, "a");
        let later = Name::from(String::from("b"));
        assert!(own < later);
    }

    #[test]
    fn a_read_name_is_shared_by_adopting_it() {
        let mut names = Names::default();
        let pooled = names.intern("a");
        let read: Name = serde_json::from_str(r#""a""#).unwrap();
        assert!(!Arc::ptr_eq(&read.0, &pooled.0));
        assert!(Arc::ptr_eq(&names.adopt(read).0, &pooled.0));
        let unknown = Name::from("b");
        assert!(Arc::ptr_eq(&names.adopt(unknown.clone()).0, &unknown.0));
        assert_eq!(serde_json::to_string(&names.intern("b")).unwrap(), r#""b""#);
        assert_eq!((names.counts().entries, names.counts().hits), (2, 2));
    }
}
