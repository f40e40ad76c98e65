//! Settings of one mission's scheduler.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    budget::Budget,
    error::{Error, ErrorKind, Problem},
    task::Role,
};

/// Most lanes that a role may have.
pub const MAX_LANES: u32 = 256;

/// How many lanes each role has: the most sessions at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct LaneCounts {
    /// Lanes for planners; 2 by default.
    pub planner: u32,
    /// Lanes for workers; 8 by default.
    pub worker: u32,
    /// Lanes for reviewers; 4 by default.
    pub reviewer: u32,
}

impl Default for LaneCounts {
    fn default() -> Self {
        Self { planner: 2, worker: 8, reviewer: 4 }
    }
}

impl LaneCounts {
    /// Lanes of one role.
    #[must_use]
    pub fn of(&self, role: Role) -> u32 {
        match role {
            Role::Planner => self.planner,
            Role::Worker => self.worker,
            Role::Reviewer => self.reviewer,
        }
    }

    /// Lanes of all roles together: the ceiling of the limiter.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.planner + self.worker + self.reviewer
    }
}

/// Which tasks a reviewer looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewPolicy {
    /// Those that the plan marks, and the mission's seal.
    #[default]
    Plan,
    /// Every task, and the seal.
    Always,
    /// None, and no seal.
    Never,
}

/// Settings of one mission's scheduler. A mission keeps those that it began with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Config {
    /// Lanes of each role, 1 to [`MAX_LANES`].
    pub lanes: LaneCounts,
    /// Tries that a task gets, repairs after a failed verification included; also the rounds that a review gets.
    pub attempts: u32,
    /// How long a turn may show no sign of life, in milliseconds.
    pub stall_timeout_ms: u64,
    /// How long one turn may last, in milliseconds.
    pub task_timeout_ms: u64,
    /// Which tasks a reviewer looks at.
    pub review: ReviewPolicy,
    /// Whether a task that takes much longer than its peers gets a second attempt beside its first. Each attempt must have
    /// a folder of its own.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub speculation: bool,
    /// The models of an agent, `provider/model`, the preferred first: a turn is asked of the first that answers. An
    /// agent without any is asked of the one that the host chooses.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub models: BTreeMap<String, Vec<String>>,
    /// The most that the mission may use; without limit by default.
    #[serde(skip_serializing_if = "is_unlimited")]
    pub budget: Budget,
    /// Seeds the choice of a steal's victim and the jitter of pauses, so that a replay repeats them.
    pub seed: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            lanes: LaneCounts::default(),
            attempts: 3,
            stall_timeout_ms: 120_000,
            task_timeout_ms: 1_800_000,
            review: ReviewPolicy::default(),
            speculation: false,
            models: BTreeMap::new(),
            budget: Budget::default(),
            seed: 0,
        }
    }
}

impl Config {
    /// Checks every number.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`] with all problems at once.
    pub fn validate(&self) -> Result<(), Error> {
        let mut problems = Vec::new();
        for (name, lanes) in [
            ("planner", self.lanes.planner),
            ("worker", self.lanes.worker),
            ("reviewer", self.lanes.reviewer),
        ] {
            if !(1..=MAX_LANES).contains(&lanes) {
                problems.push(Problem::new(
                    format!("lanes.{name}"),
                    format!("{lanes} lanes; give 1 to {MAX_LANES}"),
                ));
            }
        }
        if self.attempts == 0 {
            problems.push(Problem::new("attempts", "0 attempts; give at least 1"));
        }
        for (name, timeout) in
            [("stallTimeoutMs", self.stall_timeout_ms), ("taskTimeoutMs", self.task_timeout_ms)]
        {
            if timeout == 0 {
                problems.push(Problem::new(name, "0 ms; give at least 1"));
            }
        }
        for (agent, models) in &self.models {
            for (at, model) in models.iter().enumerate() {
                let path = format!("models.{agent}[{at}]");
                if model.trim().is_empty() {
                    problems.push(Problem::new(path, "an empty name; give \"provider/model\""));
                } else if models[..at].contains(model) {
                    problems.push(Problem::new(path, format!("{model:?} is there twice")));
                }
            }
        }
        problems.extend(self.budget.problems());
        if problems.is_empty() {
            Ok(())
        } else {
            Err(Error::with_problems(ErrorKind::InvalidConfig, "the configuration is refused", problems))
        }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_unlimited(budget: &Budget) -> bool {
    *budget == Budget::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid_and_those_of_the_documentation() {
        let config: Config = serde_json::from_str("{}").unwrap();
        assert_eq!(config, Config::default());
        config.validate().unwrap();
        assert_eq!(config.lanes.total(), 14);
    }

    #[test]
    fn every_bad_number_is_named_at_once() {
        let config = Config {
            lanes: LaneCounts { planner: 0, worker: 8, reviewer: 257 },
            attempts: 0,
            stall_timeout_ms: 0,
            task_timeout_ms: 0,
            models: [("worker".to_owned(), vec!["a/b".into(), " ".into(), "a/b".into()])].into(),
            budget: Budget { calls: Some(0), ..Budget::default() },
            ..Config::default()
        };
        let error = config.validate().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        let paths: Vec<&str> = error.problems().iter().map(|p| p.path.as_str()).collect();
        let expected = [
            "lanes.planner",
            "lanes.reviewer",
            "attempts",
            "stallTimeoutMs",
            "taskTimeoutMs",
            "models.worker[1]",
            "models.worker[2]",
            "budget.calls",
        ];
        assert_eq!(paths, expected);
    }

    #[test]
    fn an_unknown_setting_is_refused() {
        assert!(serde_json::from_str::<Config>(r#"{"lane":{}}"#).is_err());
    }
}
