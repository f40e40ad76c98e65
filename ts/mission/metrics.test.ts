import { describe, expect, it } from "vitest";
import { metricsText } from "./metrics.ts";
import { snapshotOf, taskView } from "./snapshot.fixture.ts";

describe("the numbers of a mission", () => {
  it("count tasks by state, attempts and sessions; time runs on for a task that is not over", () => {
    const tasks = [
      taskView("a", "accepted", { attempt: 1, startedAt: 1000, endedAt: 3000 }),
      taskView("b", "accepted", { attempt: 3, startedAt: 1000, endedAt: 2500 }),
      taskView("c", "running", { attempt: 1, startedAt: 4000 }),
      taskView("d"),
      taskView("x", "accepted", { kind: "delegation", attempt: 9, startedAt: 0, endedAt: 9000 }),
    ];
    expect(metricsText(snapshotOf(tasks, { limit: 4 }), 5000).split("\n")).toEqual([
      "phase: running",
      "tasks: 4",
      "accepted: 2",
      "running: 1",
      "pending: 1",
      "attempts: 5",
      "sessions in use: 0",
      "most sessions at once: 4",
      "model calls: 0",
      "tokens: 0",
      "cost in USD: 0.0000",
      "minutes running: 0.0",
      "sessions opened: 0",
      "time in tasks: 4.5 s",
    ]);
  });
});
