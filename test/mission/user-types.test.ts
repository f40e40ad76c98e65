import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { say, turns } from "../../ts/scripted-model/index.ts";
import { chatCount, expectQuiet } from "./aftermath.ts";
import { missionBench } from "./bench.ts";
import { cast, commanding, diligent, type Plan, report, task, taskOf, write } from "./plan.ts";
import { storedMission } from "./stored.ts";
import { toolParts } from "./transcript.ts";
import { chats, texts } from "./wire.ts";

const PLAN: Plan = {
  goal: "The user talks meanwhile",
  tasks: [task("slow"), task("after", { depends_on: ["slow"] })],
};
const TYPED = "By the way: keep it short.";

test("what the user types while run_mission is open is neither lost nor in its way", async () => {
  const typed = new AbortController();
  const slow = turns([
    async (turn) => {
      while (!typed.signal.aborted) await sleep(50);
      return write(turn);
    },
    (turn) => report("Done.", [`${taskOf(turn)}.txt`]),
    say("Done."),
  ]);
  const rest = diligent();
  await using bench = await missionBench(
    cast(commanding(PLAN), (turn) => (taskOf(turn) === "slow" ? slow(turn) : rest(turn))),
  );
  const server = await bench.serve();
  const session = await server.session({ title: "talks" });
  const mission = server.command(session, "task", "let the user talk");
  const slowly = await bench.model.waitFor((request) => taskOf(request) === "slow", 30_000);

  const second = server.prompt(session, TYPED, { agent: "commander" });
  const userMessages = async () => {
    const { data } = await server.client.session.messages({ path: { id: session }, throwOnError: true });
    return data.filter(({ info }) => info.role === "user").length;
  };
  await expect.poll(userMessages, { timeout: 10_000 }).toBe(2);
  // The message is there, and the mission under way goes on: nothing was interrupted.
  expect(storedMission(bench.project.dir)).toMatchObject({
    view: { phase: "running" },
    tasks: { slow: { state: "running", attempt: 1 } },
  });
  expect(slowly.outcome).toBe("open");
  typed.abort();

  expect(await mission).toBe("Reported to the user.");
  expect(await second).toBe("Reported to the user.");
  await expectQuiet(bench, server);
  const { view, tasks } = storedMission(bench.project.dir);
  expect(view.outcome).toBe("accepted");
  expect(Object.values(tasks).map(({ state, attempt }) => [state, attempt])).toEqual([
    ["accepted", 1],
    ["accepted", 1],
  ]);
  const [ran, ...again] = await toolParts(server, session, "run_mission");
  expect(again).toEqual([]);
  expect(ran?.state.status).toBe("completed");
  const heard = texts(chats(bench.model, "commander").at(-1), "user").filter((text) => text.includes(TYPED));
  expect(heard).toHaveLength(1);
  // Commander 3, or 4 where OpenCode gives the message a turn of its own; workers 2 × 3, the final review 2.
  expect(chatCount(bench)).toBeLessThanOrEqual(12);
});
