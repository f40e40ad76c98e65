//! macOS, Windows and the rest: the system's table of processes, through `sysinfo`. Built into the tests on Linux too.

use sysinfo::{Pid, ProcessRefreshKind, ProcessStatus, ProcessesToUpdate, Product, System};

use super::{Place, Seen, machine, missing};

/// `None` where this process is not in the table.
#[cfg_attr(target_os = "linux", allow(dead_code, reason = "Linux has names for its boots and namespaces"))]
pub(in super::super) fn place() -> Option<Place> {
    let Seen::Running { started_at } = look(std::process::id()) else { return None };
    let identifier = Product::uuid().or_else(System::host_name)?;
    Some(Place { started_at, boot: String::new(), host: machine(&identifier) })
}

pub(in super::super) fn look(pid: u32) -> Seen {
    let number = Pid::from_u32(pid);
    let mut system = System::new();
    system.refresh_processes_specifics(
        ProcessesToUpdate::Some(&[number]),
        true,
        ProcessRefreshKind::nothing(),
    );
    match system.process(number) {
        Some(process) if matches!(process.status(), ProcessStatus::Zombie | ProcessStatus::Dead) => {
            Seen::Ended
        }
        // Of a process that may not be opened, the start is not known.
        Some(process) if process.start_time() == 0 => Seen::Hidden,
        Some(process) => Seen::Running { started_at: process.start_time() },
        None => missing(pid),
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn this_process_runs_since_a_time_that_stays() {
        let Seen::Running { started_at } = look(std::process::id()) else {
            panic!("we are not in the table")
        };
        assert_eq!(look(std::process::id()), Seen::Running { started_at });
        // 2020, in seconds since 1970: the start is absolute.
        assert!(started_at > 1_577_836_800, "{started_at}");
    }

    #[test]
    fn a_child_runs_until_it_ended() {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "ownership::process::table::tests::waits_for_the_end_of_its_input",
                "--ignored",
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        assert!(matches!(look(child.id()), Seen::Running { .. }));
        drop(child.stdin.take());
        child.wait().unwrap();
        assert_eq!(look(child.id()), Seen::Ended);
    }

    #[test]
    #[ignore = "a child of the test above"]
    fn waits_for_the_end_of_its_input() {
        std::io::read_to_string(std::io::stdin()).unwrap();
    }
}
