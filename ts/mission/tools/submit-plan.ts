/** `submit_plan`: the plan of a mission, or more of it. */
import * as z from "zod";
import type { Plan, Problem, TaskSpec } from "../../engine/index.ts";
import { EngineError } from "../../engine/index.ts";
import type { ToolCall, ToolDefinition } from "../../host/contribution.ts";
import type { Mission } from "../mission.ts";
import { nearest } from "../nearest.ts";
import type { Orchestrator } from "../orchestrator.ts";
import { redactor } from "../redaction.ts";
import { guarded, only } from "./guard.ts";

/** Agents that a task of a plan can be given to: those that report. */
const TASK_AGENTS = ["worker"] as const;

const parameters = {
  goal: z.string().describe("What the whole achieves"),
  tasks: z.array(
    z.object({
      id: z.string().describe("Short, unique: letters, digits, . _ -"),
      title: z.string(),
      prompt: z.string().describe("All the worker is told"),
      agent: z.string().optional().describe('Default "worker"'),
      files: z.array(z.string()).optional().describe("Globs of what the task may change"),
      depends_on: z.array(z.string()).optional().describe("Task ids"),
      verify: z.array(z.string()).optional().describe("Shell commands that must pass"),
      review: z.boolean().optional(),
      priority: z.enum(["high", "normal", "low"]).optional(),
    }),
  ),
  verify: z.array(z.string()).optional().describe("Shell commands that prove the whole"),
};

type Parameters = z.infer<z.ZodObject<typeof parameters>>;

export function submitPlan(orchestrator: Orchestrator): ToolDefinition<typeof parameters> {
  return guarded({
    name: "submit_plan",
    description:
      "Submit the mission's plan. It is checked; every problem is named. Again later: adds tasks, or replaces by id tasks that have not started or have failed.",
    parameters,
    async execute(given, call) {
      only(["commander", "planner"], "submit_plan", call);
      const mission = orchestrator.missionOf(call.session);
      const plan = planOf(given);
      const problems = [...agentProblems(given), ...secretProblems(given), ...mission.check(plan)];
      if (problems.length > 0) throw invalidPlan(problems);
      await askForCommands(plan, mission, call);
      const [outcome] = mission.submit({ type: "plan_submitted", plan });
      if (outcome?.ignored !== undefined)
        return { title: "nothing new", output: `Nothing changed: ${outcome.ignored}.` };
      const count = plan.tasks.length;
      return {
        title: `${count} task${count === 1 ? "" : "s"} planned`,
        output: `Accepted: ${plan.tasks.map(({ id }) => id).join(", ")}. ${call.agent === "commander" ? "Call run_mission." : "The commander runs it."}`,
      };
    },
  });
}

function planOf({ goal, tasks, verify }: Parameters): Plan {
  return { goal, tasks: tasks.map(taskOf), verify: verify ?? [] };
}

function taskOf(task: Parameters["tasks"][number]): TaskSpec {
  return {
    id: task.id,
    title: task.title,
    prompt: task.prompt,
    agent: task.agent ?? "worker",
    role: "worker",
    files: task.files ?? [],
    dependsOn: task.depends_on ?? [],
    verify: task.verify ?? [],
    review: task.review ?? false,
    priority: task.priority ?? "normal",
    kind: "task",
  };
}

function agentProblems({ tasks }: Parameters): readonly Problem[] {
  return tasks.flatMap(({ agent = "worker" }, index) => {
    if (TASK_AGENTS.some((known) => known === agent)) return [];
    const close = nearest(agent, TASK_AGENTS);
    const hint = close === undefined ? "" : `; did you mean "${close}"?`;
    return [
      {
        path: `tasks[${index}].agent`,
        message: `no agent "${agent}"${hint} (known: ${TASK_AGENTS.join(", ")})`,
      },
    ];
  });
}

/** A plan is stored and its commands are run as they are: a secret in it is neither kept nor quietly changed. */
function secretProblems(plan: Parameters): readonly Problem[] {
  return texts(plan, "").flatMap(({ path, text }) => {
    const kinds = redactor.kindsIn(text);
    const message = `looks like it holds a secret (${kinds.join(", ")}): have it read from an environment variable or a file`;
    return kinds.length === 0 ? [] : [{ path, message }];
  });
}

/** Every string in plain data, with its path as problems name it: `tasks[0].prompt`. */
function texts(value: unknown, path: string): readonly { readonly path: string; readonly text: string }[] {
  if (typeof value === "string") return [{ path, text: value }];
  if (typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((item, at) => texts(item, `${path}[${at}]`));
  return Object.entries(value).flatMap(([key, item]) => texts(item, path === "" ? key : `${path}.${key}`));
}

function invalidPlan(problems: readonly Problem[]): EngineError {
  const lines = problems.map(({ path, message }) => `- ${path}: ${message}`);
  return new EngineError(
    "ERR_INVALID_PLAN",
    `nothing was planned, mend this and submit again:\n${lines.join("\n")}`,
    {
      problems,
    },
  );
}

/** The engine will run these commands by itself, so the user's permission rules are asked now, once for each. */
async function askForCommands(plan: Plan, mission: Mission, call: ToolCall): Promise<void> {
  const commands = [...(plan.verify ?? []), ...plan.tasks.flatMap((task) => task.verify ?? [])];
  const patterns = [...new Set(commands)].filter((command) => !mission.permitted.has(command));
  if (patterns.length === 0) return;
  await call.ask({
    permission: "bash",
    patterns,
    detail: { command: patterns.join("\n"), description: "Checks of the plan" },
  });
  for (const command of patterns) mission.permitted.add(command);
}
