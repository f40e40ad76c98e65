//! Who a process is, so that another one can tell later whether it still runs.

use std::hash::{BuildHasher, RandomState};

use serde::{Deserialize, Serialize};

use super::decision::Liveness;
use super::process::{self, Seen};

/// One opening by one process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// A random name of this opening: one process may have several.
    pub instance: String,
    /// The number of the process, as its host counts.
    pub pid: u32,
    /// When the process started, by the system's own record, so that a number that was given away again is not
    /// taken for it: clock ticks since boot on Linux, seconds since 1970 elsewhere. Only compared for equality.
    pub started_at: u64,
    /// The boot of the machine. Empty where the system has no name for it that outlasts a change of the clock
    /// (macOS, Windows): the start of the process is absolute there, and tells it.
    pub boot: String,
    /// Where `pid` means something: the machine, and on Linux the namespaces of processes and of time within it.
    /// Two containers that share a folder are two hosts.
    pub host: String,
}

impl Identity {
    /// A new opening by this process. Reads the system's files and tables, and can't fail: a process that can't find
    /// out where it runs is a host of its own, and so goes by the lease with everybody.
    #[must_use]
    pub fn of_this_process() -> Self {
        let instance = random();
        let pid = std::process::id();
        match process::place() {
            Some(place) => {
                Self { instance, pid, started_at: place.started_at, boot: place.boot, host: place.host }
            }
            None => Self {
                host: format!("unknown/{instance}"),
                instance,
                pid,
                started_at: 0,
                boot: String::new(),
            },
        }
    }

    /// Whether the process that `other` names still runs, as this process sees it.
    #[must_use]
    pub fn liveness_of(&self, other: &Self) -> Liveness {
        if self.host != other.host || self.is_of_another_boot(other) {
            return Liveness::Unknown;
        }
        match process::look(other.pid) {
            Seen::Running { started_at } if started_at == other.started_at => Liveness::Alive,
            Seen::Running { .. } | Seen::Ended => Liveness::Dead,
            Seen::Hidden => Liveness::Unknown,
        }
    }

    /// Whether both are of one process.
    #[must_use]
    pub fn is_same_process(&self, other: &Self) -> bool {
        (self.pid, self.started_at, &self.boot, &self.host)
            == (other.pid, other.started_at, &other.boot, &other.host)
    }

    /// Whether the boots are known and differ.
    #[must_use]
    pub fn is_of_another_boot(&self, other: &Self) -> bool {
        !self.boot.is_empty() && !other.boot.is_empty() && self.boot != other.boot
    }
}

/// 128 random bits, in hexadecimal: each hasher state of the standard library is keyed anew.
fn random() -> String {
    let half = || RandomState::new().hash_one(std::process::id());
    format!("{:016x}{:016x}", half(), half())
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn two_openings_of_one_process_differ_by_their_instance_alone() {
        let (one, two) = (Identity::of_this_process(), Identity::of_this_process());
        assert_ne!(one.instance, two.instance);
        assert_eq!(one.instance.len(), 32);
        assert_eq!(Identity { instance: two.instance.clone(), ..one }, two);
        assert_eq!(two.pid, std::process::id());
        assert!(two.is_same_process(&two) && two.started_at > 0 && !two.host.starts_with("unknown/"));
    }

    #[test]
    fn this_process_is_alive_and_one_of_another_start_with_its_number_is_dead() {
        let me = Identity::of_this_process();
        assert_eq!(me.liveness_of(&Identity::of_this_process()), Liveness::Alive);
        let before = Identity { started_at: me.started_at - 1, ..me.clone() };
        assert_eq!(me.liveness_of(&before), Liveness::Dead);
    }

    #[test]
    fn a_process_that_ended_is_dead() {
        let me = Identity::of_this_process();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg("--list")
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let pid = child.id();
        assert!(child.wait().unwrap().success());
        assert_eq!(me.liveness_of(&Identity { pid, ..me.clone() }), Liveness::Dead);
    }

    #[test]
    fn of_another_host_or_boot_a_number_says_nothing() {
        let me = Identity::of_this_process();
        let elsewhere = Identity { host: "another".to_owned(), ..me.clone() };
        assert_eq!(me.liveness_of(&elsewhere), Liveness::Unknown);
        let here = Identity { boot: "one".to_owned(), ..me.clone() };
        let before = Identity { boot: "another".to_owned(), ..me };
        assert_eq!(here.liveness_of(&before), Liveness::Unknown);
    }
}
