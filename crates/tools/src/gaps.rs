//! What the grammars don't know yet, put in words that they do.
//!
//! A grammar that lags behind its language reports errors in valid code, and a task would be refused for them. So a
//! text with errors is parsed a second time, with each construct of the tables below replaced by a known one of the
//! same length: every place stays where it was. That can only make the check more lenient, never refuse more.
//! The tables come from running the example `corpus` over published packages.

use std::sync::LazyLock;

use regex::bytes::{Captures, Regex};
use tree_sitter::Tree;

use crate::language::Language;

/// How a match is rewritten; each keeps the number of bytes.
enum Rewrite {
    /// Group 1 becomes spaces.
    Blank,
    /// Group 1 becomes a name.
    Name,
    /// Group 1 becomes this text, filled up with spaces.
    Text(&'static str),
    /// Group 1 becomes spaces with this text at the end.
    TextAtEnd(&'static str),
}

struct Gap {
    pattern: Regex,
    rewrite: Rewrite,
}

/// Space and comments.
const SPACE: &str = r"(?:\s|/\*[^*]*\*+(?:[^/*][^*]*\*+)*/|//[^\n]*\n)*";
const RESERVED: &str = "break|case|catch|class|const|continue|debugger|delete|do|else|enum|export|extends|false|\
finally|for|function|if|import|in|instanceof|new|null|return|super|switch|this|throw|true|try|typeof|var|void|\
while|with|yield";

static ECMASCRIPT: LazyLock<Vec<Gap>> = LazyLock::new(|| {
    vec![
        // `export { remove as delete }`, `import { null as none }`
        gap(format!(r"\bas\s+({RESERVED})\s*[,}}]"), Rewrite::Name),
        gap(format!(r"[{{,]{SPACE}({RESERVED})\s+as\s"), Rewrite::Name),
        // `for (using file of files)`
        gap(
            r"\bfor\s*(?:await\s*)?\(\s*(using|await\s+using)\s+[A-Za-z_$][\w$]*\s+of\b",
            Rewrite::Text("const"),
        ),
    ]
});

static TYPESCRIPT: LazyLock<Vec<Gap>> = LazyLock::new(|| {
    vec![
        // `interface Cache<in out Key, out Value>`
        gap(format!(r"[<,]{SPACE}(in\s+out|in|out)\s+(?:const\s+)?([A-Za-z_$][\w$]*)"), Rewrite::Blank),
        // `import("./x").Type<T>` as a type
        gap(r#"\b(import\(\s*(?:"[^"\n]*"|'[^'\n]*')\s*,?\s*\))"#, Rewrite::Name),
        // `export type * from "./x"`
        gap(r"\bexport\s+(type)\s*\*", Rewrite::Blank),
        // `[K in keyof T]? : T[K]`
        gap(r"\](\?\s+):", Rewrite::TextAtEnd("?")),
        // `keyof readonly any[]`
        gap(r"\bkeyof\s+(readonly)\s", Rewrite::Blank),
        // a property that is named like a modifier
        gap(r"\b(abstract|accessor|declare|override)\s*\??\s*:", Rewrite::Name),
        // `global { … }` in a module's declaration
        gap(r"(?:^|\n)[ \t]*(global)\s*\{", Rewrite::Text("if(1)")),
        // `export default function (): string;` in a declaration file
        gap(r"\bexport\s+(default\s+function\s*)\(", Rewrite::TextAtEnd("function f")),
        // a tagged template with a type literal: sql<{ id: number }>`…`
        gap(r"(<\{[^{}`]*\}>)`", Rewrite::Blank),
    ]
});

static RUST: LazyLock<Vec<Gap>> = LazyLock::new(|| {
    vec![
        // macros that are named like a keyword or a primitive type
        gap(r"\b(try|str|bool|char|[iu](?:8|16|32|64|128|size)|f32|f64)!\s*[(\[{]", Rewrite::Name),
        // a lone dollar in a macro's tokens: `[$]`
        gap(r"(\$)\s*[\])}]", Rewrite::Blank),
        // `unsafe extern "C" { safe fn f(); }`
        gap(r"\b(safe)\s+(?:fn|static)\b", Rewrite::Blank),
    ]
});

static CPP: LazyLock<Vec<Gap>> = LazyLock::new(|| {
    vec![
        // `using Ts::operator()...;`
        gap(r"\busing\s[^;{}]*(\.\.\.)\s*;", Rewrite::Blank),
    ]
});

static CSS: LazyLock<Vec<Gap>> = LazyLock::new(|| {
    vec![
        // `@media (width >= 600px)`
        gap(r"\(\s*(?:[\w-]+-size|width|height|aspect-ratio|resolution)\s*([<>]=?)", Rewrite::Text(":")),
        // `.dark & { … }`
        gap(r"[\w\])]\s+(&)", Rewrite::Name),
        // `[href^="x" i]`
        gap(r#"\[[^\]\n]*["'\w]\s+([iIsS])\s*\]"#, Rewrite::Blank),
    ]
});

static KOTLIN: LazyLock<Vec<Gap>> = LazyLock::new(|| {
    vec![
        // `interface I { fun f() }`
        gap(r"\bfun\s[^{}\n=]*\)(?:\s*:[^{}\n=]*[\w>?])?(\s)\}", Rewrite::Text(";")),
    ]
});

fn gap(pattern: impl AsRef<str>, rewrite: Rewrite) -> Gap {
    let pattern = format!("(?-u){}", pattern.as_ref());
    Gap { pattern: Regex::new(&pattern).expect("the tables hold valid patterns"), rewrite }
}

/// The text in words that the grammar knows; `None` where it has nothing that the grammar doesn't know. `tree` is
/// the text's own.
pub(crate) fn reworded(text: &str, language: Language, tree: &Tree) -> Option<String> {
    let mut bytes = text.as_bytes().to_vec();
    match language {
        Language::JavaScript => apply(&ECMASCRIPT, &mut bytes),
        Language::TypeScript | Language::Tsx => {
            apply(&ECMASCRIPT, &mut bytes);
            apply(&TYPESCRIPT, &mut bytes);
            if language == Language::TypeScript {
                separate_signatures(tree, text, &mut bytes);
            }
        }
        Language::Rust => apply(&RUST, &mut bytes),
        Language::Cpp => apply(&CPP, &mut bytes),
        Language::Css => apply(&CSS, &mut bytes),
        Language::Kotlin => apply(&KOTLIN, &mut bytes),
        _ => {}
    }
    if bytes == text.as_bytes() {
        return None;
    }
    Some(String::from_utf8(bytes).expect("whole constructs were replaced by ASCII"))
}

fn apply(gaps: &[Gap], bytes: &mut [u8]) {
    for gap in gaps {
        // Matches are looked for one by one: a match may begin in what the one before has just looked at.
        let mut from = 0;
        while let Some((range, next)) = gap.pattern.captures_at(bytes, from).and_then(|found| target(&found))
        {
            from = next;
            if let Some(range) = range {
                rewrite(&mut bytes[range], &gap.rewrite);
            }
        }
    }
}

/// What to rewrite in a match, if anything, and where to go on.
fn target(found: &Captures<'_>) -> Option<(Option<std::ops::Range<usize>>, usize)> {
    let construct = found.get(1)?;
    // `import { a, out as b }`: here the word is a name itself.
    let is_name = found.get(2).is_some_and(|word| {
        matches!(word.as_bytes(), b"as" | b"of" | b"in" | b"is" | b"instanceof" | b"satisfies" | b"extends")
    });
    Some(((!is_name).then(|| construct.range()), construct.end()))
}

fn rewrite(bytes: &mut [u8], how: &Rewrite) {
    let fill = if matches!(how, Rewrite::Name) { b'_' } else { b' ' };
    for byte in bytes.iter_mut().filter(|byte| **byte != b'\n' && **byte != b'\r') {
        *byte = fill;
    }
    match how {
        Rewrite::Text(text) if text.len() <= bytes.len() => {
            bytes[..text.len()].copy_from_slice(text.as_bytes());
        }
        Rewrite::TextAtEnd(text) if text.len() <= bytes.len() => {
            let from = bytes.len() - text.len();
            bytes[from..].copy_from_slice(text.as_bytes());
        }
        _ => {}
    }
}

/// Puts a semicolon before a call signature that begins a line, where the line before could go on in `<`:
///
/// ```ts
/// interface Get {
///   (key: string): Array<string>
///   <T>(key: string): Array<T>
/// }
/// ```
fn separate_signatures(tree: &Tree, text: &str, bytes: &mut [u8]) {
    let mut last_end = 0;
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        if node.child_count() == 0 && node.kind() != "comment" && !node.is_missing() {
            let start = node.start_byte();
            if node.kind() == "<" && start > 0 && bytes[start - 1] == b' ' && ends_a_type(text, last_end) {
                let begins_line = text[..start].trim_end_matches([' ', '\t']).ends_with('\n');
                if begins_line {
                    bytes[start - 1] = b';';
                }
            }
            last_end = node.end_byte();
        }
        if cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return;
            }
        }
    }
}

fn ends_a_type(text: &str, end: usize) -> bool {
    let before = &text[..end];
    let word =
        before.rsplit(|c: char| !c.is_alphanumeric() && c != '_' && c != '$').next().unwrap_or_default();
    if !word.is_empty() {
        return !matches!(
            word,
            "return"
                | "default"
                | "yield"
                | "await"
                | "async"
                | "new"
                | "in"
                | "of"
                | "extends"
                | "keyof"
                | "case"
        );
    }
    !before.ends_with("=>") && before.ends_with(['>', ']', ')', '}', '"', '\'', '`'])
}
