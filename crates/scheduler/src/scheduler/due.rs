//! What the time alone brings: stalls, turns that last too long, pauses that are over, looks at the host's record.
//!
//! These are events like any others, so that a decision taken on a tick is journaled as what was decided. A replay
//! needs no signs of life, and no clock. A look decides nothing, and no journal has it.

use crate::{
    command::{Command, NoticeKind},
    event::Event,
    graph::TaskKey,
    lease::LeaseId,
    memory::Memory,
    phase::Phase,
    pressure::PressureChange,
    scheduler::{
        Ignored, Scheduler,
        circuits::{Answer, Model, name},
        leases::Job,
        review::Subject,
    },
};

impl Scheduler {
    /// The events that are due at `now_ms`, to be handled at that time in this order.
    #[must_use]
    pub fn due(&self, now_ms: u64) -> Vec<Event> {
        let now = self.clock.at(now_ms);
        let hung = self.deadlines().filter_map(|(lease, stall, end)| {
            if end <= now {
                Some(Event::TimedOut { lease })
            } else if stall <= now {
                Some(Event::Stalled { lease })
            } else {
                None
            }
        });
        let straggling = self.stragglers().filter(|(_, at)| *at <= now);
        let straggling = straggling.map(|(lease, _)| Event::Straggled { lease });
        let over = self.timers.iter().take_while(|(at, _)| *at <= now).map(|(_, subject)| Event::RetryDue {
            task: subject.task().map(|key| self.tasks.id(key).to_string()),
        });
        let spent = self.ledger.runs_out_at().filter(|at| *at <= now).map(|_| Event::BudgetDue {});
        let probes = self.pauses().filter(|(at, _)| *at <= now);
        let probes = probes.map(|(_, model)| Event::ProbeDue { model: model.as_deref().map(str::to_owned) });
        // Last, so that no turn is looked at that ends at the same time.
        let look = self.poller.next_at().filter(|at| *at <= now).map(|_| Event::PollDue {});
        hung.chain(straggling).chain(over).chain(spent).chain(probes).chain(look).collect()
    }

    /// The earliest time at which [`due`](Self::due) has something, if nothing happens until then.
    #[must_use]
    pub fn next_wake(&self) -> Option<u64> {
        let hung = self.deadlines().map(|(_, stall, end)| stall.min(end)).min();
        let over = self.timers.first().map(|(at, _)| *at);
        let probe = self.pauses().map(|(at, _)| at).min();
        let straggling = self.stragglers().map(|(_, at)| at).min();
        let times = [hung, straggling, over, self.ledger.runs_out_at(), probe, self.poller.next_at()];
        times.into_iter().flatten().min().map(|at| self.clock.outside(at))
    }

    /// The pauses of models whose end somebody may wait for.
    fn pauses(&self) -> impl Iterator<Item = (u64, &Model)> {
        self.circuits.pauses().filter(|_| self.phase != Phase::Done)
    }

    /// Of each turn whose clock runs: when it counts as stalled, and when as too long. There are at most as many as
    /// lanes.
    fn deadlines(&self) -> impl Iterator<Item = (LeaseId, u64, u64)> {
        let (stall, turn) = (self.config.stall_timeout_ms, self.config.task_timeout_ms);
        self.leases.iter().filter_map(move |(id, lease)| {
            let (stall, end) = lease.running.as_ref()?.deadlines(stall, turn)?;
            Some((id, stall, end))
        })
    }

    /// No sign of life for too long; the provider may be at its limit.
    pub(super) fn on_stalled(&mut self, id: LeaseId) -> Result<(), Ignored> {
        let pushed_back =
            self.running_lease(id, None)?.running.as_mut().and_then(|turn| turn.pushed_back.take());
        self.limiter.pushed_back(self.clock.now());
        self.answer(id, Answer::Failed { retry_after_ms: None });
        match pushed_back {
            Some((message, next)) => self.held_back(id, message, next),
            None => self.hung(id, "no sign of life"),
        }
        Ok(())
    }

    /// The turn lasted too long.
    pub(super) fn on_timed_out(&mut self, id: LeaseId) -> Result<(), Ignored> {
        self.running_lease(id, None)?;
        self.hung(id, "the turn took too long");
        Ok(())
    }

    fn hung(&mut self, id: LeaseId, why: &str) {
        let Some(lease) = self.leases.get(id) else { return };
        match lease.job {
            Job::Work(key) => self.work_hung(key, id, why),
            Job::Second(key) => self.second_hung(key, id, why),
            Job::Review { subject, .. } => self.next_round(id, subject, false, why),
            Job::Judged(_) => self.end_lease(id),
        }
    }

    /// The pause before a retry is over.
    pub(super) fn on_retry_due(&mut self, task: Option<&str>) -> Result<(), Ignored> {
        let none = || Ignored(format!("no retry of {} is waited for", task.unwrap_or("the seal")));
        let subject = match task {
            Some(id) => Subject::Task(self.tasks.find(id).ok_or_else(none)?),
            None => Subject::Mission,
        };
        let work = subject.task().filter(|key| self.tasks[*key].retry_at().is_some());
        let at = self.retry_at(subject, work).ok_or_else(none)?;
        if at > self.clock.now() {
            return Err(Ignored(format!("the retry is due at {}", self.clock.outside(at))));
        }
        self.timers.remove(&(at, subject));
        if let Some(key) = work {
            self.tasks.change(key).work_mut().retry_at = None;
            self.queue_retry(key);
        } else {
            self.review_mut(subject).retry_at = None;
            self.reviews.push_back(subject);
        }
        Ok(())
    }

    /// The pause of a model is over: what waits for it may try.
    pub(super) fn on_probe_due(&mut self, model: &Model) -> Result<(), Ignored> {
        if self.circuits.pause_over(model, self.clock.now()) {
            Ok(())
        } else {
            Err(Ignored(format!("no pause of {} has ended", name(model))))
        }
    }

    /// The running time is used up.
    pub(super) fn on_budget_due(&mut self) -> Result<(), Ignored> {
        let now = self.clock.now();
        if self.ledger.runs_out_at().is_none_or(|at| at > now) {
            return Err(Ignored("the running time of the budget is not used up".into()));
        }
        let limit = self.ledger.exhausted(now).expect("the running time has reached its limit");
        self.stop_for_budget(&limit.to_string());
        Ok(())
    }

    /// What a measurement of the memory comes to: an event to be handled now, or nothing. Take a measurement with every
    /// tick; [`memory::measure`](crate::memory::measure) takes one.
    #[must_use]
    pub fn measured(&self, memory: Memory) -> Option<Event> {
        Some(match self.pressure.observe(memory)? {
            PressureChange::Rose { percent } => Event::PressureRose { percent },
            PressureChange::Fell { percent } => Event::PressureFell { percent },
        })
    }

    /// Memory became short, or is no longer.
    pub(super) fn on_pressure(&mut self, change: PressureChange) -> Result<(), Ignored> {
        let (rises, message) = match change {
            PressureChange::Rose { percent } => {
                (true, format!("memory is at {percent} %: tasks of low priority wait"))
            }
            PressureChange::Fell { percent } => {
                (false, format!("memory is at {percent} %: tasks of low priority may start again"))
            }
        };
        if rises == self.pressure.is_high() {
            return Err(Ignored("the pressure on memory is the same".into()));
        }
        self.pressure.apply(change);
        self.tasks.press(self.pressure.is_high().then(|| self.pressure.percent()));
        self.out.push(Command::Notify { kind: NoticeKind::MemoryPressure, task: None, message });
        Ok(())
    }

    /// Asks for a look at every session whose turn is under way, also where a question is open: the event of its answer
    /// may be the one that never came.
    pub(super) fn on_poll_due(&mut self) -> Result<(), Ignored> {
        let Some(at) = self.poller.next_at() else {
            return Err(Ignored("no turn is under way to look at".into()));
        };
        let now = self.clock.now();
        if at > now {
            return Err(Ignored(format!("the next look is due at {}", self.clock.outside(at))));
        }
        self.poller.looked(now);
        let looks = self
            .leases
            .under_way()
            .map(|(lease, session)| Command::Poll { lease, session: session.to_owned() });
        self.out.extend(looks);
        Ok(())
    }

    /// Something happened: the looks follow, as long as there is anything to look at.
    pub(super) fn pace(&mut self) {
        let waits_for_memory = self.phase != Phase::Done && self.pressure.is_high() && self.has_low();
        if waits_for_memory || self.leases.under_way().next().is_some() {
            self.poller.moved(self.clock.now());
        } else {
            self.poller.rest();
        }
    }

    fn retry_at(&self, subject: Subject, work: Option<TaskKey>) -> Option<u64> {
        match work {
            Some(key) => self.tasks[key].retry_at(),
            None => self.review(subject)?.retry_at,
        }
    }
}
