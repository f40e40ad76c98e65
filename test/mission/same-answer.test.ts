import { expect, test } from "vitest";
import { say } from "../../ts/scripted-model/index.ts";
import { chatCount, expectNoProcess } from "./aftermath.ts";
import { missionBench } from "./bench.ts";
import { cast, commanding, type Plan, task } from "./plan.ts";
import { storedMission } from "./stored.ts";
import { bySession, chats, lastResult } from "./wire.ts";

const ATTEMPTS = 3;
const PLAN: Plan = { goal: "Round in circles", tasks: [task("circle")] };

test("a worker that answers the same for ever and never reports fails after its attempts, one request each", async () => {
  await using bench = await missionBench(cast(commanding(PLAN), say("I am on it.")));
  const { code, stderr } = await bench.run("go round", { command: "task" });
  expect(code, stderr).toBe(0);

  const asked = chats(bench.model, "worker");
  expect(asked).toHaveLength(ATTEMPTS);
  expect(bySession(asked).size).toBe(1);
  expect(storedMission(bench.project.dir).tasks["circle"]).toMatchObject({
    state: "failed",
    attempt: ATTEMPTS,
  });
  expect(lastResult(chats(bench.model, "commander").at(-1))).toMatch(/Failed:\n- circle .*after 3 attempts/);
  // The commander makes 3: it submits, runs the mission, and reports.
  expect(chatCount(bench)).toBeLessThanOrEqual(ATTEMPTS + 3);
  await expectNoProcess(bench);
});
