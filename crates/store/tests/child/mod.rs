//! The test program as a process of its own: a test starts itself again with the name of an ignored test, which
//! takes its orders from an environment variable.

#![allow(dead_code, reason = "each test program uses a part of it")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const STORE: &str = "STORE_OF_CHILD";

/// A command that runs the ignored test `name` of this program on that store, its output not captured.
pub(crate) fn command(name: &str, store: &Path) -> Command {
    command_of(&std::env::current_exe().unwrap(), name, store)
}

/// The same with another copy of the program.
pub(crate) fn command_of(program: &Path, name: &str, store: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(["--exact", name, "--ignored", "--nocapture", "--test-threads=1"]);
    command.env(STORE, store).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    command
}

/// In the child: the store to work on. `None` when the ignored test was started by hand.
pub(crate) fn store() -> Option<PathBuf> {
    let path = std::env::var_os(STORE).map(PathBuf::from);
    if path.is_none() {
        println!("skipped: it only means something as a child of the other tests");
    }
    path
}
