import { describe, expect, it } from "vitest";
import type { TaskState } from "../engine/index.ts";
import { isOver, resultText } from "./result.ts";
import { taskView } from "./snapshot.fixture.ts";

describe("a task", () => {
  it.each<[TaskState, boolean]>([
    ["pending", false],
    ["ready", false],
    ["running", false],
    ["verifying", false],
    ["reviewing", false],
    ["accepted", true],
    ["failed", true],
    ["cancelled", true],
    ["blocked", true],
  ])("that is %s is over: %j", (state, over) => {
    expect(isOver(taskView("a", state))).toBe(over);
  });
});

describe("the result of a task", () => {
  it("is its summary with the evidence, the files, the checks and the findings", () => {
    const { title, output } = resultText(
      taskView("a", "accepted", {
        attempt: 2,
        summary: "It works.",
        evidence: ["ran it", "read it"],
        filesReported: ["x.ts", "y.ts"],
        verification: { passed: true, report: "ok $ test" },
        findings: [{ severity: "minor", message: "a name" }],
      }),
    );
    expect(title).toBe("a: accepted");
    expect(output).toBe(
      [
        "a (Title of a): accepted, attempt 2 of 3",
        "It works.",
        "Evidence:\n- ran it\n- read it",
        "Files: x.ts, y.ts",
        "Checks (passed):\nok $ test",
        "Findings:\n- a name (minor)",
      ].join("\n\n"),
    );
  });

  it("is the reason where there is none, and leaves out what is not there", () => {
    const { output } = resultText(taskView("a", "blocked", { reason: "b failed" }));
    expect(output).toBe("a (Title of a): blocked, attempt 0 of 3\n\nReason: b failed");
  });

  it("does not give the reason of an earlier try for an accepted task", () => {
    expect(resultText(taskView("a", "accepted", { reason: "retried" })).output).not.toContain("retried");
  });
});
