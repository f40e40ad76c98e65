import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { call, type RecordedRequest, say, scenario, turns } from "../../ts/scripted-model/index.ts";
import type { OpenCodeServer, Project } from "../opencode/index.ts";
import { type MissionBench, missionBench } from "./bench.ts";
import { type Plan, report, submit, task } from "./plan.ts";
import { storedMission } from "./stored.ts";
import { bySession, texts } from "./wire.ts";

const PLAN: Plan = { goal: "Every role, twice", tasks: [task("a", { verify: [], review: true })] };
const limit = { context: 200_000, output: 8_000 };

/** Every role is prompted a second time in its session: the planner by the commander, the others because they end without the word that counts. */
const cast = () =>
  scenario()
    .role(
      "commander",
      turns(
        [
          call("delegate_task", { agent: "planner", prompt: "Look around.", description: "look around" }),
          call("delegate_task", {
            agent: "planner",
            prompt: "Once more.",
            description: "look again",
            task_id: "d1",
          }),
          submit(PLAN),
          call("run_mission"),
        ],
        { rest: say("Reported.") },
      ),
    )
    .role("planner", (turn) => say(`Looked: ${turn.lastUser}`))
    .role("worker", turns([say("Forgot to report."), report("Now."), say("Done.")]))
    .role(
      "reviewer",
      turns([say("Looks good to me."), call("review_task", { verdict: "approve" }), say("Approved.")]),
    );

/** What must not move in a session: its system message and its tools, as they were sent. */
function prefix({ raw }: RecordedRequest): { system: readonly string[]; tools: string } {
  const { messages, tools } = JSON.parse(raw) as {
    messages: readonly { role: string; content: string }[];
    tools: unknown;
  };
  const system = messages.filter(({ role }) => role === "system").map(({ content }) => content);
  return { system, tools: JSON.stringify(tools) };
}

describe("every prompt of ours keeps the agent and the model", () => {
  let bench: MissionBench;
  let server: OpenCodeServer;
  let settled: Project;

  beforeAll(async () => {
    bench = await missionBench(cast(), {
      config: {
        provider: { scripted: { models: { m2: { name: "m2", limit }, m3: { name: "m3", limit } } } },
      },
    });
    const agent = { worker: { model: "scripted/m3", prompt: "You are terse." } };
    settled = await bench.addProject("settled", { files: { "opencode.json": JSON.stringify({ agent }) } });
    server = await bench.serve();
  });
  afterAll(() => bench.dispose());

  /** Plays the mission in a session on the model m2; answers its chat requests by role, then by session. */
  async function play(there: OpenCodeServer, dir: string) {
    const session = await there.session({ title: "mission" });
    await there.client.session.command({
      path: { id: session },
      body: { command: "task", arguments: "Every role, twice", model: "scripted/m2" },
      throwOnError: true,
    });
    expect(storedMission(dir).view.outcome).toBe("accepted");
    const all = bench.model.requests.filter(
      ({ kind, sessionKey, parentKey }) =>
        kind === "chat" && (sessionKey === session || parentKey === session),
    );
    return (role: string) => [...bySession(all.filter((request) => request.role === role)).values()];
  }

  /** The models that every request of a role asked for. */
  const models = (sessions: readonly (readonly RecordedRequest[])[]) => [
    ...new Set(sessions.flat().map(({ body }) => body?.model)),
  ];

  test("the user's model leads all of them, first prompts and later ones, and no prefix moves", async () => {
    const of = await play(server, bench.project.dir);
    // Sessions of each role, and the user messages in each when it ended.
    const shape = (role: string) => of(role).map((requests) => texts(requests.at(-1), "user").length);
    expect({ commander: shape("commander"), planner: shape("planner"), worker: shape("worker") }).toEqual({
      commander: [1],
      planner: [2],
      worker: [2],
    });
    expect(shape("reviewer")).toEqual([2, 2]);
    for (const role of ["commander", "planner", "worker", "reviewer"]) {
      expect(models(of(role)), role).toEqual(["m2"]);
      for (const requests of of(role)) {
        const [first, ...later] = requests.map(prefix);
        expect(first?.system, role).toHaveLength(1);
        expect(later.length, role).toBeGreaterThan(0);
        for (const one of later) expect(one, role).toEqual(first);
      }
    }
    const [reviewOfTask, seal] = of("reviewer").map(([first]) => first);
    if (reviewOfTask === undefined || seal === undefined) throw new Error("there was no review");
    expect(prefix(seal), "two sessions of a role").toEqual(prefix(reviewOfTask));
  });

  test("a user's own model and prompt for the worker win, and the prompt keeps our protocol first", async () => {
    const of = await play(await server.in(settled.dir), settled.dir);
    expect({ worker: models(of("worker")), reviewer: models(of("reviewer")) }).toEqual({
      worker: ["m3"],
      reviewer: ["m2"],
    });
    const protocol = await readFile(
      new URL("../../ts/agents/prompts/protocol/worker.md", import.meta.url),
      "utf8",
    );
    const [requests = []] = of("worker");
    expect(requests.length).toBeGreaterThan(1);
    const [first, ...later] = requests.map(prefix);
    expect(first?.system).toHaveLength(1);
    const beginning = `${protocol.trim()}\n\nYou are terse.`;
    expect(first?.system[0]?.slice(0, beginning.length)).toBe(beginning);
    for (const one of later) expect(one).toEqual(first);
  });
});
