import { readdir } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { EngineError, loadAddon } from "../engine/index.ts";
import { FakeHost } from "../host/fake.ts";
import { contribute } from "./contribution.ts";
import { folderWith } from "./folder.fixture.ts";

const MOST_TOOLS = 8;

async function contributed(options: unknown = {}) {
  const directory = await folderWith();
  const host = new FakeHost(directory, {});
  host.open("user");
  return { directory, host, contribution: await host.start(contribute, options) };
}

/** A tool's arguments in their least form: enough to get past the schema. */
const ARGUMENTS: Readonly<Record<string, object>> = {
  submit_plan: { goal: "g", tasks: [] },
  run_mission: {},
  delegate_task: { agent: "worker", prompt: "p", description: "d" },
  tasks: { action: "list" },
  report_task: { status: "done", summary: "s" },
  request_scope: { files: ["a.ts"], reason: "r" },
  review_task: { verdict: "approve" },
  lsp_diagnostics: { files: ["a.ts"] },
  background: { action: "list" },
};

/** Why there is no mission: nobody has started one, or there is no engine that it could run on. */
function noMission(): string {
  try {
    loadAddon();
    return "ERR_NO_MISSION";
  } catch (error) {
    if (!EngineError.is(error)) throw error;
    return error.code;
  }
}

describe("what a mission adds to a host", () => {
  it("is the tools that its agents are allowed, and no other", async () => {
    const { contribution } = await contributed();
    const tools = contribution.tools.map(({ name }) => name).sort();
    const allowed = contribution.agents.flatMap(({ permissions }) =>
      Object.entries(permissions).flatMap(([name, rule]) => (rule === "allow" ? [name] : [])),
    );
    expect(tools).toEqual([...new Set(allowed)].sort());
  });

  it("is at most 8 tools for each agent", async () => {
    const { contribution } = await contributed();
    for (const { name, permissions } of contribution.agents) {
      const allowed = Object.values(permissions).filter((rule) => rule === "allow");
      expect(allowed.length, name).toBeLessThanOrEqual(MOST_TOOLS);
    }
  });

  it("has schemas that every provider can be sent", async () => {
    const { contribution } = await contributed();
    for (const { name, parameters } of contribution.tools) {
      expect(z.toJSONSchema(z.object(parameters)), name).toMatchObject({ type: "object" });
    }
  });

  it("writes nothing before the first mission, whatever happens", async () => {
    const { contribution, host, directory } = await contributed();
    contribution.onEvent({ type: "idle", session: "user" });
    await host.command("user", "mission");
    expect(contribution.instructions("user")).toBeUndefined();
    await contribution.dispose();
    expect(await readdir(directory)).toEqual([]);
  });

  it("starts with mistaken options, too: OpenCode has to start", async () => {
    await expect(contributed({ nonsense: true })).resolves.toBeDefined();
    await expect(contributed(null)).resolves.toBeDefined();
  });
});

describe("a tool, without a mission", () => {
  it.each(Object.keys(ARGUMENTS))("refuses in words that a model can act on: %s", async (tool) => {
    const { host, contribution } = await contributed();
    const agent = contribution.agents.find(({ permissions }) => permissions[tool] === "allow")?.name ?? "";
    const { output, title } = await host.call("user", agent, tool, ARGUMENTS[tool]);
    expect(title).toBe(`${tool}: refused`);
    expect(output).toContain(`Refused (${noMission()}): `);
  });

  it.each(Object.keys(ARGUMENTS))(
    "refuses an agent of another role behind the permissions: %s",
    async (tool) => {
      const { host, contribution } = await contributed();
      const others = contribution.agents.filter(({ permissions }) => permissions[tool] !== "allow");
      expect(others.length).toBeGreaterThan(0);
      for (const { name } of others) {
        const { output } = await host.call("user", name, tool, ARGUMENTS[tool]);
        expect(output, name).toMatch(/^Refused \(ERR_WRONG_AGENT\): /);
      }
    },
  );
});
