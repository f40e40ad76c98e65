//! The mission loop: a commander that fell silent with work left is continued, once an idle edge, by one writer.
//!
//! | what happens | what the scheduler does |
//! |---|---|
//! | the commander is idle and work is left | one `continue` for that edge, when a call of it fits into the budget |
//! | the same edge is told again | nothing |
//! | three continuations brought nothing | the mission pauses and says how to go on |
//! | the user speaks, pauses or stops | what was not sent is dropped |
//! | it could not be sent | the mission pauses: nobody else would wake the commander |
//!
//! Something came of a continuation when a task was accepted, a plan taken, a decision made, or the mission resumed.

use std::collections::VecDeque;

use crate::{
    budget::Reservation,
    command::Command,
    phase::Phase,
    scheduler::{Ignored, Scheduler, excerpt},
    view::ContinuationView,
};

/// Continuations in a row that may bring nothing.
pub(crate) const MOST_IN_VAIN: u32 = 3;
/// Idle edges that are remembered, the newest.
const EDGES_KEPT: usize = 64;

#[derive(Debug, Default)]
pub(crate) struct Continuation {
    edges: VecDeque<String>,
    /// An edge that waits for room in the budget, with the commander's session.
    wanted: Option<(String, String)>,
    sent: Option<Sent>,
    in_vain: u32,
}

/// A continuation that left, until the commander is idle again.
#[derive(Debug)]
struct Sent {
    edge: String,
    session: String,
    accepted: bool,
    /// What is held for the commander's turn, unless a task needed it more.
    reservation: Option<Reservation>,
}

impl Continuation {
    pub(super) fn in_vain(&self) -> u32 {
        self.in_vain
    }

    pub(super) fn view(&self) -> Option<ContinuationView> {
        let sent = self.sent.as_ref()?;
        let (edge, session) = (sent.edge.clone(), sent.session.clone());
        Some(ContinuationView { edge, session, accepted: sent.accepted })
    }

    /// Something came of it.
    pub(super) fn progressed(&mut self) {
        self.in_vain = 0;
    }

    /// What is held for the commander's turn.
    pub(super) fn reservation_mut(&mut self) -> Option<&mut Reservation> {
        self.sent.as_mut().and_then(|sent| sent.reservation.as_mut())
    }

    pub(super) fn is_wanted(&self) -> bool {
        self.wanted.is_some()
    }
}

impl Scheduler {
    /// The commander's session is confirmed idle.
    pub(super) fn on_commander_idle(&mut self, session: String, edge: String) -> Result<(), Ignored> {
        if self.phase == Phase::Done {
            return Err(Ignored("the mission has ended".into()));
        }
        if self.continuation.edges.contains(&edge) {
            return Err(Ignored(format!("the edge {edge:?} was seen already")));
        }
        let edges = &mut self.continuation.edges;
        edges.push_back(edge.clone());
        if edges.len() > EDGES_KEPT {
            edges.pop_front();
        }
        // It ran, whether its acceptance was seen or not.
        let unseen = self.continuation.sent.as_ref().is_some_and(|sent| !sent.accepted);
        self.continuation.in_vain += u32::from(unseen);
        self.drop_continuation();
        if !self.has_unfinished_work() {
            return Ok(());
        }
        if self.continuation.in_vain >= MOST_IN_VAIN {
            self.stop_for_user(format!(
                "the commander was continued {MOST_IN_VAIN} times and nothing came of it: say what to do, then /resume"
            ));
            return Ok(());
        }
        self.continuation.wanted = Some((edge, session));
        Ok(())
    }

    /// Sends the continuation that is wanted, if a call fits into the budget.
    pub(super) fn dispatch_continuation(&mut self) {
        if !self.continuation.is_wanted() || !self.has_unfinished_work() {
            return;
        }
        let Some(reservation) = self.ledger.reserve(self.clock.now(), false) else {
            self.starved = true;
            return;
        };
        let Some((edge, session)) = self.continuation.wanted.take() else { return };
        let reason = self.what_is_left();
        let sent = Sent {
            edge: edge.clone(),
            session: session.clone(),
            accepted: false,
            reservation: Some(reservation),
        };
        self.continuation.sent = Some(sent);
        self.out.push(Command::Continue { edge, session, reason });
    }

    /// The host took the prompt in.
    pub(super) fn on_continue_accepted(&mut self, edge: &str) -> Result<(), Ignored> {
        let sent = self.continuation.sent.as_mut().filter(|sent| sent.edge == edge && !sent.accepted);
        let Some(sent) = sent else { return Err(no_continuation(edge)) };
        sent.accepted = true;
        self.continuation.in_vain += 1;
        Ok(())
    }

    /// The prompt could not be sent.
    pub(super) fn on_continue_failed(&mut self, edge: &str, message: &str) -> Result<(), Ignored> {
        let sent = self.continuation.sent.as_ref().filter(|sent| sent.edge == edge && !sent.accepted);
        if sent.is_none() {
            return Err(no_continuation(edge));
        }
        self.drop_continuation();
        let why = excerpt(message);
        self.stop_for_user(format!("the commander could not be continued: {why}. /resume goes on"));
        Ok(())
    }

    /// The user typed something: that goes before anything of ours.
    pub(super) fn on_user_spoke(&mut self) -> Result<(), Ignored> {
        let continuation = &self.continuation;
        if continuation.sent.is_none() && !continuation.is_wanted() && continuation.in_vain == 0 {
            return Err(Ignored("there is nothing to take back".into()));
        }
        self.drop_continuation();
        self.continuation.progressed();
        Ok(())
    }

    /// Forgets what was to be sent, and settles what was.
    pub(super) fn drop_continuation(&mut self) {
        self.continuation.wanted = None;
        self.release_continuation();
        self.continuation.sent = None;
    }

    /// Lets go of what is held for the commander's turn; gives whether there was anything. A commander that waits for its
    /// tasks uses nothing, and holding the last of the budget for it would keep them from ever ending.
    pub(super) fn release_continuation(&mut self) -> bool {
        let held = self.continuation.sent.as_mut().and_then(|sent| sent.reservation.take());
        let released = held.is_some();
        if let Some(reservation) = held {
            self.ledger.settle(reservation);
        }
        released
    }

    /// Whether the commander has anything to go on with, and nobody said that it should not.
    fn has_unfinished_work(&self) -> bool {
        !matches!(self.phase, Phase::Paused | Phase::Done) && self.tasks.planned() > 0
    }

    fn what_is_left(&self) -> String {
        match self.phase {
            Phase::Planning => "The plan has not been started. Start it with run_mission.".to_owned(),
            Phase::Deciding => {
                let reason = self.mission.reason.as_deref().unwrap_or("nothing can go on");
                format!("The mission needs your decision: {reason}. Decide, then call run_mission.")
            }
            _ if !self.waiting.is_empty() => {
                format!("The mission is under way, and {}. Decide, then call run_mission.", self.what_waits())
            }
            _ => "The mission is under way. Call run_mission to wait for it.".to_owned(),
        }
    }
}

fn no_continuation(edge: &str) -> Ignored {
    Ignored(format!("no continuation of {edge:?} is on its way"))
}
