import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { AGENTS, agentNamed } from "./agents.ts";

const MOST_PROMPT_BYTES = 3 * 1024;
const FOLDER = new URL("./prompts/", import.meta.url);

const names = AGENTS.map(({ name }) => name);
const byName = AGENTS.map((agent) => [agent.name, agent] as const);
const subagents = byName.filter(([, { mode }]) => mode === "subagent");

/** The agents that are allowed something, in order. */
const allowed = (permission: string) =>
  AGENTS.filter(({ permissions }) => permissions[permission] === "allow").map(({ name }) => name);

describe("the agents", () => {
  it("are a commander that the user talks to, and three that it leads", () => {
    expect(names).toEqual(["commander", "planner", "worker", "reviewer"]);
    expect(AGENTS.filter(({ mode }) => mode === "primary").map(({ name }) => name)).toEqual(["commander"]);
  });

  it("are found by name", () => {
    expect(agentNamed("worker")?.role).toBe("worker");
    expect(agentNamed("nobody")).toBeUndefined();
  });

  it.each(subagents)("take the lanes of their own role: %s", (name, { role }) => {
    expect(role).toBe(name);
  });
});

describe.each(byName)("the prompt of the %s", (_, { prompt }) => {
  it("has no hole and no comment in it", () => {
    expect(prompt).not.toMatch(/\{\{|\}\}|<!--|-->/);
  });

  it("is at most 3 kB", () => {
    expect(Buffer.byteLength(prompt)).toBeLessThanOrEqual(MOST_PROMPT_BYTES);
  });

  it("says who it is for first", () => {
    expect(prompt).toMatch(/^You are (the|a) (Commander|Planner|Worker|Reviewer)\./);
  });

  it("says no rule twice", () => {
    const lines = prompt.split("\n").filter((line) => line.trim() !== "");
    expect(lines).toEqual([...new Set(lines)]);
  });
});

describe("the protocol", () => {
  it.each(subagents)("is a part of the prompt of the %s", (_, { prompt, protocol }) => {
    expect(protocol).toBeTruthy();
    expect(prompt).toContain(protocol);
  });

  it.each([
    ["planner", "submit_plan"],
    ["worker", "report_task"],
    ["reviewer", "review_task"],
  ])("tells the %s to end with %s", (name, tool) => {
    expect(agentNamed(name)?.protocol).toContain(`\`${tool}\``);
  });
});

describe("a tool", () => {
  it.each([
    ["submit_plan", ["commander", "planner"]],
    ["run_mission", ["commander"]],
    ["delegate_task", ["commander"]],
    ["tasks", ["commander"]],
    ["report_task", ["worker"]],
    ["review_task", ["reviewer"]],
    ["update_todo", ["commander", "planner"]],
    ["lsp_diagnostics", ["worker", "reviewer"]],
    ["background", ["commander", "worker"]],
  ])("%s is offered to %j only", (tool, agents) => {
    expect(allowed(tool)).toEqual(agents);
  });

  it("that a prompt tells an agent to call is offered to that agent", () => {
    const ours = new Set(AGENTS.flatMap(({ permissions }) => Object.keys(permissions)));
    for (const { name, prompt, permissions } of AGENTS) {
      const told = [...prompt.matchAll(/`([a-z_]+)`/g)].map(([, word = ""]) => word);
      const denied = told.filter((word) => ours.has(word) && permissions[word] !== "allow");
      expect(denied, name).toEqual([]);
    }
  });

  it("that edits is kept from planner and reviewer, and from no one else", () => {
    const denied = AGENTS.filter(({ permissions }) => permissions["edit"] === "deny");
    expect(denied.map(({ name }) => name)).toEqual(["planner", "reviewer"]);
  });

  it("of the host's that a plan replaces is kept from all: nobody delegates behind the engine's back", () => {
    for (const { permissions } of AGENTS)
      expect(permissions).toMatchObject({ task: "deny", todowrite: "deny" });
  });
});

describe("the files of the prompts", () => {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith(".md"));

  it("are one for each agent", () => {
    expect(files.sort()).toEqual(names.map((name) => `${name}.md`).sort());
  });

  it.each(files)("list the placeholders they use at the top: %s", (file) => {
    const text = readFileSync(new URL(file, FOLDER), "utf8");
    const listed = /^<!-- placeholders: (.*) -->\n/.exec(text)?.[1]?.split(", ");
    const used = new Set([...text.matchAll(/\{\{([a-z-]+)\}\}/g)].map(([, name = ""]) => name));
    expect(listed).toEqual([...used]);
  });
});
