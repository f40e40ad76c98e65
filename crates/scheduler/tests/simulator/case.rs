//! A case: all that decides how a mission goes, on one line.
//!
//! `seed=17 tasks=8 lanes=3 faults=silence+late disturbances=0,3 until=57`

use std::{fmt, str::FromStr};

use crate::{
    chance::Chance,
    fault::{Fault, Faults},
};

/// One mission to play. The same case always goes the same way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) seed: u64,
    /// Most tasks of the first plan.
    pub(crate) tasks: u64,
    /// Most lanes of a role.
    pub(crate) lanes: u64,
    pub(crate) faults: Faults,
    /// Which of the seed's disturbances come; `None` is all.
    pub(crate) disturbances: Option<Vec<u64>>,
    /// The step after which nobody looks any more.
    pub(crate) until: Option<u64>,
}

impl Case {
    /// The case of a seed: from a calm host to one where nearly everything goes wrong; some of them large.
    pub(crate) fn drawn(seed: u64) -> Self {
        let mut chance = Chance::of(&[seed, 1]);
        let (tasks, lanes) = match chance.between(0, 99) {
            0..87 => (8, 3),
            87..99 => (16, 4),
            _ => (40, 8),
        };
        let density = chance.pick(&[0, 10, 10, 25, 25, 50, 80]);
        let faults = Fault::ALL.iter().copied().filter(|_| chance.percent(density)).collect();
        Self { seed, tasks, lanes, faults, disturbances: None, until: None }
    }

    /// Whether the disturbance of that number is to come.
    pub(crate) fn has_disturbance(&self, index: u64) -> bool {
        self.disturbances.as_ref().is_none_or(|kept| kept.contains(&index))
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, tasks, lanes, faults, disturbances, until } = self;
        write!(f, "seed={seed} tasks={tasks} lanes={lanes} faults={faults} disturbances=")?;
        match disturbances {
            None => f.write_str("all")?,
            Some(kept) if kept.is_empty() => f.write_str("none")?,
            Some(kept) => {
                let kept: Vec<String> = kept.iter().map(u64::to_string).collect();
                f.write_str(&kept.join(","))?;
            }
        }
        until.map_or(Ok(()), |until| write!(f, " until={until}"))
    }
}

impl FromStr for Case {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let number = |text: &str| text.parse::<u64>().map_err(|error| format!("{text:?}: {error}"));
        let mut seed = None;
        let mut case = Self::drawn(0);
        for part in line.split_whitespace() {
            let (name, value) = part.split_once('=').ok_or_else(|| format!("{part:?} has no \"=\""))?;
            match name {
                "seed" => {
                    let number = number(value)?;
                    (seed, case) = (Some(number), Self::drawn(number));
                }
                _ if seed.is_none() => return Err("a case begins with its seed".into()),
                "tasks" => case.tasks = number(value)?.max(1),
                "lanes" => case.lanes = number(value)?.max(1),
                "faults" => case.faults = value.parse()?,
                "disturbances" => {
                    case.disturbances = match value {
                        "all" => None,
                        "none" => Some(Vec::new()),
                        list => Some(list.split(',').map(number).collect::<Result<_, _>>()?),
                    };
                }
                "until" => case.until = Some(number(value)?),
                _ => return Err(format!("a case has no {name:?}")),
            }
        }
        seed.map(|_| case).ok_or_else(|| "a case has a seed".into())
    }
}

#[test]
fn every_case_is_read_back_as_it_is_written() {
    for seed in 0..500 {
        let mut case = Case::drawn(seed);
        assert_eq!(case.to_string().parse(), Ok(case.clone()));
        case.disturbances = Some((0..seed % 4).collect());
        case.until = (seed % 3 == 0).then_some(seed);
        assert_eq!(case.to_string().parse(), Ok(case.clone()), "{case}");
    }
}

#[test]
fn a_seed_alone_is_a_case_and_what_is_unknown_is_refused() {
    assert_eq!("seed=7".parse(), Ok(Case::drawn(7)));
    for line in ["", "tasks=3", "seed=x", "seed=1 faults=rain", "seed=1 what=2", "seed=1 tasks"] {
        assert!(line.parse::<Case>().is_err(), "{line:?}");
    }
}
