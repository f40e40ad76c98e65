import { expect, test } from "vitest";
import { call, type Responder, say, stall, turns } from "../../ts/scripted-model/index.ts";
import { chatCount, expectQuiet } from "./aftermath.ts";
import { missionBench } from "./bench.ts";
import { cast, diligent, type Plan, submit, task, taskOf } from "./plan.ts";
import { storedMission } from "./stored.ts";
import { chats } from "./wire.ts";

const PLAN: Plan = { goal: "Cut off in worktrees", tasks: [task("quick"), task("slow")] };

/** `slow` hangs until OpenCode has been killed; then it is as diligent as the others. */
function worker(killed: () => boolean): Responder {
  const work = diligent();
  return (turn) => (taskOf(turn) === "slow" && !killed() ? [say("Hm"), stall()] : work(turn));
}

test("a mission that was killed with worktrees open goes on in them, and at its end none is left", async () => {
  let killed = false;
  const commander = turns([submit(PLAN), call("run_mission"), call("run_mission"), say("All done.")]);
  await using bench = await missionBench(
    cast(
      commander,
      worker(() => killed),
    ),
  );
  const { project } = bench;
  await project.write(".orchestrator/settings.jsonc", '{ "isolation": "worktree" }');
  const folders = async () => (await project.git("worktree", "list")).trim().split("\n").length;
  const refs = () => project.git("for-each-ref", "refs/heads/orchestrator", "refs/orchestrator");

  const first = await bench.serve();
  const session = await first.session({ title: "killed" });
  void first.command(session, "task", "outlive").catch(() => undefined);
  await expect
    .poll(() => storedMission(project.dir).tasks["quick"]?.state, { timeout: 40_000 })
    .toBe("accepted");
  await bench.model.waitFor((request) => taskOf(request) === "slow", 30_000);
  first.process.signal("SIGKILL");
  await first.process.ended;
  killed = true;
  expect(await folders()).toBeGreaterThan(1);

  const second = await bench.serve();
  expect(await second.command(session, "resume", "")).toBe("All done.");
  await expectQuiet(bench, second);
  const { view, tasks } = storedMission(project.dir);
  expect(view.outcome).toBe("accepted");
  for (const { id, attempt } of Object.values(tasks)) expect(attempt, id).toBe(1);
  for (const id of ["quick", "slow"]) expect(await project.read(`${id}.txt`)).toBe(`made by ${id}\n`);
  expect(await folders()).toBe(1);
  expect(await refs()).toBe("");
  const quick = chats(bench.model, "worker").filter((request) => taskOf(request) === "quick");
  expect(quick.length, "accepted work is not done again").toBeLessThanOrEqual(3);
  // Commander 4, workers 3 and 1 + 3, the final review 2.
  expect(chatCount(bench)).toBeLessThanOrEqual(13);
});
