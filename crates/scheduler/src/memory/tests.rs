use super::*;

const MIB: u64 = 1 << 20;

/// The machine that the made folders belong to.
const MACHINE: Memory = Memory { used: 4_096 * MIB, limit: 16_384 * MIB };

/// A made file system.
struct Root(tempfile::TempDir);

impl Root {
    /// One with a process in `groups`, the lines of its `/proc/self/cgroup`.
    fn with_process_in(groups: &str) -> Self {
        Self(tempfile::tempdir().unwrap()).file("proc/self/cgroup", groups)
    }

    fn file(self, path: &str, text: &str) -> Self {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// A group of v2, of which `used` MiB are in use and `inactive` of them can be had back.
    fn v2(self, group: &str, used: u64, inactive: u64, max: &str) -> Self {
        let stat =
            format!("anon {}\nfile 7\ninactive_anon 3\ninactive_file {}\n", used * MIB, inactive * MIB);
        self.file(&format!("sys/fs/cgroup/{group}/memory.current"), &format!("{}\n", used * MIB))
            .file(&format!("sys/fs/cgroup/{group}/memory.max"), &format!("{max}\n"))
            .file(&format!("sys/fs/cgroup/{group}/memory.stat"), &stat)
    }

    /// The same of v1; a `limit` in bytes.
    fn v1(self, group: &str, used: u64, inactive: u64, limit: u64) -> Self {
        let stat = format!("cache 5\ninactive_file 1\ntotal_inactive_file {}\n", inactive * MIB);
        let folder = format!("sys/fs/cgroup/memory/{group}");
        self.file(&format!("{folder}/memory.usage_in_bytes"), &format!("{}\n", used * MIB))
            .file(&format!("{folder}/memory.limit_in_bytes"), &format!("{limit}\n"))
            .file(&format!("{folder}/memory.stat"), &stat)
    }

    fn measure(&self) -> Option<Memory> {
        measure_in(self.0.path(), Some(MACHINE))
    }
}

fn mib(used: u64, limit: u64) -> Memory {
    Memory { used: used * MIB, limit: limit * MIB }
}

fn bytes(mib: u64) -> String {
    (mib * MIB).to_string()
}

/// What cgroup v1 says where nobody set a limit.
const V1_DEFAULT: u64 = 9_223_372_036_854_771_712;

#[test]
fn a_group_of_v2_counts_without_files_that_were_not_used_lately() {
    let root = Root::with_process_in("0::/job\n").v2("job", 900, 200, &bytes(1_000));
    assert_eq!(root.measure(), Some(mib(700, 1_000)));
}

#[test]
fn of_nested_groups_the_one_with_the_least_free_counts() {
    let outer_is_tight = Root::with_process_in("0::/user/job\n")
        .v2("user/job", 100, 0, &bytes(1_000))
        .v2("user", 1_900, 0, &bytes(2_000))
        .v2("", 3_000, 0, "max");
    assert_eq!(outer_is_tight.measure(), Some(mib(1_900, 2_000)));

    let inner_is_tight = Root::with_process_in("0::/user/job\n").v2("user/job", 900, 0, &bytes(1_000)).v2(
        "user",
        950,
        0,
        &bytes(2_000),
    );
    assert_eq!(inner_is_tight.measure(), Some(mib(900, 1_000)));
}

#[test]
fn a_limit_of_a_group_far_above_counts_where_those_between_have_none() {
    let root = Root::with_process_in("0::/a/b/c\n").v2("a/b/c", 50, 0, "max").v2("a/b", 60, 0, "max").v2(
        "a",
        70,
        0,
        &bytes(100),
    );
    assert_eq!(root.measure(), Some(mib(70, 100)));
}

#[test]
fn a_group_beside_that_of_the_process_does_not_count() {
    let root =
        Root::with_process_in("0::/job\n").v2("job", 10, 0, &bytes(100)).v2("other", 99, 0, &bytes(100));
    assert_eq!(root.measure(), Some(mib(10, 100)));
}

#[test]
fn a_group_of_v1_counts_and_so_do_those_above_it() {
    let lines = "5:cpu,cpuacct:/x\n4:memory:/docker/job\n1:name=systemd:/x\n";
    let root =
        Root::with_process_in(lines).v1("docker/job", 700, 100, 1_000 * MIB).v1("docker", 800, 0, V1_DEFAULT);
    assert_eq!(root.measure(), Some(mib(600, 1_000)));
    let root = root.v1("", 1_990, 0, 2_000 * MIB);
    assert_eq!(root.measure(), Some(mib(1_990, 2_000)));
}

#[test]
fn with_both_versions_mounted_the_one_that_counts_memory_is_read() {
    let lines = "4:memory:/job\n0::/slice\n";
    let in_v1 = Root::with_process_in(lines)
        .v1("job", 300, 0, 400 * MIB)
        .file("sys/fs/cgroup/unified/slice/cgroup.procs", "1\n");
    assert_eq!(in_v1.measure(), Some(mib(300, 400)));

    let in_v2 = Root::with_process_in("4:cpu:/job\n0::/slice\n").v2("unified/slice", 30, 0, &bytes(40));
    assert_eq!(in_v2.measure(), Some(mib(30, 40)));
}

#[test]
fn in_a_container_whose_own_group_is_the_mount_the_mount_counts() {
    for line in ["0::/\n", "0::/../../host/job\n", "0::/system.slice/docker-1.scope\n"] {
        let root = Root::with_process_in(line)
            .v2("", 30, 10, &bytes(100))
            // Another group of that name, in this container.
            .v2("host/job", 99, 0, &bytes(100));
        assert_eq!(root.measure(), Some(mib(20, 100)), "{line}");
    }
}

#[test]
fn without_a_limit_the_machine_counts() {
    let v2 = Root::with_process_in("0::/job\n").v2("job", 900, 0, "max").v2("", 900, 0, "max");
    assert_eq!(v2.measure(), Some(MACHINE));
    let v1 = Root::with_process_in("4:memory:/job\n").v1("job", 900, 0, V1_DEFAULT);
    assert_eq!(v1.measure(), Some(MACHINE));
    assert_eq!(measure_in(v1.0.path(), None), None);
}

#[test]
fn a_limit_that_is_not_below_the_machines_memory_does_not_count() {
    let root = Root::with_process_in("0::/job\n").v2("job", 900, 0, &bytes(16_384));
    assert_eq!(root.measure(), Some(MACHINE));
    assert_eq!(measure_in(root.0.path(), None), Some(mib(900, 16_384)));
    let root = root.v2("", 1_000, 0, &bytes(16_383));
    assert_eq!(root.measure(), Some(mib(1_000, 16_383)));
}

#[test]
fn a_file_that_says_nothing_of_use_is_taken_as_absent() {
    for (file, text) in [
        ("memory.max", "lots\n"),
        ("memory.max", ""),
        ("memory.max", "-1\n"),
        ("memory.max", "0\n"),
        ("memory.current", "99999999999999999999999\n"),
        ("memory.current", "\u{0}\n"),
    ] {
        let root = Root::with_process_in("0::/user/job\n")
            .v2("user", 10, 0, &bytes(100))
            .v2("user/job", 50, 0, &bytes(60))
            .file(&format!("sys/fs/cgroup/user/job/{file}"), text);
        assert_eq!(root.measure(), Some(mib(10, 100)), "{file}: {text:?}");
    }
}

#[test]
fn without_a_readable_statistic_all_that_is_in_use_counts() {
    for stat in ["", "inactive_file\n", "inactive_file many\n", "inactive_files 9\n"] {
        let root = Root::with_process_in("0::/job\n")
            .v2("job", 50, 20, &bytes(60))
            .file("sys/fs/cgroup/job/memory.stat", stat);
        assert_eq!(root.measure(), Some(mib(50, 60)), "{stat:?}");
    }
}

#[test]
fn more_inactive_files_than_are_in_use_leave_nothing_in_use() {
    let root = Root::with_process_in("0::/job\n").v2("job", 50, 70, &bytes(60));
    assert_eq!(root.measure(), Some(mib(0, 60)));
}

#[test]
fn what_is_no_line_of_a_process_s_groups_is_passed_over() {
    let lines = "\nmemory\n4:memory\n7:memoryless:/full\n0:cpu:/full\n7::/full\n0::/job\n";
    let root = Root::with_process_in(lines)
        .v1("full", 99, 0, 100 * MIB)
        .v2("full", 99, 0, &bytes(100))
        .v2("job", 10, 0, &bytes(100))
        .file("sys/fs/cgroup/memory/unrelated", "");
    assert_eq!(root.measure(), Some(mib(10, 100)));
}

#[test]
fn without_control_groups_the_machine_counts() {
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(measure_in(empty.path(), Some(MACHINE)), Some(MACHINE));
    assert_eq!(measure_in(empty.path(), None), None);
    assert_eq!(Root::with_process_in("0::/gone (deleted)\n").measure(), Some(MACHINE));
}

#[test]
fn the_machine_has_memory_and_some_of_it_is_in_use() {
    let memory = measure().unwrap();
    assert!(memory.used > 0 && memory.used < memory.limit, "{memory:?}");
    assert!(memory.limit <= machine().unwrap().limit);
}

#[test]
fn percent_is_rounded_down_from_zero_to_a_hundred() {
    let percent = |used, limit| Memory { used, limit }.percent();
    assert_eq!(percent(0, 10), 0);
    assert_eq!(percent(799, 1_000), 79);
    assert_eq!(percent(800, 1_000), 80);
    assert_eq!(percent(10, 10), 100);
    assert_eq!(percent(30, 10), 100);
    assert_eq!(percent(5, 0), 0);
    assert_eq!(percent(u64::MAX, u64::MAX), 100);
    assert_eq!(percent(u64::MAX, 1), 100);
}
