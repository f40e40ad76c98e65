import { describe, expect, it } from "vitest";
import type { TaskState } from "../../engine/index.ts";
import { snapshotOf, taskView } from "../snapshot.fixture.ts";
import { parseTodo } from "./document.ts";
import { type Edit, editsOf } from "./edits.ts";
import { NOTHING_WRITTEN, renderTodo } from "./projection.ts";

const brief = { id: "m1", objective: "o", session: "s", openedAt: 0 };
const PROPOSAL = { id: "proposed-1", title: "Docs", notes: [], ticked: false };
const BASE = snapshotOf([
  taskView("a", "accepted"),
  taskView("b", "running"),
  taskView("c", "pending", { dependsOn: ["b"] }),
]);
const WRITTEN = renderTodo(brief, BASE, { ...NOTHING_WRITTEN, proposals: [PROPOSAL] });
const known = (id: string) => ["a", "b", "c", "proposed-1"].includes(id);

/** What was changed where `edit` changes the text that we wrote, and the tasks have gone on to `states` meanwhile. */
function edits(
  edit: (text: string) => string,
  { exact = true, states = {} }: { exact?: boolean; states?: Record<string, TaskState> } = {},
): readonly Edit[] {
  const theirs = edit(WRITTEN);
  if (theirs === WRITTEN) throw new Error("the edit changes nothing");
  return editsOf({
    base: parseTodo(WRITTEN, known),
    exact,
    theirs: parseTodo(theirs, known),
    tasks: BASE.tasks.map((task) => ({ ...task, state: states[task.id] ?? task.state })),
    proposals: [PROPOSAL],
  });
}

const C = "- [ ] **c** Title of c (after b)";
const B = "- [~] **b** Title of b — running";

describe("an edit by hand", () => {
  it.each<[string, (text: string) => string, readonly Edit[]]>([
    [
      "a new item",
      (text) => `${text}- [ ] More\n`,
      [{ type: "proposed", title: "More", notes: [], ticked: false }],
    ],
    [
      "a new item that is done already, with notes",
      (text) => `${text}* [x] More\n  like this`,
      [{ type: "proposed", title: "More", notes: ["  like this"], ticked: true }],
    ],
    ["a tick", (text) => text.replace("[~]", "[x]"), [{ type: "ticked", id: "b" }]],
    ["a tick taken away", (text) => text.replace("[x]", "[ ]"), [{ type: "unticked", id: "a" }]],
    ["a deleted task", (text) => text.replace(`${C}\n`, ""), [{ type: "removed", id: "c" }]],
    ["a task marked as dropped", (text) => text.replace("[~]", "[-]"), [{ type: "removed", id: "b" }]],
    ["a title", (text) => text.replace("Title of c", "See"), [{ type: "retitled", id: "c", title: "See" }]],
    [
      "a note",
      (text) => text.replace(C, `${C}\n  with care`),
      [{ type: "noted", id: "c", lines: ["  with care"] }],
    ],
    [
      "a deleted proposal",
      (text) => text.replace(/- \[ \] \*\*proposed-1.*\n/, ""),
      [{ type: "dropped", id: "proposed-1" }],
    ],
  ])("is known: %s", (_, edit, expected) => {
    expect(edits(edit)).toEqual(expected);
  });

  it.each<[string, (text: string) => string]>([
    ["other bullets", (text) => text.replaceAll("\n- ", "\n* ")],
    ["other indentation", (text) => text.replaceAll("\n- ", "\n\t- ")],
    ["other line endings", (text) => text.replaceAll("\n", "\r\n")],
    ["another order", (text) => text.replace(`${B}\n`, "").replace(`${C}\n`, `${C}\n${B}\n`)],
    ["a copy of an item", (text) => text.replace(C, `${C}\n${C}`)],
    ["a task without its id", (text) => text.replace("**c** ", "")],
    ["a task whose id is not bold", (text) => text.replace("**c**", "c")],
    ["another mark of a task under way", (text) => text.replace("[~]", "[!]")],
    ["a shorter suffix", (text) => text.replace(" — running", "")],
    ["an accepted task that is gone", (text) => text.replace(/- \[x\].*\n/, "")],
    ["a title that is empty", (text) => text.replace("Title of c (after b)", "")],
    ["an item with the title of a task", (text) => `${text}- title of C\n`],
  ])("is none: %s", (_, edit) => {
    expect(edits(edit)).toEqual([]);
  });

  it("of an older text takes nothing for deleted or unticked", () => {
    const old = (text: string) =>
      text
        .replace(`${C}\n`, "")
        .replace("[x]", "[ ]")
        .replace(/.*proposed-1.*\n/, "");
    expect(edits(old, { exact: false })).toEqual([]);
    expect(edits((text) => `${old(text)}- New\n`, { exact: false })).toMatchObject([
      { type: "proposed", title: "New" },
    ]);
  });

  it("that ticks what was accepted meanwhile is no edit", () => {
    expect(edits((text) => text.replace("[~]", "[x]"), { states: { b: "accepted" } })).toEqual([]);
  });

  it("that deletes what ended meanwhile is no edit", () => {
    const edit = (text: string) => text.replace(`${B}\n`, "");
    expect(edits(edit, { states: { b: "accepted" } })).toEqual([]);
    expect(edits(edit, { states: { b: "failed" } })).toEqual([{ type: "removed", id: "b" }]);
  });
});
