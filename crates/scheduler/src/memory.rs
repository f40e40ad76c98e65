//! How much memory there is, and how much of it is in use.
//!
//! [`measure`] is the one place in this crate that reads the system. The [`Scheduler`](crate::Scheduler) never calls
//! it: a host does, and hands in what it found.

use std::{
    cmp::Ordering,
    fs, iter,
    path::{Component, Path, PathBuf},
};

use sysinfo::{MemoryRefreshKind, System};

/// Where Linux mounts its control groups.
const CGROUP: &str = "sys/fs/cgroup";

/// A limit of cgroup v1 from here on is none: unlimited is the largest signed number, in whole pages.
const V1_UNLIMITED: u64 = 1 << 62;

/// A measurement, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// What is in use and can't be had without writing it somewhere.
    pub used: u64,
    /// What there is: a limit set for this process, or the machine's memory.
    pub limit: u64,
}

impl Memory {
    /// The share that is in use, in whole percent, rounded down: from 0 to 100, and 0 where the limit is 0.
    #[must_use]
    pub fn percent(self) -> u8 {
        if self.limit == 0 {
            return 0;
        }
        let percent = u128::from(self.used) * 100 / u128::from(self.limit);
        u8::try_from(percent).map_or(100, |percent| percent.min(100))
    }

    /// Which of two leaves the smaller share free. Limits are above 0.
    fn by_share(&self, other: &Self) -> Ordering {
        let product = |used: u64, limit: u64| u128::from(used) * u128::from(limit);
        product(self.used, other.limit).cmp(&product(other.used, self.limit))
    }
}

/// Measures the memory that this process may use: `None` where the system tells neither a limit nor what it has.
///
/// | what there is | what counts |
/// |---|---|
/// | a control group of Linux, v1 or v2, with a limit below the machine's memory | that of the process or above it of which the largest share is in use |
/// | none, or none with such a limit | the machine's memory, less what is available |
///
/// In a control group, files in the page cache that were not used lately are not counted as used, for the kernel takes
/// them back before it refuses memory: this is the "working set" of Kubernetes, and what `docker stats` shows. Control
/// groups are sought at `/sys/fs/cgroup`; what can't be read there is taken as absent.
///
/// It reads a few small files, or makes a system call or two, and keeps nothing: 0.09 ms a call, measured on Linux with
/// two processors, in a v1 group two folders below the mount.
#[must_use]
pub fn measure() -> Option<Memory> {
    measure_in(Path::new("/"), machine())
}

/// The same, with the file system's root and the machine's memory given.
fn measure_in(root: &Path, machine: Option<Memory>) -> Option<Memory> {
    let below_the_machine = |group: &Memory| machine.is_none_or(|machine| group.limit < machine.limit);
    let tightest = groups(root).into_iter().filter(below_the_machine).max_by(Memory::by_share);
    tightest.or(machine)
}

/// The machine's memory.
fn machine() -> Option<Memory> {
    let mut system = System::new();
    system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
    let limit = system.total_memory();
    (limit > 0).then(|| Memory { used: limit.saturating_sub(system.available_memory()), limit })
}

/// A version of control groups, as far as memory goes.
struct Version {
    /// Where it may be mounted.
    mounts: &'static [&'static str],
    used: &'static str,
    limit: &'static str,
    /// The line of `memory.stat` with the part of `used` that the kernel takes back first, in this group and below.
    reclaimable: &'static str,
}

const V1: Version = Version {
    mounts: &["memory"],
    used: "memory.usage_in_bytes",
    limit: "memory.limit_in_bytes",
    reclaimable: "total_inactive_file",
};

const V2: Version = Version {
    // Beside v1, both are in use, and systemd mounts it one folder deeper.
    mounts: &["", "unified"],
    used: "memory.current",
    limit: "memory.max",
    reclaimable: "inactive_file",
};

/// What the control groups of this process say, its own first, then those above it that have a limit.
fn groups(root: &Path) -> Vec<Memory> {
    let Ok(own) = fs::read_to_string(root.join("proc/self/cgroup")) else { return vec![] };
    own.lines().filter_map(memory_group).flat_map(|(version, group)| readings(root, version, group)).collect()
}

/// Reads a line of `/proc/self/cgroup`, `hierarchy:controllers:group`, if it may be about memory: v2 lists no
/// controllers. The kernel counts memory in one of the two versions only, so the other's files are not there.
fn memory_group(line: &str) -> Option<(&'static Version, &str)> {
    let mut fields = line.splitn(3, ':');
    let (hierarchy, controllers, group) = (fields.next()?, fields.next()?, fields.next()?);
    if controllers.split(',').any(|controller| controller == "memory") {
        Some((&V1, group))
    } else {
        (hierarchy == "0" && controllers.is_empty()).then_some((&V2, group))
    }
}

fn readings(root: &Path, version: &'static Version, group: &str) -> Vec<Memory> {
    let group = below(group);
    let mounts = version.mounts.iter().map(|mount| root.join(CGROUP).join(mount));
    mounts
        .flat_map(|mount| upwards(&group).filter_map(move |folder| reading(&mount.join(folder), version)))
        .collect()
}

/// A group's path below the mount. One that leads above it (`/../other`, seen from inside a container) has no folder
/// that we could see, and nor has a group of the host's in a container that was given its own as the mount: of both,
/// the mount itself is what we know.
fn below(group: &str) -> PathBuf {
    let mut components = Path::new(group).components().peekable();
    components.next_if_eq(&Component::RootDir);
    let inside: Option<PathBuf> = components
        .map(|component| match component {
            Component::Normal(name) => Some(name),
            _ => None,
        })
        .collect();
    inside.unwrap_or_default()
}

/// A folder and those above it, up to the empty path.
fn upwards(folder: &Path) -> impl Iterator<Item = &Path> {
    iter::successors(Some(folder), |folder| folder.parent())
}

/// What one group says, if it has a limit.
fn reading(folder: &Path, version: &Version) -> Option<Memory> {
    let bytes = |file| fs::read_to_string(folder.join(file)).ok()?.trim().parse::<u64>().ok();
    // The limit of v2 is the word "max" where there is none.
    let limit = bytes(version.limit).filter(|limit| (1..V1_UNLIMITED).contains(limit))?;
    let used = bytes(version.used)?;
    let stat = fs::read_to_string(folder.join("memory.stat")).unwrap_or_default();
    let reclaimable = stat.lines().find_map(|line| {
        let (name, bytes) = line.split_once(' ')?;
        (name == version.reclaimable).then(|| bytes.trim().parse::<u64>().ok())?
    });
    Some(Memory { used: used.saturating_sub(reclaimable.unwrap_or(0)), limit })
}

#[cfg(test)]
mod tests;
