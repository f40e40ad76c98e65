import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { call, say, scenario, stall, turns } from "../../ts/scripted-model/index.ts";
import type { OpenCodeServer } from "../opencode/index.ts";
import { type MissionBench, missionBench } from "./bench.ts";
import { commanding, type Plan, report, task, taskOf } from "./plan.ts";
import { storedMissions } from "./stored.ts";
import { toolParts } from "./transcript.ts";
import { chats } from "./wire.ts";

/** One waits for its model, one for a command of its own, one for its checks, one for the others. */
const PLAN: Plan = {
  goal: "Endless",
  tasks: [
    task("silent", { verify: [] }),
    task("busy", { verify: [] }),
    task("checked", { verify: ["sleep 302"] }),
    task("waiting", { depends_on: ["silent"] }),
  ],
};
/** What runs in the middle of it, besides OpenCode. */
const SLEEPS = ["sleep 301", "sleep 302"];

describe("a mission that is stopped", () => {
  let bench: MissionBench;
  let server: OpenCodeServer;

  beforeAll(async () => {
    bench = await missionBench(
      scenario()
        .role("commander", commanding(PLAN))
        .when((turn) => taskOf(turn) === "silent", [say("Let me think"), stall()])
        .when((turn) => taskOf(turn) === "busy", call("bash", { command: "sleep 301", description: "Wait" }))
        .when((turn) => taskOf(turn) === "checked", turns([report("Check it."), say("Done.")]))
        .otherwise(say("As you say.")),
    );
    server = await bench.serve();
  });
  afterAll(() => bench.dispose());

  const sleeping = async () =>
    (await bench.processes()).map(({ command }) => command).filter((command) => SLEEPS.includes(command));

  /** Starts a mission, and waits until every task of it does what it is there for. */
  async function inTheMiddle(): Promise<{
    session: string;
    turn: Promise<string>;
    children: readonly string[];
  }> {
    const session = await server.session({ title: "endless" });
    const turn = server.command(session, "task", "never end");
    // Should the test fail before it waits for the turn, one error is enough.
    turn.catch(() => undefined);
    await expect.poll(async () => (await sleeping()).sort(), { timeout: 30_000 }).toEqual(SLEEPS);
    const children = chats(bench.model, "worker").filter(({ parentKey }) => parentKey === session);
    expect(children.map(taskOf).sort()).toEqual(["busy", "checked", "checked", "silent"]);
    return { session, turn, children: [...new Set(children.map(({ sessionKey }) => sessionKey))] };
  }

  /** Everything of the mission that `session` led is over. */
  async function expectOver(session: string, children: readonly string[]): Promise<void> {
    const [ran, ...more] = await toolParts(server, session, "run_mission");
    expect(more).toEqual([]);
    expect(ran?.state).toMatchObject({
      status: "completed",
      output: expect.stringMatching(/^The mission is over: cancelled/),
    });
    for (const child of children) await server.idle(child, 5_000);
    await expect.poll(sleeping, { timeout: 5_000 }).toEqual([]);
    const asked = bench.model.requests.filter(({ parentKey }) => parentKey === session);
    expect(asked.filter(({ outcome }) => outcome === "open")).toEqual([]);
    expect(asked.find((request) => taskOf(request) === "silent")?.outcome).toBe("aborted");

    const { view, tasks } = storedMissions(bench.project.dir).at(-1) ?? {};
    expect(view).toMatchObject({ phase: "done", outcome: "cancelled" });
    expect(Object.values(tasks ?? {}).map(({ state }) => state)).toEqual(PLAN.tasks.map(() => "cancelled"));

    const before = bench.model.requests.length;
    await sleep(500);
    expect(bench.model.requests).toHaveLength(before);
    expect((await bench.processes()).map(({ pid }) => pid)).toEqual([server.process.pid]);
  }

  test("by /stop in its own session: the call returns, its sessions are aborted, nothing runs on", async () => {
    const { session, turn, children } = await inTheMiddle();
    // As the terminal UI does it: with the agent that the user talks to.
    expect(await server.command(session, "stop", "", { agent: "commander" })).toBe("Reported to the user.");
    expect(await turn).toBe("Reported to the user.");
    await expectOver(session, children);
    const told =
      chats(bench.model, "commander")
        .at(-1)
        ?.body?.messages.map(({ text }) => text) ?? [];
    expect(told.join("\n")).toContain("The mission was stopped by the user. It stood at: 0/4 accepted");
  });

  test("by /cancel from another session, alike", async () => {
    const { session, turn, children } = await inTheMiddle();
    const other = await server.session({ title: "another" });
    expect(await server.command(other, "cancel", "")).toBe("As you say.");
    expect(await turn).toBe("Reported to the user.");
    await expectOver(session, children);
  });
});
