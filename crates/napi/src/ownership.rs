//! Who drives a mission.

use napi::bindgen_prelude::Either;
use napi_derive::napi;
use orchestrator_store::{
    Claim, Fence, HEARTBEAT, Held, Holder, Identity, Liveness, Moment, Ownership, Sighting,
};
use serde::Serialize;

use crate::{
    crossing::crossing,
    failure::Failure,
    mission::check_id,
    number::{number, whole},
    pools::{Json, json},
    store::NativeStore,
};

/// An `Ownership` of `orchestrator-store`, named by a mission's id.
#[napi]
pub struct NativeOwnership {
    ownership: Ownership,
}

/// Who has it, as JavaScript sees it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HeldBy {
    holder: Holder,
    liveness: Liveness,
    look_again_ms: u64,
    sighting: Sighting,
}

/// A holder without a claim, as JavaScript sees it.
#[derive(Serialize)]
struct Seen {
    #[serde(flatten)]
    holder: Holder,
    liveness: Liveness,
}

impl From<Held> for HeldBy {
    fn from(held: Held) -> Self {
        let look_again_ms = u64::try_from(held.look_again.as_millis()).unwrap_or(u64::MAX);
        Self { holder: held.holder, liveness: held.liveness, look_again_ms, sighting: held.sighting }
    }
}

impl NativeOwnership {
    /// What the commits of this mission check.
    pub(crate) fn fence_of(&self, mission_id: &str) -> Result<Fence, Failure> {
        let owned = self.ownership.name();
        if owned == mission_id {
            return Ok(self.ownership.fence());
        }
        Err(Failure::invalid_input(format!(
            "this is the ownership of the mission {owned:?}, but {mission_id:?} is to be opened"
        )))
    }
}

#[napi]
impl NativeOwnership {
    /// Reaches for a mission, for a new opening by this process: an ownership, or as JSON who has it. `earlier_json` is
    /// the sighting of the last look.
    #[napi]
    pub fn claim(
        store: &NativeStore,
        mission_id: String,
        wall_ms: f64,
        steady_ms: f64,
        earlier_json: Option<String>,
    ) -> napi::Result<Either<NativeOwnership, String>> {
        crossing(|| {
            check_id(&mission_id)?;
            let now = Moment {
                wall_ms: whole(wall_ms, "the time")?,
                steady_ms: whole(steady_ms, "the steady time")?,
            };
            let earlier: Option<Sighting> = earlier_json
                .as_deref()
                .map(serde_json::from_str)
                .transpose()
                .map_err(|error| Failure::unreadable("the earlier sighting can't be read", &error))?;
            let me = Identity::of_this_process();
            Ok(match Ownership::claim(&store.store()?, &mission_id, &me, now, earlier)? {
                Claim::Mine(ownership) => Either::A(NativeOwnership { ownership }),
                Claim::Held(held) => Either::B(json(&HeldBy::from(held)).to_string()),
            })
        })
    }

    /// Who owns a mission and what is known of its process, as JSON.
    #[napi]
    pub fn holder(store: &NativeStore, mission_id: String) -> napi::Result<Option<Json>> {
        crossing(|| {
            check_id(&mission_id)?;
            let me = Identity::of_this_process();
            Ok(Ownership::holder(&store.store()?, &mission_id)?.map(|holder| {
                let liveness = me.liveness_of(&holder.identity);
                json(&Seen { holder, liveness })
            }))
        })
    }

    /// How often to renew, in milliseconds.
    #[napi]
    pub fn heartbeat_ms(&self) -> napi::Result<f64> {
        crossing(|| Ok(number(u64::try_from(HEARTBEAT.as_millis()).unwrap_or(u64::MAX))))
    }

    /// The fencing token.
    #[napi]
    pub fn token(&self) -> napi::Result<f64> {
        crossing(|| Ok(number(self.ownership.token())))
    }

    /// Says that the owner is still there; `ERR_NOT_OWNER` where it was taken over.
    #[napi]
    pub fn renew(&self, wall_ms: f64) -> napi::Result<()> {
        crossing(|| Ok(self.ownership.renew(whole(wall_ms, "the time")?)?))
    }

    /// Gives it up; whether it was still ours.
    #[napi]
    pub fn release(&self, wall_ms: f64) -> napi::Result<bool> {
        crossing(|| Ok(self.ownership.release(whole(wall_ms, "the time")?)?))
    }
}
