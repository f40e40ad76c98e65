//! Work that takes too long for JavaScript's thread.
//!
//! JavaScript submits, then fetches what has finished. No thread of the pool ever calls into an environment: a worker
//! may end with jobs under way, and all that happens then is that they are given up.

use std::{fmt::Write, sync::LazyLock, time::Duration};

use napi_derive::napi;
use orchestrator_scheduler::jobs::{Jobs, Limits, Outcome, Pool, PoolLimits, Refusal, Signal, Weigh};
use serde::{Deserialize, Serialize};

use crate::{
    crossing::{contained, crossing},
    failure::Failure,
    number::{number, whole},
    pools::{Json, json},
};

/// One for all environments of the process. It is never dropped: its threads end when there is nothing to do.
static POOL: LazyLock<Pool> = LazyLock::new(|| Pool::new(PoolLimits::default()));

/// What a job's function gives: JSON, nothing, or why there is neither.
pub(crate) type Answer = Result<Option<Json>, Failure>;

struct Weighed(Answer);

impl Weigh for Weighed {
    /// Of its text: the pool's buffer around it may be up to four times as large.
    fn bytes(&self) -> usize {
        self.0.as_ref().ok().and_then(Option::as_ref).map_or(0, |json| json.len())
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
        Self { jobs: POOL.jobs(Limits::default()) }
    }

    /// What has finished, oldest first, as a JSON array of `{ id, value }` and `{ id, error }`: as many as have
    /// `most_bytes`, at least one. Null when nothing has.
    #[napi]
    pub fn drain(&self, most_bytes: f64) -> napi::Result<Option<String>> {
        crossing(|| {
            let most = usize::try_from(whole(most_bytes, "the number of bytes")?).unwrap_or(usize::MAX);
            let finished = self.jobs.drain(most);
            if finished.is_empty() {
                return Ok(None);
            }
            let mut text = String::with_capacity(64);
            for (id, outcome) in finished {
                text.push(if text.is_empty() { '[' } else { ',' });
                tell(&mut text, id, told(outcome));
            }
            text.push(']');
            Ok(Some(text))
        })
    }

    /// Gives a job up; nothing of it is told any more.
    #[napi]
    pub fn cancel(&self, id: f64) -> napi::Result<()> {
        crossing(|| {
            self.jobs.cancel(whole(id, "a job's id")?);
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

fn tell(text: &mut String, id: u64, answer: Answer) {
    write!(text, r#"{{"id":{id},"#).expect("a string can be written to");
    match answer {
        Ok(value) => {
            text.push_str(r#""value":"#);
            text.push_str(value.as_deref().unwrap_or("null"));
        }
        Err(failure) => {
            text.push_str(r#""error":"#);
            text.push_str(&json(&failure));
        }
    }
    text.push('}');
}

#[cfg(test)]
mod tests {
    use std::{thread, time::Duration};

    use serde_json::{Value, json as value};

    use super::*;
    use crate::pools::kept_json;

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
        let id = jobs.start("{}", 1_000, |_| Ok(Some(kept_json(&["ä"])))).unwrap();
        assert_eq!(finished(&jobs), [value!({ "id": whole(id, "id").unwrap(), "value": ["ä"] })]);
        let id = jobs.start("{}", 1_000, |_| Ok(None)).unwrap();
        assert_eq!(finished(&jobs), [value!({ "id": whole(id, "id").unwrap(), "value": null })]);
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
        jobs.start("{}", 1_000, |_| Ok(None)).unwrap();
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
        jobs.start(r#"{"maxResultBytes":10}"#, 1_000, |_| Ok(Some(kept_json(&"x".repeat(100))))).unwrap();
        assert_eq!(finished(&jobs)[0]["error"]["code"], "ERR_JOB_TOO_LARGE");
        jobs.start(r#"{"timeoutMs":0}"#, 1_000, |_| Ok(None)).unwrap();
        assert_eq!(finished(&jobs)[0]["error"]["code"], "ERR_JOB_TIMED_OUT");
        let refused = jobs.start(r#"{"timeout":0}"#, 1_000, |_| Ok(None)).unwrap_err();
        assert!(napi::Error::from(refused).reason.contains("unknown field `timeout`"));
    }
}
