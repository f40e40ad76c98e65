//! The text of a grammar's `parser.c`, without its two parse tables.

use std::fmt::Write as _;

/// What the tables are declared as in the source.
const LARGE: &str = "static const uint16_t ts_parse_table[LARGE_STATE_COUNT][SYMBOL_COUNT] = {";
const SMALL: &str = "static const uint16_t ts_small_parse_table[] = {";

/// The source with both tables left empty, and with a function for each that says where it is: `{name}_large` and
/// `{name}_small`. `large` and `small` are their lengths; the C compiler refuses them where they are wrong for the source.
///
/// # Errors
/// Names the table that isn't there, or has no end.
pub(crate) fn without_tables(source: &str, name: &str, large: usize, small: usize) -> Result<String, String> {
    let mut kept = String::with_capacity(source.len() / 4);
    let mut lines = source.lines();
    let mut missing = vec![LARGE, SMALL];
    while let Some(line) = lines.next() {
        if let Some(index) = missing.iter().position(|&declaration| declaration == line) {
            let declaration = missing.swap_remove(index);
            lines.find(|&line| line == "};").ok_or_else(|| format!("no end of `{declaration}`"))?;
            kept.push_str(match declaration {
                LARGE => "static uint16_t ts_parse_table[LARGE_STATE_COUNT][SYMBOL_COUNT];",
                _ => "static uint16_t ts_small_parse_table[SMALL_PARSE_TABLE_LENGTH];",
            });
        } else {
            kept.push_str(line);
        }
        kept.push('\n');
    }
    if let Some(declaration) = missing.first() {
        return Err(format!("no `{declaration}`"));
    }
    write!(
        kept,
        "_Static_assert(LARGE_STATE_COUNT * SYMBOL_COUNT == {large}, \"the tables are of another version\");\n\
         uint16_t *{name}_large(void) {{ return &ts_parse_table[0][0]; }}\n\
         uint16_t *{name}_small(void) {{ return ts_small_parse_table; }}\n",
    )
    .expect("a string can be written to");
    Ok(format!("#define SMALL_PARSE_TABLE_LENGTH {small}\n{kept}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARSER: &str = "#define LARGE_STATE_COUNT 1
#define SYMBOL_COUNT 2
static const uint16_t ts_parse_table[LARGE_STATE_COUNT][SYMBOL_COUNT] = {
  [STATE(0)] = {
    [ts_builtin_sym_end] = ACTIONS(1),
  },
};

static const uint16_t ts_small_parse_table[] = {
  [0] = 0,
};

static const uint32_t ts_small_parse_table_map[] = {
  [SMALL_STATE(2)] = 0,
};
";

    #[test]
    fn tables_are_declared_without_entries_and_their_places_are_told() {
        let reduced = without_tables(PARSER, "grammar_x", 2, 1).unwrap();
        assert_eq!(
            reduced,
            "#define SMALL_PARSE_TABLE_LENGTH 1
#define LARGE_STATE_COUNT 1
#define SYMBOL_COUNT 2
static uint16_t ts_parse_table[LARGE_STATE_COUNT][SYMBOL_COUNT];

static uint16_t ts_small_parse_table[SMALL_PARSE_TABLE_LENGTH];

static const uint32_t ts_small_parse_table_map[] = {
  [SMALL_STATE(2)] = 0,
};
_Static_assert(LARGE_STATE_COUNT * SYMBOL_COUNT == 2, \"the tables are of another version\");
uint16_t *grammar_x_large(void) { return &ts_parse_table[0][0]; }
uint16_t *grammar_x_small(void) { return ts_small_parse_table; }
"
        );
    }

    #[test]
    fn a_source_of_another_form_is_refused() {
        let of = |source: &str| without_tables(source, "grammar_x", 2, 1).unwrap_err();
        assert_eq!(of(&PARSER.replace("ts_small_parse_table[]", "renamed[]")), format!("no `{SMALL}`"));
        assert_eq!(of(PARSER.split_once("};").unwrap().0), format!("no end of `{LARGE}`"));
    }
}
