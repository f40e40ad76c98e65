//! What a file declares, with line ranges: so that a reader knows where to look without reading it all.
//!
//! One walk over the tree, and a table a language of the nodes that declare something. Bodies of functions are not
//! entered: what they declare is theirs.

mod declarations;
mod exported;
mod name;

use std::{path::Path, sync::atomic::AtomicBool};

use serde::Serialize;
use tree_sitter::{Node, TreeCursor};

use crate::{
    error::Error,
    excerpt::Lines,
    language::Language,
    parse::{Limits, parse, text},
    patience::Patience,
};
use declarations::{Declaration, Inside, declaration};

/// What is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SymbolKind {
    /// A class, an actor, an object.
    Class,
    /// A constant or variable of the whole file, a property of a class.
    Constant,
    /// A constructor or initializer.
    Constructor,
    /// An enumeration.
    Enum,
    /// A function on its own.
    Function,
    /// A heading of a page.
    Heading,
    /// An element with an id.
    Id,
    /// What a type does: `impl` in Rust, `extension` in Swift.
    Implementation,
    /// An interface, trait, protocol or concept.
    Interface,
    /// A key of a file of data.
    Key,
    /// A macro.
    Macro,
    /// A function of a type.
    Method,
    /// A module, namespace or package.
    Module,
    /// A selector or at-rule of a style sheet.
    Selector,
    /// A struct, record or union.
    Struct,
    /// A name for a type.
    Type,
}

/// Something that a file declares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Symbol {
    /// What it is.
    pub kind: SymbolKind,
    /// Its name; for an implementation the type, and where there is one the trait.
    pub name: String,
    /// Its first line, 1-based; attributes and comments before it don't count.
    pub line: u32,
    /// Its last line.
    pub end_line: u32,
    /// In how many others it is.
    pub depth: u32,
    /// Whether others may use it, as far as the file says it: `export`, `pub`, `public`, a capital letter in Go, no
    /// underscore in Python. False in languages that don't say.
    pub exported: bool,
    /// Its first line of text, at most 120 characters.
    pub signature: String,
}

/// What a file declares, in the order of the text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outline {
    /// As what it was read.
    pub language: Language,
    /// How many lines the file has.
    pub lines: u32,
    /// What it declares, at most [`MAX_SYMBOLS`].
    pub symbols: Vec<Symbol>,
    /// Whether there is more.
    pub truncated: bool,
    /// Whether the file has syntax errors: the outline may lack something then.
    pub has_errors: bool,
}

/// Most symbols of an outline: more would not be read.
pub const MAX_SYMBOLS: usize = 2_000;

/// How deep elements may be nested: no code that people read is deeper, and a stack is finite.
const MAX_DEPTH: usize = 400;

/// Says what a file declares.
///
/// # Errors
/// [`ErrorKind::NotText`](crate::ErrorKind::NotText), [`ErrorKind::TooLarge`](crate::ErrorKind::TooLarge),
/// [`ErrorKind::TimedOut`](crate::ErrorKind::TimedOut), [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled).
pub fn outline(
    source: &[u8],
    language: Language,
    limits: &Limits,
    cancel: &AtomicBool,
) -> Result<Outline, Error> {
    let text = text(source, limits)?;
    let tree = parse(text, language, Patience::within(limits.time, cancel))?;
    let lines = Lines::new(text);
    let root = tree.root_node();
    let mut walk =
        Walk { text, language, lines: &lines, symbols: Vec::new(), cursor: root.walk(), nesting: 0 };
    walk.children(0, Inside::File);
    let mut symbols = walk.symbols;
    let truncated = symbols.len() > MAX_SYMBOLS;
    symbols.truncate(MAX_SYMBOLS);
    let count = text.lines().count();
    Ok(Outline {
        language,
        lines: u32::try_from(count).unwrap_or(u32::MAX),
        symbols,
        truncated,
        has_errors: root.has_error(),
    })
}

/// The outline of a file by its name; `None` for an unknown language.
///
/// # Errors
/// Those of [`outline`].
pub fn outline_of(
    path: &Path,
    source: &[u8],
    limits: &Limits,
    cancel: &AtomicBool,
) -> Result<Option<Outline>, Error> {
    Language::of_path(path).map(|language| outline(source, language, limits, cancel)).transpose()
}

struct Walk<'t> {
    text: &'t str,
    language: Language,
    lines: &'t Lines<'t>,
    symbols: Vec<Symbol>,
    cursor: TreeCursor<'t>,
    nesting: usize,
}

impl Walk<'_> {
    /// Looks at what is in the cursor's node.
    fn children(&mut self, depth: u32, inside: Inside) {
        if self.nesting == MAX_DEPTH || !self.cursor.goto_first_child() {
            return;
        }
        self.nesting += 1;
        loop {
            if self.symbols.len() > MAX_SYMBOLS {
                break;
            }
            self.node(depth, inside);
            if !self.cursor.goto_next_sibling() {
                break;
            }
        }
        self.nesting -= 1;
        self.cursor.goto_parent();
    }

    fn node(&mut self, depth: u32, inside: Inside) {
        let node = self.cursor.node();
        if !node.is_named() {
            return;
        }
        match declaration(self.language, node, inside, self.text) {
            Declaration::Is(kind, within) => {
                let deeper = match name::name(self.language, kind, node, self.text) {
                    Some(name) => {
                        self.symbol(kind, name, node, depth);
                        depth + 1
                    }
                    None => depth,
                };
                if let Some(within) = within {
                    self.children(deeper, within);
                }
            }
            Declaration::Enter => self.children(depth, inside),
            Declaration::Pass => {}
        }
    }

    fn symbol(&mut self, kind: SymbolKind, name: String, node: Node<'_>, depth: u32) {
        let (line, _) = self.lines.place(node.start_byte());
        // The end is exclusive, and may be the begin of the next line.
        let covered = self.text[node.byte_range()].trim_end().len();
        let (end_line, _) = self.lines.place(node.start_byte() + covered.saturating_sub(1));
        let exported = exported::is_exported(self.language, node, &name, self.text);
        let signature = self.lines.excerpt(node.start_byte());
        self.symbols.push(Symbol { kind, name, line, end_line, depth, exported, signature });
    }
}
