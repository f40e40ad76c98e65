import { describe, expect, it } from "vitest";
import { newsText } from "./news.ts";
import { snapshotOf, taskView } from "./snapshot.fixture.ts";

const finished = { type: "finished", outcome: "accepted", message: "All done." } as const;
const decision = { type: "needs_decision", message: "1 task failed." } as const;

describe("the news for the commander", () => {
  it("of a good end say what was accepted, and to report it", () => {
    const tasks = [taskView("a", "accepted", { summary: "made a" }), taskView("b", "accepted")];
    expect(newsText(finished, snapshotOf(tasks))).toBe(
      [
        "The mission is over: accepted. All done.",
        "Accepted:\n- a (Title of a): made a\n- b (Title of b)",
        "Report to the user.",
      ].join("\n\n"),
    );
  });

  it("of a bad end ask to say what was not done", () => {
    const text = newsText({ ...finished, outcome: "failed" }, snapshotOf([]));
    expect(text).toMatch(/^The mission is over: failed\./);
    expect(text).toMatch(/Tell the user what was done and what was not\.$/);
  });

  it("of a decision give the reason, the failed check and the findings of each failed task", () => {
    const tasks = [
      taskView("a", "failed", {
        attempt: 3,
        reason: "its checks failed",
        verification: { passed: false, report: "FAILED $ npm test (exit 1, 0.1 s)" },
        findings: [{ file: "a.ts", severity: "major", message: "wrong" }],
      }),
      taskView("b", "blocked", { reason: "a failed" }),
      taskView("c", "running"),
    ];
    const text = newsText(decision, snapshotOf(tasks));
    expect(text).toContain(
      "Failed:\n- a (Title of a), after 3 attempts: its checks failed\nFAILED $ npm test (exit 1, 0.1 s)\n- a.ts: wrong (major)",
    );
    expect(text).toContain("Blocked or cancelled:\n- b (Title of b): blocked, a failed");
    expect(text).toContain("Not finished:\n- c (Title of c): running");
    expect(text).toMatch(/Calling run_mission with nothing changed ends the mission as failed\.$/);
  });

  it("of a decision before tasks could go on say that run_mission goes on with them", () => {
    const text = newsText(decision, snapshotOf([taskView("a", "ready"), taskView("b", "failed")]));
    expect(text).toContain("Nothing runs until you have decided.");
    expect(text).not.toContain("ends the mission");
  });

  it("keep the end of a long report: it says most", () => {
    const report = `first line\n${"x".repeat(10_000)}\nAssertionError: 1 != 2`;
    const task = taskView("a", "failed", { attempt: 1, verification: { passed: false, report } });
    const text = newsText(decision, snapshotOf([task]));
    expect(text).toContain("AssertionError: 1 != 2");
    expect(text).not.toContain("first line");
    expect(text).toContain("after 1 attempt: no reason given");
    expect(text.length).toBeLessThan(4000);
  });

  it("do not quote a check that a failed task passed", () => {
    const task = taskView("a", "failed", { verification: { passed: true, report: "ok $ npm test" } });
    expect(newsText(decision, snapshotOf([task]))).not.toContain("ok $ npm test");
  });

  it("tell what the checks of the whole and the final review said", () => {
    const text = newsText(
      decision,
      snapshotOf([], {
        missionVerification: { passed: false, report: "FAILED $ npm run e2e" },
        sealFindings: [{ severity: "major", message: "docs are missing" }],
      }),
    );
    expect(text).toContain("Checks of the whole (failed):\nFAILED $ npm run e2e");
    expect(text).toContain("Findings of the final review:\n- docs are missing (major)");
  });

  it("of an interruption ask to wait", () => {
    const text = newsText({ type: "interrupted" }, snapshotOf([taskView("a", "ready")]));
    expect(text).toMatch(/^The user interrupted the mission/);
    expect(text).toContain("Not finished:\n- a (Title of a): ready");
    expect(text).toMatch(/run_mission goes on where it was\.$/);
  });

  it("leave delegations out: their results were given already", () => {
    const text = newsText(finished, snapshotOf([taskView("x", "accepted", { kind: "delegation" })]));
    expect(text).not.toContain("Title of x");
  });
});
