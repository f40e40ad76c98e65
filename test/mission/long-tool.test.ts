import { expect, test } from "vitest";
import { call, say, turns } from "../../ts/scripted-model/index.ts";
import { chatCount, expectNoProcess } from "./aftermath.ts";
import { missionBench } from "./bench.ts";
import { cast, commanding, type Plan, report, task } from "./plan.ts";
import { storedMission } from "./stored.ts";

const PLAN: Plan = { goal: "Takes its time", tasks: [task("slow")] };

const STALL_MS = 5_000;

test("a tool that prints nothing for three times as long as a session may be silent is waited for", async () => {
  const command = `sleep ${(STALL_MS * 3) / 1_000}; echo done > slow.txt`;
  const worker = turns([
    call("bash", { command, description: "Build it" }),
    report("Built.", ["slow.txt"]),
    say("Done."),
  ]);
  await using bench = await missionBench(cast(commanding(PLAN), worker));
  await bench.project.write(".orchestrator/settings.jsonc", `{ "stallTimeoutMs": ${STALL_MS} }`);
  const { code, stderr } = await bench.run("be patient", { command: "task" });
  expect(code, stderr).toBe(0);

  const { view, tasks } = storedMission(bench.project.dir);
  expect(view.outcome).toBe("accepted");
  expect(tasks["slow"]).toMatchObject({ state: "accepted", attempt: 1 });
  // Commander 3, worker 3, the final review 2.
  expect(chatCount(bench)).toBeLessThanOrEqual(8);
  await expectNoProcess(bench);
});
