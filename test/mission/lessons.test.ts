import { expect, test } from "vitest";
import { say, type Turn, turns } from "../../ts/scripted-model/index.ts";
import { chatCount, expectNoProcess } from "./aftermath.ts";
import { missionBench } from "./bench.ts";
import { cast, commanding, diligent, meeting, type Plan, report, task, taskOf, write } from "./plan.ts";
import { storedMission } from "./stored.ts";
import { chats, texts } from "./wire.ts";

/** Far more than a sibling is to be told. */
const WHAT_MENDED = `Wrote the file that was missing. ${"And so on. ".repeat(2_000)}`;
/** Bytes that the lessons in one prompt have together, with what stands around them. */
const MOST_BYTES = 4_500;

/** `sibling` begins together with `learner`, `later` when that is accepted. */
const PLAN: Plan = {
  goal: "Learn from it",
  tasks: [task("learner"), task("sibling"), task("later", { depends_on: ["learner"] })],
};

/** Claims what is not so, and then does it. */
const learner = turns([
  report("Wrote it."),
  say("Done."),
  write,
  () => report(WHAT_MENDED, ["learner.txt"]),
  say("Done."),
]);
const good = diligent();
const worker = meeting(
  2,
  (turn: Turn) => taskOf(turn) !== "later",
  (turn) => (taskOf(turn) === "learner" ? learner(turn) : good(turn)),
);

test("what failed in a task and what mended it is in the first prompt of a sibling that begins later, shortened, and in no other", async () => {
  await using bench = await missionBench(cast(commanding(PLAN), worker));
  const { code, stderr } = await bench.run("learn", { command: "task" });
  expect(code, stderr).toBe(0);

  const promptsOf = (id: string) =>
    texts(
      chats(bench.model, "worker").findLast((request) => taskOf(request) === id),
      "user",
    );
  const [first = "", ...more] = promptsOf("later");
  expect(more).toEqual([]);
  const [, lesson = ""] = first.split("What failed in other tasks of this mission, and what mended it");
  expect(lesson).toMatch(/- learner: .*test -s learner\.txt.*mended: Wrote the file that was missing\./s);
  expect(Buffer.byteLength(lesson)).toBeLessThanOrEqual(MOST_BYTES);
  for (const prompt of [...promptsOf("learner"), ...promptsOf("sibling")])
    expect(prompt).not.toContain("mended");

  const { view, tasks } = storedMission(bench.project.dir);
  expect(view.outcome).toBe("accepted");
  expect(tasks["learner"]).toMatchObject({ state: "accepted", attempt: 2 });
  // Commander 3, workers 5 + 3 + 3, the final review 2.
  expect(chatCount(bench)).toBeLessThanOrEqual(16);
  await expectNoProcess(bench);
});
