//! What JavaScript is told when something fails: a stable code, a sentence, and facts.
//!
//! The three cross in the error's message, as JSON; `ts/engine/crossing.ts` takes them apart again.

use std::error::Error as StdError;

use orchestrator_scheduler as scheduler;
use orchestrator_store as store;
use orchestrator_tools as tools;
use serde::Serialize;
use serde_json::{Value, json};

/// An error on its way to JavaScript.
#[derive(Debug, Serialize)]
pub(crate) struct Failure {
    code: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Value>,
}

impl Failure {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: None }
    }

    pub(crate) fn invalid_input(message: impl Into<String>) -> Self {
        Self::new("ERR_INVALID_INPUT", message)
    }

    /// Input that is JSON, but not of the form that was expected.
    pub(crate) fn unreadable(what: &str, error: &serde_json::Error) -> Self {
        Self::invalid_input(format!("{what}: {error}"))
    }

    /// A setting that can't be: `refused` says what of, `path` which, and `problem` why, and what to give instead.
    pub(crate) fn invalid_config(refused: &str, path: &str, problem: impl Into<String>) -> Self {
        let problem = scheduler::Problem { path: path.to_owned(), message: problem.into() };
        Self::refused("ERR_INVALID_CONFIG", refused, &problem)
    }

    /// Input with a problem in one place.
    pub(crate) fn refused(code: &'static str, refused: &str, problem: &scheduler::Problem) -> Self {
        let scheduler::Problem { path, message } = problem;
        let place = if path.is_empty() { String::new() } else { format!("{path}: ") };
        Self {
            code,
            message: format!("{refused}: {place}{message}"),
            details: Some(json!({ "problems": [problem] })),
        }
    }

    pub(crate) fn closed(what: &str) -> Self {
        Self::new("ERR_CLOSED", format!("the {what} was closed"))
    }
}

impl From<Failure> for napi::Error {
    fn from(failure: Failure) -> Self {
        let message =
            serde_json::to_string(&failure).expect("strings and JSON values can be written as JSON");
        napi::Error::from_reason(message)
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        let details = (!error.conflicts().is_empty()).then(|| {
            let keys: Vec<_> = error.conflicts().iter().map(|conflict| &conflict.key).collect();
            let ranges: Vec<_> =
                error.conflicts().iter().filter_map(|conflict| conflict.prefix.as_ref()).collect();
            json!({ "keys": keys, "ranges": ranges })
        });
        Self { code: store_code(error.kind()), message: error.to_string(), details }
    }
}

fn store_code(kind: store::ErrorKind) -> &'static str {
    match kind {
        store::ErrorKind::Conflict => "ERR_STORE_CONFLICT",
        store::ErrorKind::Busy => "ERR_STORE_BUSY",
        store::ErrorKind::Full => "ERR_STORE_FULL",
        store::ErrorKind::ReadOnly => "ERR_STORE_READ_ONLY",
        store::ErrorKind::Corrupt => "ERR_STORE_CORRUPT",
        store::ErrorKind::Foreign => "ERR_STORE_FOREIGN",
        store::ErrorKind::NewerSchema => "ERR_STORE_NEWER_SCHEMA",
        store::ErrorKind::OlderSchema => "ERR_STORE_OLDER_SCHEMA",
        store::ErrorKind::NotFound => "ERR_STORE_NOT_FOUND",
        store::ErrorKind::InvalidKey => "ERR_STORE_INVALID_KEY",
        store::ErrorKind::InvalidValue => "ERR_STORE_INVALID_VALUE",
        store::ErrorKind::Collected => "ERR_STORE_COLLECTED",
        store::ErrorKind::Closed => "ERR_CLOSED",
        store::ErrorKind::Io => "ERR_STORE_IO",
        _ => "ERR_STORE",
    }
}

impl From<store::NotOwner> for Failure {
    fn from(error: store::NotOwner) -> Self {
        Self { code: NOT_OWNER, message: error.to_string(), details: Some(owner(&error)) }
    }
}

impl From<store::OwnershipError> for Failure {
    fn from(error: store::OwnershipError) -> Self {
        match error {
            store::OwnershipError::NotOwner(error) => error.into(),
            store::OwnershipError::Store(error) => error.into(),
        }
    }
}

const NOT_OWNER: &str = "ERR_NOT_OWNER";

fn owner(error: &store::NotOwner) -> Value {
    json!({ "token": error.token, "holder": error.holder })
}

impl From<scheduler::Error> for Failure {
    fn from(error: scheduler::Error) -> Self {
        let mut code = match error.kind() {
            scheduler::ErrorKind::InvalidPlan => "ERR_INVALID_PLAN",
            scheduler::ErrorKind::InvalidConfig => "ERR_INVALID_CONFIG",
            scheduler::ErrorKind::UnknownTask => "ERR_UNKNOWN_TASK",
            scheduler::ErrorKind::WrongState => "ERR_WRONG_STATE",
            scheduler::ErrorKind::Journal => "ERR_JOURNAL",
            _ => "ERR_ENGINE",
        };
        let mut message = error.to_string();
        let mut of_store = None;
        let mut not_owner = None;
        let mut cause = error.source();
        while let Some(error) = cause {
            message.push_str(": ");
            message.push_str(&error.to_string());
            of_store = of_store.or(error.downcast_ref::<store::Error>());
            not_owner = not_owner.or(error.downcast_ref::<store::NotOwner>());
            cause = error.source();
        }
        let details = if let Some(error) = not_owner {
            code = NOT_OWNER;
            Some(owner(error))
        } else if let Some(of_store) = of_store {
            Some(json!({ "cause": store_code(of_store.kind()) }))
        } else if error.problems().is_empty() {
            None
        } else {
            Some(json!({ "problems": error.problems() }))
        };
        Self { code, message, details }
    }
}

impl From<tools::Error> for Failure {
    fn from(error: tools::Error) -> Self {
        let code = match error.kind() {
            tools::ErrorKind::NotText => "ERR_SYNTAX_NOT_TEXT",
            tools::ErrorKind::TooLarge => "ERR_SYNTAX_TOO_LARGE",
            tools::ErrorKind::TimedOut => "ERR_SYNTAX_TIMED_OUT",
            tools::ErrorKind::Cancelled => "ERR_CANCELLED",
            tools::ErrorKind::InvalidPattern => "ERR_SEARCH_INVALID_PATTERN",
            tools::ErrorKind::InvalidGlob => "ERR_SEARCH_INVALID_GLOB",
            tools::ErrorKind::UnknownFileType => "ERR_SEARCH_UNKNOWN_TYPE",
            tools::ErrorKind::UnknownLanguage => "ERR_SEARCH_UNKNOWN_LANGUAGE",
            tools::ErrorKind::InvalidRule => "ERR_SEARCH_INVALID_RULE",
            tools::ErrorKind::InvalidRoot => "ERR_SEARCH_INVALID_ROOT",
            _ => "ERR_ENGINE",
        };
        let mut details = serde_json::Map::new();
        if let Some(place) = error.place() {
            details.insert("index".to_owned(), json!(place.index));
            details.insert("column".to_owned(), json!(place.column));
        }
        if let Some(said) = error.said() {
            details.insert("said".to_owned(), json!(said));
        }
        let details = (!details.is_empty()).then_some(Value::Object(details));
        Self { code, message: error.to_string(), details }
    }
}

#[cfg(test)]
mod tests {
    use orchestrator_scheduler::{Config, Event, Scheduler};

    use super::*;

    #[test]
    fn every_problem_of_a_plan_crosses_with_its_path() {
        let plan = r#"{"goal":"g","tasks":[{"id":"a","title":"t","prompt":"p","agent":"worker","role":"worker","dependsOn":["b","a"]}]}"#;
        let event = Event::PlanSubmitted { plan: serde_json::from_str(plan).unwrap() };
        let error = Scheduler::new(Config::default()).unwrap().handle(0, event).unwrap_err();
        let message = napi::Error::from(Failure::from(error)).reason;
        let failure: Value = serde_json::from_str(&message).unwrap();
        assert_eq!(failure["code"], "ERR_INVALID_PLAN");
        let paths: Vec<_> = failure["details"]["problems"]
            .as_array()
            .unwrap()
            .iter()
            .map(|problem| &problem["path"])
            .collect();
        assert_eq!(paths, ["tasks[0].depends_on[0]", "tasks[0].depends_on[1]"]);
    }

    #[test]
    fn a_code_begins_the_message_so_that_it_can_be_told_from_others() {
        let reason = napi::Error::from(Failure::closed("store")).reason;
        assert_eq!(reason, r#"{"code":"ERR_CLOSED","message":"the store was closed"}"#);
    }
}
