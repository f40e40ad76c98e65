import { expect, test } from "vitest";
import { call, peakInFlight, say, type Turn, turns } from "../../ts/scripted-model/index.ts";
import { chatCount, expectNoProcess } from "./aftermath.ts";
import { missionBench } from "./bench.ts";
import { cast, commanding, diligent, type Plan, report, task, taskOf } from "./plan.ts";
import { storedMission } from "./stored.ts";
import { chats } from "./wire.ts";

/** Two tasks on one file, named in two ways, and one of its own. */
const PLAN: Plan = {
  goal: "Two on one file",
  tasks: [
    task("first", { files: ["shared/**"], verify: ["test -s shared/notes.txt"] }),
    task("second", { files: ["shared/notes.txt"], verify: ["test -s shared/notes.txt"] }),
    task("own"),
  ],
};
const SHARING = ["first", "second"];

const sharing = turns([
  (turn) =>
    call("bash", {
      command: `echo ${taskOf(turn)} >> shared/notes.txt`,
      description: "Add a line",
    }),
  (turn) => report(`${taskOf(turn)} is done`, ["shared/notes.txt"]),
  say("Done."),
]);
const own = diligent();
const worker = (turn: Turn) => (SHARING.includes(taskOf(turn)) ? sharing(turn) : own(turn));

test("two tasks on one file are worked on one after the other, and neither overwrites the other", async () => {
  await using bench = await missionBench(cast(commanding(PLAN), worker), {
    files: { "shared/readme.txt": "Notes\n" },
  });
  const { code, stderr } = await bench.run("share", { command: "task" });
  expect(code, stderr).toBe(0);

  // The deed and the report of each; what a session says after its report changes nothing.
  const requests = chats(bench.model, "worker").filter(
    (request) => SHARING.includes(taskOf(request)) && request.number <= 2,
  );
  expect(peakInFlight(requests)).toBe(1);
  const order = requests.map(taskOf).filter((id, at, all) => id !== all[at - 1]);
  expect(order.toSorted()).toEqual(SHARING);
  expect(await bench.project.read("shared/notes.txt")).toBe(`${order.join("\n")}\n`);
  const { view, tasks } = storedMission(bench.project.dir);
  expect(view.outcome).toBe("accepted");
  expect(Object.values(tasks).map(({ attempt }) => attempt)).toEqual([1, 1, 1]);
  // Commander 3, workers 3 × 3, the final review 2.
  expect(chatCount(bench)).toBeLessThanOrEqual(14);
  await expectNoProcess(bench);
});
