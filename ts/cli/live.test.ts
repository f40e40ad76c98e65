import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import type { MissionView, TaskState, TaskView } from "../engine/index.ts";
import { snapshotOf, taskView } from "../mission/snapshot.fixture.ts";
import { LiveView } from "./live.ts";

/** A view, and what it has printed since the last time, without the seconds. */
function live(colour = false) {
  const printed: string[] = [];
  const view = new LiveView((line) => printed.push(line), colour);
  const brief = { id: "m", objective: "o", session: "s", openedAt: 0 };
  return (tasks: readonly TaskView[], more: Partial<MissionView> = {}) => {
    view.show({ brief, view: snapshotOf(tasks, more), tasks });
    return printed.splice(0).map((line) => line.replace(/^ *\d+\.\ds {2}/, ""));
  };
}

describe("the live view", () => {
  it("prints a line for each change, and none where nothing changed", () => {
    const show = live();
    const running = taskView("a", "running", { attempt: 1 });
    expect(show([running])).toEqual(["▶ a        running    Title of a"]);
    expect(show([running])).toEqual([]);
    expect(show([{ ...running, state: "accepted" }])).toEqual(["✔ a        accepted   Title of a"]);
  });

  it("says nothing of tasks that wait their turn, before the first try or the next", () => {
    const show = live();
    expect(show([taskView("a", "pending"), taskView("b", "running")])).toHaveLength(1);
    expect(show([taskView("a", "ready"), taskView("b", "ready")])).toEqual([]);
  });

  it("prints changes in the order in which they came", () => {
    const tasks = [
      taskView("late", "accepted", { updatedAt: 30 }),
      taskView("first", "accepted", { updatedAt: 10 }),
      taskView("next", "failed", { updatedAt: 20 }),
    ];
    expect(live()(tasks).map((line) => line.split(" ")[1])).toEqual(["first", "next", "late"]);
  });

  it("shows a repair with its attempt, and what was wrong", () => {
    const report = "FAILED $ node --test (exit 1)\n# Subtest: zero\n✖ zero\n  expected: '0s'\nduration 3";
    const repair = taskView("a", "running", { attempt: 2, verification: { passed: false, report } });
    expect(live()([repair])).toEqual([
      "▶ a        running    Title of a (attempt 2 of 3)",
      "        │ FAILED $ node --test (exit 1)",
      "        │ ✖ zero",
      "        │ expected: '0s'",
    ]);
  });

  it("says once that the whole is checked, and once that it is reviewed", () => {
    const show = live();
    const tasks = [taskView("a", "accepted")];
    show(tasks);
    expect(show(tasks, { phase: "verifying" })).toEqual(["⚙ mission  verifying  the whole is checked"]);
    expect(show(tasks, { phase: "verifying" })).toEqual([]);
    expect(show(tasks, { phase: "sealing" })).toEqual([
      "⚙ mission  sealing    a reviewer looks at the whole",
    ]);
    expect(show(tasks, { phase: "done" })).toEqual([]);
  });

  it("has a mark for every state, so that it reads without colours", () => {
    const states: TaskState[] = ["running", "verifying", "reviewing", "accepted", "failed", "cancelled"];
    const marks = states.map((state) => live()([taskView("a", state)])[0]?.[0]);
    expect(new Set(marks).size).toBe(states.length);
  });

  it("puts no control codes into a log or a pipe", () => {
    const [line = ""] = live(false)([taskView("a", "failed")]);
    expect(stripVTControlCharacters(line)).toBe(line);
  });
});
