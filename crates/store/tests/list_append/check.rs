//! Finds what no serial order of a history's transactions could show: Kingsbury and Alvaro, "Elle: Inferring Isolation
//! Anomalies from Experimental Observations", VLDB 2020. A list tells the order of its appends, so each read
//! places its transaction among the writers of the list; a cycle of these dependencies is an anomaly with a name.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::graph::{Dependency, Edge, Graph};
use crate::history::{Op, Transaction};

/// Transactions are named by their places in the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Anomaly {
    /// G1a: read what an aborted transaction appended, or nobody did.
    AbortedRead { reader: usize, key: u32, value: u64 },
    /// G1b: read what its writer went on to append to.
    IntermediateRead { reader: usize, writer: usize, key: u32 },
    /// Did not see its own appends, or saw two states of others.
    Internal { transaction: usize, key: u32 },
    /// Two reads of a list of which neither begins with the other.
    IncompatibleOrder { key: u32, reader: usize },
    /// A value is twice in a list.
    Duplicate { key: u32, reader: usize, value: u64 },
    /// Committed, and not in the list at the end.
    Lost { writer: usize, key: u32, value: u64 },
    /// A cycle of writes alone (dirty write).
    G0(Vec<Edge>),
    /// A cycle of writes and reads of them (circular information flow).
    G1c(Vec<Edge>),
    /// A cycle with one overwritten read (read skew, lost update).
    GSingle(Vec<Edge>),
    /// A cycle with several overwritten reads (write skew).
    G2(Vec<Edge>),
}

impl fmt::Display for Anomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, cycle) = match self {
            Self::G0(cycle) => ("G0", cycle),
            Self::G1c(cycle) => ("G1c", cycle),
            Self::GSingle(cycle) => ("G-single", cycle),
            Self::G2(cycle) => ("G2", cycle),
            other => return write!(f, "{other:?}"),
        };
        write!(f, "{name}:")?;
        cycle.iter().try_for_each(|edge| write!(f, " {edge}"))
    }
}

/// All anomalies that single reads show, and of each kind of cycle the first. `ends` are the lists as they were when all
/// was over.
pub(crate) fn check(history: &[Transaction], ends: &BTreeMap<u32, Vec<u64>>) -> Vec<Anomaly> {
    let mut checker =
        Checker { history, writers: writers(history), orders: BTreeMap::new(), found: Vec::new() };
    let reads = checker.reads();
    checker.order(&reads, ends);
    checker.lost(ends);
    let graph = checker.graph(&reads).trimmed();
    checker.found.extend(cycles(&graph));
    checker.found
}

/// What a committed transaction saw of others' appends.
struct Read {
    reader: usize,
    key: u32,
    list: Vec<u64>,
}

struct Checker<'a> {
    history: &'a [Transaction],
    writers: BTreeMap<(u32, u64), usize>,
    /// Of each list, the longest that was seen.
    orders: BTreeMap<u32, Vec<u64>>,
    found: Vec<Anomaly>,
}

fn writers(history: &[Transaction]) -> BTreeMap<(u32, u64), usize> {
    let mut writers = BTreeMap::new();
    for (id, transaction) in history.iter().enumerate() {
        for op in &transaction.ops {
            if let Op::Append { key, value } = *op {
                assert_eq!(writers.insert((key, value), id), None, "{value} was appended to {key} twice");
            }
        }
    }
    writers
}

impl Checker<'_> {
    fn committed(&self) -> impl Iterator<Item = (usize, &Transaction)> {
        self.history.iter().enumerate().filter(|(_, transaction)| transaction.committed)
    }

    /// The reads without the readers' own appends; where these are not as they should be, that is an anomaly.
    fn reads(&mut self) -> Vec<Read> {
        let mut reads = Vec::new();
        let mut found = Vec::new();
        for (reader, transaction) in self.committed() {
            let mut own: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
            let mut seen: BTreeMap<u32, &[u64]> = BTreeMap::new();
            for op in &transaction.ops {
                let (key, list) = match op {
                    Op::Append { key, value } => {
                        own.entry(*key).or_default().push(*value);
                        continue;
                    }
                    Op::Read { key, list } => (*key, list),
                };
                let own = own.get(&key).map_or(&[][..], Vec::as_slice);
                let Some(others) = list.strip_suffix(own) else {
                    found.push(Anomaly::Internal { transaction: reader, key });
                    continue;
                };
                if *seen.entry(key).or_insert(others) == others {
                    reads.push(Read { reader, key, list: others.to_vec() });
                } else {
                    found.push(Anomaly::Internal { transaction: reader, key });
                }
            }
        }
        for read in &reads {
            self.judge(read, &mut found);
        }
        self.found = found;
        reads
    }

    fn judge(&self, read: &Read, found: &mut Vec<Anomaly>) {
        let Read { reader, key, ref list } = *read;
        let mut before = BTreeSet::new();
        for value in list.iter().copied() {
            if !before.insert(value) {
                found.push(Anomaly::Duplicate { key, reader, value });
            }
            if !self.writers.get(&(key, value)).is_some_and(|writer| self.history[*writer].committed) {
                found.push(Anomaly::AbortedRead { reader, key, value });
            }
        }
        if let Some(writer) = list.last().and_then(|last| self.writers.get(&(key, *last))) {
            let mut appended = self.history[*writer].ops.iter().filter_map(|op| match op {
                Op::Append { key: of, value } if *of == key => Some(*value),
                _ => None,
            });
            if appended.next_back() != list.last().copied() {
                found.push(Anomaly::IntermediateRead { reader, writer: *writer, key });
            }
        }
    }

    /// The order of a list's appends is the longest read of it; all others have to be beginnings of that.
    fn order(&mut self, reads: &[Read], ends: &BTreeMap<u32, Vec<u64>>) {
        self.orders.clone_from(ends);
        for read in reads {
            let longest = self.orders.entry(read.key).or_default();
            if read.list.len() > longest.len() {
                longest.clone_from(&read.list);
            }
        }
        for read in reads {
            if !self.orders[&read.key].starts_with(&read.list) {
                self.found.push(Anomaly::IncompatibleOrder { key: read.key, reader: read.reader });
            }
        }
    }

    fn lost(&mut self, ends: &BTreeMap<u32, Vec<u64>>) {
        for ((key, value), writer) in &self.writers {
            let kept = ends.get(key).is_some_and(|list| list.contains(value));
            if self.history[*writer].committed && !kept {
                self.found.push(Anomaly::Lost { writer: *writer, key: *key, value: *value });
            }
        }
    }

    fn graph(&self, reads: &[Read]) -> Graph {
        let mut graph = Graph::default();
        let mut add = |from: Option<usize>, to: Option<usize>, why, key| {
            if let (Some(from), Some(to)) = (from, to) {
                graph.add(Edge { from, to, why, key });
            }
        };
        let writer = |key: u32, value: Option<&u64>| {
            value
                .and_then(|value| self.writers.get(&(key, *value)))
                .copied()
                .filter(|writer| self.history[*writer].committed)
        };
        for (&key, order) in &self.orders {
            for pair in order.windows(2) {
                let (before, after) = (writer(key, pair.first()), writer(key, pair.last()));
                add(before, after, Dependency::WriteWrite, key);
            }
        }
        for Read { reader, key, list } in reads {
            add(writer(*key, list.last()), Some(*reader), Dependency::WriteRead, *key);
            let order = &self.orders[key];
            if order.starts_with(list) {
                add(Some(*reader), writer(*key, order.get(list.len())), Dependency::ReadWrite, *key);
            }
        }
        graph
    }
}

/// Of each kind the first, found by the edge that makes it that kind.
fn cycles(graph: &Graph) -> Vec<Anomaly> {
    use Dependency::{ReadWrite, WriteRead, WriteWrite};
    type Kind = (Dependency, &'static [Dependency], fn(Vec<Edge>) -> Anomaly);
    const KINDS: [Kind; 4] = [
        (WriteWrite, &[WriteWrite], Anomaly::G0),
        (WriteRead, &[WriteWrite, WriteRead], Anomaly::G1c),
        (ReadWrite, &[WriteWrite, WriteRead], Anomaly::GSingle),
        (ReadWrite, &[WriteWrite, WriteRead, ReadWrite], Anomaly::G2),
    ];
    let overwritten = |cycle: &[Edge]| cycle.iter().filter(|edge| edge.why == ReadWrite).count();
    KINDS
        .iter()
        .enumerate()
        .filter_map(|(kind, (first, along, name))| {
            graph
                .edges()
                .filter(|edge| edge.why == *first)
                .filter_map(|edge| graph.cycle(edge, along))
                // The shortest cycle by that edge may be of the kind before.
                .find(|cycle| kind < 3 || overwritten(cycle) > 1)
                .map(*name)
        })
        .collect()
}
