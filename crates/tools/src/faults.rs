//! From a tree with errors to the places that are worth telling.

use tree_sitter::{Node, Tree};

use crate::brackets;

/// A place where the text doesn't fit the grammar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) missing: bool,
    pub(crate) message: String,
}

/// Most characters of a token that a message quotes.
const MAX_QUOTE: usize = 40;

/// Most faults of one kind that are looked for: a file with more is no file of the language.
const MAX_FAULTS: usize = 1_000;

/// The faults of the tree in the order of the text; empty when the tree has none.
///
/// A bracket without a partner is named itself, and what follows it is left out: it is only its consequence.
pub(crate) fn faults(tree: &Tree, text: &str) -> Vec<Fault> {
    if !tree.root_node().has_error() {
        return Vec::new();
    }
    let alone = brackets::unmatched(tree, text);
    let mut faults = Vec::new();
    collect(tree.root_node(), text, &mut faults);
    if let Some(first) = alone.first() {
        faults.retain(|fault| fault.end <= first.byte);
    }
    faults.extend(alone.iter().take(MAX_FAULTS).map(|bracket| Fault {
        start: bracket.byte,
        end: bracket.byte + 1,
        missing: bracket.opens,
        message: if bracket.opens {
            format!("`{}` is never closed", bracket.bracket)
        } else {
            format!("`{}` closes nothing", bracket.bracket)
        },
    }));
    faults.sort_by_key(|fault| fault.start);
    faults.dedup_by(|b, a| a.start == b.start && a.message == b.message);
    faults
}

fn collect(root: Node<'_>, text: &str, faults: &mut Vec<Fault>) {
    let mut cursor = root.walk();
    loop {
        let node = cursor.node();
        if faults.len() == MAX_FAULTS {
            return;
        }
        let descend = if node.is_missing() {
            faults.push(missing(node));
            false
        } else if node.is_error() && !has_inner_fault(node) {
            faults.push(unexpected(node, text));
            false
        } else {
            node.has_error()
        };
        if descend && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return;
            }
        }
    }
}

/// Whether an error has a more exact one in it.
fn has_inner_fault(node: Node<'_>) -> bool {
    let mut cursor = node.walk();
    node.children(&mut cursor).any(|child| child.has_error() || child.is_missing())
}

fn missing(node: Node<'_>) -> Fault {
    let kind = node.kind();
    let what = if node.is_named() { kind.replace('_', " ") } else { format!("`{kind}`") };
    Fault {
        start: node.start_byte(),
        end: node.end_byte(),
        missing: true,
        message: format!("missing {what}"),
    }
}

fn unexpected(node: Node<'_>, text: &str) -> Fault {
    let range = node.start_byte()..node.end_byte();
    let covered = text.get(range.clone()).unwrap_or_default();
    let shown = covered.trim().lines().next().unwrap_or_default();
    let quote: String = shown.chars().take(MAX_QUOTE).collect();
    let more = if quote.len() < covered.trim().len() { "…" } else { "" };
    let message = if quote.is_empty() {
        "something is missing here".to_owned()
    } else {
        format!("unexpected `{quote}{more}`")
    };
    Fault { start: range.start, end: range.end, missing: false, message }
}
