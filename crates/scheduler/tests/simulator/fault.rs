//! All that may go wrong or interfere, by name. A case says which of it it has.

use std::{fmt, str::FromStr};

macro_rules! faults {
    ($($(#[doc = $what:literal])* $fault:ident = $name:literal,)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) enum Fault {
            $($(#[doc = $what])* $fault,)*
        }

        impl Fault {
            pub(crate) const ALL: &[Fault] = &[$(Fault::$fault,)*];

            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Fault::$fault => $name,)*
                }
            }
        }
    };
}

faults! {
    // Turns.
    /// A turn shows no sign of life any more and never ends.
    Silence = "silence",
    /// A session is never opened, and nobody says so.
    NeverOpens = "never-opens",
    /// A turn ends without a report.
    NoReport = "no-report",
    /// A worker reports that it did not work out.
    SaysFailed = "says-failed",
    /// A worker reports that it needs a decision.
    SaysBlocked = "says-blocked",
    /// A permission question stands open for seconds.
    Question = "question",
    /// A turn ends with an error of the model or of the host.
    TurnError = "turn-error",
    /// A turn ends with an error that only the user can mend.
    UserError = "user-error",
    /// A turn is seen to be idle before its report is.
    IdleFirst = "idle-first",
    /// A reviewer's turn ends without a verdict.
    NoVerdict = "no-verdict",
    /// A reviewer says no.
    Rejected = "rejected",
    /// Checks fail.
    FailedCheck = "failed-check",
    /// A lane is 20 times slower than the others.
    SlowLane = "slow-lane",

    // The provider.
    /// One turn is refused as one too many, with or without Retry-After.
    RateLimit = "rate-limit",
    /// For a time every turn is refused as one too many, with Retry-After naming the end of that time.
    Storm = "storm",
    /// For a time every turn fails because the provider is overloaded.
    Burst = "burst",
    /// The workers have models of their own, of which bad times may spare one.
    Models = "models",

    // Events.
    /// That a session opened is never told.
    LostStart = "lost-start",
    /// A sign of life is never told.
    LostProgress = "lost-progress",
    /// That a turn ended is never told; the host's record shows it.
    LostIdle = "lost-idle",
    /// That a turn failed is never told; the host's record shows it.
    LostError = "lost-error",
    /// A worker's report is never told.
    LostReport = "lost-report",
    /// A reviewer's verdict is never told.
    LostVerdict = "lost-verdict",
    /// That a question is open is never told.
    LostQuestion = "lost-question",
    /// That a question was answered is never told; the host's record shows it.
    LostAnswer = "lost-answer",
    /// What a turn used is never told.
    LostUse = "lost-use",
    /// What checks came to is never told. By contract the caller answers every check, or asks for all of them again
    /// by a pause: no timer of the scheduler's runs while it waits for one.
    LostCheck = "lost-check",
    /// An event comes a second time, up to seconds later.
    Doubled = "doubled",
    /// An event comes seconds late, after later ones of its own and of other sessions.
    Late = "late",
    /// Events that are handed in together are in another order than they happened.
    Shuffled = "shuffled",
    /// An event does not quote the turn that it belongs to.
    Unquoted = "unquoted",
    /// What an aborted turn had to say comes nevertheless.
    LateAfterAbort = "late-after-abort",
    /// An abort that the scheduler asked for is told as an error.
    AbortEcho = "abort-echo",

    // The machine.
    /// The caller's clock is set back, by up to five hours.
    ClockBack = "clock-back",
    /// The caller's clock is set forward, by up to five hours.
    ClockForward = "clock-forward",
    /// Memory is short for a while.
    MemoryShort = "memory-short",
    /// The journal can't be written once.
    DiskFails = "disk-fails",
    /// The process dies between two events.
    Crash = "crash",
    /// The process dies with a batch of events half taken in: nothing of it is kept.
    CrashBeforeCommit = "crash-before-commit",
    /// The process dies when a batch is kept and none of its commands is carried out.
    CrashAfterCommit = "crash-after-commit",
    /// The process dies with some of a batch's commands carried out.
    CrashMidway = "crash-midway",
    /// The process dies again while it recovers.
    CrashAgain = "crash-again",
    /// At a crash the power goes too, and with it commits that were not made to last.
    PowerLoss = "power-loss",
    /// At a crash everything under way dies too.
    SessionsDie = "sessions-die",

    // People.
    /// The user presses Esc.
    Pause = "pause",
    /// Somebody resumes, whether anything was paused or not.
    Resume = "resume",
    /// The commander gives up a task.
    CancelTask = "cancel-task",
    /// The user gives up the mission.
    CancelMission = "cancel-mission",
    /// The commander adds and replaces tasks.
    Replan = "replan",
    /// The mission has a budget that does not reach; at its limit people raise it, or give up.
    TightBudget = "tight-budget",
    /// The commander hands over an errand.
    Delegate = "delegate",
    /// The commander hands over an errand that goes on in an earlier session.
    Continue = "continue",

    // Circles and judgements.
    /// A task's turns leave the same change and the same error again and again.
    Circles = "circles",
    /// A session calls one tool again and again, and never ends by itself.
    SameCall = "same-call",
    /// The host repeats a request by itself: it gets through, or goes on so for ever.
    HostRetries = "host-retries",
    /// The provider asks to wait for hours.
    LongWait = "long-wait",
    /// Files change while a reviewer looks.
    VoidVerdict = "void-verdict",
    /// A worker asks for files besides its own.
    AsksScope = "asks-scope",
    /// Checks find changes outside of a task's files.
    OutsideScope = "outside-scope",
    /// The commander falls silent with work left, now and then twice.
    CommanderIdles = "commander-idles",
    /// A continuation can't be sent.
    ContinueFails = "continue-fails",
    /// The user types something.
    UserSpeaks = "user-speaks",
    /// A turn ends by a permission that was refused.
    Refusal = "refusal",
}

/// A set of faults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Faults(u64);

impl Faults {
    pub(crate) fn all() -> Self {
        Fault::ALL.iter().copied().collect()
    }

    pub(crate) fn has(self, fault: Fault) -> bool {
        self.0 & (1 << fault as u64) != 0
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Fault> {
        Fault::ALL.iter().copied().filter(move |fault| self.has(*fault))
    }
}

impl FromIterator<Fault> for Faults {
    fn from_iter<I: IntoIterator<Item = Fault>>(faults: I) -> Self {
        Self(faults.into_iter().fold(0, |bits, fault| bits | 1 << fault as u64))
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::all() {
            return f.write_str("all");
        }
        if self.0 == 0 {
            return f.write_str("none");
        }
        let names: Vec<&str> = self.iter().map(Fault::name).collect();
        f.write_str(&names.join("+"))
    }
}

impl FromStr for Faults {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "all" => Ok(Self::all()),
            "none" => Ok(Self::default()),
            names => names
                .split('+')
                .map(|name| {
                    let known = Fault::ALL.iter().copied().find(|fault| fault.name() == name);
                    known.ok_or_else(|| format!("no fault {name:?}"))
                })
                .collect(),
        }
    }
}
