import { describe, expect, it } from "vitest";
import { plannedTasks, progressLine, progressRows } from "./progress.ts";
import { snapshotOf, taskView } from "./snapshot.fixture.ts";

const delegation = taskView("explore", "running", { kind: "delegation" });

describe("the line of a mission", () => {
  it("counts what is accepted and names what is worked on, and how", () => {
    const tasks = [
      taskView("a", "accepted"),
      taskView("b", "running"),
      taskView("c", "verifying"),
      taskView("d", "reviewing"),
      taskView("e", "pending"),
    ];
    expect(progressLine(snapshotOf(tasks))).toBe("1/5 accepted · b, c (checks), d (review)");
  });

  it("tells of a task that has two attempts at once", () => {
    const second = { lease: 5, checking: false };
    const tasks = [taskView("a", "running", { second }), taskView("b", "running")];
    expect(progressLine(snapshotOf(tasks))).toBe("0/2 accepted · a (two attempts), b");
  });

  it("counts what went wrong, where something did", () => {
    const tasks = [
      taskView("a", "failed"),
      taskView("b", "blocked"),
      taskView("c", "blocked"),
      taskView("d", "cancelled"),
    ];
    expect(progressLine(snapshotOf(tasks))).toBe("0/4 accepted · 1 failed · 2 blocked · 1 cancelled");
  });

  it("says when the whole is checked and reviewed", () => {
    const tasks = [taskView("a", "accepted")];
    expect(progressLine(snapshotOf(tasks, { phase: "verifying" }))).toBe("1/1 accepted · checking the whole");
    expect(progressLine(snapshotOf(tasks, { phase: "sealing" }))).toBe("1/1 accepted · final review");
  });
});

describe("delegations", () => {
  it("are no part of the plan", () => {
    const snapshot = snapshotOf([delegation, taskView("a", "accepted", { attempt: 2 })]);
    expect(plannedTasks(snapshot).map(({ id }) => id)).toEqual(["a"]);
    expect(progressLine(snapshot)).toBe("1/1 accepted");
    expect(progressRows(snapshot)).toEqual([{ id: "a", title: "Title of a", state: "accepted", attempt: 2 }]);
  });
});
