//! What must be true after every step, by the snapshot and the commands alone.

use std::collections::{BTreeMap, BTreeSet};

use orchestrator_scheduler::{
    Command, Config, Lane, LeaseId, Phase, Purpose, Role, Snapshot, TaskKind, TaskState, TaskView,
};

use crate::host::has_files;

/// The title of delegations that wait for a session to be free.
pub(crate) const IN_A_SESSION: &str = "in a session";

/// What was seen so far.
#[derive(Debug, Default)]
pub(crate) struct Witness {
    accepted: BTreeSet<String>,
    last_lease: u64,
    in_use: u32,
    ended: bool,
}

impl Witness {
    /// Checks one step, of one event or of a batch: the commands that left, and what is now.
    pub(crate) fn check(&mut self, config: &Config, batch: bool, commands: &[Command], now: &Snapshot) {
        self.check_commands(batch, commands, now);
        check_lanes(config, now);
        check_permits(now, (!batch).then_some(self.in_use));
        check_quiet_leases(now);
        check_tasks(now);
        check_nothing_idles(config, now);
        for task in &now.tasks {
            if task.state == TaskState::Accepted {
                self.accepted.insert(task.id.clone());
            } else {
                assert!(
                    !self.accepted.contains(&task.id),
                    "{} was accepted and is now {:?}",
                    task.id,
                    task.state
                );
            }
        }
        if now.mission.phase == Phase::Done {
            self.ended = true;
            assert!(now.leases.is_empty() && now.mission.in_use == 0, "something is left after the end");
            assert!(now.tasks.iter().all(|task| task.state.is_end()), "a task did not end");
        }
        assert!(!self.ended || now.mission.phase == Phase::Done, "a mission that ended goes on");
        self.in_use = now.mission.in_use;
    }

    /// After a commit that failed, or a crash, the last step did not happen.
    pub(crate) fn forget_step(&mut self, now: &Snapshot) {
        self.in_use = now.mission.in_use;
        self.last_lease =
            self.last_lease.max(now.leases.iter().map(|lease| lease.lease.0).max().unwrap_or(0));
    }

    fn check_commands(&mut self, batch: bool, commands: &[Command], now: &Snapshot) {
        let lives = |lease: LeaseId| now.leases.iter().find(|l| l.lease == lease);
        for command in commands {
            match command {
                Command::Start { lease, task, .. } => {
                    assert!(!self.accepted.contains(task), "{task} was accepted and is started again");
                    self.new_lease(*lease);
                }
                Command::Review { lease, .. } => self.new_lease(*lease),
                Command::Prompt { lease, task, session, turn, .. } => {
                    assert!(!self.accepted.contains(task), "{task} was accepted and is prompted again");
                    // A later event of the same batch may have ended that turn already.
                    let live = lives(*lease).filter(|live| live.turn == *turn && live.running);
                    assert!(live.is_some() || batch, "{lease} was prompted and does not run");
                    assert!(live.is_none_or(|live| live.session.as_ref() == Some(session)));
                }
                Command::ReviewPrompt { lease, session, turn, .. } => {
                    let live = lives(*lease).filter(|live| live.turn == *turn && live.running);
                    assert!(live.is_some() || batch, "{lease} was prompted and does not run");
                    assert!(live.is_none_or(|live| live.session.as_ref() == Some(session)));
                }
                Command::Poll { lease, session } => {
                    let live = lives(*lease).filter(|live| live.running);
                    assert!(live.is_some(), "{lease} was looked at and does not run");
                    assert!(live.is_none_or(|live| live.session.as_ref() == Some(session)));
                }
                _ => {}
            }
        }
    }

    fn new_lease(&mut self, lease: LeaseId) {
        assert!(lease.0 > self.last_lease, "{lease} after lease {}", self.last_lease);
        self.last_lease = lease.0;
    }
}

/// A lane holds at most one task, and lanes are those that there are.
fn check_lanes(config: &Config, now: &Snapshot) {
    let mut holders: BTreeMap<Lane, BTreeSet<&str>> = BTreeMap::new();
    for (lane, task) in now.tasks.iter().filter_map(|task| Some((task.lane?, task.id.as_str()))).chain(
        now.leases.iter().filter_map(|lease| Some((lease.lane?, lease.task.as_deref().unwrap_or("seal")))),
    ) {
        assert!(lane.index < config.lanes.of(lane.role), "there is no {lane:?}");
        holders.entry(lane).or_default().insert(task);
    }
    for (lane, tasks) in holders {
        assert!(tasks.len() == 1, "{lane:?} is held by {tasks:?}");
    }
}

/// A lease between two turns belongs to something that waits for the next.
fn check_quiet_leases(now: &Snapshot) {
    for lease in now.leases.iter().filter(|lease| !lease.running) {
        let task = now.tasks.iter().find(|task| Some(&task.id) == lease.task.as_ref());
        let state = task.map(|task| task.state);
        let wanted = match lease.purpose {
            Purpose::Work => {
                matches!(state, Some(TaskState::Ready | TaskState::Verifying | TaskState::Reviewing))
            }
            Purpose::Review => state == Some(TaskState::Reviewing),
            Purpose::Seal => now.mission.phase == Phase::Sealing,
        };
        assert!(wanted, "{lease:?} is for nothing: its task is {state:?}");
    }
}

/// Turns under way and permits out are the same, and no turn begins above the limit. Within a batch, which gives no
/// `before`, the limit may have been another when a turn began.
fn check_permits(now: &Snapshot, before: Option<u32>) {
    let running = now.leases.iter().filter(|lease| lease.running).count();
    assert_eq!(usize::try_from(now.mission.in_use).unwrap(), running, "permits out and turns under way");
    let most = before.map(|before| now.mission.limit.max(before));
    assert!(most.is_none_or(|most| now.mission.in_use <= most), "a turn began above the limit");
    assert!(now.mission.limit >= 1);
}

fn check_tasks(now: &Snapshot) {
    let by_id: BTreeMap<&str, &TaskView> = now.tasks.iter().map(|task| (task.id.as_str(), task)).collect();
    let mut counts = [0_u32; TaskState::ALL.len()];
    for task in &now.tasks {
        if task.kind == TaskKind::Task {
            counts[task.state as usize] += 1;
        }
        let behind: Vec<&&TaskView> = task.depends_on.iter().map(|id| &by_id[id.as_str()]).collect();
        let all_met = behind.iter().all(|on| on.state == TaskState::Accepted);
        let some_bad = behind
            .iter()
            .any(|on| matches!(on.state, TaskState::Failed | TaskState::Cancelled | TaskState::Blocked));
        match task.state {
            TaskState::Pending => assert!(!all_met && !some_bad, "{} should not be pending", task.id),
            TaskState::Blocked => assert!(some_bad, "{} is blocked by nothing", task.id),
            TaskState::Cancelled | TaskState::Failed => {}
            _ => assert!(all_met, "{} is {:?} before what it depends on", task.id, task.state),
        }
        assert!(task.attempt <= task.attempts);
        let live = task.lease.and_then(|id| now.leases.iter().find(|lease| lease.lease == id));
        assert_eq!(live.is_some(), task.lease.is_some(), "{} has a lease that is gone", task.id);
        let works = live.is_some_and(|lease| lease.running);
        assert_eq!(works, task.state == TaskState::Running, "{} is {:?}", task.id, task.state);
        if task.state.is_end() {
            assert!(task.lease.is_none() && task.lane.is_none() && task.retry_at.is_none(), "{task:?}");
        }
    }
    let c = now.mission.counts;
    let seen = [
        c.pending,
        c.ready,
        c.running,
        c.verifying,
        c.reviewing,
        c.accepted,
        c.failed,
        c.cancelled,
        c.blocked,
    ];
    assert_eq!(seen, counts, "the counters");
    for (at, a) in now.tasks.iter().enumerate().filter(|(_, task)| is_engaged(task)) {
        for b in now.tasks[at + 1..].iter().filter(|task| is_engaged(task)) {
            let shared = a.files.iter().find(|file| b.files.contains(file));
            assert!(shared.is_none(), "{} and {} both have {shared:?}", a.id, b.id);
        }
    }
}

/// Between its first turn and its end, as far as can be seen from outside.
fn is_engaged(task: &TaskView) -> bool {
    has_files(task.state) || task.lease.is_some() || task.lane.is_some() || task.retry_at.is_some()
}

/// Where a permit, a lane and work for it are free, the work has begun.
fn check_nothing_idles(config: &Config, now: &Snapshot) {
    if now.mission.phase != Phase::Running || now.mission.in_use >= now.mission.limit {
        return;
    }
    let taken: BTreeSet<Lane> = now
        .tasks
        .iter()
        .filter_map(|task| task.lane)
        .chain(now.leases.iter().filter_map(|lease| lease.lane))
        .collect();
    let free = |role: Role| (0..config.lanes.of(role)).any(|index| !taken.contains(&Lane { role, index }));
    for task in &now.tasks {
        let has_lane = task.lane.is_some() || free(task.role);
        let files_free = now
            .tasks
            .iter()
            // A retry that found no lane after a pause shows nothing but that it had begun.
            .filter(|other| {
                is_engaged(other) || (other.state == TaskState::Ready && other.started_at.is_some())
            })
            .filter(|other| other.id != task.id)
            .all(|other| other.files.iter().all(|file| !task.files.contains(file)));
        let waits = task.state == TaskState::Ready && task.retry_at.is_none() && task.title != IN_A_SESSION;
        assert!(!(waits && has_lane && files_free), "{} could run and does not", task.id);
        let judged = now.leases.iter().any(|lease| {
            lease.purpose == Purpose::Review && lease.task.as_ref() == Some(&task.id) && lease.running
        });
        let waits = task.state == TaskState::Reviewing && !judged && task.retry_at.is_none();
        assert!(!(waits && free(Role::Reviewer)), "{} could be reviewed and is not", task.id);
    }
}
