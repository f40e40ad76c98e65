import { describe, expect, it } from "vitest";
import type { TaskState } from "../../engine/index.ts";
import { snapshotOf, taskView } from "../snapshot.fixture.ts";
import { NOTHING_WRITTEN, renderTodo, TICKED, titleIn } from "./projection.ts";

const brief = { id: "m1", objective: "The objective", session: "s", openedAt: 0 };
const lines = (text: string) => text.split("\n").filter((line) => line.startsWith("- ["));

describe("the plan as people read it", () => {
  it("starts with the goal and the mission it belongs to", () => {
    expect(
      renderTodo(brief, snapshotOf([taskView("a")]))
        .split("\n")
        .slice(0, 5),
    ).toEqual([
      "# The goal",
      "",
      "<!-- mission m1, version 7: written by opencode-orchestrator -->",
      "",
      "- [ ] **a** Title of a",
    ]);
  });

  it("has the objective for a title until there is a goal, one line of it", () => {
    const text = renderTodo(
      { ...brief, objective: "\nFirst line\r\nsecond line" },
      snapshotOf([], { goal: "" }),
    );
    expect(text).toMatch(/^# First line\n/);
    expect(text).not.toContain("second line");
  });

  it.each<[TaskState, string]>([
    ["pending", "- [ ] **a** Title of a"],
    ["ready", "- [ ] **a** Title of a"],
    ["running", "- [~] **a** Title of a — running"],
    ["verifying", "- [~] **a** Title of a — verifying"],
    ["reviewing", "- [~] **a** Title of a — reviewing"],
    ["accepted", "- [x] **a** Title of a"],
    ["failed", "- [!] **a** Title of a — failed"],
    ["cancelled", "- [-] **a** Title of a — cancelled"],
    ["blocked", "- [ ] **a** Title of a — blocked"],
  ])("shows a task that is %s as %j", (state, line) => {
    expect(lines(renderTodo(brief, snapshotOf([taskView("a", state)])))).toEqual([line]);
  });

  it("says what a task waits for, and why it is where it is, in one line", () => {
    const tasks = [
      taskView("c", "failed", { dependsOn: ["a", "b"], reason: "exit 1\nlong output" }),
      taskView("d", "accepted", { reason: "of an earlier try" }),
      taskView("e", "ready", { reason: "of an earlier try" }),
    ];
    expect(lines(renderTodo(brief, snapshotOf(tasks)))).toEqual([
      "- [!] **c** Title of c (after a, b) — failed: exit 1",
      "- [x] **d** Title of d",
      "- [ ] **e** Title of e",
    ]);
  });

  it("cuts a title that is too long for a line", () => {
    const text = renderTodo(brief, snapshotOf([taskView("a", "pending", { title: "x".repeat(500) })]));
    expect(lines(text)[0]).toHaveLength("- [ ] **a** ".length + 200);
    expect(lines(text)[0]).toMatch(/x…$/);
  });

  it("has no line for a delegation", () => {
    expect(lines(renderTodo(brief, snapshotOf([taskView("x", "running", { kind: "delegation" })])))).toEqual(
      [],
    );
  });
});

describe("what people wrote", () => {
  const tasks = snapshotOf([taskView("a", "running"), taskView("b")]);

  it("stands where they wrote it: prose first, notes below their task, proposals last", () => {
    const text = renderTodo(brief, tasks, {
      ...NOTHING_WRITTEN,
      prose: ["Ask Ann first."],
      notes: new Map([["a", ["  - [ ] the tests too"]]]),
      remarks: new Map([["b", TICKED]]),
      proposals: [{ id: "proposed-1", title: "Docs", notes: ["  short ones"], ticked: false }],
    });
    expect(text.split("\n").slice(4)).toEqual([
      "Ask Ann first.",
      "",
      "- [~] **a** Title of a — running",
      "  - [ ] the tests too",
      "- [ ] **b** Title of b — ticked by hand, not verified",
      "",
      "## Proposed",
      "",
      "- [ ] **proposed-1** Docs — proposed by hand, not planned",
      "  short ones",
      "",
    ]);
  });

  it("is written in the style of the file", () => {
    const style = { eol: "\r\n", bom: true } as const;
    const text = renderTodo(brief, tasks, { ...NOTHING_WRITTEN, style });
    expect(text).toMatch(/^\uFEFF# The goal\r\n/);
    expect(text.replaceAll("\r\n", "")).not.toContain("\n");
  });

  it.each([
    ["Title (after a, b) — failed: exit 1 — more", "Title"],
    ["Title — running — ticked by hand, not verified", "Title"],
    ["Title — ticked by hand, not verified", "Title"],
    ["Write f(x) — the fast one", "Write f(x) — the fast one"],
    ["Title (after lunch) and more", "Title (after lunch) and more"],
  ])("leaves the title in %j", (text, title) => {
    expect(titleIn(text)).toBe(title);
  });
});
