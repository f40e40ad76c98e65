//! Edges in compressed sparse rows: two flat arrays for a whole graph, and no allocation a node.

use crate::error::{Error, ErrorKind, Problem};

/// Edges of a graph whose nodes are numbered from 0: those of node `i` lead to
/// `targets[offsets[i]..offsets[i + 1]]`.
///
/// ```
/// use orchestrator_scheduler::Csr;
///
/// // 0 → nothing, 1 → 0, 2 → 0 and 1.
/// let edges = Csr::new(&[0, 0, 1, 3], &[0, 0, 1])?;
/// assert_eq!(edges.rows(), 3);
/// assert_eq!(edges.row(2), [0, 1]);
/// assert!(Csr::new(&[0, 2, 1], &[0]).is_err(), "offsets ascend");
/// # Ok::<(), orchestrator_scheduler::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Csr<'a> {
    offsets: &'a [u32],
    targets: &'a [u32],
}

impl<'a> Csr<'a> {
    /// Edges in two arrays, of which `offsets` is one longer than there are nodes.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidPlan`] when the offsets don't begin with 0, don't ascend, or don't end with the number of
    /// targets. Where the targets lead is not looked at.
    pub fn new(offsets: &'a [u32], targets: &'a [u32]) -> Result<Self, Error> {
        let problem = if offsets.first() != Some(&0) {
            Problem::new("offsets[0]", "has to be there, and 0")
        } else if let Some(at) = offsets.windows(2).position(|pair| pair[0] > pair[1]) {
            let message = format!("{} comes after {}: offsets ascend", offsets[at + 1], offsets[at]);
            Problem::new(format!("offsets[{}]", at + 1), message)
        } else if let Some(last) = offsets.last().filter(|last| **last as usize != targets.len()) {
            let message = format!("is {last}, but {} dependencies are listed", targets.len());
            Problem::new(format!("offsets[{}]", offsets.len() - 1), message)
        } else {
            return Ok(Self { offsets, targets });
        };
        Err(Error::with_problems(ErrorKind::InvalidPlan, "the dependencies are refused", vec![problem]))
    }

    /// How many nodes have a row, an empty one included.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Where the edges of a node lead.
    ///
    /// # Panics
    /// When there is no such row.
    #[must_use]
    pub fn row(&self, node: usize) -> &'a [u32] {
        &self.targets[self.offsets[node] as usize..self.offsets[node + 1] as usize]
    }

    /// The targets of all rows, one after the other.
    #[must_use]
    pub fn targets(&self) -> &'a [u32] {
        self.targets
    }

    pub(crate) fn offsets(&self) -> &'a [u32] {
        self.offsets
    }
}

/// The owned form of a [`Csr`], written row by row.
///
/// ```
/// let edges: orchestrator_scheduler::CsrBuf = [vec![], vec![0], vec![0, 1]].into_iter().collect();
/// assert_eq!(edges.as_csr().row(2), [0, 1]);
/// ```
#[derive(Clone, Debug)]
pub struct CsrBuf {
    offsets: Vec<u32>,
    targets: Vec<u32>,
}

impl Default for CsrBuf {
    fn default() -> Self {
        Self { offsets: vec![0], targets: Vec::new() }
    }
}

impl CsrBuf {
    /// Adds the row of the next node.
    ///
    /// # Panics
    /// When there are 2^32 edges or more.
    pub fn push(&mut self, row: impl IntoIterator<Item = u32>) {
        self.targets.extend(row);
        self.offsets.push(u32::try_from(self.targets.len()).expect("a graph has less than 2^32 edges"));
    }

    /// The edges so far.
    #[must_use]
    pub fn as_csr(&self) -> Csr<'_> {
        Csr { offsets: &self.offsets, targets: &self.targets }
    }
}

impl<Row: IntoIterator<Item = u32>> FromIterator<Row> for CsrBuf {
    fn from_iter<Rows: IntoIterator<Item = Row>>(rows: Rows) -> Self {
        let mut edges = Self::default();
        rows.into_iter().for_each(|row| edges.push(row));
        edges
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(offsets: &[u32], targets: &[u32]) -> String {
        Csr::new(offsets, targets).unwrap_err().problems()[0].path.clone()
    }

    #[test]
    fn wrong_offsets_are_named() {
        assert_eq!(refused(&[], &[]), "offsets[0]");
        assert_eq!(refused(&[1], &[0]), "offsets[0]");
        assert_eq!(refused(&[0, 2, 1], &[0]), "offsets[2]");
        assert_eq!(refused(&[0, 1, 1], &[0, 0]), "offsets[2]");
        assert_eq!(refused(&[0, 3], &[0, 0]), "offsets[1]");
    }

    #[test]
    fn rows_come_out_as_they_went_in() {
        let rows = [vec![1, 2], vec![], vec![7]];
        let edges: CsrBuf = rows.iter().cloned().collect();
        let edges = Csr::new(&edges.offsets, &edges.targets).unwrap();
        assert_eq!((0..3).map(|node| edges.row(node).to_vec()).collect::<Vec<_>>(), rows);
        assert_eq!(CsrBuf::default().as_csr().rows(), 0);
    }
}
