import { expect, test } from "vitest";
import { call, say, turns } from "../../ts/scripted-model/index.ts";
import { chatCount, expectQuiet } from "./aftermath.ts";
import { missionBench } from "./bench.ts";
import { cast, type Plan, submit, task } from "./plan.ts";
import { storedMission } from "./stored.ts";
import { chats, texts } from "./wire.ts";

const PLAN: Plan = { goal: "One task", tasks: [task("only")] };

test("a commander that stops with work undone is continued once, with its own agent, and finishes", async () => {
  const commander = turns([submit(PLAN), say("I will start later."), call("run_mission"), say("Reported.")]);
  await using bench = await missionBench(cast(commander));
  const server = await bench.serve();
  const session = await server.session({ title: "stops early" });
  expect(await server.command(session, "task", "stop early")).toBe("I will start later.");

  const outcome = () => storedMission(bench.project.dir).view.outcome;
  await expect.poll(outcome, { timeout: 60_000, interval: 250 }).toBe("accepted");
  await expectQuiet(bench, server);
  const asked = texts(chats(bench.model, "commander").at(-1), "user");
  expect(asked).toHaveLength(2);
  expect(asked[1]).toContain("run_mission");
  const { data } = await server.client.session.messages({ path: { id: session }, throwOnError: true });
  const agents = data.flatMap(({ info }) => (info.role === "user" ? [info.agent] : []));
  expect(agents).toEqual(["commander", "commander"]);
  // Commander 4, the worker 3, the final review 2.
  expect(chatCount(bench)).toBeLessThanOrEqual(9);
});

test("a commander that never goes on is continued three times, then the mission is paused and says how to go on (complaint 1)", async () => {
  const commander = turns([submit(PLAN)], { rest: say("Not now.") });
  await using bench = await missionBench(cast(commander));
  const server = await bench.serve();
  const session = await server.session({ title: "never goes on" });
  await server.command(session, "task", "never go on");

  const phase = () => storedMission(bench.project.dir).view.phase;
  await expect.poll(phase, { timeout: 60_000, interval: 250 }).toBe("paused");
  await expectQuiet(bench, server);
  expect(storedMission(bench.project.dir).view.reason).toContain("/resume");
  // The plan, the answer to it, and three continuations; no worker was ever asked.
  expect(chats(bench.model, "commander")).toHaveLength(5);
  expect(chatCount(bench)).toBe(5);
});
