import { readdir } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RecordedRequest, say, scenario } from "../../ts/scripted-model/index.ts";
import type { OpenCodeConfig, OpenCodeServer } from "../opencode/index.ts";
import { type MissionBench, missionBench, PLUGIN } from "./bench.ts";

/** A user's configurations, each with the agents that are talked to under it. */
const USERS: readonly (readonly [what: string, config: OpenCodeConfig, agents: readonly string[]])[] = [
  ["no settings", {}, ["build", "plan", "general", "explore"]],
  ['"permission": "allow"', { permission: "allow" }, ["build", "plan"]],
  [
    "rules by name and by pattern",
    { permission: { "*": "ask", bash: { "git *": "allow", "*": "deny" }, webfetch: "deny", task: "allow" } },
    ["build"],
  ],
  ['"task": "deny"', { permission: { task: "deny" } }, ["build"]],
  ["all but reading denied", { permission: { "*": "deny", read: "allow" } }, ["build"]],
  ["switches in the old form", { tools: { "*": true, webfetch: false } }, ["build"]],
  [
    "agents with rules of their own",
    {
      agent: {
        build: { permission: "allow" },
        plan: { tools: { "*": true } },
        mine: {
          mode: "primary",
          prompt: "You are mine.",
          permission: { "*": "allow", task: { aide: "allow" } },
        },
        closed: { mode: "primary", prompt: "You are closed.", permission: { task: "deny" } },
        aide: { mode: "subagent", description: "Helps mine.", permission: { "*": "allow" } },
      },
    },
    ["build", "plan", "mine", "closed", "aide"],
  ],
];

const toolNames = ({ body }: RecordedRequest): string[] => body?.tools.map(({ name }) => name) ?? [];

/** A request so that a difference shows in a line of its own. */
const lines = ({ raw }: RecordedRequest): string[] =>
  JSON.stringify(JSON.parse(raw), null, 1).replaceAll("\\n", "\n").split("\n");

describe("outside a mission", () => {
  let bench: MissionBench;
  let server: OpenCodeServer;

  beforeAll(async () => {
    bench = await missionBench(scenario().otherwise(say("Hello.")), { plugin: null });
    server = await bench.serve();
  });
  afterAll(() => bench.dispose());

  /** What OpenCode sends for each agent, with or without our plugin, under a user's configuration. */
  async function sent(plugins: string[], config: OpenCodeConfig, agents: readonly string[]) {
    await bench.project.write("opencode.json", JSON.stringify({ ...config, plugin: plugins }));
    await server.client.instance.dispose({ throwOnError: true });
    const before = bench.model.requests.length;
    for (const agent of agents) {
      const session = await server.session({ title: "plain" });
      expect(await server.prompt(session, "hello", { agent })).toBe("Hello.");
    }
    return bench.model.requests.slice(before);
  }

  test.for(USERS)(
    "requests are byte for byte what they are without the plugin, with %s",
    async ([, config, agents]) => {
      const bare = await sent([], config, agents);
      const ours = await sent([PLUGIN], config, agents);
      expect(bare).toHaveLength(agents.length);
      for (const [index, agent] of agents.entries()) {
        const [without, with_] = [bare[index], ours[index]];
        if (without === undefined || with_ === undefined) throw new Error(`nothing was sent for ${agent}`);
        expect(toolNames(with_), agent).toEqual(toolNames(without));
        expect(lines(with_), agent).toEqual(lines(without));
        expect(with_.raw === without.raw, `the bytes sent for ${agent} are the same`).toBe(true);
      }
    },
  );

  test("nothing is written into the project by a start, a chat, /mission and /stop (complaint 9)", async () => {
    await bench.project.write("opencode.json", JSON.stringify({ plugin: [PLUGIN] }));
    await server.client.instance.dispose({ throwOnError: true });
    const session = await server.session({ title: "plain" });
    expect(await server.prompt(session, "hello")).toBe("Hello.");
    await server.command(session, "mission", "");
    await server.command(session, "stop", "");
    const told = bench.model.requests.at(-1)?.body?.messages.map(({ text }) => text) ?? [];
    expect(told.join("\n")).toContain("There is no mission in this session");
    expect(told.join("\n")).toContain("There is no mission to stop.");
    expect(await readdir(bench.project.dir)).toEqual([".git", "opencode.json"]);
  });

  test("opencode run sends the same bytes too, for the chat and for its title", async () => {
    const kinds = async () => {
      const before = bench.model.requests.length;
      expect((await bench.run("hello")).code).toBe(0);
      // Both are sent at once: which comes first is chance.
      return new Map(bench.model.requests.slice(before).map(({ kind, raw }) => [kind, raw]));
    };
    await bench.project.write("opencode.json", "{}");
    const bare = await kinds();
    await bench.project.write("opencode.json", JSON.stringify({ plugin: [PLUGIN] }));
    const ours = await kinds();
    expect([...bare.keys()].sort()).toEqual(["chat", "title"]);
    expect(ours).toEqual(bare);
  });
});
