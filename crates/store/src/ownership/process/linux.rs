//! Linux: the files of `/proc` (`proc(5)`, `namespaces(7)`).

use std::fs;
use std::io::ErrorKind;

use super::{Place, Seen, machine, missing};

/// `None` where `/proc` is not there, or is that of other processes (a sandbox that mounted its host's).
pub(in super::super) fn place() -> Option<Place> {
    let pid = std::process::id();
    let of_whom = fs::read_link("/proc/self").ok()?;
    if of_whom.to_str()?.parse() != Ok(pid) {
        return None;
    }
    let Stat { started_at, .. } = stat(&read("/proc/self/stat")?)?;
    let boot = read("/proc/sys/kernel/random/boot_id")?;
    let machine = ["/etc/machine-id", "/var/lib/dbus/machine-id", "/proc/sys/kernel/hostname"]
        .into_iter()
        .find_map(read)
        .map(|identifier| machine(&identifier))?;
    let processes = namespace("pid")?;
    // A start is counted from the boot as the reader's namespace has it. Kernels before 5.6 have but one.
    let time = namespace("time").unwrap_or_default();
    Some(Place { started_at, boot, host: format!("{machine}/{processes}/{time}") })
}

pub(in super::super) fn look(pid: u32) -> Seen {
    let text = match fs::read(format!("/proc/{pid}/stat")) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound || error.raw_os_error() == Some(ESRCH) => {
            return missing(pid);
        }
        Err(_) => return Seen::Hidden,
    };
    match stat(&String::from_utf8_lossy(&text)) {
        Some(Stat { ended: true, .. }) => Seen::Ended,
        Some(Stat { started_at, .. }) => Seen::Running { started_at },
        None => Seen::Hidden,
    }
}

/// What a read says of a process that ended after its file was opened.
const ESRCH: i32 = 3;

/// What a file holds, unless that is nothing.
fn read(path: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// The namespace that this process is in, as the kernel writes it: `pid:[4026531836]`.
fn namespace(kind: &str) -> Option<String> {
    fs::read_link(format!("/proc/self/ns/{kind}")).ok()?.to_str().map(str::to_owned)
}

/// The fields of `/proc/<pid>/stat` that tell whether it runs and since when.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    ended: bool,
    started_at: u64,
}

fn stat(text: &str) -> Option<Stat> {
    // The second field is the program's name in parentheses, and may hold spaces and parentheses itself.
    let (_, fields) = text.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
    // By the manual: 3 the state, 20 the number of threads, 22 the start in clock ticks since boot.
    let state = *fields.first()?;
    let threads: u64 = fields.get(17)?.parse().ok()?;
    let started_at = fields.get(19)?.parse().ok()?;
    // A zombie whose other threads still run is one that only its first thread has left.
    let ended = matches!(state, "X" | "x") || state == "Z" && threads <= 1;
    Some(Stat { ended, started_at })
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    fn line(name: &str, state: &str, threads: u32) -> String {
        format!(
            "42 ({name}) {state} 1 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 {threads} 0 987654 1 2 18446744073709551615 1"
        )
    }

    #[test]
    fn a_start_is_read_behind_a_name_of_any_letters() {
        for name in ["node", "a b", "x) Z 1 (y", ")", ""] {
            assert_eq!(
                stat(&line(name, "S", 11)),
                Some(Stat { ended: false, started_at: 987_654 }),
                "{name:?}"
            );
        }
        for broken in
            ["", "42 (node", "42 (node) S 1 2 3", "42 (node) S a b c d e f g h i j k l m n o p q r s t"]
        {
            assert_eq!(stat(broken), None, "{broken:?}");
        }
    }

    #[test]
    fn a_zombie_has_ended_unless_others_of_its_threads_run() {
        for (state, threads, ended) in [
            ("Z", 1, true),
            ("Z", 0, true),
            ("Z", 2, false),
            ("X", 1, true),
            ("T", 1, false),
            ("D", 1, false),
        ] {
            let found = stat(&line("node", state, threads)).map(|stat| stat.ended);
            assert_eq!(found, Some(ended), "{state} {threads}");
        }
    }

    #[test]
    fn a_killed_process_that_its_parent_has_not_collected_has_ended() {
        let mut child = Command::new("sleep").arg("600").stdin(Stdio::null()).spawn().unwrap();
        let Seen::Running { started_at } = look(child.id()) else { panic!("the child is not to be seen") };
        assert!(started_at >= place().unwrap().started_at);
        child.kill().unwrap();
        // The signal is on its way; nothing else can end this process.
        while look(child.id()) != Seen::Ended {
            std::thread::yield_now();
        }
        assert!(fs::exists(format!("/proc/{}", child.id())).unwrap(), "it was collected");
        child.wait().unwrap();
        assert_eq!(look(child.id()), Seen::Ended);
    }

    #[test]
    fn this_process_is_on_this_boot_of_this_machine() {
        let place = place().unwrap();
        assert_eq!(look(std::process::id()), Seen::Running { started_at: place.started_at });
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
        assert_eq!(place.boot, boot.trim());
        let [machine, processes, time] = place.host.split('/').collect::<Vec<_>>()[..] else {
            panic!("{}", place.host)
        };
        assert_eq!(machine.len(), 16);
        assert!(processes.starts_with("pid:[") && (time.is_empty() || time.starts_with("time:[")));
    }
}
