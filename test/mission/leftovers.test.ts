import { describe, expect, test } from "vitest";
import { call, say, stall, turns } from "../../ts/scripted-model/index.ts";
import { expectNoProcess } from "./aftermath.ts";
import { missionBench } from "./bench.ts";
import { cast, commanding, type Plan, report, task, taskOf } from "./plan.ts";
import { storedMission } from "./stored.ts";

/** One waits for its model, one for its checks. */
const OURS: Plan = {
  goal: "In the middle",
  tasks: [task("silent", { verify: [] }), task("checked", { verify: ["sleep 502 & sleep 503"] })],
};
const OUR_SLEEPS = ["sleep 502", "sleep 503"];

/** One more waits for a command that OpenCode runs for it. */
const ALL: Plan = { ...OURS, tasks: [...OURS.tasks, task("busy", { verify: [] })] };
const ALL_SLEEPS = ["sleep 501", ...OUR_SLEEPS];

const DEEDS = {
  silent: turns([[say("Let me think"), stall()]]),
  busy: turns([call("bash", { command: "sleep 501", description: "Wait" })]),
  checked: turns([report("Check it.", []), say("Done.")]),
};

describe("an OpenCode that ends in the middle of a mission (complaint 11)", () => {
  /** Starts a mission, and waits until every task of it does what it is there for. */
  async function inTheMiddle(plan: Plan, sleeps: readonly string[]) {
    const bench = await missionBench(
      cast(commanding(plan), (turn) => {
        const id = taskOf(turn);
        if (id !== "silent" && id !== "busy" && id !== "checked") throw new Error(`no such task: ${id}`);
        return DEEDS[id](turn);
      }),
    );
    const server = await bench.serve();
    const session = await server.session({ title: "in the middle" });
    void server.command(session, "task", "be cut off").catch(() => undefined);
    const sleeping = async () =>
      (await bench.processes()).map(({ command }) => command).filter((command) => sleeps.includes(command));
    await expect.poll(async () => (await sleeping()).sort(), { timeout: 40_000 }).toEqual(sleeps);
    await bench.model.waitFor((request) => taskOf(request) === "silent");
    return { bench, server };
  }

  test("by a disposed instance: nothing of the mission runs on, and the mission waits to be gone on with", async () => {
    const { bench, server } = await inTheMiddle(ALL, ALL_SLEEPS);
    await using _ = bench;
    await server.client.instance.dispose({ throwOnError: true });
    await expectNoProcess(bench, server);
    await bench.model.waitFor(
      (request) => taskOf(request) === "silent" && request.outcome === "aborted",
      10_000,
    );
    expect(storedMission(bench.project.dir).view.outcome).toBeUndefined();
  });

  // OpenCode 1.18 ends at once and calls no `dispose`: what its own tools started is left to itself, what is ours is not.
  test.each(["SIGTERM", "SIGKILL"] as const)(
    "by %s: no process of ours is left, and the mission waits to be gone on with",
    async (signal) => {
      const { bench, server } = await inTheMiddle(OURS, OUR_SLEEPS);
      await using _ = bench;
      server.process.signalLeader(signal);
      await server.process.ended;
      await expectNoProcess(bench);
      expect(storedMission(bench.project.dir).view.outcome).toBeUndefined();
    },
  );
});
