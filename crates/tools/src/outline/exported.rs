//! Whether others may use what a file declares.

use tree_sitter::Node;

use crate::language::Language;

pub(super) fn is_exported(language: Language, node: Node<'_>, name: &str, text: &str) -> bool {
    match language {
        Language::TypeScript | Language::Tsx | Language::JavaScript => within_export(node),
        Language::Python => !name.starts_with('_') || (name.starts_with("__") && name.ends_with("__")),
        Language::Rust => has_modifier(node, "visibility_modifier", "pub", text),
        Language::Go => {
            let own = name.rsplit(' ').next().unwrap_or(name);
            own.starts_with(char::is_uppercase)
        }
        Language::Java => has_modifier(node, "modifiers", "public", text),
        Language::CSharp => has_modifier(node, "modifier", "public", text),
        Language::Php => {
            // All that is not in a class can be used, and methods that don't say otherwise.
            !has_modifier(node, "visibility_modifier", "private", text)
                && !has_modifier(node, "visibility_modifier", "protected", text)
        }
        Language::Kotlin => {
            !has_modifier(node, "modifiers", "private", text)
                && !has_modifier(node, "modifiers", "internal", text)
        }
        Language::Swift => {
            has_modifier(node, "modifiers", "public", text) || has_modifier(node, "modifiers", "open", text)
        }
        _ => false,
    }
}

/// `export` stands before the declaration, and a declaration before its variables.
fn within_export(node: Node<'_>) -> bool {
    let mut above = node.parent();
    while let Some(of) = above {
        match of.kind() {
            "export_statement" => return true,
            "lexical_declaration" | "variable_declaration" | "expression_statement" => above = of.parent(),
            _ => return false,
        }
    }
    false
}

/// Whether it has modifiers of this kind, of which one is the word.
fn has_modifier(node: Node<'_>, kind: &str, word: &str, text: &str) -> bool {
    let mut cursor = node.walk();
    node.children(&mut cursor).filter(|child| child.kind() == kind).any(|modifiers| {
        text[modifiers.byte_range()]
            .split(|character: char| !character.is_alphanumeric())
            .any(|found| found == word)
    })
}
