/** `tasks`: looks at the mission's tasks, and calls one off. */
import * as z from "zod";
import { AGENTS } from "../../agents/agents.ts";
import type { Event, TaskState, TaskView } from "../../engine/index.ts";
import type { ToolAnswer, ToolDefinition } from "../../host/contribution.ts";
import { MissionError } from "../error.ts";
import { metricsText } from "../metrics.ts";
import type { Mission } from "../mission.ts";
import { nearest } from "../nearest.ts";
import type { Orchestrator } from "../orchestrator.ts";
import { redactor } from "../redaction.ts";
import { isOver, resultText } from "../result.ts";
import { guarded, only } from "./guard.ts";

const STATES = [
  "pending",
  "ready",
  "running",
  "verifying",
  "reviewing",
  "accepted",
  "failed",
  "cancelled",
  "blocked",
] as const satisfies readonly TaskState[];

/** What a commander may decide of a task that waits for it. */
const DECISIONS = ["accept", "retry", "fail", "grant", "deny"] as const;
type Choice = (typeof DECISIONS)[number];

const parameters = {
  action: z.enum(["list", "result", "cancel", "decide", "agents", "metrics"]),
  task_id: z.string().optional(),
  status: z.enum(STATES).optional().describe("For list"),
  decision: z.enum(DECISIONS).optional().describe("For a task that waits; grant, deny: files it asks for"),
  reason: z.string().optional().describe("For cancel, decide"),
};

export function tasks(orchestrator: Orchestrator): ToolDefinition<typeof parameters> {
  return guarded({
    name: "tasks",
    description:
      "List tasks, get one's result (waits while it runs), cancel one, decide on one that waits for you, or show agents or metrics.",
    parameters,
    async execute({ action, task_id, status, decision, reason }, call): Promise<ToolAnswer> {
      only(["commander"], "tasks", call);
      if (action === "agents")
        return { output: AGENTS.map((agent) => `${agent.name}: ${agent.description}`).join("\n") };
      const mission = orchestrator.missionOf(call.session);
      switch (action) {
        case "list":
          await mission.todo.refreshNow();
          return {
            output: [listText(mission, status), mission.todo.takeEdited()].filter(Boolean).join("\n\n"),
          };
        case "metrics":
          return { output: metricsText(mission.snapshot, Date.now()) };
        case "result":
          return result(mission, task_id, call.signal);
        case "cancel":
          return cancel(mission, task_id, reason);
        case "decide":
          return decide(mission, task_id, decision, reason);
      }
    },
  });
}

/** The tasks, one a line, below the version of the plan; with what was proposed by hand. */
export function listText(mission: Mission, status: TaskState | undefined): string {
  const { revision, tasks } = mission.snapshot;
  const shown = tasks.filter(({ state }) => status === undefined || state === status);
  if (shown.length === 0) return status === undefined ? "No tasks yet." : `No task is ${status}.`;
  return [
    `Version ${revision}.`,
    ...shown.map(({ id, title, state, attempt }) => `${id}: ${state}, attempt ${attempt}: ${title}`),
    ...mission.todo.proposals.map(({ id, title }) => `${id}: proposed by hand: ${redactor.redact(title)}`),
  ].join("\n");
}

async function result(mission: Mission, id: string | undefined, signal: AbortSignal): Promise<ToolAnswer> {
  const task = known(mission, id);
  // A task of the plan moves only while run_mission is open, so waiting for one here could be for ever.
  if (task.kind === "task") return resultText(task);
  const ended = () => {
    const now = known(mission, id);
    return isOver(now) || signal.aborted ? now : undefined;
  };
  return resultText(await mission.until(ended, { signal }));
}

function cancel(mission: Mission, id: string | undefined, reason: string | undefined): ToolAnswer {
  const task = known(mission, id);
  const [outcome] = mission.submit({
    type: "cancelled",
    task: task.id,
    reason: reason ?? "called off by the commander",
  });
  if (outcome?.ignored !== undefined)
    throw new MissionError("ERR_ARGUMENTS", `${task.id}: ${outcome.ignored}`);
  return { title: `${task.id} cancelled`, output: `${task.id} is cancelled.` };
}

async function decide(
  mission: Mission,
  id: string | undefined,
  choice: Choice | undefined,
  reason: string | undefined,
): Promise<ToolAnswer> {
  const { id: task, waiting } = known(mission, id);
  if (choice === undefined || reason === undefined)
    throw new MissionError("ERR_ARGUMENTS", `decide needs decision (${DECISIONS.join(", ")}) and reason`);
  // What is accepted is over, and its worktree goes: what is not in the project by then is lost.
  const conflict = choice === "accept" && waiting !== undefined ? await mission.merge(task) : undefined;
  if (conflict !== undefined) {
    mission.submit(decisionEvent(task, "retry", conflict));
    const output = `${task} can't be accepted yet, so its worker mends it first. Call run_mission.\n\n${conflict}`;
    return { title: `${task}: retry`, output };
  }
  const [outcome] = mission.submit(decisionEvent(task, choice, reason));
  if (outcome?.ignored !== undefined) throw new MissionError("ERR_ARGUMENTS", `${task}: ${outcome.ignored}`);
  return { title: `${task}: ${choice}`, output: `Decided. Call run_mission.` };
}

function decisionEvent(task: string, choice: Choice, reason: string): Event {
  switch (choice) {
    case "grant":
    case "deny":
      return { type: "scope_decided", task, granted: choice === "grant", reason };
    default:
      return { type: "decided", task, decision: choice, reason };
  }
}

function known(mission: Mission, id: string | undefined): TaskView {
  const ids = mission.snapshot.tasks.map((task) => task.id);
  if (id === undefined)
    throw new MissionError("ERR_ARGUMENTS", `task_id is missing; tasks: ${ids.join(", ")}`);
  const task = mission.task(id);
  if (task !== undefined) return task;
  const close = nearest(id, ids);
  const hint = close === undefined ? `tasks: ${ids.join(", ")}` : `did you mean "${close}"?`;
  throw new MissionError("ERR_ARGUMENTS", `no task "${id}"; ${hint}`);
}
