//! A language as ast-grep's patterns see it: ast-grep's rules for them, with a grammar of ours.

use std::borrow::Cow;

use ast_grep_core::{
    Pattern, PatternError,
    language::Language as AstGrepLanguage,
    matcher::PatternBuilder,
    meta_var::MetaVariable,
    tree_sitter::{LanguageExt, StrDoc, TSLanguage},
};
use ast_grep_language::SupportLang;
use orchestrator_grammars as grammars;
use orchestrator_grammars::Grammar;

use crate::language::Language;

/// Which letter stands for `$` in a pattern is ast-grep's to decide; it does so without a grammar.
#[derive(Clone, Copy)]
pub(crate) struct PatternLanguage {
    rules: SupportLang,
    grammar: &'static Grammar,
}

impl PatternLanguage {
    pub(crate) fn of(language: Language) -> Self {
        let (rules, grammar) = match language {
            Language::TypeScript => (SupportLang::TypeScript, &grammars::TYPESCRIPT),
            Language::Tsx => (SupportLang::Tsx, &grammars::TSX),
            Language::JavaScript => (SupportLang::JavaScript, &grammars::JAVASCRIPT),
            Language::Json | Language::Jsonc => (SupportLang::Json, &grammars::JSON),
            Language::Python => (SupportLang::Python, &grammars::PYTHON),
            Language::Rust => (SupportLang::Rust, &grammars::RUST),
            Language::Go => (SupportLang::Go, &grammars::GO),
            Language::Java => (SupportLang::Java, &grammars::JAVA),
            Language::C => (SupportLang::C, &grammars::C),
            Language::Cpp => (SupportLang::Cpp, &grammars::CPP),
            Language::CSharp => (SupportLang::CSharp, &grammars::C_SHARP),
            Language::Ruby => (SupportLang::Ruby, &grammars::RUBY),
            Language::Php => (SupportLang::Php, &grammars::PHP_ONLY),
            Language::Kotlin => (SupportLang::Kotlin, &grammars::KOTLIN),
            Language::Swift => (SupportLang::Swift, &grammars::SWIFT),
            Language::Bash => (SupportLang::Bash, &grammars::BASH),
            Language::Html => (SupportLang::Html, &grammars::HTML),
            Language::Css => (SupportLang::Css, &grammars::CSS),
            Language::Yaml => (SupportLang::Yaml, &grammars::YAML),
        };
        Self { rules, grammar }
    }
}

/// Languages that differ in nothing that a pattern sees are the same one.
impl PartialEq for PatternLanguage {
    fn eq(&self, other: &Self) -> bool {
        self.rules == other.rules
    }
}

impl AstGrepLanguage for PatternLanguage {
    fn pre_process_pattern<'q>(&self, query: &'q str) -> Cow<'q, str> {
        self.rules.pre_process_pattern(query)
    }

    fn meta_var_char(&self) -> char {
        self.rules.meta_var_char()
    }

    fn expando_char(&self) -> char {
        self.rules.expando_char()
    }

    fn extract_meta_var(&self, source: &str) -> Option<MetaVariable> {
        self.rules.extract_meta_var(source)
    }

    fn kind_to_id(&self, kind: &str) -> u16 {
        self.get_ts_language().id_for_node_kind(kind, true)
    }

    fn field_to_id(&self, field: &str) -> Option<u16> {
        self.get_ts_language().field_id_for_name(field).map(Into::into)
    }

    fn build_pattern(&self, builder: &PatternBuilder) -> Result<Pattern, PatternError> {
        builder.build(|source| StrDoc::try_new(source, *self))
    }
}

impl LanguageExt for PatternLanguage {
    fn get_ts_language(&self) -> TSLanguage {
        self.grammar.language()
    }
}
