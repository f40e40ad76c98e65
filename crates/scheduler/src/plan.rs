//! What a planner submits.

use serde::{Deserialize, Serialize};

use crate::{pools::strings::Name, task::TaskSpec};

/// Tasks to add to a mission, or to replace in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Plan {
    /// What the mission is to reach. Empty: the former goal stays.
    #[serde(default)]
    pub goal: String,
    /// The tasks, in the planner's order; at most 10,000, prompts at most 1 MiB each.
    pub tasks: Vec<TaskSpec>,
    /// Commands that must pass when all tasks are accepted. Empty: the former ones stay.
    #[serde(default)]
    pub verify: Vec<Name>,
}
