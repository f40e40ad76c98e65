//! Work that takes too long for JavaScript's thread.
//!
//! JavaScript submits, then fetches what has finished. No thread of the pool ever calls into an environment: a worker
//! may end with jobs under way, and all that happens then is that they are given up.

use std::{
    collections::HashMap,
    fmt::Write,
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
    time::Duration,
    vec,
};

use napi_derive::napi;
use orchestrator_scheduler::jobs::{Jobs, Limits, Outcome, Pool, PoolLimits, Refusal, Signal, Weigh};
use orchestrator_tools::Progress;
use serde::{Deserialize, Serialize};

use crate::{
    crossing::{contained, crossing},
    failure::Failure,
    number::{number, whole},
    pools::{Json, json},
};

/// One for all environments of the process. It is never dropped: its threads end when there is nothing to do.
static POOL: LazyLock<Pool> = LazyLock::new(|| Pool::new(PoolLimits::default()));

/// What a job's function found.
#[derive(Default)]
pub(crate) struct Found {
    /// JSON; none is null.
    pub(crate) value: Option<Json>,
    /// JSON arrays that belong to it, each small enough to be parsed between two turns of an event loop.
    pub(crate) parts: Vec<Json>,
}

/// What a job's function gives.
pub(crate) type Answer = Result<Found, Failure>;

struct Weighed(Answer);

impl Weigh for Weighed {
    /// Of its text: the pool's buffers around it may be up to four times as large.
    fn bytes(&self) -> usize {
        let Ok(Found { value, parts }) = &self.0 else { return 0 };
        value.iter().chain(parts).map(|json| json.len()).sum()
    }
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
struct JobLimits {
    timeout_ms: Option<u64>,
    max_result_bytes: Option<usize>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JobStatistics {
    pending: usize,
    held: usize,
    finished: usize,
    bytes: usize,
    threads: usize,
    waiting: usize,
    running: usize,
}

/// The jobs of one environment. Collected as garbage, or at the environment's end, it gives up those that are left.
#[napi]
pub struct NativeJobs {
    jobs: Jobs<Weighed>,
    /// Locked by JavaScript's thread alone.
    fetched: Mutex<Fetched>,
}

/// What belongs to jobs by their ids.
#[derive(Default)]
struct Fetched {
    /// Of jobs that are not done.
    progress: HashMap<u64, Arc<Progress>>,
    /// Parts that are still to be fetched, of jobs that are done.
    parts: HashMap<u64, vec::IntoIter<Json>>,
}

impl Default for NativeJobs {
    fn default() -> Self {
        Self::new()
    }
}

#[napi]
impl NativeJobs {
    /// Has no jobs; starts no thread.
    #[napi(constructor)]
    #[must_use]
    pub fn new() -> Self {
        Self { jobs: POOL.jobs(Limits::default()), fetched: Mutex::default() }
    }

    /// What has finished, oldest first, as a JSON array of `{ id, value, parts }` and `{ id, error }`: as many as have
    /// `most_bytes`, at least one. Null when nothing has. So many parts are to be fetched by [`part`](Self::part).
    #[napi]
    pub fn drain(&self, most_bytes: f64) -> napi::Result<Option<String>> {
        crossing(|| {
            let most = usize::try_from(whole(most_bytes, "the number of bytes")?).unwrap_or(usize::MAX);
            let finished = self.jobs.drain(most);
            if finished.is_empty() {
                return Ok(None);
            }
            let mut text = String::with_capacity(64);
            let mut fetched = self.fetched();
            for (id, outcome) in finished {
                fetched.progress.remove(&id);
                text.push(if text.is_empty() { '[' } else { ',' });
                let parts = tell(&mut text, id, told(outcome));
                if !parts.is_empty() {
                    fetched.parts.insert(id, parts.into_iter());
                }
            }
            text.push(']');
            Ok(Some(text))
        })
    }

    /// The next part of a job that is done, as a JSON array; null after the last.
    #[napi]
    pub fn part(&self, id: f64) -> napi::Result<Option<Json>> {
        crossing(|| {
            let id = whole(id, "a job's id")?;
            let mut fetched = self.fetched();
            let part = fetched.parts.get_mut(&id).and_then(Iterator::next);
            if part.is_none() {
                fetched.parts.remove(&id);
            }
            Ok(part)
        })
    }

    /// How far a search is, as JSON; null when it is done, or no search.
    #[napi]
    pub fn progress(&self, id: f64) -> napi::Result<Option<Json>> {
        crossing(|| {
            let id = whole(id, "a job's id")?;
            Ok(self.fetched().progress.get(&id).map(|progress| json(&progress.counts())))
        })
    }

    /// Gives a job up; nothing of it is told any more.
    #[napi]
    pub fn cancel(&self, id: f64) -> napi::Result<()> {
        crossing(|| {
            let id = whole(id, "a job's id")?;
            self.jobs.cancel(id);
            let mut fetched = self.fetched();
            fetched.progress.remove(&id);
            fetched.parts.remove(&id);
            Ok(())
        })
    }

    /// How many jobs this environment has, and what the process's threads are at.
    #[napi]
    pub fn statistics(&self) -> napi::Result<Json> {
        crossing(|| {
            let (jobs, pool) = (self.jobs.counts(), POOL.counts());
            Ok(json(&JobStatistics {
                pending: jobs.pending,
                held: jobs.held,
                finished: jobs.finished,
                bytes: jobs.bytes,
                threads: pool.threads,
                waiting: pool.waiting,
                running: pool.running,
            }))
        })
    }
}

impl NativeJobs {
    /// Lets a function run on a thread of the pool, within limits given as JSON; `result_bytes` is the most that its
    /// result may have, unless they say otherwise.
    pub(crate) fn start(
        &self,
        limits_json: &str,
        result_bytes: usize,
        function: impl FnOnce(&Signal) -> Answer + Send + 'static,
    ) -> Result<f64, Failure> {
        let limits: JobLimits = serde_json::from_str(limits_json)
            .map_err(|error| Failure::unreadable("the limits of the job are refused", &error))?;
        let time = limits.timeout_ms.map(Duration::from_millis);
        let reserve = limits.max_result_bytes.unwrap_or(result_bytes);
        let id = self.jobs.submit(reserve, time, |signal| Weighed(contained(|| function(signal))))?;
        Ok(number(id))
    }

    /// Lets JavaScript ask how far a job is, until it is done.
    pub(crate) fn watch(&self, id: f64, progress: Arc<Progress>) {
        let id = whole(id, "a job's id").expect("it was made of a whole number");
        self.fetched().progress.insert(id, progress);
    }

    fn fetched(&self) -> MutexGuard<'_, Fetched> {
        self.fetched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal {
            Refusal::Full { .. } | Refusal::NoRoom { .. } => "ERR_JOBS_FULL",
            Refusal::Ended => "ERR_CLOSED",
            _ => "ERR_ENGINE",
        };
        Failure::new(code, refusal.to_string())
    }
}

fn told(outcome: Outcome<Weighed>) -> Answer {
    match outcome {
        Outcome::Done(Weighed(answer)) => answer,
        // The function catches its own; this is about what is around it.
        Outcome::Panicked(said) => Err(Failure::new("ERR_PANIC", format!("the engine panicked: {said}"))),
        Outcome::TimedOut => {
            Err(Failure::new("ERR_JOB_TIMED_OUT", "the job's time was over before it was done"))
        }
        Outcome::TooLarge { bytes, reserved } => Err(Failure::new(
            "ERR_JOB_TOO_LARGE",
            format!(
                "the job's result has {bytes} bytes, the limit is {reserved}: ask for less, or raise maxResultBytes"
            ),
        )),
        Outcome::Ended => Err(Failure::closed("pool of threads")),
    }
}

/// Writes what is told of a job; gives its parts.
fn tell(text: &mut String, id: u64, answer: Answer) -> Vec<Json> {
    write!(text, r#"{{"id":{id},"#).expect("a string can be written to");
    let parts = match answer {
        Ok(Found { value, parts }) => {
            write!(text, r#""value":{},"parts":{}"#, value.as_deref().unwrap_or("null"), parts.len())
                .expect("a string can be written to");
            parts
        }
        Err(failure) => {
            text.push_str(r#""error":"#);
            text.push_str(&json(&failure));
            Vec::new()
        }
    };
    text.push('}');
    parts
}

#[cfg(test)]
mod tests {
    use std::{thread, time::Duration};

    use serde_json::{Value, json as value};

    use super::*;
    use crate::pools::kept_json;

    fn found<T: Serialize + ?Sized>(value: &T) -> Found {
        Found { value: Some(kept_json(value)), parts: Vec::new() }
    }

    fn finished(jobs: &NativeJobs) -> Vec<Value> {
        for _ in 0..60_000 {
            if let Some(text) = jobs.drain(1e6).unwrap() {
                return serde_json::from_str(&text).unwrap();
            }
            thread::sleep(Duration::from_millis(1));
        }
        panic!("no job has finished within a minute")
    }

    #[test]
    fn a_result_crosses_with_the_id_of_its_job() {
        let jobs = NativeJobs::new();
        let id = jobs.start("{}", 1_000, |_| Ok(found(&["ä"]))).unwrap();
        assert_eq!(finished(&jobs), [value!({ "id": whole(id, "id").unwrap(), "value": ["ä"], "parts": 0 })]);
        let id = jobs.start("{}", 1_000, |_| Ok(Found::default())).unwrap();
        assert_eq!(finished(&jobs), [value!({ "id": whole(id, "id").unwrap(), "value": null, "parts": 0 })]);
    }

    #[test]
    fn parts_are_fetched_one_by_one_and_then_gone() {
        let jobs = NativeJobs::new();
        let parts = |numbers: [u32; 3]| numbers.map(|number| kept_json(&[number])).into();
        let id =
            jobs.start("{}", 1_000, move |_| Ok(Found { value: None, parts: parts([1, 2, 3]) })).unwrap();
        assert_eq!(finished(&jobs)[0]["parts"], 3);
        let fetched: Vec<String> =
            std::iter::from_fn(|| jobs.part(id).unwrap()).map(|part| part.to_string()).collect();
        assert_eq!(fetched, ["[1]", "[2]", "[3]"]);
        assert!(jobs.fetched().parts.is_empty());
    }

    #[test]
    fn a_panic_on_a_thread_crosses_with_its_place_and_the_next_job_runs() {
        let jobs = NativeJobs::new();
        let line = line!() + 1;
        jobs.start("{}", 1_000, |_| panic!("no tree")).unwrap();
        let error = &finished(&jobs)[0]["error"];
        assert_eq!(error["code"], "ERR_PANIC");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("no tree") && message.contains(&format!("jobs.rs:{line}:")), "{message}");
        jobs.start("{}", 1_000, |_| Ok(Found::default())).unwrap();
        assert_eq!(finished(&jobs)[0]["value"], Value::Null);
    }

    #[test]
    fn a_failure_crosses_with_its_code() {
        let jobs = NativeJobs::new();
        jobs.start("{}", 1_000, |_| Err(Failure::invalid_input("no \"text\""))).unwrap();
        let error = &finished(&jobs)[0]["error"];
        assert_eq!(error, &value!({ "code": "ERR_INVALID_INPUT", "message": "no \"text\"" }));
    }

    #[test]
    fn limits_are_kept_and_unknown_ones_refused() {
        let jobs = NativeJobs::new();
        jobs.start(r#"{"maxResultBytes":10}"#, 1_000, |_| Ok(found(&"x".repeat(100)))).unwrap();
        assert_eq!(finished(&jobs)[0]["error"]["code"], "ERR_JOB_TOO_LARGE");
        jobs.start(r#"{"timeoutMs":0}"#, 1_000, |_| Ok(Found::default())).unwrap();
        assert_eq!(finished(&jobs)[0]["error"]["code"], "ERR_JOB_TIMED_OUT");
        let refused = jobs.start(r#"{"timeout":0}"#, 1_000, |_| Ok(Found::default())).unwrap_err();
        assert!(napi::Error::from(refused).reason.contains("unknown field `timeout`"));
    }
}
