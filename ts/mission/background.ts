/**
 * Commands that run while their caller does other things: a server to test against, a long build. Each leads a process
 * group of its own that ends with its owner, with the mission, and with this process, however that ends.
 */
import type { ChildProcess } from "node:child_process";
import { HeadAndTail } from "../process/head-and-tail.ts";
import { endGroup, killGroup } from "../process/process-group.ts";
import { startWatched } from "../process/watched.ts";
import { MissionError } from "./error.ts";
import { withoutProviderKeys } from "./provider-keys.ts";

/** Whose a command is: a lease, or the commander. It ends when that does. */
export type Owner = number | "commander";

/** One command as it stands. */
export interface BackgroundCommand {
  readonly id: string;
  readonly command: string;
  readonly state: "running" | "exited" | "timed_out" | "killed" | "not_started";
  /** The exit code; `null` while it runs, and when it was ended from outside. */
  readonly code: number | null;
  /** Standard output and error as they came, the middle left out where it was too long. */
  readonly output: string;
  readonly durationMs: number;
}

/** What is to be run, and for how long at most. */
export interface BackgroundOptions {
  readonly owner: Owner;
  /** An absolute folder. */
  readonly cwd: string;
  readonly timeoutMs: number;
}

interface Running {
  readonly id: string;
  readonly command: string;
  readonly owner: Owner;
  readonly child: ChildProcess | undefined;
  readonly output: HeadAndTail;
  readonly startedAt: number;
  endedAt: number | undefined;
  state: BackgroundCommand["state"];
  code: number | null;
}

/** Most commands at once, for one owner. */
const MOST_RUNNING = 8;
/** Most commands that are remembered of one owner, ended ones included. */
const MOST_REMEMBERED = 32;
/** Bytes kept of each command's output. */
const KEEP_BYTES = 16 * 1024;

/** The background commands of one mission. */
export class Background {
  readonly #commands = new Map<string, Running>();
  #started = 0;

  /** Starts a command in the user's shell. @throws MissionError `ERR_ARGUMENTS` when too many run already */
  run(command: string, options: BackgroundOptions): BackgroundCommand {
    const { owner } = options;
    const own = this.#of(owner);
    const running = own.filter(({ state }) => state === "running");
    if (running.length >= MOST_RUNNING)
      throw new MissionError(
        "ERR_ARGUMENTS",
        `${MOST_RUNNING} commands run in the background already (${running.map(({ id }) => id).join(", ")}): kill one first`,
      );
    const over = own.filter(({ state }) => state !== "running");
    for (const { id } of over.slice(0, Math.max(0, own.length - MOST_REMEMBERED + 1)))
      this.#commands.delete(id);
    this.#started += 1;
    const id = `bg${this.#started}`;
    const started = this.#start(id, command, options);
    this.#commands.set(id, started);
    return view(started);
  }

  /** How a command stands. @throws MissionError `ERR_ARGUMENTS` when the owner has none of that id */
  check(owner: Owner, id: string): BackgroundCommand {
    return view(this.#known(owner, id));
  }

  /** How many run. */
  get size(): number {
    return [...this.#commands.values()].filter(({ state }) => state === "running").length;
  }

  list(owner: Owner): readonly BackgroundCommand[] {
    return this.#of(owner).map(view);
  }

  /** Ends a command and all that it started; one that is over stays as it is. @throws as {@link check} */
  kill(owner: Owner, id: string): BackgroundCommand {
    const known = this.#known(owner, id);
    stop(known, "killed");
    return view(known);
  }

  /** Ends and forgets the commands of every owner that is not `wanted` any more. */
  keep(wanted: (owner: Owner) => boolean): void {
    for (const running of [...this.#commands.values()]) {
      if (wanted(running.owner)) continue;
      this.#commands.delete(running.id);
      stop(running, "killed");
    }
  }

  #start(id: string, command: string, { owner, cwd, timeoutMs }: BackgroundOptions): Running {
    const output = new HeadAndTail(KEEP_BYTES);
    const about = { id, command, owner, output, startedAt: performance.now() };
    let child: ChildProcess;
    try {
      child = startWatched(command, cwd, { ...withoutProviderKeys(process.env), PWD: cwd });
    } catch (error) {
      output.add(Buffer.from(String(error)));
      return { ...about, child: undefined, endedAt: about.startedAt, state: "not_started", code: null };
    }
    const running: Running = { ...about, child, endedAt: undefined, state: "running", code: null };
    const timer = setTimeout(() => stop(running, "timed_out"), timeoutMs).unref();
    child.stdout?.on("data", (chunk: Buffer) => output.add(chunk));
    child.stderr?.on("data", (chunk: Buffer) => output.add(chunk));
    child.once("error", (error) => {
      output.add(Buffer.from(error.message));
      clearTimeout(timer);
      ended(running, "not_started", null);
    });
    child.once("exit", (code) => {
      clearTimeout(timer);
      ended(running, "exited", code);
      // What it left behind, the companion included, goes with it.
      killGroup(child);
    });
    return running;
  }

  #of(owner: Owner): readonly Running[] {
    return [...this.#commands.values()].filter((running) => running.owner === owner);
  }

  #known(owner: Owner, id: string): Running {
    const known = this.#commands.get(id);
    if (known?.owner === owner) return known;
    const ids = this.#of(owner).map((running) => running.id);
    throw new MissionError(
      "ERR_ARGUMENTS",
      `no background command "${id}" of yours; there ${ids.length === 0 ? "is none" : `are: ${ids.join(", ")}`}`,
    );
  }
}

function stop(running: Running, why: "killed" | "timed_out"): void {
  if (running.state !== "running" || running.child === undefined) return;
  ended(running, why, null);
  endGroup(running.child);
}

function ended(running: Running, state: BackgroundCommand["state"], code: number | null): void {
  if (running.state !== "running") return;
  running.state = state;
  running.code = code;
  running.endedAt = performance.now();
}

function view({ id, command, state, code, output, startedAt, endedAt }: Running): BackgroundCommand {
  const durationMs = Math.round((endedAt ?? performance.now()) - startedAt);
  return { id, command, state, code, output: output.text(), durationMs };
}
