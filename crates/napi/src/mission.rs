//! A scheduler that keeps its journal in a store.

use napi_derive::napi;
use orchestrator_scheduler::{Journaled, LeaseId, Scheduler, memory};

use crate::{
    crossing::{Fragile, crossing},
    failure::Failure,
    input::{config, events, plan},
    journal::StoreJournal,
    number::{number, whole},
    ownership::NativeOwnership,
    pools::{Json, json},
    scheduler::problems,
    store::NativeStore,
};

/// A mission's id is one word of a key.
pub(crate) fn check_id(mission_id: &str) -> Result<(), Failure> {
    if mission_id.is_empty() || mission_id.contains('/') {
        return Err(Failure::invalid_input(format!(
            "a mission's id has to be a word without \"/\", not {mission_id:?}"
        )));
    }
    Ok(())
}

/// A `Journaled` of `orchestrator-scheduler` on a `Store` of `orchestrator-store`.
#[napi]
pub struct NativeMission {
    mission: Fragile<Journaled<StoreJournal>>,
}

#[napi]
impl NativeMission {
    /// Opens a mission: a new one, or the one that the store has. With its owner, each commit checks that it still is.
    #[napi(factory)]
    pub fn open(
        store: &NativeStore,
        mission_id: String,
        config_json: String,
        owner: Option<&NativeOwnership>,
    ) -> napi::Result<Self> {
        crossing(|| {
            check_id(&mission_id)?;
            let fence = owner.map(|owner| owner.fence_of(&mission_id)).transpose()?;
            let journal = StoreJournal::new(store.store()?, &mission_id, fence);
            Ok(Self { mission: Fragile::new(Journaled::open(config(&config_json)?, journal)?) })
        })
    }

    /// Takes in a JSON array of events, commits them, and gives a JSON array of outcomes.
    #[napi]
    pub fn submit(&mut self, at_ms: f64, events_json: String) -> napi::Result<Json> {
        crossing(|| {
            let at_ms = whole(at_ms, "the time")?;
            let events = events(&events_json)?;
            self.mission.with(|mission| Ok(json(&mission.submit(at_ms, events)?)))
        })
    }

    /// Takes in how much memory is used and what is due, commits it, and gives a JSON array of outcomes.
    #[napi]
    pub fn tick(&mut self, now_ms: f64) -> napi::Result<Json> {
        crossing(|| {
            let now_ms = whole(now_ms, "the time")?;
            let memory = memory::measure();
            self.mission.with(|mission| {
                let mut outcomes = match memory {
                    Some(memory) => mission.measured(now_ms, memory)?,
                    None => Vec::new(),
                };
                outcomes.extend(mission.tick(now_ms)?);
                Ok(json(&outcomes))
            })
        })
    }

    /// When something is due next.
    #[napi]
    pub fn next_wake(&mut self) -> napi::Result<Option<f64>> {
        crossing(|| self.mission.with(|mission| Ok(mission.next_wake().map(number))))
    }

    /// Everything, as JSON.
    #[napi]
    pub fn snapshot(&mut self) -> napi::Result<Json> {
        self.look(|scheduler| json(&scheduler.snapshot()))
    }

    /// One task as it stands, as JSON.
    #[napi]
    pub fn task(&mut self, id: String) -> napi::Result<Option<Json>> {
        self.look(|scheduler| scheduler.task(&id).map(|task| json(&task)))
    }

    /// One task as it was asked for, as JSON.
    #[napi]
    pub fn spec(&mut self, id: String) -> napi::Result<Option<Json>> {
        self.look(|scheduler| scheduler.spec(&id).map(json))
    }

    /// The problems that a plan would have if it were submitted now, as a JSON array. Nothing is changed.
    #[napi]
    pub fn check_plan(&mut self, plan_json: String) -> napi::Result<Json> {
        crossing(|| {
            let plan = plan(&plan_json)?;
            self.mission.with(|mission| Ok(problems(mission.scheduler(), &plan)))
        })
    }

    /// One live lease, as JSON.
    #[napi]
    pub fn lease(&mut self, id: f64) -> napi::Result<Option<Json>> {
        let id = crossing(|| whole(id, "a lease"))?;
        self.look(|scheduler| scheduler.lease(LeaseId(id)).map(|lease| json(&lease)))
    }

    /// The live lease of a session, as JSON.
    #[napi]
    pub fn lease_of_session(&mut self, session: String) -> napi::Result<Option<Json>> {
        self.look(|scheduler| scheduler.lease_of_session(&session).map(|lease| json(&lease)))
    }

    fn look<R>(&mut self, at: impl FnOnce(&Scheduler) -> R) -> napi::Result<R> {
        crossing(|| self.mission.with(|mission| Ok(at(mission.scheduler()))))
    }
}
