//! The scheduler on its own.

use napi_derive::napi;
use orchestrator_scheduler::{LeaseId, Plan, Problem, Scheduler};

use crate::{
    crossing::{Fragile, crossing},
    input::{config, events, plan},
    number::{number, whole},
    pools::{Json, json},
};

/// A `Scheduler` of `orchestrator-scheduler`.
#[napi]
pub struct NativeScheduler {
    scheduler: Fragile<Scheduler>,
}

#[napi]
impl NativeScheduler {
    /// A scheduler with nothing to do.
    #[napi(constructor)]
    pub fn new(config_json: String) -> napi::Result<Self> {
        crossing(|| Ok(Self { scheduler: Fragile::new(Scheduler::new(config(&config_json)?)?) }))
    }

    /// Applies a JSON array of events; gives a JSON array of outcomes.
    #[napi]
    pub fn handle(&mut self, at_ms: f64, events_json: String) -> napi::Result<Json> {
        crossing(|| {
            let at_ms = whole(at_ms, "the time")?;
            let events = events(&events_json)?;
            self.scheduler.with(|scheduler| {
                let outcomes: Vec<_> = events
                    .into_iter()
                    .map(|event| scheduler.handle(at_ms, event))
                    .collect::<Result<_, _>>()?;
                Ok(json(&outcomes))
            })
        })
    }

    /// What is due at a time: a JSON array of events.
    #[napi]
    pub fn due(&mut self, now_ms: f64) -> napi::Result<Json> {
        crossing(|| {
            let now_ms = whole(now_ms, "the time")?;
            self.scheduler.with(|scheduler| Ok(json(&scheduler.due(now_ms))))
        })
    }

    /// When something is due next.
    #[napi]
    pub fn next_wake(&mut self) -> napi::Result<Option<f64>> {
        crossing(|| self.scheduler.with(|scheduler| Ok(scheduler.next_wake().map(number))))
    }

    /// Everything, as JSON.
    #[napi]
    pub fn snapshot(&mut self) -> napi::Result<Json> {
        crossing(|| self.scheduler.with(|scheduler| Ok(json(&scheduler.snapshot()))))
    }

    /// One task as it stands, as JSON.
    #[napi]
    pub fn task(&mut self, id: String) -> napi::Result<Option<Json>> {
        crossing(|| self.scheduler.with(|scheduler| Ok(scheduler.task(&id).map(|task| json(&task)))))
    }

    /// One task as it was asked for, as JSON.
    #[napi]
    pub fn spec(&mut self, id: String) -> napi::Result<Option<Json>> {
        crossing(|| self.scheduler.with(|scheduler| Ok(scheduler.spec(&id).map(json))))
    }

    /// The problems that a plan would have if it were submitted now, as a JSON array. Nothing is changed.
    #[napi]
    pub fn check_plan(&mut self, plan_json: String) -> napi::Result<Json> {
        crossing(|| {
            let plan = plan(&plan_json)?;
            self.scheduler.with(|scheduler| Ok(problems(scheduler, &plan)))
        })
    }

    /// One live lease, as JSON.
    #[napi]
    pub fn lease(&mut self, id: f64) -> napi::Result<Option<Json>> {
        crossing(|| {
            let id = LeaseId(whole(id, "a lease")?);
            self.scheduler.with(|scheduler| Ok(scheduler.lease(id).map(|lease| json(&lease))))
        })
    }

    /// The live lease of a session, as JSON.
    #[napi]
    pub fn lease_of_session(&mut self, session: String) -> napi::Result<Option<Json>> {
        crossing(|| {
            self.scheduler
                .with(|scheduler| Ok(scheduler.lease_of_session(&session).map(|lease| json(&lease))))
        })
    }
}

/// What is wrong with a plan, as a JSON array.
pub(crate) fn problems(scheduler: &Scheduler, plan: &Plan) -> Json {
    match scheduler.check_plan(plan) {
        Ok(()) => json::<[Problem]>(&[]),
        Err(error) => json(error.problems()),
    }
}
