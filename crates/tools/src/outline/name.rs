//! What a declaration is called: mostly the grammar's field `name`, and what it is instead where there is none.

use tree_sitter::Node;

use super::SymbolKind;
use crate::language::Language;

/// Most characters of a name: headings and selectors can be long.
const MAX_CHARS: usize = 80;

/// `None` where it has none, as a struct in C may.
pub(super) fn name(language: Language, kind: SymbolKind, node: Node<'_>, text: &str) -> Option<String> {
    let part = |of: Node<'_>| text.get(of.byte_range()).unwrap_or_default();
    let field = |name: &str| node.child_by_field_name(name);
    let first = |kinds: &[&str]| {
        let mut cursor = node.walk();
        node.named_children(&mut cursor).find(|child| kinds.contains(&child.kind()))
    };
    let found = match (language, kind) {
        (Language::Rust, SymbolKind::Implementation) => {
            let of = part(field("type")?).to_owned();
            return Some(match field("trait") {
                Some(of_trait) => shown(&format!("{} for {of}", part(of_trait))),
                None => shown(&of),
            });
        }
        (Language::Go, SymbolKind::Method) if field("receiver").is_some() => {
            return Some(shown(&format!("{} {}", part(field("receiver")?), part(field("name")?))));
        }
        (Language::Python | Language::Ruby, SymbolKind::Constant) => field("left"),
        (Language::Python, SymbolKind::Type) => field("left").or_else(|| node.named_child(0)),
        (Language::C | Language::Cpp, _) => field("name").or_else(|| field("declarator").map(innermost)),
        (Language::Kotlin, SymbolKind::Constructor) => return Some("constructor".to_owned()),
        (Language::Swift, SymbolKind::Constructor) => return Some("init".to_owned()),
        (Language::Kotlin, SymbolKind::Constant) => {
            first(&["variable_declaration"]).and_then(|variable| variable.named_child(0))
        }
        (Language::Kotlin, _) => first(&["type_identifier", "simple_identifier"]),
        (Language::Json | Language::Jsonc | Language::Yaml, _) => {
            return Some(shown(part(field("key")?).trim_matches(['"', '\''])));
        }
        (Language::Css, _) => {
            // All before the braces.
            let whole = part(node);
            return Some(shown(whole.split('{').next().unwrap_or(whole).trim_end_matches(';')));
        }
        (Language::Html, SymbolKind::Heading) => {
            let mut cursor = node.walk();
            let texts: Vec<_> = node
                .named_children(&mut cursor)
                .filter(|child| !matches!(child.kind(), "start_tag" | "end_tag"))
                .map(part)
                .collect();
            return Some(shown(&texts.join(" ")));
        }
        (Language::Html, _) => return id(node, text),
        (Language::Php, SymbolKind::Constant) => node.named_child(0),
        _ => field("name"),
    };
    found.map(|found| shown(part(found))).filter(|name| !name.is_empty())
}

/// The name in a declarator: `f` in `**f(int a[3])`.
fn innermost(declarator: Node<'_>) -> Node<'_> {
    let mut of = declarator;
    loop {
        let next = of.child_by_field_name("declarator").or_else(|| {
            // References have no field.
            let wraps = matches!(of.kind(), "reference_declarator" | "parenthesized_declarator");
            of.named_child(0).filter(|_| wraps)
        });
        match next {
            Some(inner) => of = inner,
            None => return of,
        }
    }
}

/// The `id` of an element.
fn id(element: Node<'_>, text: &str) -> Option<String> {
    let start = element.child(0)?;
    let mut cursor = start.walk();
    let attribute = start.named_children(&mut cursor).find(|child| {
        child.kind() == "attribute"
            && child.named_child(0).is_some_and(|name| text[name.byte_range()].eq_ignore_ascii_case("id"))
    })?;
    let value = attribute.named_child(1)?;
    Some(shown(text[value.byte_range()].trim_matches(['"', '\''])))
}

/// On one line, and not too long.
fn shown(name: &str) -> String {
    let words: Vec<_> = name.split_whitespace().collect();
    let line = words.join(" ");
    if line.chars().count() <= MAX_CHARS {
        return line;
    }
    line.chars().take(MAX_CHARS - 1).chain(['…']).collect()
}
