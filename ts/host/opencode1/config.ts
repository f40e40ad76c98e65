/** Puts agents and commands into OpenCode 1's configuration; whatever the user has set stays as it is. */
import type { Config } from "@opencode-ai/plugin";
import type { AgentDefinition, CommandDefinition, Contribution } from "../contribution.ts";

type AgentConfig = NonNullable<NonNullable<Config["agent"]>[string]>;
type Rules = Record<string, unknown>;

/**
 * Adds what we offer to `config`, in place.
 * @returns the names of the commands that are ours: not those that the user has a command of that name for.
 */
export function configure(config: Config, contribution: Contribution): ReadonlySet<string> {
  const { agents, commands, tools } = contribution;
  config.agent ??= {};
  for (const agent of agents) config.agent[agent.name] = merged(agent, config.agent[agent.name]);
  hide(
    config,
    tools.map((tool) => tool.name),
    agents.filter((agent) => agent.mode === "subagent").map((agent) => agent.name),
  );
  config.command ??= {};
  const ours = commands.filter((command) => config.command?.[command.name] === undefined);
  for (const command of ours) config.command[command.name] = commandConfig(command);
  return new Set(ours.map((command) => command.name));
}

function merged(agent: AgentDefinition, users: AgentConfig | undefined): AgentConfig {
  const { description, mode, prompt } = agent;
  const permission: Rules = { ...agent.permissions, ...rules(users?.permission) };
  return { description, mode, prompt, ...users, permission } as AgentConfig;
}

/**
 * Keeps our tools and sub-agents out of every other agent's requests: they are denied for all, and allowed again on
 * our own agents. The rules come after the user's `"*"`, because the last that matches wins, but a rule that the user
 * wrote for one of these names stays.
 */
function hide(config: Config, tools: readonly string[], subagents: readonly string[]): void {
  const users = rules(config.permission);
  const task = rules(users["task"]);
  const denied = (names: readonly string[], except: Rules) =>
    Object.fromEntries(names.filter((name) => !(name in except)).map((name) => [name, "deny"]));
  const permission: Rules = {
    ...users,
    ...denied(tools, users),
    task: { ...task, ...denied(subagents, task) },
  };
  config.permission = permission as NonNullable<Config["permission"]>;
}

/** A permission block in its long form: `"ask"` stands for `{ "*": "ask" }`. */
function rules(permission: unknown): Rules {
  if (typeof permission === "string") return { "*": permission };
  return typeof permission === "object" && permission !== null ? { ...permission } : {};
}

function commandConfig({ description, agent }: CommandDefinition) {
  return { template: "$ARGUMENTS", description, ...(agent === undefined ? {} : { agent }) };
}
