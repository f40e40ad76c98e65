//! Tree-sitter's grammars, their parse tables compressed until a language is first asked for.
//!
//! The tables of 20 grammars take 27 MB and compress to 1.7 MB. The first [`Grammar::language`] of a grammar unpacks its
//! own into memory that was empty up to then; the next ones cost one load.
//!
//! ```
//! let mut parser = tree_sitter::Parser::new();
//! parser.set_language(&orchestrator_grammars::KOTLIN.language())?;
//! let tree = parser.parse("fun main() {}", None).expect("nothing stops it");
//! assert!(!tree.root_node().has_error());
//! # Ok::<(), tree_sitter::LanguageError>(())
//! ```

use std::{slice, sync::Once};

use miniz_oxide::inflate::decompress_slice_iter_to_slice;
use tree_sitter::Language;
use tree_sitter_language::LanguageFn;

pub use statics::*;

/// A static for each grammar; `build/main.rs` writes them.
#[allow(clippy::unreadable_literal, reason = "nobody writes these lengths")]
mod statics {
    use std::sync::Once;

    use super::{Grammar, Table};

    include!(concat!(env!("OUT_DIR"), "/grammars.rs"));
}

/// A grammar: the statics of this crate are all that there are.
pub struct Grammar {
    name: &'static str,
    symbol: unsafe extern "C" fn() -> *const (),
    large: Table,
    small: Table,
    filled: Once,
}

/// A parse table that the C source of its grammar declares, but leaves empty.
struct Table {
    /// Its entries, little end first, by deflate.
    packed: &'static [u8],
    /// Where it belongs.
    place: unsafe extern "C" fn() -> *mut u16,
    /// In entries, as the C source has it.
    length: usize,
}

impl Grammar {
    /// Its static's name in small letters: `c_sharp`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The grammar for tree-sitter. The first call unpacks its tables, which takes less than a millisecond for most languages;
    /// whoever calls meanwhile waits.
    #[must_use]
    pub fn language(&self) -> Language {
        self.filled.call_once(|| {
            self.large.fill();
            self.small.fill();
        });
        // SAFETY: the function is one that tree-sitter's generator made; its tables are filled.
        Language::new(unsafe { LanguageFn::from_raw(self.symbol) })
    }

    /// Bytes of both tables in the program.
    #[must_use]
    pub fn packed_bytes(&self) -> usize {
        self.large.packed.len() + self.small.packed.len()
    }

    /// Bytes of both tables in memory, once they are used.
    #[must_use]
    pub fn unpacked_bytes(&self) -> usize {
        (self.large.length + self.small.length) * size_of::<u16>()
    }
}

impl Table {
    /// Called once, and before anyone has the address of the grammar.
    fn fill(&self) {
        // SAFETY: the function only gives the address of a static array.
        let place = unsafe { (self.place)() };
        // SAFETY: the array has `length` entries of two bytes, and nobody else has its address yet.
        let bytes = unsafe { slice::from_raw_parts_mut(place.cast::<u8>(), self.length * size_of::<u16>()) };
        let filled = decompress_slice_iter_to_slice(bytes, std::iter::once(self.packed), false, true)
            .expect("the build script unpacked the same bytes");
        assert_eq!(filled, bytes.len(), "the build script counted the same entries");
        if cfg!(target_endian = "big") {
            bytes.chunks_exact_mut(size_of::<u16>()).for_each(<[u8]>::reverse);
        }
    }
}

// What the build script reads and writes the tables with.
#[cfg(test)]
#[path = "../build/source.rs"]
mod source;
#[cfg(test)]
#[path = "../build/tables.rs"]
mod tables;

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::{tables::Tables, *};

    /// A table as the build script found it in the grammar's own crate.
    fn original(grammar: &Grammar, table: &str) -> Vec<u16> {
        let file = format!("grammar_{}_{table}.table", grammar.name());
        let bytes = fs::read(Path::new(env!("OUT_DIR")).join(file)).unwrap();
        bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect()
    }

    #[test]
    fn unpacked_tables_are_those_of_the_grammars_own_crate() {
        for grammar in ALL {
            let language = grammar.language();
            assert!(language.parse_state_count() > 0);
            // SAFETY: the function is one that tree-sitter's generator made.
            let tables = Tables::of(unsafe { LanguageFn::from_raw(grammar.symbol) });
            assert!(tables.large == original(grammar, "large"), "{}: the large table", grammar.name());
            assert!(tables.small == original(grammar, "small"), "{}: the small table", grammar.name());
            assert!(tables.large.iter().any(|&entry| entry != 0), "{}: an empty table", grammar.name());
        }
    }

    #[test]
    fn every_grammar_is_told_once_and_takes_less_packed() {
        let names: std::collections::HashSet<_> = ALL.iter().map(|grammar| grammar.name()).collect();
        assert_eq!(names.len(), ALL.len());
        for grammar in ALL {
            assert!(grammar.packed_bytes() < grammar.unpacked_bytes(), "{}", grammar.name());
        }
    }
}
