/** Puts agents and commands into OpenCode 1's configuration; whatever the user has set stays as it is. */
import type { Config } from "@opencode-ai/plugin";
import type { AgentDefinition, CommandDefinition, Contribution, Permissions } from "../contribution.ts";

type AgentConfig = NonNullable<NonNullable<Config["agent"]>[string]>;
type Rules = Record<string, unknown>;

/**
 * Adds what we offer to `config`, in place.
 * @returns the names of the commands that are ours: not those that the user has a command of that name for.
 */
export function configure(config: Config, contribution: Contribution): ReadonlySet<string> {
  const { agents, commands } = contribution;
  const tools = contribution.tools.map((tool) => tool.name);
  const users = rules(config.permission);
  config.permission = withTools(users, tools, {}) as NonNullable<Config["permission"]>;
  config.agent ??= {};
  for (const agent of agents) config.agent[agent.name] = merged(agent, config.agent[agent.name], tools);
  withhold(
    config.agent,
    tools.filter((name) => !(name in users)),
  );
  config.command ??= {};
  const ours = commands.filter((command) => config.command?.[command.name] === undefined);
  for (const command of ours) config.command[command.name] = commandConfig(command);
  return new Set(ours.map((command) => command.name));
}

function merged(
  agent: AgentDefinition,
  users: AgentConfig | undefined,
  tools: readonly string[],
): AgentConfig {
  const { description, prompt, permissions } = agent;
  const others = Object.entries(permissions).filter(([name]) => !tools.includes(name));
  const joined = { ...Object.fromEntries(others), ...rules(users?.permission) };
  const permission = withTools(joined, tools, permissions);
  return { description, ...modeOf(agent), prompt, ...users, permission } as AgentConfig;
}

/**
 * A sub-agent is a hidden primary agent here: nothing of the user's offers it, and it can be prompted all the same.
 * OpenCode's task tool lists every other mode to every agent, and a rule that denied it there would make the tool
 * appear for agents that are not allowed it at all (seen in 1.18: the read-only `explore`).
 */
function modeOf({ mode }: AgentDefinition): Pick<AgentConfig, "mode"> & { readonly hidden?: true } {
  return mode === "subagent" ? { mode: "primary", hidden: true } : { mode };
}

/**
 * `users` with a rule for each of our tools at the end: what `allowed` says, else a denial, which keeps the tool out of
 * the agent's requests. At the end, because the last rule that matches wins, and the user may have one for everything;
 * a rule that the user wrote for one of our tools stays.
 */
function withTools(users: Rules, tools: readonly string[], allowed: Permissions): Rules {
  const added = tools.filter((name) => !(name in users)).map((name) => [name, allowed[name] ?? "deny"]);
  return { ...users, ...Object.fromEntries(added) };
}

/** Denies our tools to the user's agents that have a rule for everything: it would come after the denial for all. */
function withhold(agents: NonNullable<Config["agent"]>, tools: readonly string[]): void {
  for (const [name, agent] of Object.entries(agents)) {
    const users = rules(agent?.permission);
    if (Object.keys(users).some((key) => /[*?]/.test(key)))
      agents[name] = { ...agent, permission: withTools(users, tools, {}) } as AgentConfig;
  }
}

/** A permission block in its long form: `"ask"` stands for `{ "*": "ask" }`. */
function rules(permission: unknown): Rules {
  if (typeof permission === "string") return { "*": permission };
  return typeof permission === "object" && permission !== null ? { ...permission } : {};
}

function commandConfig({ description, agent }: CommandDefinition) {
  return { template: "$ARGUMENTS", description, ...(agent === undefined ? {} : { agent }) };
}
