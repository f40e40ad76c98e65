/**
 * Runs one shell command in a process group of its own, with a time limit, keeping the head and the tail of what it
 * prints. The group goes down with the command, and the command with this process: nothing it started outlives it.
 */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { HeadAndTail } from "../process/head-and-tail.ts";
import { endGroup, killGroup } from "../process/process-group.ts";
import { startWatched } from "../process/watched.ts";
import { withoutProviderKeys } from "./provider-keys.ts";

/** How a command ended. `code` is `null` when it was killed: by us, see `ended`, or by somebody else, see `signal`. */
export interface CommandResult {
  readonly command: string;
  readonly code: number | null;
  /** The signal of somebody else that ended the shell. */
  readonly signal: NodeJS.Signals | null;
  readonly ended: "exited" | "timed_out" | "cancelled" | "not_started";
  /** Standard output and error as they came, the middle left out where it was too long. */
  readonly output: string;
  readonly durationMs: number;
}

/** Where and how long a command may run. */
export interface CommandOptions {
  readonly cwd: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Bytes kept of the output: half from its head, half from its tail. Default 16 KiB. */
  readonly keepBytes?: number;
}

type Exit = Pick<CommandResult, "code" | "signal">;

/** Of a command that never ran to an end of its own. */
const NO_EXIT: Exit = { code: null, signal: null };

/** Runs `command` in the user's shell. Never rejects: a command that can't be started is a result too. */
export async function runCommand(command: string, options: CommandOptions): Promise<CommandResult> {
  const started = performance.now();
  const output = new HeadAndTail(options.keepBytes ?? 16 * 1024);
  const result = (ended: CommandResult["ended"], exit: Exit = NO_EXIT): CommandResult => ({
    command,
    ...exit,
    ended,
    output: output.text(),
    durationMs: Math.round(performance.now() - started),
  });
  if (options.signal?.aborted === true) return result("cancelled");
  const notStarted = (error: unknown) => {
    output.add(Buffer.from(error instanceof Error ? error.message : String(error)));
    return result("not_started");
  };
  let child: ChildProcess;
  try {
    child = start(command, options.cwd);
  } catch (error) {
    return notStarted(error);
  }
  child.stdout?.on("data", (chunk: Buffer) => output.add(chunk));
  child.stderr?.on("data", (chunk: Buffer) => output.add(chunk));
  let ended: CommandResult["ended"] = "exited";
  const stop = (why: "timed_out" | "cancelled") => {
    ended = why;
    endGroup(child);
  };
  const timer = setTimeout(() => stop("timed_out"), options.timeoutMs);
  const cancel = () => stop("cancelled");
  options.signal?.addEventListener("abort", cancel, { once: true });
  try {
    const exit = await exitOf(child);
    return result(ended, ended === "exited" ? exit : NO_EXIT);
  } catch (error) {
    return notStarted(error);
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", cancel);
    killGroup(child);
  }
}

function start(command: string, cwd: string): ChildProcess {
  const env = { ...withoutProviderKeys(process.env), PWD: cwd, CI: process.env["CI"] ?? "1" };
  return startWatched(command, cwd, env);
}

/** Resolves at `exit`, a moment later than that only for output still in the pipes: a child it left behind may hold them open. */
async function exitOf(child: ChildProcess): Promise<Exit> {
  const closed = once(child, "close");
  const [code, signal] = (await Promise.race([once(child, "exit"), closed])) as [
    Exit["code"],
    Exit["signal"],
  ];
  let late: NodeJS.Timeout | undefined;
  await Promise.race([closed, new Promise((resolve) => (late = setTimeout(resolve, 200)))]);
  clearTimeout(late);
  return { code, signal };
}
