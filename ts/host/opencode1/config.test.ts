import type { Config } from "@opencode-ai/plugin";
import { describe, expect, it } from "vitest";
import type { AgentDefinition, Contribution, ToolDefinition } from "../contribution.ts";
import { configure } from "./config.ts";

const lead: AgentDefinition = {
  name: "lead",
  description: "leads",
  mode: "primary",
  prompt: "You lead.",
  permissions: { start: "allow", task: "deny" },
};
const helper: AgentDefinition = {
  name: "helper",
  description: "helps",
  mode: "subagent",
  prompt: "You help.",
  permissions: { finish: "allow", edit: "deny" },
};

const tool = (name: string): ToolDefinition => ({
  name,
  description: name,
  parameters: {},
  execute: async () => ({ output: name }),
});

const contribution: Contribution = {
  agents: [lead, helper],
  commands: [
    { name: "task", description: "starts", agent: "lead" },
    { name: "stop", description: "stops" },
  ],
  tools: [tool("start"), tool("finish")],
  replacements: [],
  onCommand: async () => ({ prompt: "" }),
  onEvent: () => undefined,
  beforeTool: async () => undefined,
  instructions: () => undefined,
  dispose: async () => undefined,
};

/** A configuration as OpenCode hands it over. It is read from files, so it may say more than the type knows of. */
const configOf = (json: object): Config => JSON.parse(JSON.stringify(json));

/** What became of a configuration. */
function configured(json: object = {}) {
  const config = configOf(json);
  const ours = configure(config, contribution);
  return { config, ours };
}

describe("agents", () => {
  it("are added with prompt, mode, description and permissions", () => {
    expect(configured().config.agent?.["helper"]).toEqual({
      description: "helps",
      mode: "primary",
      hidden: true,
      prompt: "You help.",
      permission: { edit: "deny", start: "deny", finish: "allow" },
    });
    expect(configured().config.agent?.["lead"]).toEqual({
      description: "leads",
      mode: "primary",
      prompt: "You lead.",
      permission: { task: "deny", start: "allow", finish: "deny" },
    });
  });

  it("take whatever the user has set for them, field by field", () => {
    const users = { model: "p/m", prompt: "Mine.", temperature: 0.1, permission: { edit: "allow" } };
    expect(configured({ agent: { helper: users } }).config.agent?.["helper"]).toEqual({
      description: "helps",
      mode: "primary",
      hidden: true,
      prompt: "Mine.",
      model: "p/m",
      temperature: 0.1,
      permission: { edit: "allow", start: "deny", finish: "allow" },
    });
  });

  it("take a permission that the user wrote as one word for a rule over everything but our tools", () => {
    const { config } = configured({ agent: { helper: { permission: "ask" } } });
    expect(Object.entries(config.agent?.["helper"]?.permission ?? {})).toEqual([
      ["edit", "deny"],
      ["*", "ask"],
      ["start", "deny"],
      ["finish", "allow"],
    ]);
  });

  it("take a user's rule for one of our tools", () => {
    const { config } = configured({ agent: { helper: { permission: { "*": "allow", finish: "ask" } } } });
    expect(Object.entries(config.agent?.["helper"]?.permission ?? {})).toEqual([
      ["edit", "deny"],
      ["*", "allow"],
      ["finish", "ask"],
      ["start", "deny"],
    ]);
  });

  it("leave the user's other agents alone", () => {
    const mine = { prompt: "Mine.", permission: { bash: "ask" } };
    expect(configured({ agent: { mine } }).config.agent?.["mine"]).toEqual(mine);
  });

  it("are denied our tools where the user has a rule for everything, which comes after the denial for all", () => {
    const mine = { prompt: "Mine.", permission: "allow" };
    const { config } = configured({ agent: { mine }, permission: { start: "allow" } });
    expect(config.agent?.["mine"]).toEqual({ prompt: "Mine.", permission: { "*": "allow", finish: "deny" } });
  });
});

describe("everybody else", () => {
  it("is denied our tools, and nothing more", () => {
    expect(configured().config.permission).toEqual({ start: "deny", finish: "deny" });
  });

  it("keeps the user's own rules, those for our names too", () => {
    const permission = { bash: "ask", start: "allow", task: { "*": "ask", helper: "allow" } };
    expect(configured({ permission }).config.permission).toEqual({ ...permission, finish: "deny" });
  });

  it("meets our denials after the user's rule for everything, because the last that matches wins", () => {
    const { config } = configured({ permission: { "*": "allow" } });
    expect(Object.keys(config.permission ?? {})).toEqual(["*", "start", "finish"]);
  });

  it.each(["allow", "ask", "deny"])("has a permission given as the word %j widened, not lost", (word) => {
    expect(configured({ permission: word }).config.permission).toEqual({
      "*": word,
      start: "deny",
      finish: "deny",
    });
  });
});

describe("commands", () => {
  it("are added with the arguments as their text", () => {
    const { config, ours } = configured();
    expect(config.command).toEqual({
      task: { template: "$ARGUMENTS", description: "starts", agent: "lead" },
      stop: { template: "$ARGUMENTS", description: "stops" },
    });
    expect([...ours]).toEqual(["task", "stop"]);
  });

  it("never replace one of the user's, which is then not ours", () => {
    const mine = { template: "my own task", description: "mine" };
    const { config, ours } = configured({ command: { task: mine, other: { template: "x" } } });
    expect(config.command?.["task"]).toEqual(mine);
    expect(config.command?.["other"]).toEqual({ template: "x" });
    expect([...ours]).toEqual(["stop"]);
  });
});
