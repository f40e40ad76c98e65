import { expect, test } from "vitest";
import { call, type Responder, say, type Turn } from "../../ts/scripted-model/index.ts";
import { chatCount, expectQuiet } from "./aftermath.ts";
import { missionBench } from "./bench.ts";
import { cast, commanding, type Plan, report, task, taskOf } from "./plan.ts";
import { storedMission } from "./stored.ts";
import { chats, texts } from "./wire.ts";

/** What is written into the file of a task, and what its check looks for. */
const PLAN: Plan = {
  goal: "Out of the circle",
  tasks: ["learner", "stubborn"].map((id) => task(id, { verify: [`grep -q right ${id}.txt`] })),
};
const DIAGNOSIS = "You go round in circles";
/** More than are ever used. */
const ATTEMPTS = 6;

const write = (turn: Turn, content: string) => call("write", { filePath: `${taskOf(turn)}.txt`, content });

/** Writes the same wrong thing each time; `learner` stops doing so when it is told. */
const worker: Responder = (turn) => {
  const { messages } = turn.request;
  const answered = messages.slice(messages.findLastIndex(({ role }) => role === "user"));
  const calls = answered.filter(({ role }) => role === "assistant").length;
  const learned = taskOf(turn) === "learner" && turn.lastUser.includes(DIAGNOSIS);
  if (calls === 0) return write(turn, learned ? "right" : "wrong");
  return calls === 1 ? report("Written as asked.", [`${taskOf(turn)}.txt`]) : say("Done.");
};

test("a worker that makes the same error again gets one diagnostic turn with what was tried; then it is done, or fails with the evidence", async () => {
  await using bench = await missionBench(cast(commanding(PLAN), worker));
  await bench.project.write(".orchestrator/settings.jsonc", `{ "attempts": ${ATTEMPTS} }`);
  const server = await bench.serve();
  const session = await server.session({ title: "circles" });
  await server.command(session, "task", "go on");
  await expectQuiet(bench, server);

  const { tasks } = storedMission(bench.project.dir);
  expect(tasks["learner"]).toMatchObject({ state: "accepted", attempt: 3 });
  expect(tasks["stubborn"]).toMatchObject({ state: "failed", attempts: ATTEMPTS });
  expect(tasks["stubborn"]?.reason).toContain("although it was told to change its strategy");
  for (const { id } of PLAN.tasks) {
    const last = chats(bench.model, "worker").findLast((request) => taskOf(request) === id);
    const diagnoses = texts(last, "user").filter((text) => text.includes(DIAGNOSIS));
    expect(diagnoses, id).toHaveLength(1);
    expect(diagnoses[0]).toContain("1. Written as asked.\n   → ");
    expect(diagnoses[0]).toContain("2. Written as asked.\n   → ");
    expect(diagnoses[0]).toContain("name a different strategy");
  }
  // Three attempts of three requests each; the commander submits, runs, says what became of it, and is continued in vain.
  expect(chats(bench.model, "worker")).toHaveLength(2 * 3 * 3);
  expect(chatCount(bench)).toBeLessThanOrEqual(2 * 3 * 3 + 6);
});
