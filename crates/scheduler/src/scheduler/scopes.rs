//! Scopes that a worker asks to widen, and edits outside of them.

use crate::{
    command::{Command, NoticeKind, PromptReason},
    graph::TaskKey,
    lease::LeaseId,
    pools::strings::Name,
    scheduler::{Ignored, Scheduler, excerpt, leases::Job, work::Next},
    scope::check_glob,
    task::TaskState,
    view::{ScopeRequest, Verification},
};

/// Globs that one request may name.
const MOST_GLOBS: usize = 50;

impl Scheduler {
    /// A worker asks for files outside of its scope: it gets them where nobody else is at work on them.
    pub(super) fn on_scope_requested(
        &mut self,
        id: LeaseId,
        turn: Option<u32>,
        files: Vec<Name>,
        reason: String,
    ) -> Result<(), Ignored> {
        let (Job::Work(key) | Job::Second(key)) = self.running_lease(id, turn)?.job else {
            return Err(Ignored(format!("{id} is no work")));
        };
        if let Some(turn) = self.leases.get_mut(id).and_then(|lease| lease.running.as_mut()) {
            turn.sign_of_life(self.clock.now());
        }
        if let Some(problem) = problem_of(&files) {
            self.answer_scope(id, false, files, problem);
            return Ok(());
        }
        match self.in_the_way(key, &files) {
            None => {
                self.widen(key, &files);
                let open = &mut self.tasks.change(key).work_mut().scope_request;
                open.take_if(|open| open.files.iter().all(|glob| files.contains(glob)));
                self.answer_scope(id, true, files, "nobody else is at work on them".to_owned());
            }
            Some(other) => {
                let other = self.tasks.id(other);
                if self.has_asked_for(key, &files) {
                    let why = format!("{other:?} is still at work on them; still waiting for the commander");
                    self.answer_scope(id, false, files, why);
                    return Ok(());
                }
                let why = format!("{other:?} is at work on them; the commander is asked");
                let task = self.tasks.change(key);
                let message = format!(
                    "{}: asks for {}, where {why}: {}",
                    task.spec.title,
                    files.join(", "),
                    excerpt(&reason)
                );
                task.work_mut().scope_request = Some(ScopeRequest { files: files.clone(), reason });
                let task = Some(task.spec.id.clone());
                self.out.push(Command::Notify { kind: NoticeKind::NeedsDecision, task, message });
                self.answer_scope(id, false, files, why);
            }
        }
        Ok(())
    }

    /// The commander decided about a request that was in conflict.
    pub(super) fn on_scope_decided(
        &mut self,
        id: &str,
        granted: bool,
        reason: String,
    ) -> Result<(), Ignored> {
        let none = || Ignored(format!("task {id:?} asks for no files"));
        let key = self.tasks.find(id).ok_or_else(none)?;
        let request = self.tasks[key].work.as_ref().and_then(|work| work.scope_request.clone());
        let files = request.ok_or_else(none)?.files;
        if granted {
            if let Some(other) = self.in_the_way(key, &files) {
                let other = self.tasks.id(other);
                return Err(Ignored(format!(
                    "{other:?} is still at work on them: wait for its end or cancel it, then decide again"
                )));
            }
            self.widen(key, &files);
        }
        self.tasks.change(key).work_mut().scope_request = None;
        self.commander_moved();
        let lease = self.tasks[key].lease();
        if let Some(lease) = lease.filter(|id| self.leases.get(*id).is_some_and(|l| l.running.is_some())) {
            self.answer_scope(lease, granted, files, reason);
        }
        Ok(())
    }

    /// Verification found changes outside of the task's scope.
    pub(super) fn on_scope_violated(
        &mut self,
        id: &str,
        (attempt, copy): (u32, u32),
        files: Vec<String>,
    ) -> Result<(), Ignored> {
        let report = format!("changed outside of its scope: {}", files.join(", "));
        let why = excerpt(&report);
        if let Some(key) = self.is_of_second(id, attempt, copy) {
            self.second_failed(key, &why);
            return Ok(());
        }
        let key = self.in_verification(id, attempt, copy)?;
        self.tasks.change(key).verification = Some(Verification { passed: false, report });
        self.use_attempt(key, Next::Prompt(PromptReason::OutOfScope { files }), why);
        Ok(())
    }

    /// The task that waits for checks of this attempt.
    pub(super) fn in_verification(&self, id: &str, attempt: u32, copy: u32) -> Result<TaskKey, Ignored> {
        let key = self.tasks.find(id).ok_or_else(|| Ignored(format!("there is no task {id:?}")))?;
        let task = &self.tasks[key];
        if task.state() != TaskState::Verifying {
            return Err(Ignored(format!("task {id:?} is {:?} and waits for no checks", task.state())));
        }
        if task.attempt() != attempt {
            return Err(Ignored(format!("task {id:?} is at attempt {}, not {attempt}", task.attempt())));
        }
        if task.copy != copy || self.second_is_checked(key) {
            return Err(Ignored(format!("task {id:?} waits for no checks of its copy {copy}")));
        }
        Ok(key)
    }

    /// Another task at work whose files meet these.
    fn in_the_way(&mut self, key: TaskKey, files: &[Name]) -> Option<TaskKey> {
        self.tasks[key].scope?;
        let scope = self.parking.scope(files)?;
        self.parking.other_at_work(key, scope)
    }

    /// Whether the task waits for the commander's word on these files, or on some that they are among, already.
    fn has_asked_for(&self, key: TaskKey, files: &[Name]) -> bool {
        let open = self.tasks[key].work.as_ref().and_then(|work| work.scope_request.as_ref());
        open.is_some_and(|open| files.iter().all(|glob| open.files.contains(glob)))
    }

    /// Adds files to a task's scope; one that is unknown holds nobody back, and stays so.
    fn widen(&mut self, key: TaskKey, files: &[Name]) {
        if self.tasks[key].scope.is_none() {
            return;
        }
        let task = self.tasks.change(key);
        for glob in files {
            if !task.spec.files.contains(glob) && !task.widened.contains(glob) {
                task.widened.push(glob.clone());
            }
        }
        let all = task.scope_globs();
        let scope = self.parking.scope(&all);
        self.tasks.change(key).scope = scope;
        if let Some(scope) = scope {
            self.parking.occupy(key, scope);
        }
    }

    fn answer_scope(&mut self, lease: LeaseId, granted: bool, files: Vec<Name>, reason: String) {
        self.out.push(Command::ScopeAnswered { lease, granted, files, reason });
    }
}

/// What is wrong with the globs of a request, if anything.
fn problem_of(files: &[Name]) -> Option<String> {
    if files.is_empty() || files.len() > MOST_GLOBS {
        return Some(format!("{} globs; give 1 to {MOST_GLOBS}", files.len()));
    }
    files.iter().find_map(|glob| check_glob(glob).err().map(|problem| format!("{glob:?}: {problem}")))
}
