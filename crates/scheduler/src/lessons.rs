//! Lessons: what failed in a mission and what mended it, for those who begin later.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::pools::strings::Name;

/// Lessons that a mission keeps, the newest.
const KEPT: usize = 50;
/// Lessons that one session is told.
const TOLD: usize = 5;
/// Bytes that these have together.
const TOLD_BYTES: usize = 4_000;
/// Characters of each text.
const LONGEST: usize = 500;

/// What went wrong in one task, and what mended it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lesson {
    /// In which task.
    pub task: Name,
    /// How its last failed attempt ended.
    pub failed: String,
    /// What the worker said of the attempt that was accepted.
    pub mended: String,
}

/// The lessons of one mission, with the files that each is about.
#[derive(Debug, Default)]
pub(crate) struct Lessons(VecDeque<(Lesson, Vec<String>)>);

impl Lessons {
    /// A task was accepted after an attempt that failed. A later lesson of a task takes the place of an earlier one.
    pub(crate) fn learn(&mut self, task: Name, failed: &str, mended: &str, files: Vec<String>) {
        self.0.retain(|(lesson, _)| lesson.task != task);
        self.0.push_back((Lesson { task, failed: short(failed), mended: short(mended) }, files));
        if self.0.len() > KEPT {
            self.0.pop_front();
        }
    }

    /// Those for a task with these files: the nearest first, among equals the newest, within bounds.
    pub(crate) fn told(&self, files: &[Name]) -> Vec<Lesson> {
        let mut nearest: Vec<(usize, &Lesson)> =
            self.0.iter().rev().map(|(lesson, of)| (nearness(of, files), lesson)).collect();
        nearest.sort_by_key(|(near, _)| std::cmp::Reverse(*near));
        let mut bytes = 0;
        nearest
            .into_iter()
            .map(|(_, lesson)| lesson)
            .take(TOLD)
            .take_while(|lesson| {
                bytes += lesson.failed.len() + lesson.mended.len();
                bytes <= TOLD_BYTES
            })
            .cloned()
            .collect()
    }
}

/// The most path segments that a path of each has in common, from the root.
fn nearness(one: &[String], other: &[Name]) -> usize {
    let common = |a: &str, b: &str| a.split('/').zip(b.split('/')).take_while(|(a, b)| a == b).count();
    one.iter().flat_map(|a| other.iter().map(move |b| common(a, b))).max().unwrap_or(0)
}

fn short(text: &str) -> String {
    text.trim().chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learn(lessons: &mut Lessons, task: &str, file: &str) {
        lessons.learn(task.into(), "it failed", "it was mended", vec![file.into()]);
    }

    fn told(lessons: &Lessons, file: &str) -> Vec<String> {
        lessons.told(&[file.into()]).iter().map(|lesson| lesson.task.to_string()).collect()
    }

    #[test]
    fn the_nearest_comes_first_and_among_equals_the_newest() {
        let mut lessons = Lessons::default();
        for (task, file) in [("a", "docs/x.md"), ("b", "src/auth/a.ts"), ("c", "src/b.ts"), ("d", "lib/c.ts")]
        {
            learn(&mut lessons, task, file);
        }
        assert_eq!(told(&lessons, "src/auth/**"), ["b", "c", "d", "a"]);
    }

    #[test]
    fn a_session_is_told_five_lessons_and_at_most_so_many_bytes() {
        let mut lessons = Lessons::default();
        for at in 0..9 {
            learn(&mut lessons, &format!("t{at}"), "src/a.ts");
        }
        assert_eq!(told(&lessons, "src/a.ts"), ["t8", "t7", "t6", "t5", "t4"]);
        for at in 0..9 {
            lessons.learn(
                format!("t{at}").as_str().into(),
                &"x".repeat(9_000),
                &"é".repeat(9_000),
                Vec::new(),
            );
        }
        let told = lessons.told(&[]);
        assert_eq!(told.len(), 2, "1,500 bytes each");
        assert_eq!(told[0].failed.len(), LONGEST);
    }

    #[test]
    fn a_task_has_one_lesson_and_a_mission_fifty() {
        let mut lessons = Lessons::default();
        for at in 0..60 {
            learn(&mut lessons, &format!("t{}", at % 55), "a");
        }
        assert_eq!(lessons.0.len(), KEPT);
    }
}
