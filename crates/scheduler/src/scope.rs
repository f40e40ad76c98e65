//! Scopes: which files a task may change, and whether two tasks could meet in one.
//!
//! The answer is conservative: it may say that two scopes overlap when they do not, never the reverse. How patterns
//! are read:
//!
//! | pattern | stands for |
//! |---|---|
//! | `*`, `?` | within one segment |
//! | `**` as a segment | any number of segments, none included |
//! | `**` within a segment | taken as a whole `**` segment |
//! | `[…]` | any text without `/`: it may also be the literal name of a folder, as in `app/[id]/page.tsx` |
//! | `[!…]`, or `[…]` with `/`, `,`, `{` or `}` in it or in a range of it | everything |
//! | `{a,b}` | each alternative on its own; above 64 of them, everything |
//! | a last segment without any of these | the file of that name, or all that is under the folder of that name |
//! | letters | of either case: some file systems make no difference |
//!
//! A scope with no pattern is unknown, and overlaps nothing.

mod member;

use globset::GlobBuilder;

pub use member::in_scope;

/// Above this many alternatives a pattern is taken to cover everything.
const MAX_ALTERNATIVES: usize = 64;

/// One glob without braces, segment by segment.
pub(crate) type Pattern = Vec<Segment>;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Segment {
    /// `**`.
    AnyDepth,
    /// Exactly this text, in lower case.
    Literal(String),
    /// Text with wildcards.
    Wild(Vec<Token>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Token {
    Char(char),
    AnyChar,
    AnyText,
}

/// The patterns of globs that [`check_glob`] has passed, none twice.
pub(crate) fn patterns<Glob: AsRef<str>>(globs: &[Glob]) -> Vec<Pattern> {
    let mut patterns: Vec<Pattern> = Vec::with_capacity(globs.len());
    for pattern in globs.iter().flat_map(|glob| alternatives(glob.as_ref())).map(|glob| segments(&glob)) {
        if !patterns.contains(&pattern) {
            patterns.push(pattern);
        }
    }
    patterns
}

/// What is wrong with a glob, if anything.
pub(crate) fn check_glob(glob: &str) -> Result<(), String> {
    let drive = glob.as_bytes().get(1) == Some(&b':') && glob.as_bytes()[0].is_ascii_alphabetic();
    if glob.trim().is_empty() {
        Err("an empty pattern".into())
    } else if glob.contains('\\') {
        Err(format!("{glob:?}: write \"/\" between folders, not \"\\\""))
    } else if glob.starts_with('/') || glob.starts_with('~') || drive {
        Err(format!("{glob:?} is absolute; give it relative to the project"))
    } else if glob.split(['/', ',', '{', '}']).any(|segment| segment == "..") {
        Err(format!("{glob:?} leaves the project by \"..\""))
    } else if glob.starts_with('!') {
        Err(format!("{glob:?} excludes; a scope only lists what may change"))
    } else {
        GlobBuilder::new(glob)
            .literal_separator(true)
            .build()
            .map(drop)
            .map_err(|error| format!("{glob:?} is not a glob: {}", error.kind()))
    }
}

/// The pattern with its braces multiplied out.
fn alternatives(glob: &str) -> Vec<String> {
    if class_hides_syntax(glob) {
        return vec!["**".into()];
    }
    let mut open = vec![glob.to_owned()];
    let mut closed = Vec::new();
    while let Some(glob) = open.pop() {
        if open.len() + closed.len() > MAX_ALTERNATIVES {
            return vec!["**".into()];
        }
        match first_braces(&glob) {
            None => closed.push(glob),
            Some((before, choices, after)) => {
                open.extend(choices.iter().map(|choice| format!("{before}{choice}{after}")));
            }
        }
    }
    closed
}

/// Whether a `[…]` could match a separator, or holds what would be read as braces below.
fn class_hides_syntax(glob: &str) -> bool {
    let mut rest = glob;
    while let Some(start) = rest.find('[') {
        let class = &rest[start + 1..];
        // A bracket that comes first belongs to the class.
        let from = class.chars().next().map_or(0, char::len_utf8);
        let Some(end) = class[from..].find(']') else { return true };
        let chars: Vec<char> = class[..from + end].chars().collect();
        let negated = matches!(chars.first(), Some('!' | '^'));
        let spans_separator =
            chars.windows(3).any(|range| range[1] == '-' && range[0] <= '/' && '/' <= range[2]);
        if negated || spans_separator || chars.iter().any(|c| matches!(c, '/' | ',' | '{' | '}')) {
            return true;
        }
        rest = &class[from + end..];
    }
    false
}

/// The first outermost `{…}`: what is before it, its choices, what is after it.
fn first_braces(glob: &str) -> Option<(&str, Vec<&str>, &str)> {
    let start = glob.find('{')?;
    let mut depth = 0_usize;
    let mut choices = Vec::new();
    let mut choice = start + 1;
    for (at, c) in glob.char_indices().skip_while(|(at, _)| *at < start) {
        match c {
            '{' => depth += 1,
            ',' if depth == 1 => {
                choices.push(&glob[choice..at]);
                choice = at + 1;
            }
            '}' if depth == 1 => {
                choices.push(&glob[choice..at]);
                return Some((&glob[..start], choices, &glob[at + 1..]));
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn segments(glob: &str) -> Pattern {
    let mut pattern: Pattern =
        glob.split('/').filter(|text| !text.is_empty() && *text != ".").map(segment).collect();
    if matches!(pattern.last(), Some(Segment::Literal(_)) | None) {
        pattern.push(Segment::AnyDepth);
    }
    pattern
}

fn segment(text: &str) -> Segment {
    if text.contains("**") {
        return Segment::AnyDepth;
    }
    let text = text.to_lowercase();
    if !text.contains(['*', '?', '[']) {
        return Segment::Literal(text);
    }
    let mut tokens = Vec::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        tokens.push(match c {
            '*' => Token::AnyText,
            '?' => Token::AnyChar,
            '[' => {
                // Where the class ends is of no interest when the rest of the segment is taken as any text.
                chars.by_ref().for_each(drop);
                Token::AnyText
            }
            c => Token::Char(c),
        });
    }
    Segment::Wild(tokens)
}

/// Whether some path is matched by both patterns.
pub(crate) fn meet(mut a: &[Segment], mut b: &[Segment]) -> bool {
    // Most pairs part at a literal near the root: no need to look at the rest.
    while let ([Segment::Literal(x), rest_a @ ..], [Segment::Literal(y), rest_b @ ..]) = (a, b) {
        if x != y {
            return false;
        }
        (a, b) = (rest_a, rest_b);
    }
    intersect(a, b, |segment| *segment == Segment::AnyDepth, segments_meet)
}

fn segments_meet(a: &Segment, b: &Segment) -> bool {
    match (a, b) {
        (Segment::AnyDepth, _) | (_, Segment::AnyDepth) => true,
        (Segment::Literal(a), Segment::Literal(b)) => a == b,
        (Segment::Literal(text), Segment::Wild(tokens)) | (Segment::Wild(tokens), Segment::Literal(text)) => {
            let text: Vec<Token> = text.chars().map(Token::Char).collect();
            tokens_meet(&text, tokens)
        }
        (Segment::Wild(a), Segment::Wild(b)) => tokens_meet(a, b),
    }
}

fn tokens_meet(a: &[Token], b: &[Token]) -> bool {
    intersect(
        a,
        b,
        |token| *token == Token::AnyText,
        |a, b| match (a, b) {
            (Token::Char(a), Token::Char(b)) => a == b,
            _ => true,
        },
    )
}

/// Whether two sequences with repeaters (elements that stand for any run, the empty one included) describe a common
/// sequence. `row[j]`: the first `i` of `a` and the first `j` of `b` can.
fn intersect<T>(a: &[T], b: &[T], repeats: impl Fn(&T) -> bool, meet: impl Fn(&T, &T) -> bool) -> bool {
    let mut row = Vec::with_capacity(b.len() + 1);
    row.push(true);
    for (j, y) in b.iter().enumerate() {
        row.push(row[j] && repeats(y));
    }
    for x in a {
        let mut diagonal = row[0];
        row[0] = diagonal && repeats(x);
        let mut any = row[0];
        for (j, y) in b.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = if repeats(x) || repeats(y) {
                // It stands for nothing, or takes in one more element of the other.
                above || row[j]
            } else {
                diagonal && meet(x, y)
            };
            any |= row[j + 1];
            diagonal = above;
        }
        if !any {
            return false;
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests;
