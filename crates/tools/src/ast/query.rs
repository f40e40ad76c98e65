//! What is looked for: a pattern, or a rule in YAML.

use std::error::Error as StdError;

use ast_grep_config::{DeserializeEnv, Fixer, RuleCore, SerializableRule, SerializableRuleCore, from_str};
use ast_grep_core::{MatchStrictness, Pattern, PatternError, language::Language as _};
use serde::Deserialize;
use serde_yaml::Value;

use crate::{
    error::{Error, ErrorKind},
    faults::faults,
    language::Language,
    parse::parse,
    patience::Patience,
    pattern_language::PatternLanguage,
};

/// How exactly the code has to be like the pattern.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strictness {
    /// Every node.
    Cst,
    /// Every node of the pattern; what the code has besides may be punctuation.
    #[default]
    Smart,
    /// Only named nodes.
    Ast,
    /// Only named nodes, without comments.
    Relaxed,
    /// Only the kinds of the named nodes, without their texts.
    Signature,
}

/// A pattern or a rule, one of the two. <https://ast-grep.github.io/guide/pattern-syntax.html> describes patterns,
/// <https://ast-grep.github.io/reference/yaml.html> rules.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct AstQuery {
    /// Code with `$NAME` for one node and `$$$NAME` for any number of them.
    pub pattern: Option<String>,
    /// YAML: a rule file of ast-grep (`rule`, and where wanted `constraints`, `utils`, `transform`, `fix`, `language`), or
    /// the rule alone.
    pub rule: Option<String>,
    /// A name of the language; not needed where a rule names it, or where one file is looked at.
    pub language: Option<String>,
    /// Of a pattern.
    pub strictness: Strictness,
}

/// A query that can be run.
pub(super) struct Compiled {
    pub(super) language: Language,
    pub(super) matcher: Matcher,
    /// What a file has to have in it to match at all; may be empty.
    pub(super) required: String,
    /// The rewrite that a rule brings along.
    pub(super) fix: Option<Fixer>,
    /// Why it may find nothing.
    pub(super) warning: Option<String>,
}

pub(super) enum Matcher {
    Pattern(Pattern),
    Rule(RuleCore),
}

#[derive(Deserialize)]
struct RuleFile {
    language: Option<String>,
    #[serde(flatten)]
    core: SerializableRuleCore,
    /// ast-grep keeps the type of this to itself.
    fix: Option<Value>,
}

/// # Errors
/// [`ErrorKind::InvalidPattern`], [`ErrorKind::InvalidRule`], [`ErrorKind::UnknownLanguage`].
pub(super) fn compile(
    query: &AstQuery,
    of_root: Option<Language>,
    patience: Patience<'_>,
) -> Result<Compiled, Error> {
    let named = query.language.as_deref().map(Language::named).transpose()?;
    match (&query.pattern, &query.rule) {
        (Some(pattern), None) => of_pattern(pattern, named.or(of_root), query.strictness, patience),
        (None, Some(rule)) => of_rule(rule, named, of_root),
        (Some(_), Some(_)) => {
            Err(Error::new(ErrorKind::InvalidPattern, "give a pattern or a rule, not both"))
        }
        (None, None) => Err(Error::new(ErrorKind::InvalidPattern, "give a pattern or a rule")),
    }
}

fn no_language() -> Error {
    let all: Vec<_> = Language::all().map(|language| language.to_string()).collect();
    let message = format!("name the language of the code: one of {}", all.join(", "));
    Error::new(ErrorKind::UnknownLanguage, message)
}

fn of_pattern(
    text: &str,
    language: Option<Language>,
    strictness: Strictness,
    patience: Patience<'_>,
) -> Result<Compiled, Error> {
    let language = language.ok_or_else(no_language)?;
    let pattern = Pattern::try_new(text, language.patterns())
        .map_err(|error| refused_pattern(text, language, &error, patience))?;
    let warning = pattern.has_error().then(|| unparsed(text, language, patience));
    let pattern = pattern.with_strictness(match strictness {
        Strictness::Cst => MatchStrictness::Cst,
        Strictness::Smart => MatchStrictness::Smart,
        Strictness::Ast => MatchStrictness::Ast,
        Strictness::Relaxed => MatchStrictness::Relaxed,
        Strictness::Signature => MatchStrictness::Signature,
    });
    // With `signature` no text has to be the same.
    let required =
        if strictness == Strictness::Signature { String::new() } else { pattern.fixed_string().into_owned() };
    Ok(Compiled { language, matcher: Matcher::Pattern(pattern), required, fix: None, warning })
}

/// The place of a pattern's fault, in the text as it was written: ast-grep puts a letter for each `$` that begins a name,
/// which may have another length.
fn refused_pattern(text: &str, language: Language, error: &PatternError, patience: Patience<'_>) -> Error {
    let at = |byte: usize, what: &str| Error::at(ErrorKind::InvalidPattern, text, 0, byte, what);
    match error {
        PatternError::NoContent(_) => at(0, "there is no code in it; write the code to look for"),
        PatternError::RootMultiMetaVar(_) => {
            at(0, "alone it would match any list of nodes; write `$NAME`, or code around it")
        }
        PatternError::MultipleNode(_) => {
            let second = second_node(text, language, patience).unwrap_or(0);
            at(second, "a second piece of code begins here; a pattern is one node: split it, or write a rule")
        }
        other => Error::new(ErrorKind::InvalidPattern, format!("the pattern `{text}` is refused: {other}")),
    }
}

/// Such a pattern may find what has the same error in it, as ast-grep does, and most find nothing.
fn unparsed(text: &str, language: Language, patience: Patience<'_>) -> String {
    let (replaced, to_written) = replaced(text, language);
    let fault = parse(&replaced, language, patience)
        .ok()
        .and_then(|tree| faults(&tree, &replaced).into_iter().next())
        .map_or(0, |fault| to_written(fault.start));
    let column = text.get(..fault).map_or(0, |before| before.chars().count()) + 1;
    format!(
        "the pattern `{text}` is no whole {language}, from column {column} on, and may find nothing: complete it, or write a rule with `context` and `selector`"
    )
}

fn second_node(text: &str, language: Language, patience: Patience<'_>) -> Option<usize> {
    let (replaced, to_written) = replaced(text, language);
    let tree = parse(&replaced, language, patience).ok()?;
    let mut cursor = tree.walk();
    let second = tree.root_node().children(&mut cursor).nth(1)?.start_byte();
    Some(to_written(second))
}

/// The text as the grammar is given it, and the way back for its bytes.
fn replaced(text: &str, language: Language) -> (String, impl Fn(usize) -> usize) {
    let support = language.patterns();
    let replaced = support.pre_process_pattern(text).into_owned();
    let written = text.to_owned();
    let text = replaced.clone();
    let back = move |byte: usize| {
        let characters = text.get(..byte).map_or(0, |before| before.chars().count());
        written.char_indices().nth(characters).map_or(written.len(), |(at, _)| at)
    };
    (replaced, back)
}

fn of_rule(yaml: &str, named: Option<Language>, of_root: Option<Language>) -> Result<Compiled, Error> {
    let value: Value = serde_yaml::from_str(yaml).map_err(|error| unreadable(yaml, &error))?;
    let Value::Mapping(mapping) = &value else {
        let message = "the rule is refused: it is no mapping; write for instance `pattern: foo($A)`";
        return Err(Error::new(ErrorKind::InvalidRule, message));
    };
    let whole = mapping.contains_key("rule");
    check_keys(mapping, if whole { FILE_KEYS } else { RULE_KEYS })?;
    let file = if whole {
        from_str::<RuleFile>(yaml).map_err(|error| unreadable(yaml, &error))?
    } else {
        let rule: SerializableRule = from_str(yaml).map_err(|error| unreadable(yaml, &error))?;
        let core = SerializableRuleCore { rule, constraints: None, utils: None, transform: None };
        RuleFile { language: None, core, fix: None }
    };
    let of_file = file.language.as_deref().map(Language::named).transpose()?;
    let language = named.or(of_file).or(of_root).ok_or_else(no_language)?;
    let env = DeserializeEnv::new(language.patterns());
    let core = file.core.get_matcher(env).map_err(|error| refused_rule(&error))?;
    let fix = file.fix.map(|fix| fixer(fix, &file.core, language.patterns())).transpose()?;
    Ok(Compiled { language, matcher: Matcher::Rule(core), required: String::new(), fix, warning: None })
}

fn fixer(fix: Value, core: &SerializableRuleCore, language: PatternLanguage) -> Result<Fixer, Error> {
    let form = serde_yaml::from_value(fix).map_err(|error| refused_rule(&error))?;
    let env = DeserializeEnv::new(language);
    let mut fixers = Fixer::parse(&form, &env, &core.transform).map_err(|error| refused_rule(&error))?;
    if fixers.len() != 1 {
        let message = format!("the rule is refused: `fix` has {} alternatives; give one", fixers.len());
        return Err(Error::new(ErrorKind::InvalidRule, message));
    }
    Ok(fixers.remove(0))
}

/// The rewrite that comes as text.
pub(super) fn rewrite(text: &str, language: Language) -> Result<Fixer, Error> {
    Fixer::from_str(text, &language.patterns()).map_err(|error| {
        Error::new(ErrorKind::InvalidPattern, format!("the rewrite `{text}` is refused: {}", chain(&error)))
    })
}

const RULE_KEYS: &[&str] = &[
    "pattern", "kind", "regex", "nthChild", "range", "inside", "has", "precedes", "follows", "all", "any",
    "not", "matches",
];

/// Those that say something to a person alone are taken and passed over, so that a project's own rule files can be used.
const FILE_KEYS: &[&str] = &[
    "rule",
    "constraints",
    "utils",
    "transform",
    "fix",
    "language",
    "id",
    "message",
    "note",
    "severity",
    "url",
    "metadata",
    "files",
    "ignores",
    "labels",
];

fn check_keys(mapping: &serde_yaml::Mapping, known: &[&str]) -> Result<(), Error> {
    for key in mapping.keys() {
        let key = key.as_str().unwrap_or_default();
        if known.contains(&key) {
            continue;
        }
        let nearest = known
            .iter()
            .map(|known| (strsim::damerau_levenshtein(key, known), known))
            .min()
            .filter(|&(distance, _)| distance <= 3);
        let advice = match nearest {
            Some((_, known)) => format!("did you mean `{known}`?"),
            None => format!("there are {}", known.join(", ")),
        };
        return Err(Error::new(ErrorKind::InvalidRule, format!("a rule has no `{key}`: {advice}")));
    }
    Ok(())
}

fn unreadable(yaml: &str, error: &serde_yaml::Error) -> Error {
    let line = error.location().and_then(|place| yaml.lines().nth(place.line().saturating_sub(1)));
    let shown = line.map(|line| format!(", at `{}`", line.trim())).unwrap_or_default();
    Error::new(ErrorKind::InvalidRule, format!("the rule can't be read: {error}{shown}"))
}

fn refused_rule(error: &dyn StdError) -> Error {
    Error::new(ErrorKind::InvalidRule, format!("the rule is refused: {}", chain(error)))
}

fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push(' ');
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::{sync::atomic::AtomicBool, time::Duration};

    use super::*;

    fn refused(query: &AstQuery) -> Error {
        let cancel = AtomicBool::new(false);
        let patience = Patience::within(Duration::from_secs(60), &cancel);
        compile(query, None, patience).err().expect("the query is refused")
    }

    fn pattern(text: &str, language: &str) -> AstQuery {
        AstQuery {
            pattern: Some(text.to_owned()),
            language: Some(language.to_owned()),
            ..AstQuery::default()
        }
    }

    fn rule(text: &str) -> AstQuery {
        AstQuery {
            rule: Some(text.to_owned()),
            language: Some("typescript".to_owned()),
            ..AstQuery::default()
        }
    }

    #[test]
    fn a_faulty_pattern_is_refused_at_its_place() {
        for (text, language, column) in [
            ("", "rust", 1),
            ("$$$", "ts", 1),
            ("let $A = 1; let b = 2", "ts", 13),
            ("fn $A() {} fn b() {}", "rust", 12),
        ] {
            let error = refused(&pattern(text, language));
            assert_eq!(error.kind(), ErrorKind::InvalidPattern, "{text}");
            assert_eq!(error.place().unwrap().column, column, "{error}");
        }
    }

    #[test]
    fn a_query_without_a_language_is_told_which_there_are() {
        let error = refused(&AstQuery { pattern: Some("a".to_owned()), ..AstQuery::default() });
        assert_eq!(error.kind(), ErrorKind::UnknownLanguage);
        assert!(error.to_string().contains("kotlin"), "{error}");
    }

    #[test]
    fn a_rule_is_refused_with_what_is_wrong_in_it() {
        for (text, says) in [
            ("patern: a", "did you mean `pattern`?"),
            ("rule: { kind: nonsense }", "nonsense"),
            ("pattern: [", "line"),
            ("a", "no mapping"),
            ("regex: '['", "regex"),
            ("rule: { pattern: $A }\nfix: [1]", "rule"),
        ] {
            let error = refused(&rule(text));
            assert_eq!(error.kind(), ErrorKind::InvalidRule, "{text}: {error}");
            assert!(error.to_string().contains(says), "{text}: {error}");
        }
    }
}
