/** Plans, and the agents that carry them out, for tests of whole missions. Task `x` writes `x.txt`. */
import { setTimeout as sleep } from "node:timers/promises";
import {
  after,
  call,
  type RecordedRequest,
  type Responder,
  type Scenario,
  type Script,
  type Step,
  say,
  scenario,
  type Turn,
  turns,
} from "../../ts/scripted-model/index.ts";

/** A task as `submit_plan` takes it. */
export interface PlannedTask {
  readonly id: string;
  readonly title: string;
  readonly prompt: string;
  readonly agent?: string;
  readonly files?: readonly string[];
  readonly depends_on?: readonly string[];
  readonly verify?: readonly string[];
  readonly review?: boolean;
}

/** A plan as `submit_plan` takes it. */
export interface Plan {
  readonly goal: string;
  readonly tasks: readonly PlannedTask[];
  readonly verify?: readonly string[];
}

/** A task whose file has to be there, and not empty. */
export const task = (id: string, more: Partial<PlannedTask> = {}): PlannedTask => ({
  id,
  title: `Title of ${id}`,
  prompt: `Write ${id}.txt`,
  files: [`${id}.txt`],
  verify: [`test -s ${id}.txt`],
  ...more,
});

/** Five tasks: one, then three that can run at once, then one. */
export const DIAMOND: Plan = {
  goal: "A diamond of five",
  tasks: [
    task("base"),
    task("left", { depends_on: ["base"] }),
    task("middle", { depends_on: ["base"] }),
    task("right", { depends_on: ["base"] }),
    task("top", { depends_on: ["left", "middle", "right"] }),
  ],
};

/** The first message of a session: what it was opened for. */
const opening = ({ messages }: Turn["request"]): string =>
  messages.find(({ role }) => role === "user")?.text ?? "";

/** The task that a request is about: a worker's first message names it. */
export function taskOf(asked: Turn | RecordedRequest): string {
  const request = "request" in asked ? asked.request : asked.body;
  const first = request === undefined ? "" : opening(request);
  return /^Task ([\w.-]+):/.exec(first)?.[1] ?? "";
}

export const submit = (plan: Plan): Step => call("submit_plan", { ...plan });

export const report = (summary: string, files?: readonly string[]): Step =>
  call("report_task", { status: "done", summary, ...(files === undefined ? {} : { files }) });

/** Writes the file of the turn's task. */
export const write = (turn: Turn): Step =>
  call("write", { filePath: `${taskOf(turn)}.txt`, content: `made by ${taskOf(turn)}\n` });

/** A worker that does what it is asked, each session with `ms` milliseconds of thought before its deed. */
export const diligent = (ms = 0): Responder =>
  turns([
    (turn) => after(ms, write(turn)),
    (turn) => report(`${taskOf(turn)} is done`, [`${taskOf(turn)}.txt`]),
    say("Done."),
  ]);

/** How long sessions wait for each other before they go on alone; long, for a busy machine. */
const MEETING_MS = 20_000;

/**
 * `worker`, whose first requests wait, where `applies`, until `count` of them have arrived: they are in flight together,
 * or, where that never happens, go on alone after a while.
 */
export function meeting(count: number, applies: (turn: Turn) => boolean, worker: Responder): Responder {
  const everyone = new AbortController();
  let arrived = 0;
  return async (turn) => {
    if (turn.number > 1 || !applies(turn)) return worker(turn);
    arrived += 1;
    if (arrived === count) everyone.abort();
    const { signal } = everyone;
    await sleep(MEETING_MS, undefined, { signal, ref: false }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
    return worker(turn);
  };
}

/** A reviewer that approves of everything. */
export const approving = (): Responder =>
  turns([call("review_task", { verdict: "approve" }), say("Approved.")]);

/** A commander that submits `plan` and has it carried out; `then` is what it does with the news. */
export const commanding = (plan: Plan, ...then: readonly Script[]): Responder =>
  turns([submit(plan), call("run_mission"), ...then], { rest: say("Reported to the user.") });

/** A whole cast: `worker` is diligent and the reviewer approves unless told otherwise. */
export const cast = (commander: Script, worker: Script = diligent()): Scenario =>
  scenario().role("commander", commander).role("worker", worker).role("reviewer", approving());
