/** Ends a process together with all that it started. It has to lead a group of its own: `detached` on POSIX. */
import { type ChildProcess, spawn } from "node:child_process";

/** Time that a group gets between being asked to end and being killed, in milliseconds. */
const GRACE_MS = 2000;

/** Asks the group of `child` to end, and kills what is left of it after a moment. */
export function endGroup(child: ChildProcess): void {
  signalGroup(child, "SIGTERM");
  setTimeout(() => killGroup(child), GRACE_MS).unref();
}

/** Kills the group of `child` at once. */
export function killGroup(child: ChildProcess): void {
  signalGroup(child, "SIGKILL");
}

/**
 * Signals the whole group. A group that is gone already is what was wanted; macOS says EPERM of one whose last process
 * has ended but not been waited for, and a command that became another user can't be signalled at all.
 */
function signalGroup(child: ChildProcess, signal: "SIGTERM" | "SIGKILL"): void {
  if (child.pid === undefined) return;
  if (process.platform === "win32") {
    if (child.exitCode === null)
      spawn("taskkill", ["/pid", String(child.pid), "/T", "/F"], { windowsHide: true });
    return;
  }
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ESRCH" && code !== "EPERM") throw error;
  }
}
