//! JSON that comes in, read so that an error names the place in it.

use orchestrator_scheduler::{Config, Event, Plan, Problem};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::failure::Failure;

/// The settings of a scheduler.
pub(crate) fn config(config_json: &str) -> Result<Config, Failure> {
    read(config_json, "")
        .map_err(|problem| Failure::refused("ERR_INVALID_CONFIG", "the configuration is refused", &problem))
}

/// A plan.
pub(crate) fn plan(plan_json: &str) -> Result<Plan, Failure> {
    read(plan_json, "")
        .map_err(|problem| Failure::refused("ERR_INVALID_INPUT", "the plan can't be read", &problem))
}

/// An array of events.
pub(crate) fn events(events_json: &str) -> Result<Vec<Event>, Failure> {
    serde_json::from_str(events_json).map_err(|error| {
        let problem = bad_event(events_json).unwrap_or_else(|| problem("", &error));
        Failure::refused("ERR_INVALID_INPUT", "the events can't be read", &problem)
    })
}

/// The first event that can't be read, and where in it. An enum that is told apart by a field of its own is read in
/// one piece, so what is inside is looked for again, by parts.
fn bad_event(events_json: &str) -> Option<Problem> {
    let events: Vec<Value> = serde_json::from_str(events_json).ok()?;
    events.into_iter().enumerate().find_map(|(at, event)| {
        let inside = match event["type"].as_str() {
            Some("plan_submitted") => {
                event.get("plan").and_then(|plan| bad::<Plan>(plan, &format!("[{at}].plan")))
            }
            Some("delegated") => event
                .get("task")
                .and_then(|task| bad::<orchestrator_scheduler::TaskSpec>(task, &format!("[{at}].task"))),
            _ => None,
        };
        inside.or_else(|| bad::<Event>(&event, &format!("[{at}]")))
    })
}

fn bad<T: DeserializeOwned>(value: &Value, path: &str) -> Option<Problem> {
    read::<T>(&value.to_string(), path).err()
}

fn read<T: DeserializeOwned>(json: &str, within: &str) -> Result<T, Problem> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        // A part of the path that is not known is written as a question mark.
        let path = error.path().to_string();
        let path = path.trim_end_matches('?').trim_end_matches('.');
        let path = if path.is_empty() { within.to_owned() } else { join(within, path) };
        problem(path, error.inner())
    })?;
    deserializer.end().map_err(|error| problem(within, &error))?;
    Ok(value)
}

fn join(within: &str, path: &str) -> String {
    if within.is_empty() || path.starts_with('[') {
        format!("{within}{path}")
    } else {
        format!("{within}.{path}")
    }
}

/// Where JavaScript wrote the JSON, its lines and columns say nothing: the path does.
fn problem(path: impl Into<String>, error: &serde_json::Error) -> Problem {
    let mut message = error.to_string();
    if error.is_data()
        && let Some(at) = message.rfind(" at line ")
    {
        message.truncate(at);
    }
    Problem { path: path.into(), message }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal<T: std::fmt::Debug>(result: Result<T, Failure>) -> Value {
        let reason = napi::Error::from(result.unwrap_err()).reason;
        serde_json::from_str(&reason).unwrap()
    }

    #[test]
    fn a_bad_value_deep_in_a_plan_is_named_with_its_path() {
        let plan = r#"{"tasks":[{"id":"a","title":"A","prompt":"p","agent":"x","role":"worker"},
                                {"id":"b","title":"B","prompt":"p","agent":"x","role":"worker","priority":"urgent"}]}"#;
        let events = format!(r#"[{{"type":"resumed"}},{{"type":"plan_submitted","plan":{plan}}}]"#);
        for (failure, path) in [
            (refusal(super::plan(plan)), "tasks[1].priority"),
            (refusal(super::events(&events)), "[1].plan.tasks[1].priority"),
        ] {
            let problem = &failure["details"]["problems"][0];
            assert_eq!(problem["path"], path);
            assert_eq!(
                problem["message"],
                "unknown variant `urgent`, expected one of `high`, `normal`, `low`"
            );
            assert!(failure["message"].as_str().unwrap().contains(path), "{failure}");
        }
    }

    #[test]
    fn an_event_that_nobody_knows_is_named_by_its_place() {
        let failure = refusal(super::events(r#"[{"type":"resumed"},{"type":"resume"}]"#));
        assert_eq!(failure["details"]["problems"][0]["path"], "[1].type");
        assert!(failure["message"].as_str().unwrap().contains("unknown variant `resume`"), "{failure}");
    }

    #[test]
    fn a_setting_of_the_wrong_type_is_named() {
        let failure = refusal(super::config(r#"{"lanes":{"worker":"many"}}"#));
        assert_eq!(failure["code"], "ERR_INVALID_CONFIG");
        assert_eq!(failure["details"]["problems"][0]["path"], "lanes.worker");
    }

    #[test]
    fn what_is_no_json_keeps_its_line_and_column() {
        let failure = refusal(super::events("[{]"));
        assert!(failure["message"].as_str().unwrap().contains("at line 1 column"), "{failure}");
    }
}
