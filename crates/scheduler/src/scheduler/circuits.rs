//! Which model a turn is asked of: the first of its agent's that answers.

use std::collections::BTreeMap;

use crate::{
    breaker::{BreakerState, Call, CircuitBreaker},
    pools::strings::Name,
    random::Random,
    view::ModelView,
};

/// Sets the sequence of the breakers' pauses apart from the scheduler's own.
const SEED: u64 = 0x6369_7263_7569_7473;

/// The name of a model, `provider/model`; `None` is the one that the host chooses.
pub(crate) type Model = Option<Name>;

/// A call under way, and of which model.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) model: Model,
    call: Call,
}

/// What a turn said about the model that it was asked of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It answered, whatever it said.
    Given,
    /// It pushed back or fell silent; with the pause that it asked for, in milliseconds.
    Failed { retry_after_ms: Option<u64> },
    /// Nothing: the turn was stopped, or never began.
    Unknown,
}

/// A circuit breaker for each model, and the models of each agent.
#[derive(Debug)]
pub(crate) struct Circuits {
    models: BTreeMap<String, Vec<Name>>,
    by_model: BTreeMap<Model, Circuit>,
    random: Random,
}

#[derive(Debug, Default)]
struct Circuit {
    breaker: CircuitBreaker,
    /// Whether the end of its present pause was announced.
    told: bool,
}

impl Circuits {
    pub(crate) fn new(models: &BTreeMap<String, Vec<String>>, seed: u64) -> Self {
        let names = |(agent, models): (&String, &Vec<String>)| {
            (agent.clone(), models.iter().map(|model| Name::from(model.as_str())).collect())
        };
        let models = models.iter().map(names).collect();
        Self { models, by_model: BTreeMap::new(), random: Random::seeded(seed ^ SEED) }
    }

    /// Whether some model of the agent would take a call.
    pub(crate) fn admits(&self, agent: &str, now: u64) -> bool {
        self.choice(agent, &[], now).is_some()
    }

    /// Whether some model of the agent, but these, would take a call.
    pub(crate) fn admits_but(&self, agent: &str, refused_by: &[Name], now: u64) -> bool {
        self.choice(agent, refused_by, now).is_some()
    }

    /// Whether the agent has a model besides these, whether it answers or not.
    pub(crate) fn has_other(&self, agent: &str, refused_by: &[Name]) -> bool {
        self.of(agent).any(|model| !is_among(&model, refused_by))
    }

    /// Whether a model is left alone while another of the agent's, but for these, would take a call.
    pub(crate) fn has_better(&self, agent: &str, model: &Model, refused_by: &[Name], now: u64) -> bool {
        let left_alone =
            self.by_model.get(model).is_some_and(|circuit| circuit.breaker.state() == BreakerState::Open);
        let mut others = self.of(agent).filter(|other| other != model && !is_among(other, refused_by));
        left_alone && others.any(|other| self.admits_model(&other, now))
    }

    /// Begins a call of the first of the agent's models, but these, that takes one.
    pub(crate) fn ask(&mut self, agent: &str, refused_by: &[Name], now: u64) -> Option<Asked> {
        let model = self.choice(agent, refused_by, now)?;
        let circuit = self.by_model.entry(model.clone()).or_default();
        circuit.breaker.begin(now).map(|call| Asked { model, call })
    }

    /// Begins the next call of a turn under way, of the same model, if that takes one.
    pub(crate) fn ask_again(&mut self, model: Model, now: u64) -> Option<Asked> {
        let call = self.by_model.entry(model.clone()).or_default().breaker.begin(now)?;
        Some(Asked { model, call })
    }

    /// Takes in how a call ended; gives what people should know of it.
    pub(crate) fn answered(&mut self, asked: Asked, answer: Answer, now: u64) -> Option<Change> {
        let circuit = self.by_model.entry(asked.model.clone()).or_default();
        let before = circuit.breaker.state();
        match answer {
            Answer::Given => circuit.breaker.succeeded(asked.call),
            Answer::Failed { retry_after_ms } => {
                circuit.breaker.failed(asked.call, now, &mut self.random, retry_after_ms);
            }
            Answer::Unknown => circuit.breaker.withdrawn(asked.call),
        }
        let after = circuit.breaker.state();
        if before == after {
            return None;
        }
        if after == BreakerState::Open {
            circuit.told = false;
        }
        Some(Change { model: asked.model, state: after, retry_at: circuit.breaker.retry_at() })
    }

    /// The models whose pause ends, and when, as far as that was not announced.
    pub(crate) fn pauses(&self) -> impl Iterator<Item = (u64, &Model)> {
        let untold = self.by_model.iter().filter(|(_, circuit)| !circuit.told);
        untold.filter_map(|(model, circuit)| Some((circuit.breaker.retry_at()?, model)))
    }

    /// The end of a model's pause is announced; whether there was one to announce at `now`.
    pub(crate) fn pause_over(&mut self, model: &Model, now: u64) -> bool {
        let over = self.pauses().any(|(at, paused)| paused == model && at <= now);
        if over && let Some(circuit) = self.by_model.get_mut(model) {
            circuit.told = true;
        }
        over
    }

    /// Why no model of the agent takes a call; in times of the scheduler's clock.
    pub(crate) fn refusal(&self, agent: &str) -> String {
        let names: Vec<String> = self.of(agent).map(|model| name(&model)).collect();
        format!("waits for {}, which did not answer", names.join(" or "))
    }

    /// Those that are not closed.
    pub(crate) fn views(&self) -> Vec<ModelView> {
        let broken =
            self.by_model.iter().filter(|(_, circuit)| circuit.breaker.state() != BreakerState::Closed);
        let view = |(model, circuit): (&Model, &Circuit)| ModelView {
            model: model.clone(),
            state: circuit.breaker.state(),
            retry_at: circuit.breaker.retry_at(),
        };
        broken.map(view).collect()
    }

    fn choice(&self, agent: &str, refused_by: &[Name], now: u64) -> Option<Model> {
        self.of(agent)
            .filter(|model| !is_among(model, refused_by))
            .find(|model| self.admits_model(model, now))
    }

    fn admits_model(&self, model: &Model, now: u64) -> bool {
        self.by_model.get(model).is_none_or(|circuit| circuit.breaker.admits(now))
    }

    /// The models of an agent, the preferred first.
    fn of(&self, agent: &str) -> impl Iterator<Item = Model> {
        let named = self.models.get(agent).map(Vec::as_slice).unwrap_or_default();
        let hosts = named.is_empty().then_some(None);
        named.iter().cloned().map(Some).chain(hosts)
    }
}

/// A circuit that changed its state.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) model: Model,
    pub(crate) state: BreakerState,
    pub(crate) retry_at: Option<u64>,
}

fn is_among(model: &Model, names: &[Name]) -> bool {
    model.as_ref().is_some_and(|model| names.contains(model))
}

/// A model in words.
pub(crate) fn name(model: &Model) -> String {
    model.as_deref().unwrap_or("the model").to_owned()
}
