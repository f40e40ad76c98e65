//! What Python itself refuses and tree-sitter's grammar for Python lets pass: empty blocks, indentation that matches no
//! block, the statements of Python 2.

use tree_sitter::{Node, Tree};

use crate::faults::Fault;

/// Every such place, in the order of the text.
pub(crate) fn faults(tree: &Tree, text: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        match node.kind() {
            "module" => indentation(node, "", text, &mut faults),
            "block" => block(node, text, &mut faults),
            "print_statement" | "exec_statement" => {
                let word = node.kind().trim_end_matches("_statement");
                faults.push(fault(node, format!("`{word}` is a function in Python 3: it needs parentheses")));
            }
            _ => {}
        }
        if cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return faults;
            }
        }
    }
}

fn block(node: Node<'_>, text: &str, faults: &mut Vec<Fault>) {
    let mut cursor = node.walk();
    let first = node.named_children(&mut cursor).find(|child| child.kind() != "comment");
    match first {
        Some(first) => {
            if let Some(indent) = indent(first, text) {
                indentation(node, indent, text, faults);
            }
        }
        None => {
            if let Some(owner) = node.parent() {
                let what = owner.kind().trim_end_matches("_definition").trim_end_matches("_statement");
                let what = what.trim_end_matches("_clause").replace('_', " ");
                faults.push(fault(owner, format!("an indented block is missing after this `{what}`")));
            }
        }
    }
}

/// Every statement that begins a line has to stand where the first of its block stands.
fn indentation(block: Node<'_>, expected: &str, text: &str, faults: &mut Vec<Fault>) {
    let mut cursor = block.walk();
    for child in block.named_children(&mut cursor) {
        if matches!(child.kind(), "comment" | "ERROR") {
            continue;
        }
        if indent(child, text).is_some_and(|found| width(found) != width(expected)) {
            faults.push(fault(child, "the indentation matches no block around it".to_owned()));
            // The statements that follow are off because of this one.
            return;
        }
    }
}

/// The space before a node that begins its line; `None` for one that doesn't.
fn indent<'a>(node: Node<'_>, text: &'a str) -> Option<&'a str> {
    let before = &text[..node.start_byte()];
    let line = &before[before.rfind('\n').map_or(0, |at| at + 1)..];
    let line = line.trim_start_matches(['\u{feff}', '\u{c}']);
    line.chars().all(|c| c == ' ' || c == '\t').then_some(line)
}

/// As Python counts it: a tab goes on to the next multiple of 8.
fn width(indent: &str) -> usize {
    indent.chars().fold(0, |width, c| if c == '\t' { width / 8 * 8 + 8 } else { width + 1 })
}

fn fault(node: Node<'_>, message: String) -> Fault {
    let start = node.start_byte();
    Fault { start, end: start, missing: false, message }
}
