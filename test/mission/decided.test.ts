import { expect, test } from "vitest";
import { call, type Responder, say, scenario, turns } from "../../ts/scripted-model/index.ts";
import { chatCount, expectNoProcess } from "./aftermath.ts";
import { missionBench } from "./bench.ts";
import { approving, commanding, type Plan, report, task, taskOf, write } from "./plan.ts";
import { storedMission } from "./stored.ts";
import { chats, lastResult } from "./wire.ts";

const PLAN: Plan = { goal: "Disputed", tasks: [task("one", { review: true })] };

const FINDING = { file: "one.txt", severity: "major", message: "I would have named it otherwise" };

/** Rejects the task, always for the same; approves of the whole. */
function stubborn(): Responder {
  const approves = approving();
  const rejects = turns([call("review_task", { verdict: "reject", findings: [FINDING] }), say("Rejected.")]);
  return (turn) =>
    taskOf(turn) === "one" || turn.request.messages.some(({ text }) => text.includes("Write one.txt"))
      ? rejects(turn)
      : approves(turn);
}

test("what the commander accepts against the reviewer, who said the same twice, is brought out of its worktree", async () => {
  const commander = commanding(
    PLAN,
    call("tasks", {
      action: "decide",
      task_id: "one",
      decision: "accept",
      reason: "the name is as asked for",
    }),
    call("run_mission"),
  );
  const again = (turn: Parameters<typeof taskOf>[0]) => report(`${taskOf(turn)} stays`, ["one.txt"]);
  const worker = turns([write, again, say("Done."), again, say("Done.")]);
  const script = scenario().role("commander", commander).role("worker", worker).role("reviewer", stubborn());
  await using bench = await missionBench(script);
  await bench.project.write(".orchestrator/settings.jsonc", '{ "isolation": "worktree" }');
  const { code, stderr } = await bench.run("decide", { command: "task" });
  expect(code, stderr).toBe(0);

  expect(chats(bench.model, "commander").map(lastResult)[2]).toContain("needs a decision");
  const { view, tasks } = storedMission(bench.project.dir);
  expect(view.outcome).toBe("accepted");
  expect(tasks["one"]).toMatchObject({ state: "accepted", attempt: 2 });
  expect(await bench.project.read("one.txt")).toBe("made by one\n");
  // Commander 5, worker 5, two reviews and the final one 2 each.
  expect(chatCount(bench)).toBeLessThanOrEqual(16);
  await expectNoProcess(bench);
});
