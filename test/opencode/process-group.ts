import { type ChildProcess, spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { stripVTControlCharacters } from "node:util";

/** The variable that every process of a bench inherits, children of children included. */
export const MARK = "OPENCODE_BENCH_MARK";

/** How a process ended and what it said. */
export interface Ended {
  /** Exit code; `null` when a signal ended it. */
  code: number | null;
  signal: NodeJS.Signals | null;
  /** Output with terminal escapes taken out. */
  stdout: string;
  stderr: string;
  /** Milliseconds from start to end. */
  ms: number;
  /** Whether it was killed for taking longer than its timeout. */
  timedOut: boolean;
}

export interface StartOptions {
  cwd: string;
  env: Readonly<Record<string, string>>;
  /** Milliseconds after which the whole group is killed; none by default. */
  timeout?: number;
}

/** How long output is still read after the process has ended. */
const LAST_OUTPUT_MS = 500;

const groups = new Set<number>();

/** A test runner that is stopped half-way must not leave an OpenCode behind. */
process.once("exit", () => {
  for (const pid of groups) signalGroup(pid, "SIGKILL");
});

/** Sends a signal to a whole group; one that is gone already is no error. */
function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

/** A child process that leads a process group of its own, with closed stdin and captured output. */
export class ProcessGroup {
  readonly pid: number;
  /** Resolves when the process itself has ended; never rejects. */
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  #stdout = "";
  #stderr = "";

  constructor(child: ChildProcess, pid: number, timeout: number | undefined) {
    this.#child = child;
    this.pid = pid;
    groups.add(pid);
    const from = performance.now();
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#stdout += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
    });
    let timedOut = false;
    const timer =
      timeout === undefined
        ? undefined
        : setTimeout(() => {
            timedOut = true;
            signalGroup(pid, "SIGKILL");
          }, timeout);
    this.ended = new Promise((resolve) => {
      child.once("exit", (code, signal) => {
        const ms = performance.now() - from;
        clearTimeout(timer);
        groups.delete(pid);
        const end = () => {
          clearTimeout(late);
          resolve({ code, signal, stdout: this.stdout, stderr: this.stderr, ms, timedOut });
        };
        // A background child may hold the pipes open for ever: it must not hold the test.
        const late = setTimeout(end, LAST_OUTPUT_MS);
        child.once("close", end);
      });
    });
  }

  /** What it has said so far, without terminal escapes. */
  get stdout(): string {
    return stripVTControlCharacters(this.#stdout);
  }

  get stderr(): string {
    return stripVTControlCharacters(this.#stderr);
  }

  /** Sends a signal to the whole group. */
  signal(signal: NodeJS.Signals): void {
    signalGroup(this.pid, signal);
  }

  /** Sends a signal to the leader alone, as a terminal's user or a supervisor may. */
  signalLeader(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Asks politely, and kills the whole group after `grace` milliseconds, in any case at the end. */
  async stop(grace = 5_000): Promise<Ended> {
    signalGroup(this.pid, "SIGTERM");
    const timer = setTimeout(() => signalGroup(this.pid, "SIGKILL"), grace);
    const ended = await this.ended;
    clearTimeout(timer);
    signalGroup(this.pid, "SIGKILL");
    return ended;
  }
}

/** Starts a program as the leader of its own process group, with `PWD` set to its folder. */
export async function startGroup(
  program: string,
  args: readonly string[],
  options: StartOptions,
): Promise<ProcessGroup> {
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...options.env, PWD: options.cwd },
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
  if (child.pid === undefined) throw new Error(`${program} started without a process id`);
  return new ProcessGroup(child, child.pid, options.timeout);
}

/** A process that is alive. */
export interface LiveProcess {
  pid: number;
  command: string;
}

/** Reads a file of a process; `undefined` when the process is gone, or is not ours to read. */
async function readProc(pid: string, file: string): Promise<string | undefined> {
  try {
    return await readFile(`/proc/${pid}/${file}`, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ESRCH" || code === "EACCES" || code === "EPERM") return undefined;
    throw error;
  }
}

/**
 * Every live process whose environment carries this mark, whatever group it moved to.
 * Linux only (it reads `/proc`); elsewhere an empty list.
 */
export async function markedProcesses(mark: string): Promise<LiveProcess[]> {
  if (process.platform !== "linux") return [];
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found: LiveProcess[] = [];
  for (const pid of pids) {
    const environment = await readProc(pid, "environ");
    if (environment?.split("\0").includes(`${MARK}=${mark}`) !== true) continue;
    const command = (await readProc(pid, "cmdline"))?.replaceAll("\0", " ").trim();
    if (command !== undefined) found.push({ pid: Number(pid), command });
  }
  return found;
}

/** Kills every process with this mark, and waits until none is left. */
export async function killMarked(mark: string): Promise<void> {
  for (let round = 0; round < 100; round += 1) {
    const alive = await markedProcesses(mark);
    if (alive.length === 0) return;
    for (const { pid } of alive) killOne(pid);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`still alive: ${JSON.stringify(await markedProcesses(mark))}`);
}

function killOne(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
