import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { TaskState } from "../engine/index.ts";
import { folderWith, put } from "./folder.fixture.ts";
import { snapshotOf, taskView } from "./snapshot.fixture.ts";
import { renderTodo, TodoFile } from "./todo.ts";

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
      "<!-- mission m1: written by opencode-orchestrator -->",
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

describe("todo.md", () => {
  const pathIn = (folder: string) => join(folder, ".orchestrator", "todo.md");

  it("is made with its folder at the first write, and nothing is left beside it", async () => {
    const folder = await folderWith();
    await new TodoFile(folder).write("one\n");
    expect(await readFile(pathIn(folder), "utf8")).toBe("one\n");
    expect(await readdir(join(folder, ".orchestrator"))).toEqual(["todo.md"]);
  });

  it("ends as the last write, however many are under way", async () => {
    const folder = await folderWith();
    const todo = new TodoFile(folder);
    await Promise.all(Array.from({ length: 20 }, (_, number) => todo.write(`${number}`)));
    expect(await readFile(pathIn(folder), "utf8")).toBe("19");
  });

  it("is not written again where nothing has changed", async () => {
    const folder = await folderWith();
    const todo = new TodoFile(folder);
    await todo.write("same");
    const { ino, mtimeMs } = await stat(pathIn(folder));
    await todo.write("same");
    expect(await stat(pathIn(folder))).toMatchObject({ ino, mtimeMs });
  });

  it("is brought up to date again after a write that failed", async () => {
    const folder = await folderWith({ ".orchestrator": "a file where the folder should be" });
    const todo = new TodoFile(folder);
    await expect(todo.write("one")).rejects.toThrow();
    await rm(join(folder, ".orchestrator"));
    await todo.write("one");
    expect(await readFile(pathIn(folder), "utf8")).toBe("one");
    await todo.write("two");
    expect(await readFile(pathIn(folder), "utf8")).toBe("two");
  });

  it("takes the place of what somebody else wrote there", async () => {
    const folder = await folderWith();
    await put(folder, { ".orchestrator/todo.md": "a much longer text of an earlier mission" });
    await new TodoFile(folder).write("new");
    expect(await readFile(pathIn(folder), "utf8")).toBe("new");
  });
});
