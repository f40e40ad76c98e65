//! The languages that can be read, what they are called, and how a file's name tells which it is.

use std::{fmt, path::Path};

use ast_grep_core::tree_sitter::LanguageExt as _;
use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, ErrorKind},
    pattern_language::PatternLanguage,
};

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
    /// `.go`.
    Go,
    /// `.java`.
    Java,
    /// `.c`, and `.h`, which may be C++ as well.
    C,
    /// `.cc`, `.cpp`, `.cxx`, `.hpp`, `.hh`, `.hxx` and more.
    Cpp,
    /// `.cs`, `.csx`.
    CSharp,
    /// `.rb`, `.rake`, `.gemspec`, `Rakefile`, `Gemfile`.
    Ruby,
    /// `.php`, also with HTML around it.
    Php,
    /// `.kt`, `.kts`.
    Kotlin,
    /// `.swift`.
    Swift,
    /// `.sh`, `.bash`.
    Bash,
    /// `.html`, `.htm`, `.xhtml`.
    Html,
    /// `.css`.
    Css,
    /// `.yaml`, `.yml`.
    Yaml,
}

/// All, each with the name that it has here and those that it is also known by.
const NAMES: &[(Language, &[&str])] = &[
    (Language::TypeScript, &["typescript", "ts", "mts", "cts"]),
    (Language::Tsx, &["tsx"]),
    (Language::JavaScript, &["javascript", "js", "jsx", "mjs", "cjs"]),
    (Language::Json, &["json"]),
    (Language::Jsonc, &["jsonc"]),
    (Language::Python, &["python", "py"]),
    (Language::Rust, &["rust", "rs"]),
    (Language::Go, &["go", "golang"]),
    (Language::Java, &["java"]),
    (Language::C, &["c"]),
    (Language::Cpp, &["cpp", "c++", "cc", "cxx"]),
    (Language::CSharp, &["csharp", "cs", "c#"]),
    (Language::Ruby, &["ruby", "rb"]),
    (Language::Php, &["php"]),
    (Language::Kotlin, &["kotlin", "kt"]),
    (Language::Swift, &["swift"]),
    (Language::Bash, &["bash", "sh", "shell"]),
    (Language::Html, &["html"]),
    (Language::Css, &["css"]),
    (Language::Yaml, &["yaml", "yml"]),
];

impl Language {
    /// All languages, in the order in which messages name them.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|&(language, _)| language)
    }

    /// The language of a name: its own or a usual short one, in any case.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownLanguage`] names the nearest one, or all.
    pub fn named(name: &str) -> Result<Self, Error> {
        let wanted = name.trim().to_ascii_lowercase();
        let names =
            || NAMES.iter().flat_map(|&(language, names)| names.iter().map(move |&name| (language, name)));
        if let Some((language, _)) = names().find(|&(_, known)| known == wanted) {
            return Ok(language);
        }
        // Names of one or two letters are near to everything.
        let nearest = names()
            .filter(|(_, known)| known.len() > 2)
            .map(|(_, known)| (strsim::damerau_levenshtein(&wanted, known), known))
            .min()
            .filter(|&(distance, _)| distance <= 2);
        let advice = if let Some((_, known)) = nearest {
            format!("did you mean `{known}`?")
        } else {
            let all: Vec<_> = Self::all().map(|language| language.to_string()).collect();
            format!("there are {}", all.join(", "))
        };
        Err(Error::new(ErrorKind::UnknownLanguage, format!("there is no language `{name}`: {advice}")))
    }

    /// The same language to ast-grep, which has patterns for it.
    pub(crate) fn patterns(self) -> PatternLanguage {
        PatternLanguage::of(self)
    }

    /// The grammar that reads whole files of it.
    pub(crate) fn grammar(self) -> tree_sitter::Language {
        match self {
            // ast-grep reads PHP without the HTML around it.
            Self::Php => orchestrator_grammars::PHP.language(),
            _ => self.patterns().get_ts_language(),
        }
    }

    /// The language of a file by its name alone; `None` where this crate has no grammar for it.
    #[must_use]
    pub fn of_path(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        if matches!(name.as_str(), ".babelrc" | ".eslintrc" | ".jshintrc" | ".swcrc" | ".hintrc") {
            return Some(Self::Jsonc);
        }
        if matches!(name.as_str(), "rakefile" | "gemfile" | "podfile" | "vagrantfile") {
            return Some(Self::Ruby);
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
            "go" => Self::Go,
            "java" => Self::Java,
            "c" | "h" => Self::C,
            "cc" | "cpp" | "cxx" | "c++" | "hpp" | "hh" | "hxx" | "h++" | "ipp" | "tpp" => Self::Cpp,
            "cs" | "csx" => Self::CSharp,
            "rb" | "rbw" | "rake" | "gemspec" => Self::Ruby,
            "php" => Self::Php,
            "kt" | "kts" => Self::Kotlin,
            "swift" => Self::Swift,
            "sh" | "bash" => Self::Bash,
            "html" | "htm" | "xhtml" => Self::Html,
            "css" => Self::Css,
            "yaml" | "yml" => Self::Yaml,
            _ => return None,
        })
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (_, names) =
            NAMES.iter().find(|(language, _)| language == self).expect("the table has every language");
        f.write_str(names[0])
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
            ("a.go", Some(Language::Go)),
            ("a.H", Some(Language::C)),
            ("Rakefile", Some(Language::Ruby)),
            ("a.scss", None),
            ("Makefile", None),
            ("ts", None),
            ("", None),
        ] {
            assert_eq!(Language::of_path(Path::new(path)), language, "{path}");
        }
    }

    #[test]
    fn every_language_has_a_name_that_names_it_and_is_its_name_in_json() {
        for language in Language::all() {
            let name = language.to_string();
            assert_eq!(Language::named(&name).unwrap(), language);
            assert_eq!(serde_json::to_value(language).unwrap(), name);
        }
        assert_eq!(Language::named(" C# ").unwrap(), Language::CSharp);
    }

    #[test]
    fn an_unknown_name_is_told_with_the_nearest_or_with_all() {
        let said = |name| Language::named(name).unwrap_err().to_string();
        assert_eq!(said("pyhton"), "there is no language `pyhton`: did you mean `python`?");
        assert!(said("brainfuck").contains("typescript, tsx, javascript"), "{}", said("brainfuck"));
    }
}
