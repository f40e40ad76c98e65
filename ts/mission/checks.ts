/** The verifications that are running, each of which can be called off. */
import type { Command, Event, TaskView } from "../engine/index.ts";
import { filesOfTask, projectPath } from "./changes.ts";
import { diffOf, errorOf } from "./fingerprint.ts";
import { copyOf, type Isolation } from "./isolation.ts";
import type { LanguageServers } from "./language-servers.ts";
import type { Settings } from "./settings.ts";
import { trespasses } from "./trespass.ts";
import { verify } from "./verification.ts";

type VerifyCommand = Extract<Command, { type: "verify" }>;

/** What the checks of a task need to know besides the engine's command. */
export interface Subject {
  readonly task?: TaskView | undefined;
  /** Paths that the host's tools wrote for the task. */
  readonly written: Iterable<string>;
}

/** Runs verifications for one mission. */
export class Checks {
  readonly #isolation: Isolation;
  /** For one command. */
  readonly #timeoutMs: number;
  readonly #scope: Settings["scope"];
  readonly #servers: LanguageServers;
  readonly #running = new Map<string, AbortController>();

  constructor(
    isolation: Isolation,
    servers: LanguageServers,
    { verifyTimeoutMs, scope }: Pick<Settings, "verifyTimeoutMs" | "scope">,
  ) {
    this.#isolation = isolation;
    this.#servers = servers;
    this.#timeoutMs = verifyTimeoutMs;
    this.#scope = scope;
  }

  /**
   * Carries out one `verify` command and answers the event that tells the engine; none where the engine has asked anew
   * meanwhile, for a check that was called off has not failed.
   */
  async run(command: VerifyCommand, subject: Subject): Promise<Event | undefined> {
    const controller = new AbortController();
    const key = keyOf(command.task, command.copy);
    this.#running.get(key)?.abort();
    this.#running.set(key, controller);
    const event = await this.#run(command, subject, controller.signal);
    if (this.#running.get(key) !== controller) return undefined;
    this.#running.delete(key);
    return event;
  }

  async #run(command: VerifyCommand, { task, written }: Subject, signal: AbortSignal): Promise<Event> {
    const { attempt, copy } = command;
    const of = { attempt, ...(copy === undefined ? {} : { copy }) };
    const subject = command.task === undefined ? {} : { task: command.task };
    try {
      const place =
        task === undefined ? this.#isolation.placeOf(undefined) : await this.#isolation.open(task, copy ?? 1);
      if (task !== undefined && this.#scope === "enforce") {
        const alone = place.directory !== this.#isolation.placeOf(undefined).directory;
        const files = await trespasses(place, task, { written, alone });
        if (files.length > 0) return { type: "scope_violated", task: task.id, ...of, files };
      }
      const reported = command.files.map((path) => projectPath(place.directory, path) ?? path);
      const changed = await filesOfTask(place, { written, reported, scope: task?.files ?? [] });
      const { passed, report, failure } = await verify({
        place,
        changed,
        reported,
        commands: command.commands,
        diagnostics: this.#servers.in(place.directory),
        timeoutMs: this.#timeoutMs,
        signal,
      });
      if (passed && command.task !== undefined && !command.reviewFollows) {
        const conflict = await this.#isolation.merge(command.task, copy, () => !signal.aborted);
        if (conflict !== undefined)
          return { type: "verified", ...subject, ...of, passed: false, report: conflict };
      }
      const verified = { type: "verified", ...subject, ...of, passed, report } as const;
      if (task === undefined || failure === undefined) return verified;
      const diff = await diffOf(place, { written, reported, scope: task.files });
      const error = errorOf(failure, place.directory);
      return { ...verified, fingerprint: { error, ...(diff === undefined ? {} : { diff }) } };
    } catch (error) {
      // A check that could not be carried out has not passed.
      return {
        type: "verified",
        ...subject,
        ...of,
        passed: false,
        report: `not checked: ${String(error)}`,
      };
    }
  }

  /** How many run. */
  get size(): number {
    return this.#running.size;
  }

  /** Calls off every verification whose subject is not `wanted` any more. */
  keep(wanted: (task: string | undefined, copy: number) => boolean): void {
    for (const [key, controller] of this.#running) {
      const { task, copy } = subjectOf(key);
      if (!wanted(task, copy)) controller.abort();
    }
  }
}

/** Whether the checks of one of a task's attempts are waited for. */
export function isChecked(task: TaskView | undefined, copy: number): boolean {
  if (task === undefined) return false;
  return copy === copyOf(task) ? task.state === "verifying" : task.second?.checking === true;
}

/** The mission's own verification has no task; no task's id is empty. */
function keyOf(task: string | undefined, copy = 1): string {
  return `${copy} ${task ?? ""}`;
}

function subjectOf(key: string): { readonly task: string | undefined; readonly copy: number } {
  const [copy, task] = key.split(" ");
  return { task: task || undefined, copy: Number(copy) };
}
