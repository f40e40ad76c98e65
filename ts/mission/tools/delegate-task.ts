/** `delegate_task`: one job for one agent, outside the plan. */
import * as z from "zod";
import { AGENTS, agentNamed } from "../../agents/agents.ts";
import type { TaskView } from "../../engine/index.ts";
import type { ToolDefinition } from "../../host/contribution.ts";
import { MissionError } from "../error.ts";
import type { Mission } from "../mission.ts";
import { nearest } from "../nearest.ts";
import type { Orchestrator } from "../orchestrator.ts";
import { isOver, resultText } from "../result.ts";
import { guarded, only } from "./guard.ts";

const parameters = {
  agent: z.string().describe("planner, worker or reviewer"),
  prompt: z.string().describe("All the agent is told"),
  description: z.string().describe("3 to 6 words"),
  background: z.boolean().optional().describe("Return at once; get the result with tasks"),
  task_id: z.string().optional().describe("Go on in that task's session"),
};

export function delegateTask(orchestrator: Orchestrator): ToolDefinition<typeof parameters> {
  return guarded({
    name: "delegate_task",
    description: "Have an agent do one job in a session of its own, and get its answer.",
    parameters,
    async execute({ agent, prompt, description, background, task_id }, call) {
      only(["commander"], "delegate_task", call);
      const mission = orchestrator.missionOf(call.session);
      const id = nextId(mission);
      mission.submit({
        type: "delegated",
        task: {
          id,
          title: description,
          prompt,
          agent,
          role: roleOf(agent),
          files: [],
          dependsOn: [],
          verify: [],
          review: false,
          priority: "high",
          kind: "delegation",
        },
        ...(task_id === undefined ? {} : { continueSession: sessionOf(mission, task_id) }),
      });
      if (background === true) {
        return {
          title: `${id} started`,
          output: `Started as ${id}. tasks({"action":"result","task_id":"${id}"}) waits for it.`,
        };
      }
      const cancel = () => mission.submit({ type: "cancelled", task: id, reason: "interrupted by the user" });
      call.signal.addEventListener("abort", cancel, { once: true });
      call.progress(`${agent}: ${description}`);
      try {
        return resultText(await mission.until(() => ended(mission, id)));
      } finally {
        call.signal.removeEventListener("abort", cancel);
      }
    },
  });
}

function ended(mission: Mission, id: string): TaskView | undefined {
  const task = mission.task(id);
  return task !== undefined && isOver(task) ? task : undefined;
}

function roleOf(agent: string) {
  const role = agentNamed(agent)?.role;
  if (role !== undefined) return role;
  const known = AGENTS.filter((one) => one.role !== undefined).map((one) => one.name);
  const close = nearest(agent, known);
  const hint = close === undefined ? "" : `; did you mean "${close}"?`;
  throw new MissionError("ERR_ARGUMENTS", `no agent "${agent}"${hint} (known: ${known.join(", ")})`);
}

function sessionOf(mission: Mission, id: string): string {
  const session = mission.task(id)?.session;
  if (session !== undefined) return session;
  throw new MissionError("ERR_ARGUMENTS", `task "${id}" has no session to go on in: leave task_id out`);
}

function nextId({ snapshot }: Mission): string {
  return `d${snapshot.tasks.filter(({ kind }) => kind === "delegation").length + 1}`;
}
