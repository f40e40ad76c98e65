//! Flow control on its own: how many calls at once, whether at all, when again, when to look.

use napi_derive::napi;
use orchestrator_scheduler::{
    Backoff, BreakerState, Call, CircuitBreaker, Limiter, Permit, Permits, Poller, Random, memory,
};
use serde::Serialize;

use crate::{
    crossing::crossing,
    failure::Failure,
    number::{number, whole},
    pools::{Json, json},
};

/// A `Limiter` of `orchestrator-scheduler`, and the permits that are out.
#[napi]
pub struct NativeLimiter {
    limiter: Limiter,
    permits: Permits,
    /// One is as good as another: which of them goes back makes no difference.
    out: Vec<Permit>,
}

#[napi]
impl NativeLimiter {
    /// A limiter at its ceiling.
    #[napi(constructor)]
    pub fn new(ceiling: f64) -> napi::Result<Self> {
        crossing(|| {
            let refused = || {
                let problem = format!("{ceiling}; give a whole number from 1 to {}", u32::MAX);
                Failure::invalid_config("the limiter is refused", "ceiling", problem)
            };
            let ceiling = exact(ceiling).and_then(|ceiling| u32::try_from(ceiling).ok());
            let limiter = Limiter::new(ceiling.filter(|ceiling| *ceiling > 0).ok_or_else(refused)?);
            Ok(Self { limiter, permits: Permits::default(), out: vec![] })
        })
    }

    /// Takes a permit, unless the limit is reached.
    #[napi]
    pub fn acquire(&mut self) -> napi::Result<bool> {
        crossing(|| {
            let permit = self.permits.acquire(self.limiter.limit());
            let taken = permit.is_some();
            self.out.extend(permit);
            Ok(taken)
        })
    }

    /// Gives a permit back.
    #[napi]
    pub fn release(&mut self) -> napi::Result<()> {
        crossing(|| {
            drop(self.out.pop());
            Ok(())
        })
    }

    /// How many permits are out.
    #[napi]
    pub fn in_use(&self) -> napi::Result<u32> {
        crossing(|| Ok(self.permits.in_use()))
    }

    /// How many may be out.
    #[napi]
    pub fn limit(&self) -> napi::Result<u32> {
        crossing(|| Ok(self.limiter.limit()))
    }

    /// A call ended as it should.
    #[napi]
    pub fn succeeded(&mut self) -> napi::Result<()> {
        crossing(|| {
            self.limiter.succeeded();
            Ok(())
        })
    }

    /// The other side pushed back.
    #[napi]
    pub fn pushed_back(&mut self, now_ms: f64) -> napi::Result<()> {
        crossing(|| {
            self.limiter.pushed_back(whole(now_ms, "the time of pushedBack")?);
            Ok(())
        })
    }
}

/// A `CircuitBreaker` of `orchestrator-scheduler`, with its own chance.
#[napi]
pub struct NativeBreaker {
    breaker: CircuitBreaker,
    random: Random,
}

/// A call that a breaker let begin.
#[napi]
pub struct NativeCall {
    call: Call,
}

#[napi]
impl NativeBreaker {
    /// A closed breaker.
    #[napi(constructor)]
    pub fn new(seed: f64) -> napi::Result<Self> {
        crossing(|| {
            Ok(Self {
                breaker: CircuitBreaker::new(),
                random: seeded(seed, "the circuit breaker is refused")?,
            })
        })
    }

    /// `closed`, `open` or `half_open`.
    #[napi]
    pub fn state(&self) -> napi::Result<&'static str> {
        crossing(|| {
            Ok(match self.breaker.state() {
                BreakerState::Closed => "closed",
                BreakerState::Open => "open",
                BreakerState::HalfOpen => "half_open",
            })
        })
    }

    /// When it lets a probe through, while it is open.
    #[napi]
    pub fn retry_at(&self) -> napi::Result<Option<f64>> {
        crossing(|| Ok(self.breaker.retry_at().map(number)))
    }

    /// Whether a call could begin.
    #[napi]
    pub fn admits(&self, now_ms: f64) -> napi::Result<bool> {
        crossing(|| Ok(self.breaker.admits(whole(now_ms, "the time of admits")?)))
    }

    /// Begins a call, unless it is refused.
    #[napi]
    pub fn begin(&mut self, now_ms: f64) -> napi::Result<Option<NativeCall>> {
        crossing(|| {
            let now_ms = whole(now_ms, "the time of begin")?;
            Ok(self.breaker.begin(now_ms).map(|call| NativeCall { call }))
        })
    }

    /// A call ended as it should.
    #[napi]
    pub fn succeeded(&mut self, call: &NativeCall) -> napi::Result<()> {
        crossing(|| {
            self.breaker.succeeded(call.call);
            Ok(())
        })
    }

    /// A call failed.
    #[napi]
    pub fn failed(
        &mut self,
        call: &NativeCall,
        now_ms: f64,
        retry_after_ms: Option<f64>,
    ) -> napi::Result<()> {
        crossing(|| {
            let now_ms = whole(now_ms, "the time of failed")?;
            let retry_after_ms = pause(retry_after_ms)?;
            self.breaker.failed(call.call, now_ms, &mut self.random, retry_after_ms);
            Ok(())
        })
    }

    /// A call ended without saying anything about the other side.
    #[napi]
    pub fn withdrawn(&mut self, call: &NativeCall) -> napi::Result<()> {
        crossing(|| {
            self.breaker.withdrawn(call.call);
            Ok(())
        })
    }
}

/// A `Backoff` of `orchestrator-scheduler`, with its own chance.
#[napi]
pub struct NativeBackoff {
    backoff: Backoff,
    random: Random,
}

#[napi]
impl NativeBackoff {
    /// One with no failure behind it.
    #[napi(constructor)]
    pub fn new(seed: f64) -> napi::Result<Self> {
        crossing(|| Ok(Self { backoff: Backoff::default(), random: seeded(seed, "the backoff is refused")? }))
    }

    /// The next pause, in milliseconds.
    #[napi]
    pub fn next(&mut self, retry_after_ms: Option<f64>) -> napi::Result<f64> {
        crossing(|| {
            let retry_after_ms = pause(retry_after_ms)?;
            Ok(number(self.backoff.next(&mut self.random, retry_after_ms)))
        })
    }

    /// What was tried went well.
    #[napi]
    pub fn reset(&mut self) -> napi::Result<()> {
        crossing(|| {
            self.backoff.reset();
            Ok(())
        })
    }
}

/// A `Poller` of `orchestrator-scheduler`.
#[napi]
pub struct NativePoller {
    poller: Poller,
}

#[napi]
impl NativePoller {
    /// One that has nothing to look at.
    #[napi(constructor)]
    pub fn new() -> napi::Result<Self> {
        crossing(|| Ok(Self { poller: Poller::default() }))
    }

    /// When the next look is due.
    #[napi]
    pub fn next_at(&self) -> napi::Result<Option<f64>> {
        crossing(|| Ok(self.poller.next_at().map(number)))
    }

    /// Something happened.
    #[napi]
    pub fn moved(&mut self, now_ms: f64) -> napi::Result<()> {
        crossing(|| {
            self.poller.moved(whole(now_ms, "the time of moved")?);
            Ok(())
        })
    }

    /// The record was looked at.
    #[napi]
    pub fn looked(&mut self, now_ms: f64) -> napi::Result<()> {
        crossing(|| {
            self.poller.looked(whole(now_ms, "the time of looked")?);
            Ok(())
        })
    }

    /// There is nothing to look at.
    #[napi]
    pub fn rest(&mut self) -> napi::Result<()> {
        crossing(|| {
            self.poller.rest();
            Ok(())
        })
    }
}

#[derive(Serialize)]
struct Measured {
    used: u64,
    limit: u64,
    percent: u8,
}

/// The memory that this process may use, as JSON, where the system tells.
#[napi]
pub fn measure_memory() -> napi::Result<Option<Json>> {
    crossing(|| {
        Ok(memory::measure().map(|memory| {
            json(&Measured { used: memory.used, limit: memory.limit, percent: memory.percent() })
        }))
    })
}

fn seeded(seed: f64, refused: &str) -> Result<Random, Failure> {
    exact(seed).map(Random::seeded).ok_or_else(|| {
        let problem = format!("{seed}; give a whole number from 0 to 2^53 - 1");
        Failure::invalid_config(refused, "seed", problem)
    })
}

/// A setting, of which no fraction is dropped.
fn exact(setting: f64) -> Option<u64> {
    whole(setting, "a setting").ok().filter(|_| setting.fract() == 0.0)
}

fn pause(retry_after_ms: Option<f64>) -> Result<Option<u64>, Failure> {
    retry_after_ms.map(|pause| whole(pause, "retryAfterMs")).transpose()
}
