//! What ran when.

use crate::{
    makespan::families::Graph,
    measure::{millis, real},
};

/// When each task started and ended, in milliseconds.
#[derive(Debug)]
pub(crate) struct Schedule {
    spans: Vec<Option<(u64, u64)>>,
}

impl Schedule {
    pub(crate) fn new(tasks: usize) -> Self {
        Self { spans: vec![None; tasks] }
    }

    pub(crate) fn started(&mut self, task: usize, at: u64) {
        assert!(self.spans[task].is_none(), "task {task} was started twice");
        self.spans[task] = Some((at, u64::MAX));
    }

    pub(crate) fn ended(&mut self, task: usize, at: u64) {
        let span = self.spans[task].as_mut().expect("a task ends after it was started");
        span.1 = at;
    }

    /// The time at which the last task ended.
    pub(crate) fn makespan(&self) -> u64 {
        self.spans.iter().flatten().map(|(_, end)| *end).max().unwrap_or(0)
    }

    /// Of the lanes' time while at least as many tasks as lanes were ready or running, how much was used; none where
    /// that was never so.
    ///
    /// # Panics
    /// When a task did not run for its duration, ran before what it depends on, or more ran than there are lanes: such
    /// a schedule is not to be compared with anything.
    pub(crate) fn busy_where_wide(&self, graph: &Graph, lanes: usize) -> Option<f64> {
        // By time, ends before starts: how many more are running, how many more are ready or running.
        let mut changes: Vec<(u64, i32, i32)> = Vec::with_capacity(3 * self.spans.len());
        for (task, span) in self.spans.iter().enumerate() {
            let (start, end) = span.expect("every task ran");
            assert_eq!(end - start, graph.durations[task], "task {task} ran for its duration");
            let ready = graph.dependencies[task].iter().map(|on| self.spans[*on].expect("every task ran").1);
            let ready = ready.max().unwrap_or(0);
            assert!(ready <= start, "task {task} ran after all that it depends on");
            changes.extend([(ready, 0, 1), (start, 1, 0), (end, -1, -1)]);
        }
        changes.sort_unstable();
        let (mut running, mut there, mut last) = (0_usize, 0_usize, 0);
        let (mut used, mut wide) = (0, 0);
        for (at, more_running, more_there) in changes {
            if there >= lanes {
                wide += at - last;
                used += (at - last) * running as u64;
            }
            last = at;
            running = running.checked_add_signed(more_running as isize).expect("no more end than start");
            there = there.checked_add_signed(more_there as isize).expect("no more end than come");
            assert!(running <= lanes, "{running} tasks at {at} ms on {lanes} lanes");
        }
        (wide > 0).then(|| millis(used) / (millis(wide) * real(lanes)))
    }
}
