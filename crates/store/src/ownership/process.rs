//! What the system knows of processes: where this one runs, and whether another does.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(any(not(target_os = "linux"), test))]
mod table;

#[cfg(target_os = "linux")]
pub(super) use linux::{look, place};
#[cfg(not(target_os = "linux"))]
pub(super) use table::{look, place};

/// Where and since when this process runs; see [`Identity`](super::Identity) for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) started_at: u64,
    pub(super) boot: String,
    pub(super) host: String,
}

/// What is to be seen of a process number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// A process has it.
    Running {
        /// Since then, in the unit of [`Place`].
        started_at: u64,
    },
    /// No process has it, or one that has ended and is not collected by its parent yet.
    Ended,
    /// It can't be told.
    Hidden,
}

/// A number that is not in the process table we see. Mount options (`hidepid`) and sandboxes hide processes of others,
/// so the kernel is asked too: only where it knows of none has the process ended.
fn missing(pid: u32) -> Seen {
    #[cfg(unix)]
    {
        let known = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
        match known.map(rustix::process::test_kill_process) {
            Some(Err(rustix::io::Errno::SRCH)) => Seen::Ended,
            _ => Seen::Hidden,
        }
    }
    #[cfg(not(unix))]
    {
        let _ = pid;
        Seen::Ended
    }
}

/// A name for a machine that tells nobody its serial number.
fn machine(identifier: &str) -> String {
    let hash =
        blake3::derive_key("opencode-orchestrator 2026 machine of an owner", identifier.trim().as_bytes());
    blake3::Hash::from_bytes(hash).to_hex()[..16].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_the_table_lacks_has_ended_only_if_the_kernel_has_none_either() {
        #[cfg(unix)]
        assert_eq!(missing(std::process::id()), Seen::Hidden);
        // Above the largest number that Linux gives (2^22) and that macOS does (99,999).
        assert_eq!(missing(1 << 30), Seen::Ended);
    }

    #[test]
    fn a_machine_is_named_the_same_each_time_and_not_by_what_names_it() {
        let name = machine("0123456789abcdef\n");
        assert_eq!(name, machine("0123456789abcdef"));
        assert_ne!(name, machine("0123456789abcdee"));
        assert_eq!(name.len(), 16);
        assert!(!name.contains("0123456789"));
    }
}
