//! The languages that can be checked, and how a file's name tells which it is.

use std::path::Path;

use serde::{Deserialize, Serialize};

/// A language with a grammar in this crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Language {
    /// `.ts`, `.mts`, `.cts`, declarations included.
    TypeScript,
    /// `.tsx`.
    Tsx,
    /// `.js`, `.mjs`, `.cjs`, `.jsx`; JSX is read in all of them.
    JavaScript,
    /// JSON by RFC 8259.
    Json,
    /// JSON with comments and trailing commas, as the tools that own these files read them.
    Jsonc,
    /// `.py`, `.pyi`, `.pyw`.
    Python,
    /// `.rs`.
    Rust,
}

impl Language {
    /// The language of a file by its name alone; `None` where this crate has no grammar for it.
    #[must_use]
    pub fn of_path(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        if matches!(name.as_str(), ".babelrc" | ".eslintrc" | ".jshintrc" | ".swcrc" | ".hintrc") {
            return Some(Self::Jsonc);
        }
        let (_, extension) = name.rsplit_once('.')?;
        Some(match extension {
            "ts" | "mts" | "cts" => Self::TypeScript,
            "tsx" => Self::Tsx,
            "js" | "mjs" | "cjs" | "jsx" => Self::JavaScript,
            "json" if has_comments(path, &name) => Self::Jsonc,
            "json" | "webmanifest" | "geojson" => Self::Json,
            "jsonc" | "code-workspace" | "code-snippets" => Self::Jsonc,
            "py" | "pyi" | "pyw" => Self::Python,
            "rs" => Self::Rust,
            _ => return None,
        })
    }
}

/// `.json` files whose tools allow comments. Erring on this side only misses a trailing comma.
fn has_comments(path: &Path, name: &str) -> bool {
    const NAMES: &[&str] = &[
        ".eslintrc.json",
        ".babelrc.json",
        "api-extractor.json",
        "babel.config.json",
        "deno.json",
        "devcontainer.json",
        "language-configuration.json",
        "nx.json",
        "opencode.json",
        "rush.json",
        "tslint.json",
        "tui.json",
        "turbo.json",
        "typedoc.json",
    ];
    let configures = |tool: &str| {
        name.strip_prefix(tool).is_some_and(|rest| rest.starts_with('.') || rest.starts_with('-'))
    };
    NAMES.contains(&name)
        || configures("tsconfig")
        || configures("jsconfig")
        || path.parent().and_then(Path::file_name).is_some_and(|folder| folder == ".vscode")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_the_language() {
        for (path, language) in [
            ("src/a.ts", Some(Language::TypeScript)),
            ("a.d.mts", Some(Language::TypeScript)),
            ("A.TSX", Some(Language::Tsx)),
            ("a.cjs", Some(Language::JavaScript)),
            ("a.jsx", Some(Language::JavaScript)),
            ("package.json", Some(Language::Json)),
            ("tsconfig.build.json", Some(Language::Jsonc)),
            ("tsconfig-base.json", Some(Language::Jsonc)),
            ("tsconfigure.json", Some(Language::Json)),
            (".vscode/settings.json", Some(Language::Jsonc)),
            ("x.code-workspace", Some(Language::Jsonc)),
            (".swcrc", Some(Language::Jsonc)),
            ("a.pyi", Some(Language::Python)),
            ("a.rs", Some(Language::Rust)),
            ("a.go", None),
            ("Makefile", None),
            ("ts", None),
            ("", None),
        ] {
            assert_eq!(Language::of_path(Path::new(path)), language, "{path}");
        }
    }
}
