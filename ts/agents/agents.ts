/**
 * Who the agents are: their names, what they may do, what they are told.
 *
 * Permissions are the first of two guards: they keep a tool out of an agent's requests altogether. The second is in the
 * tools, which ask who is calling.
 */
import type { Role } from "../engine/index.ts";
import { composePrompt } from "./prompt.ts";
import commander from "./prompts/commander.md";
import planner from "./prompts/planner.md";
import plannerProtocol from "./prompts/protocol/planner.md";
import reviewerProtocol from "./prompts/protocol/reviewer.md";
import workerProtocol from "./prompts/protocol/worker.md";
import reviewer from "./prompts/reviewer.md";
import conduct from "./prompts/shared/conduct.md";
import plan from "./prompts/shared/plan.md";
import worker from "./prompts/worker.md";

/** What an agent may do with a permission. */
export type Rule = "allow" | "deny" | "ask";

/** One of our agents. */
export interface Agent {
  readonly name: string;
  readonly description: string;
  readonly mode: "primary" | "subagent";
  /** The lanes that its sessions take; the commander takes none: it is the session that the user talks to. */
  readonly role?: Role;
  readonly prompt: string;
  /** The part of the prompt that a session of this role can't do without, also where the user gave the agent another prompt. */
  readonly protocol?: string;
  readonly permissions: Readonly<Record<string, Rule>>;
}

/** Every tool that we add, and the agents that are offered it. */
const OFFERED_TO: Readonly<Record<string, readonly string[]>> = {
  submit_plan: ["commander", "planner"],
  run_mission: ["commander"],
  delegate_task: ["commander"],
  tasks: ["commander"],
  report_task: ["worker"],
  request_scope: ["worker"],
  review_task: ["reviewer"],
  update_todo: ["commander", "planner"],
  lsp_diagnostics: ["worker", "reviewer"],
  background: ["commander", "worker"],
  ast_search: ["commander", "planner", "worker", "reviewer"],
  ast_replace: ["worker"],
  outline: ["planner", "worker", "reviewer"],
};

/** Tools of the host that none of our agents needs: a plan takes their place, and each costs kilobytes in every request. */
const REPLACED: Readonly<Record<string, Rule>> = { task: "deny", todowrite: "deny" };
const READ_ONLY: Readonly<Record<string, Rule>> = { edit: "deny" };
/** Asked for a task that the user deleted from `todo.md`: the name is all that OpenCode shows of such a question. */
const CANCELS: Readonly<Record<string, Rule>> = { "cancel_task_*": "ask" };
/** Behind the scenes nobody sees a question, and skills are for whoever talks to the user. */
const UNSEEN: Readonly<Record<string, Rule>> = { skill: "deny", question: "deny" };

const parts = { plan, conduct };

/** The agents of a mission, the user's own agent first. */
export const AGENTS: readonly Agent[] = [
  {
    name: "commander",
    description: "Leads a mission: plans it, has it carried out in parallel, answers for the result.",
    mode: "primary",
    prompt: composePrompt(commander, parts),
    permissions: permissions("commander", CANCELS),
  },
  {
    name: "planner",
    description: "Explores the project and turns an objective into a plan of parallel tasks.",
    mode: "subagent",
    role: "planner",
    prompt: composePrompt(planner, { ...parts, protocol: plannerProtocol }),
    protocol: plannerProtocol.trim(),
    permissions: permissions("planner", { ...READ_ONLY, ...UNSEEN }),
  },
  {
    name: "worker",
    description: "Carries out one task of a mission within its files.",
    mode: "subagent",
    role: "worker",
    prompt: composePrompt(worker, { ...parts, protocol: workerProtocol }),
    protocol: workerProtocol.trim(),
    permissions: permissions("worker", UNSEEN),
  },
  {
    name: "reviewer",
    description: "Judges the result of a task, or of a whole mission; changes nothing.",
    mode: "subagent",
    role: "reviewer",
    prompt: composePrompt(reviewer, { ...parts, protocol: reviewerProtocol }),
    protocol: reviewerProtocol.trim(),
    permissions: permissions("reviewer", { ...READ_ONLY, ...UNSEEN }),
  },
];

/** The agent of that name, or `undefined`. */
export function agentNamed(name: string): Agent | undefined {
  return AGENTS.find((agent) => agent.name === name);
}

function permissions(name: string, own: Readonly<Record<string, Rule>>): Readonly<Record<string, Rule>> {
  const offered = Object.entries(OFFERED_TO)
    .filter(([, agents]) => agents.includes(name))
    .map(([tool]) => [tool, "allow"] as const);
  return { ...REPLACED, ...own, ...Object.fromEntries(offered) };
}
