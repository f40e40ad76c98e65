import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { call, type Responder, say, stall, turns } from "../../ts/scripted-model/index.ts";
import { missionBench } from "./bench.ts";
import { cast, diligent, type Plan, submit, task, taskOf } from "./plan.ts";
import { storedMission } from "./stored.ts";
import { chats, lastResult, texts } from "./wire.ts";

const PLAN: Plan = {
  goal: "Outlives its process",
  tasks: [task("quick"), task("slow"), task("last", { depends_on: ["quick", "slow"] })],
};

/** `slow` hangs until OpenCode has been killed; then it is as diligent as the others. */
function worker(killed: () => boolean): Responder {
  const work = diligent();
  return (turn) => (taskOf(turn) === "slow" && !killed() ? [say("Hm"), stall()] : work(turn));
}

test("a mission whose OpenCode was killed goes on in the next one, in the same session, and redoes nothing (complaint 5)", async () => {
  let killed = false;
  const commander = turns([submit(PLAN), call("run_mission"), call("run_mission"), say("All done.")]);
  await using bench = await missionBench(
    cast(
      commander,
      worker(() => killed),
    ),
  );
  const first = await bench.serve();
  const session = await first.session({ title: "killed" });
  void first.command(session, "task", "outlive").catch(() => undefined);
  await expect
    .poll(() => storedMission(bench.project.dir).tasks["quick"]?.state, { timeout: 30_000 })
    .toBe("accepted");
  const slow = await bench.model.waitFor((request) => taskOf(request) === "slow");
  first.process.signal("SIGKILL");
  await first.process.ended;
  killed = true;
  expect(storedMission(bench.project.dir).view.phase).toBe("running");

  const second = await bench.serve();
  // Nothing runs before somebody says so: the default is to ask.
  const toast = await second.waitForEvent(({ type }) => type === "tui.toast.show", 20_000);
  expect(JSON.stringify(toast.properties)).toContain(
    'Unfinished mission \\"outlive\\": 1 of 3 tasks accepted',
  );
  await sleep(500);
  expect(
    chats(bench.model, "worker").filter(({ sessionKey }) => sessionKey === slow.sessionKey),
  ).toHaveLength(1);

  expect(await second.command(session, "resume", "")).toBe("All done.");
  expect(lastResult(chats(bench.model, "commander").at(-1))).toMatch(/^The mission is over: accepted/);
  const again = chats(bench.model, "worker").filter(({ sessionKey }) => sessionKey === slow.sessionKey);
  expect(texts(again.at(-1), "user").at(-1)).toMatch(/OpenCode was closed[\s\S]*attempt 1 of 3/);
  const quick = chats(bench.model, "worker").filter((request) => taskOf(request) === "quick");
  expect(new Set(quick.map(({ sessionKey }) => sessionKey)).size, "accepted work is not done again").toBe(1);
  const { view, tasks } = storedMission(bench.project.dir);
  expect(view.outcome).toBe("accepted");
  for (const { id, attempt } of Object.values(tasks)) expect(attempt, id).toBe(1);
});
