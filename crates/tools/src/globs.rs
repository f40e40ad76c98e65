//! Globs as ripgrep's `--glob` takes them: the rules of `.gitignore`, in which `!` excludes.

use std::path::Path;

use globset::GlobBuilder;
use ignore::overrides::{Override, OverrideBuilder};

use crate::error::{Error, ErrorKind};

/// One matcher of all: a path that an `exclude` matches is out, then one that an `include` matches is in, and where
/// there are includes nothing else is.
pub(crate) fn overrides(root: &Path, include: &[String], exclude: &[String]) -> Result<Override, Error> {
    let mut builder = OverrideBuilder::new(root);
    let lines = include.iter().cloned().chain(exclude.iter().map(|glob| format!("!{glob}")));
    for (index, glob) in lines.enumerate() {
        check(&glob, index)?;
        builder.add(&glob).map_err(|error| unplaced(&error))?;
    }
    builder.build().map_err(|error| unplaced(&error))
}

fn unplaced(error: &ignore::Error) -> Error {
    Error::new(ErrorKind::InvalidGlob, format!("the globs are refused: {error}"))
}

/// The error of the builder doesn't say where: the same rules are asked again, and the place is looked for.
fn check(line: &str, index: usize) -> Result<(), Error> {
    let glob = line.strip_prefix('!').unwrap_or(line);
    let Err(error) = GlobBuilder::new(glob).literal_separator(true).backslash_escape(true).build() else {
        return Ok(());
    };
    let refused = |byte: usize, what: &str| Error::at(ErrorKind::InvalidGlob, glob, index, byte, what);
    let open = unclosed(glob);
    Err(match error.kind() {
        globset::ErrorKind::UnclosedClass => refused(
            open.class.unwrap_or(0),
            "this class is never closed; close it with `]`, or write `\\[` for the character itself",
        ),
        globset::ErrorKind::InvalidRange(from, to) => {
            let range = format!("{from}-{to}");
            let what = format!("`{range}` runs backwards; write `{to}-{from}`");
            refused(glob.find(&range).unwrap_or(0), &what)
        }
        globset::ErrorKind::UnopenedAlternates => refused(
            open.closing.unwrap_or(0),
            "this closes nothing; write `{` before the alternatives, or `\\}` for the character itself",
        ),
        globset::ErrorKind::UnclosedAlternates => refused(
            open.alternates.unwrap_or(0),
            "these alternatives are never closed; close them with `}`, or write `\\{` for the character itself",
        ),
        globset::ErrorKind::DanglingEscape => {
            refused(glob.len() - 1, "nothing follows the backslash; write `\\\\` for the character itself")
        }
        other => Error::new(ErrorKind::InvalidGlob, format!("the glob `{glob}` is refused: {other}")),
    })
}

/// The first brackets of a glob that have no partner, as bytes.
#[derive(Default)]
struct Unclosed {
    class: Option<usize>,
    alternates: Option<usize>,
    closing: Option<usize>,
}

fn unclosed(glob: &str) -> Unclosed {
    let mut found = Unclosed::default();
    let mut braces = Vec::new();
    let mut characters = glob.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => drop(characters.next()),
            '[' => {
                // A `]` that comes first, or after `!` or `^`, is of the class.
                characters.next_if(|&(_, next)| next == '!' || next == '^');
                characters.next_if(|&(_, next)| next == ']');
                if !characters.by_ref().any(|(_, next)| next == ']') {
                    found.class = Some(at);
                }
            }
            '{' => braces.push(at),
            '}' if braces.pop().is_none() => found.closing = found.closing.or(Some(at)),
            _ => {}
        }
    }
    found.alternates = braces.last().copied();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_named_with_its_column_its_character_and_what_to_do() {
        for (glob, column, found, advice) in [
            ("src/[a-z", 5, "`[`", "close it with `]`"),
            ("ä/[!]", 3, "`[`", "close it with `]`"),
            ("[z-a].rs", 2, "`z`", "write `a-z`"),
            ("*.{ts,tsx", 3, "`{`", "close them with `}`"),
            ("*.ts}", 5, "`}`", "write `{` before"),
            ("\\{}", 3, "`}`", "write `{` before"),
            ("a\\", 2, "`\\`", "nothing follows"),
        ] {
            let error = overrides(Path::new("/"), &["*".to_owned(), glob.to_owned()], &[]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidGlob, "{glob}");
            let place = error.place().unwrap();
            assert_eq!((place.index, place.column), (1, column), "{glob}: {error}");
            assert!(error.to_string().contains(&format!("column {column}, at {found}")), "{error}");
            assert!(error.to_string().contains(advice), "{error}");
        }
    }

    #[test]
    fn an_excluding_glob_counts_its_place_after_the_including_ones_and_without_its_mark() {
        let error =
            overrides(Path::new("/"), &["*".to_owned()], &["a".to_owned(), "[".to_owned()]).unwrap_err();
        let place = error.place().unwrap();
        assert_eq!((place.index, place.column), (2, 1));
    }
}
