//! Which nodes declare something, a language: the kinds are the grammars' own.

use tree_sitter::Node;

use super::SymbolKind::{
    self, Class, Constant, Constructor, Enum, Function, Heading, Id, Implementation, Interface, Key, Macro,
    Method, Module, Selector, Struct, Type,
};
use crate::language::Language;

/// Where a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inside {
    /// In no declaration, or in modules alone.
    File,
    /// In a type: functions are methods here.
    Type,
}

/// What a node is to an outline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Declaration {
    /// It declares something, and there may be more in it.
    Is(SymbolKind, Option<Inside>),
    /// There may be declarations in it.
    Enter,
    /// There are none in it that count.
    Pass,
}

pub(super) fn declaration(language: Language, node: Node<'_>, inside: Inside, text: &str) -> Declaration {
    let found = match language {
        Language::TypeScript | Language::Tsx | Language::JavaScript => ecmascript(node, inside, text),
        Language::Python => python(node, inside),
        Language::Rust => rust(node, inside),
        Language::Go => go(node),
        Language::Java => java(node),
        Language::C | Language::Cpp => c(node, inside),
        Language::CSharp => csharp(node),
        Language::Ruby => ruby(node, inside),
        Language::Php => php(node),
        Language::Kotlin => kotlin(node, inside),
        Language::Swift => swift(node, inside),
        Language::Bash => (node.kind() == "function_definition").then_some((Function, None)),
        Language::Html => html(node, text),
        Language::Css => css(node),
        Language::Json | Language::Jsonc => (node.kind() == "pair").then_some((Key, None)),
        Language::Yaml => (node.kind() == "block_mapping_pair").then_some((Key, None)),
    };
    match found {
        Some((kind, within)) => Declaration::Is(kind, within),
        None if is_body(node.kind()) => Declaration::Pass,
        None => Declaration::Enter,
    }
}

/// What runs, and so declares only for itself; lists of data have no names.
fn is_body(kind: &str) -> bool {
    matches!(
        kind,
        "call_expression"
            | "arrow_function"
            | "function_expression"
            | "lambda_expression"
            | "lambda_literal"
            | "array"
            | "block_sequence"
            | "comment"
    )
}

type Found = Option<(SymbolKind, Option<Inside>)>;

fn parent_is(node: Node<'_>, kinds: &[&str]) -> bool {
    node.parent().is_some_and(|parent| kinds.contains(&parent.kind()))
}

fn has_child(node: Node<'_>, kind: &str) -> bool {
    let mut cursor = node.walk();
    node.children(&mut cursor).any(|child| child.kind() == kind)
}

fn ecmascript(node: Node<'_>, inside: Inside, text: &str) -> Found {
    Some(match node.kind() {
        "function_declaration" | "generator_function_declaration" | "function_signature" => (Function, None),
        "class_declaration" | "abstract_class_declaration" | "class" => (Class, Some(Inside::Type)),
        "method_definition" if named(node, "constructor", text) => (Constructor, None),
        "method_definition" | "method_signature" | "abstract_method_signature" => (Method, None),
        "public_field_definition" | "field_definition" => (value(node, Method)?, None),
        "interface_declaration" => (Interface, Some(Inside::Type)),
        "type_alias_declaration" => (Type, None),
        "enum_declaration" => (Enum, None),
        "internal_module" | "module" => (Module, Some(Inside::File)),
        "variable_declarator" if inside == Inside::File => (value(node, Function).unwrap_or(Constant), None),
        _ => return None,
    })
}

fn named(node: Node<'_>, name: &str, text: &str) -> bool {
    node.child_by_field_name("name").is_some_and(|found| &text[found.byte_range()] == name)
}

fn value(node: Node<'_>, function: SymbolKind) -> Option<SymbolKind> {
    let value = node.child_by_field_name("value")?;
    match value.kind() {
        "arrow_function" | "function_expression" | "generator_function" => Some(function),
        "class" => Some(Class),
        _ => None,
    }
}

fn python(node: Node<'_>, inside: Inside) -> Found {
    Some(match node.kind() {
        "function_definition" if inside == Inside::Type => (Method, None),
        "function_definition" => (Function, None),
        "class_definition" => (Class, Some(Inside::Type)),
        "type_alias_statement" => (Type, None),
        "assignment" if inside == Inside::File && module_level(node) => (Constant, None),
        _ => return None,
    })
}

/// `NAME = value` in a statement of the file itself.
fn module_level(node: Node<'_>) -> bool {
    node.child_by_field_name("left").is_some_and(|left| left.kind() == "identifier")
        && node.parent().and_then(|statement| statement.parent()).is_some_and(|file| file.kind() == "module")
}

fn rust(node: Node<'_>, inside: Inside) -> Found {
    Some(match node.kind() {
        "function_item" | "function_signature_item" if inside == Inside::Type => (Method, None),
        "function_item" | "function_signature_item" => (Function, None),
        "struct_item" | "union_item" => (Struct, None),
        "enum_item" => (Enum, None),
        "trait_item" => (Interface, Some(Inside::Type)),
        "impl_item" => (Implementation, Some(Inside::Type)),
        "mod_item" => (Module, Some(Inside::File)),
        "const_item" | "static_item" => (Constant, None),
        "type_item" | "associated_type" => (Type, None),
        "macro_definition" => (Macro, None),
        _ => return None,
    })
}

fn go(node: Node<'_>) -> Found {
    let type_of = || node.child_by_field_name("type").map_or("", |of| of.kind());
    Some(match node.kind() {
        "function_declaration" => (Function, None),
        "method_declaration" | "method_elem" => (Method, None),
        "type_spec" if type_of() == "interface_type" => (Interface, Some(Inside::Type)),
        "type_spec" if type_of() == "struct_type" => (Struct, None),
        "type_spec" | "type_alias" => (Type, None),
        "const_spec" | "var_spec" => (Constant, None),
        _ => return None,
    })
}

fn java(node: Node<'_>) -> Found {
    Some(match node.kind() {
        "class_declaration" => (Class, Some(Inside::Type)),
        "interface_declaration" | "annotation_type_declaration" => (Interface, Some(Inside::Type)),
        "enum_declaration" => (Enum, Some(Inside::Type)),
        "record_declaration" => (Struct, Some(Inside::Type)),
        "method_declaration" => (Method, None),
        "constructor_declaration" | "compact_constructor_declaration" => (Constructor, None),
        _ => return None,
    })
}

fn c(node: Node<'_>, inside: Inside) -> Found {
    let has_body = || node.child_by_field_name("body").is_some();
    Some(match node.kind() {
        "function_definition" if inside == Inside::Type => (Method, None),
        "function_definition" => (Function, None),
        // Declared here, defined elsewhere.
        "declaration" | "field_declaration" if declares_function(node) => {
            (if inside == Inside::Type { Method } else { Function }, None)
        }
        "class_specifier" if has_body() => (Class, Some(Inside::Type)),
        "struct_specifier" | "union_specifier" if has_body() => (Struct, Some(Inside::Type)),
        "enum_specifier" if has_body() => (Enum, None),
        "namespace_definition" => (Module, Some(Inside::File)),
        "type_definition" | "alias_declaration" => (Type, Some(Inside::File)),
        "concept_definition" => (Interface, None),
        "preproc_function_def" => (Macro, None),
        _ => return None,
    })
}

fn declares_function(node: Node<'_>) -> bool {
    let mut declarator = node.child_by_field_name("declarator");
    while let Some(of) = declarator {
        if of.kind() == "function_declarator" {
            // `int (*f)(void)` is a variable.
            return of
                .child_by_field_name("declarator")
                .is_some_and(|of| of.kind() != "parenthesized_declarator");
        }
        declarator = of.child_by_field_name("declarator");
    }
    false
}

fn csharp(node: Node<'_>) -> Found {
    Some(match node.kind() {
        "namespace_declaration" | "file_scoped_namespace_declaration" => (Module, Some(Inside::File)),
        "class_declaration" => (Class, Some(Inside::Type)),
        "interface_declaration" => (Interface, Some(Inside::Type)),
        "struct_declaration" | "record_declaration" => (Struct, Some(Inside::Type)),
        "enum_declaration" => (Enum, None),
        "delegate_declaration" => (Type, None),
        "method_declaration" => (Method, None),
        "constructor_declaration" => (Constructor, None),
        "property_declaration" => (Constant, None),
        "local_function_statement" => (Function, None),
        _ => return None,
    })
}

fn ruby(node: Node<'_>, inside: Inside) -> Found {
    Some(match node.kind() {
        "class" => (Class, Some(Inside::Type)),
        "module" => (Module, Some(Inside::Type)),
        "method" | "singleton_method" if inside == Inside::Type => (Method, None),
        "method" | "singleton_method" => (Function, None),
        "assignment" if node.child_by_field_name("left").is_some_and(|left| left.kind() == "constant") => {
            (Constant, None)
        }
        _ => return None,
    })
}

fn php(node: Node<'_>) -> Found {
    Some(match node.kind() {
        "namespace_definition" => (Module, Some(Inside::File)),
        "function_definition" => (Function, None),
        "class_declaration" => (Class, Some(Inside::Type)),
        "interface_declaration" | "trait_declaration" => (Interface, Some(Inside::Type)),
        "enum_declaration" => (Enum, Some(Inside::Type)),
        "method_declaration" => (Method, None),
        "const_element" => (Constant, None),
        _ => return None,
    })
}

fn kotlin(node: Node<'_>, inside: Inside) -> Found {
    Some(match node.kind() {
        "class_declaration" if has_child(node, "interface") => (Interface, Some(Inside::Type)),
        "class_declaration" if has_child(node, "enum") => (Enum, Some(Inside::Type)),
        "class_declaration" | "object_declaration" => (Class, Some(Inside::Type)),
        "function_declaration" if inside == Inside::Type => (Method, None),
        "function_declaration" => (Function, None),
        "secondary_constructor" => (Constructor, None),
        "type_alias" => (Type, None),
        "property_declaration" if parent_is(node, &["source_file"]) => (Constant, None),
        _ => return None,
    })
}

fn swift(node: Node<'_>, inside: Inside) -> Found {
    Some(match node.kind() {
        "class_declaration" if has_child(node, "enum") => (Enum, Some(Inside::Type)),
        "class_declaration" if has_child(node, "struct") => (Struct, Some(Inside::Type)),
        "class_declaration" if has_child(node, "extension") => (Implementation, Some(Inside::Type)),
        "class_declaration" => (Class, Some(Inside::Type)),
        "protocol_declaration" => (Interface, Some(Inside::Type)),
        "function_declaration" | "protocol_function_declaration" if inside == Inside::Type => (Method, None),
        "function_declaration" => (Function, None),
        "init_declaration" => (Constructor, None),
        "typealias_declaration" => (Type, None),
        "property_declaration" if parent_is(node, &["source_file"]) => (Constant, None),
        _ => return None,
    })
}

fn html(node: Node<'_>, text: &str) -> Found {
    if node.kind() != "element" {
        return None;
    }
    // An element without an id has no name, and is only looked into.
    let kind = if is_heading(node, text) { Heading } else { Id };
    Some((kind, (kind == Id).then_some(Inside::File)))
}

/// `h1` to `h6`.
fn is_heading(element: Node<'_>, text: &str) -> bool {
    let tag =
        element.child(0).and_then(|start| start.named_child(0)).map_or("", |tag| &text[tag.byte_range()]);
    matches!(tag.as_bytes(), [b'h' | b'H', b'1'..=b'6'])
}

fn css(node: Node<'_>) -> Found {
    Some(match node.kind() {
        "rule_set" | "media_statement" | "supports_statement" | "at_rule" => (Selector, Some(Inside::File)),
        "keyframes_statement" => (Selector, None),
        _ => return None,
    })
}
