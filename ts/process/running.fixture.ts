/** Whether a process runs. One that has ended and was not waited for (a zombie) does not. */
import { spawnSync } from "node:child_process";

export function isRunning(pid: number): boolean {
  const { stdout } = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" });
  return stdout.trim() !== "" && !stdout.trim().startsWith("Z");
}
