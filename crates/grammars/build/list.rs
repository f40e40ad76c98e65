//! The grammars, and where each is found.

use tree_sitter_language::LanguageFn;

/// A grammar as its crate has it.
pub(crate) struct Original {
    /// What it is called here.
    pub(crate) name: &'static str,
    /// What people call the language.
    pub(crate) title: &'static str,
    /// The crate that has it.
    pub(crate) package: &'static str,
    /// The folder of its `parser.c`, within the crate.
    pub(crate) folder: &'static str,
    /// The C function that gives it; the functions of its scanner are named after it.
    pub(crate) symbol: &'static str,
    /// The same function, linked into this build script.
    pub(crate) language: LanguageFn,
}

macro_rules! grammars {
    ($($name:ident $title:literal: $package:literal $folder:literal $symbol:ident $library:ident::$language:ident;)*) => {
        /// All of them, by name.
        pub(crate) const ALL: &[Original] = &[$(Original {
            name: stringify!($name),
            title: $title,
            package: $package,
            folder: $folder,
            symbol: stringify!($symbol),
            language: $library::$language,
        }),*];
    };
}

grammars! {
    bash "Bash": "tree-sitter-bash" "src" tree_sitter_bash tree_sitter_bash::LANGUAGE;
    c "C": "tree-sitter-c" "src" tree_sitter_c tree_sitter_c::LANGUAGE;
    c_sharp "C#": "tree-sitter-c-sharp" "src" tree_sitter_c_sharp tree_sitter_c_sharp::LANGUAGE;
    cpp "C++": "tree-sitter-cpp" "src" tree_sitter_cpp tree_sitter_cpp::LANGUAGE;
    css "CSS": "tree-sitter-css" "src" tree_sitter_css tree_sitter_css::LANGUAGE;
    go "Go": "tree-sitter-go" "src" tree_sitter_go tree_sitter_go::LANGUAGE;
    html "HTML": "tree-sitter-html" "src" tree_sitter_html tree_sitter_html::LANGUAGE;
    java "Java": "tree-sitter-java" "src" tree_sitter_java tree_sitter_java::LANGUAGE;
    javascript "JavaScript": "tree-sitter-javascript" "src" tree_sitter_javascript tree_sitter_javascript::LANGUAGE;
    json "JSON": "tree-sitter-json" "src" tree_sitter_json tree_sitter_json::LANGUAGE;
    kotlin "Kotlin": "tree-sitter-kotlin-sg" "src" tree_sitter_kotlin tree_sitter_kotlin_sg::LANGUAGE;
    php "PHP": "tree-sitter-php" "php/src" tree_sitter_php tree_sitter_php::LANGUAGE_PHP;
    php_only "PHP without HTML around it": "tree-sitter-php" "php_only/src" tree_sitter_php_only tree_sitter_php::LANGUAGE_PHP_ONLY;
    python "Python": "tree-sitter-python" "src" tree_sitter_python tree_sitter_python::LANGUAGE;
    ruby "Ruby": "tree-sitter-ruby" "src" tree_sitter_ruby tree_sitter_ruby::LANGUAGE;
    rust "Rust": "tree-sitter-rust" "src" tree_sitter_rust tree_sitter_rust::LANGUAGE;
    swift "Swift": "tree-sitter-swift" "src" tree_sitter_swift tree_sitter_swift::LANGUAGE;
    tsx "TSX": "tree-sitter-typescript" "tsx/src" tree_sitter_tsx tree_sitter_typescript::LANGUAGE_TSX;
    typescript "TypeScript": "tree-sitter-typescript" "typescript/src" tree_sitter_typescript tree_sitter_typescript::LANGUAGE_TYPESCRIPT;
    yaml "YAML": "tree-sitter-yaml" "src" tree_sitter_yaml tree_sitter_yaml::LANGUAGE;
}
