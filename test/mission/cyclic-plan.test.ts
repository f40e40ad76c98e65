import { expect, test } from "vitest";
import { call, say, turns } from "../../ts/scripted-model/index.ts";
import { missionBench } from "./bench.ts";
import { cast, type Plan, submit, task } from "./plan.ts";
import { storedMission } from "./stored.ts";
import { chats, lastResult } from "./wire.ts";

const WRONG: Plan = {
  goal: "Everything wrong at once",
  tasks: [
    task("a", { depends_on: ["b"] }),
    task("b", { depends_on: ["a"] }),
    task("x1", { agent: "wroker" }),
    task("d", { depends_on: ["x7"] }),
    task("d", { title: "", files: ["../outside.txt"] }),
  ],
};
const RIGHT: Plan = { goal: "All right now", tasks: [task("a"), task("b", { depends_on: ["a"] })] };

test("a cyclic plan is refused with its cycle and every other problem at once; corrected, it is carried out", async () => {
  const commander = turns([
    submit(WRONG),
    call("run_mission"),
    submit(RIGHT),
    call("run_mission"),
    say("Done."),
  ]);
  await using bench = await missionBench(cast(commander));
  const { code, stderr } = await bench.run("plan badly, then well", { command: "task" });
  expect(code, stderr).toBe(0);

  const [, refused, notRun, accepted, over] = chats(bench.model, "commander").map(lastResult);
  expect(refused).toContain("ERR_INVALID_PLAN");
  const problems = refused?.split("\n").filter((line) => line.startsWith("- ")) ?? [];
  expect(problems).toHaveLength(6);
  expect(problems).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^- tasks: cycle a → b → a$/),
      '- tasks[2].agent: no agent "wroker"; did you mean "worker"? (known: worker)',
      '- tasks[3].depends_on[0]: no task "x7"; did you mean "x1"?',
      expect.stringMatching(/^- tasks\[4\]\.id: "d" is also the id of tasks\[3\]$/),
      expect.stringMatching(/^- tasks\[4\]\.title: /),
      expect.stringMatching(/^- tasks\[4\]\.files\[0\]: /),
    ]),
  );
  expect(notRun).toContain("there is no plan yet");
  expect(accepted).toContain("Accepted: a, b.");
  expect(over).toMatch(/^The mission is over: accepted/);

  const { view, tasks } = storedMission(bench.project.dir);
  expect(view.outcome).toBe("accepted");
  expect(Object.keys(tasks).sort()).toEqual(["a", "b"]);
});
