/** Starts shell commands that end with this process, however that ends. */
import { type ChildProcess, spawn } from "node:child_process";

/**
 * Runs `$1` with nothing to read, and with a companion in the same group that waits for the end of our standard input and
 * then kills the group. We hold the other end of it, so that it ends when this process does, killed or not. Being asked
 * to end is not for the companion: it is there for those that do not. It is no fourth descriptor, because OpenCode's
 * requests to the model hung now and then after a command with one had ended.
 */
const WATCHED =
  "exec 3<&0 </dev/null; ( trap '' HUP INT TERM; read -r _ <&3; kill -s KILL -- -$$ ) >/dev/null 2>&1 & exec /bin/sh -c \"$1\" 3<&-";

/**
 * Starts `command` in the user's shell, with nothing to read and both outputs piped. It leads a process group of its own
 * that has to be killed when it has ended: the companion is in it. On Windows there is no companion.
 * @throws TypeError when the command is none, such as one with a NUL byte.
 */
export function startWatched(command: string, cwd: string, env: NodeJS.ProcessEnv): ChildProcess {
  if (process.platform === "win32")
    return spawn(command, { cwd, env, shell: true, stdio: ["ignore", "pipe", "pipe"], windowsHide: true });
  const stdio = ["pipe" as const, "pipe" as const, "pipe" as const];
  return spawn("/bin/sh", ["-c", WATCHED, "sh", command], { cwd, env, detached: true, stdio });
}
