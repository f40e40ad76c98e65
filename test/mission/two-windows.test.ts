import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { call, type Responder, say, stall } from "../../ts/scripted-model/index.ts";
import { missionBench } from "./bench.ts";
import { cast, diligent, type Plan, submit, task, taskOf } from "./plan.ts";
import { storedMission, storedMissions } from "./stored.ts";
import { chats } from "./wire.ts";

const PLAN: Plan = { goal: "One driver", tasks: [task("quick"), task("slow")] };

/** Leads the mission in the session that was told to; elsewhere it only hands on what the command says. */
const commander: Responder = (turn) => {
  if (turn.toolResults.length === 0 && turn.lastUser.startsWith("Tell the user")) return say(turn.lastUser);
  if (turn.toolResults.some(({ content }) => content.startsWith("The mission is over")))
    return say("All done.");
  return turn.number === 1 && !turn.lastUser.includes("goes on") ? submit(PLAN) : call("run_mission");
};

test("a second OpenCode shows a mission and does not drive it; it takes over at once from a killed one, and never from a stopped one", async () => {
  let stalled = true;
  const work = diligent();
  await using bench = await missionBench(
    // In the second window no agent of ours has been spoken to when `/mission` is called: OpenCode's own hands it on.
    cast(commander, (turn) =>
      taskOf(turn) === "slow" && stalled ? [say("Hm"), stall()] : work(turn),
    ).otherwise((turn) => say(turn.lastUser)),
  );
  const first = await bench.serve();
  const led = await first.session({ title: "first" });
  void first.command(led, "task", "drive").catch(() => undefined);
  await expect
    .poll(() => storedMission(bench.project.dir).tasks["quick"]?.state, { timeout: 30_000 })
    .toBe("accepted");
  await bench.model.waitFor((request) => taskOf(request) === "slow");

  const second = await bench.serve();
  const beside = await second.session({ title: "second" });
  const before = chats(bench.model, "worker").length;
  expect(await second.command(beside, "mission", "")).toMatch(
    /: drive\n[\s\S]*Another OpenCode in this project drives it \(process \d+\)/,
  );
  const driven = /driven by another OpenCode in this project \(process \d+\)/;
  expect(await second.command(beside, "task", "mine too")).toMatch(driven);
  expect(await second.command(beside, "resume", "")).toMatch(driven);

  first.process.signal("SIGSTOP");
  await sleep(2_000);
  expect(await second.command(beside, "resume", "")).toMatch(driven);
  first.process.signal("SIGCONT");
  const { data: statuses } = await first.client.session.status({ throwOnError: true });
  expect(statuses[led]?.type, "the first one goes on undisturbed").toBe("busy");
  expect(chats(bench.model, "worker"), "nothing was asked of a worker meanwhile").toHaveLength(before);
  expect(storedMissions(bench.project.dir)).toHaveLength(1);

  first.process.signal("SIGKILL");
  await first.process.ended;
  stalled = false;
  expect(await second.command(beside, "resume", "")).toBe("All done.");
  const { view, tasks } = storedMission(bench.project.dir);
  expect(view.outcome).toBe("accepted");
  expect(tasks["quick"]?.attempt).toBe(1);
});
