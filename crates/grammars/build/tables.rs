//! The two parse tables of a grammar that is linked in, and how long they are.
//!
//! What they hold is described by tree-sitter itself: `lib/src/language.h` (`ts_language_lookup`) reads them as is done here.

use std::slice;

use tree_sitter_language::LanguageFn;

/// How `TSLanguage` begins; `parser.h` of every grammar has it. The same from the first ABI to the last of [`ABIS`].
#[repr(C)]
struct Head {
    abi: u32,
    symbols: u32,
    _aliases: u32,
    _tokens: u32,
    _external_tokens: u32,
    states: u32,
    large_states: u32,
    _productions: u32,
    _fields: u32,
    _longest_alias_sequence: u16,
    parse_table: *const u16,
    small_parse_table: *const u16,
    small_parse_table_map: *const u32,
}

const ABIS: std::ops::RangeInclusive<u32> = 14..=15;

/// Both tables of a grammar.
pub(crate) struct Tables {
    /// `ts_parse_table`: a row for each of the states with many entries.
    pub(crate) large: &'static [u16],
    /// `ts_small_parse_table`: lists, for the other states.
    pub(crate) small: &'static [u16],
}

impl Tables {
    /// Reads them where the grammar has them.
    ///
    /// # Panics
    /// Where the grammar is of an ABI that is not known here.
    pub(crate) fn of(language: LanguageFn) -> Self {
        // SAFETY: a `LanguageFn` is a function that tree-sitter's generator made; it only gives the address of a static.
        let head = unsafe { language.into_raw()() }.cast::<Head>();
        // SAFETY: the static is a `TSLanguage`, all ABIs of which begin with the number of the ABI.
        let abi = unsafe { head.cast::<u32>().read() };
        assert!(ABIS.contains(&abi), "the grammar is of ABI {abi}; known are {ABIS:?}");
        // SAFETY: the ABI is one whose `TSLanguage` begins as `Head` does, and the static is never written to.
        let head = unsafe { &*head };

        let rows = head.large_states as usize * head.symbols as usize;
        // SAFETY: the generator declares `ts_parse_table[LARGE_STATE_COUNT][SYMBOL_COUNT]`.
        let large = unsafe { slice::from_raw_parts(head.parse_table, rows) };
        let lists = (head.states - head.large_states) as usize;
        let starts = if lists == 0 {
            &[]
        } else {
            // SAFETY: the map has the start of the list of each state that has no row.
            unsafe { slice::from_raw_parts(head.small_parse_table_map, lists) }
        };
        let end = starts.iter().map(|&start| end_of_list(head.small_parse_table, start as usize)).max();
        // SAFETY: the table ends where the last of its lists ends.
        let small = end.map_or(&[][..], |end| unsafe { slice::from_raw_parts(head.small_parse_table, end) });
        Self { large, small }
    }
}

/// A list is a number of groups; a group is an action, a number of symbols, and these.
fn end_of_list(table: *const u16, start: usize) -> usize {
    let at = |index: usize| {
        // SAFETY: only called with places that are within the list, which begins at `start`.
        let entry = unsafe { table.add(index) };
        // SAFETY: as above.
        usize::from(unsafe { entry.read() })
    };
    (0..at(start)).fold(start + 1, |group, _| group + 2 + at(group + 1))
}
