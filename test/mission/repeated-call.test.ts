import { expect, test } from "vitest";
import { call, type Responder, say } from "../../ts/scripted-model/index.ts";
import { chatCount, expectQuiet } from "./aftermath.ts";
import { missionBench } from "./bench.ts";
import { cast, commanding, diligent, type Plan, task, taskOf } from "./plan.ts";
import { storedMission } from "./stored.ts";
import { bySession, chats } from "./wire.ts";

const PLAN: Plan = { goal: "No mill", tasks: [task("once"), task("ever")] };
const DIAGNOSIS = "You go round in circles";

const works = diligent();

/** Asks for the same listing for ever: `once` until it is told, `ever` whatever it is told. */
const worker: Responder = (turn) => {
  const told = turn.request.messages.some(({ role, text }) => role === "user" && text.includes(DIAGNOSIS));
  if (told && taskOf(turn) === "once") return works(turn);
  return call("glob", { pattern: "**/*.nothing" });
};

test("a worker that asks for the very same call for ever is stopped at the third; told so in a new session, it works or fails", async () => {
  await using bench = await missionBench(cast(commanding(PLAN, say("One could not be done.")), worker));
  const server = await bench.serve();
  const session = await server.session({ title: "mill" });
  await server.command(session, "task", "go on");
  await expectQuiet(bench, server);

  const { tasks } = storedMission(bench.project.dir);
  expect(tasks["once"]).toMatchObject({ state: "accepted", attempt: 2 });
  expect(tasks["ever"]?.state).toBe("failed");
  expect(tasks["ever"]?.reason).toContain("the same tool call");
  const sessions = [...bySession(chats(bench.model, "worker")).values()];
  expect(sessions).toHaveLength(4);
  // The third call ends the turn; the host may have asked for the next before it heard of it.
  for (const requests of sessions) expect(requests.length).toBeLessThanOrEqual(4);
  // Commander 3, and once more to be told of the end; workers 4 each in three sessions, and 3 where it works.
  expect(chatCount(bench)).toBeLessThanOrEqual(19);
});
