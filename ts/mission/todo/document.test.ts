import { describe, expect, it } from "vitest";
import { parseTodo } from "./document.ts";

const known = (id: string) => id === "a" || id === "b";
const read = (...lines: string[]) => parseTodo(lines.join("\n"), known);

describe("an item", () => {
  it.each([
    ["- [ ] **a** Text", { mark: " ", id: "a", text: "Text" }],
    ["* [x] **a** Text", { mark: "x", id: "a", text: "Text" }],
    ["+ [X] __a__ Text", { mark: "X", id: "a", text: "Text" }],
    ["1. [~] **a** Text", { mark: "~", id: "a", text: "Text" }],
    ["12) [!] **a** Text", { mark: "!", id: "a", text: "Text" }],
    ["   - [-] **a** Text  ", { mark: "-", id: "a", text: "Text" }],
    ["\t\t- [ ]\tText", { mark: " ", text: "Text" }],
    ["- Text", { text: "Text" }],
    ["- [link](there) and more", { text: "[link](there) and more" }],
    ["- **bold** text", { id: "bold", text: "text" }],
  ])("is read from %j", (line, item) => {
    expect(read(line).items).toEqual([{ ...item, notes: [] }]);
  });

  it.each(["-no item", "- ", "- [ ]", "**a** Text", "1.Text"])("is not %j", (line) => {
    expect(read(line).items).toEqual([]);
  });
});

describe("what is indented deeper", () => {
  it.each([
    ["  - [ ] **c** below", "spaces"],
    ["\t- below", "a tab"],
    ["  just words", "words"],
    ["        far in", "far"],
  ])("belongs to the item above: %j", (note) => {
    expect(read("- [ ] **a** A", note, "- [ ] **b** B").items).toMatchObject([
      { id: "a", notes: [note] },
      { id: "b", notes: [] },
    ]);
  });

  it("stands for itself where it is a task", () => {
    expect(read("- **a** A", "    - **b** B").items).toMatchObject([{ id: "a" }, { id: "b" }]);
  });

  it("keeps the empty lines between its lines, and none at its end", () => {
    expect(read("- **a** A", "  one", "", "  two", "", "- **b** B").items[0]?.notes).toEqual([
      "  one",
      "",
      "  two",
    ]);
  });
});

describe("a code block", () => {
  it("holds no items", () => {
    const { items, prose } = read("```", "- no item", "```", "- an item");
    expect(items.map(({ text }) => text)).toEqual(["an item"]);
    expect(prose).toEqual(["```", "- no item", "```"]);
  });

  it("that is never closed swallows no task", () => {
    expect(read("```", "- no item", "- [ ] **a** A").items).toMatchObject([{ id: "a" }]);
  });
});

describe("a file", () => {
  const OURS =
    "# Goal\n\n<!-- mission m1-2f, version 12: written by opencode-orchestrator -->\n\n- [ ] **a** A\n";

  it("says which mission and version of the plan it shows", () => {
    expect(parseTodo(OURS, known)).toMatchObject({ mission: "m1-2f", version: 12, prose: [] });
  });

  it.each(["- <!-- mission m1: no comment", "<!-- mission ../../x, version 1: written by x -->"])(
    "names no mission by %j",
    (line) => {
      expect(read(line).mission).toBeUndefined();
    },
  );

  it("is the same with every line ending, with a mark at its start and without an end", () => {
    const { style: _, ...plain } = parseTodo(OURS, known);
    for (const text of [OURS.replaceAll("\n", "\r\n"), `\uFEFF${OURS}`, OURS.trimEnd()])
      expect(parseTodo(text, known)).toMatchObject(plain);
  });

  it("has a style", () => {
    expect(parseTodo(`\uFEFF${OURS.replaceAll("\n", "\r\n")}`, known).style).toEqual({
      eol: "\r\n",
      bom: true,
    });
    expect(parseTodo(OURS, known).style).toEqual({ eol: "\n", bom: false });
  });

  it("keeps what is neither item nor ours as prose", () => {
    expect(
      read("# Goal", "Some words", "", "## Proposed", "## Later", "- **a** A", "after it").prose,
    ).toEqual(["Some words", "## Later", "after it"]);
  });
});
