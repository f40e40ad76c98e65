import { parse } from "jsonc-parser";
import { describe, expect, it } from "vitest";
import {
  adding,
  applied,
  ConfigTextError,
  pluginEntries,
  removing,
  renaming,
  undone,
} from "./config-text.ts";

const OURS = "opencode-orchestrator@1.0.0";

/** Configurations as people write them, and some that nobody should. */
const NASTY: readonly (readonly [name: string, text: string])[] = [
  ["nothing at all", ""],
  ["spaces only", " \n\t\n"],
  ["an empty object", "{}"],
  ["an empty object with a line end", "{}\n"],
  ["an empty object over two lines", "{\n}\n"],
  ["an empty object with a comment", "{ // mine\n}"],
  ["one property", '{"model":"a/b"}'],
  ["a property and a trailing comma", '{\n  "model": "a/b",\n}\n'],
  ["a comment behind the last property", '{\n  "model": "a/b" // the good one\n}\n'],
  ["a comment behind the last comma", '{\n  "model": "a/b", // the good one\n  /* end */\n}\n'],
  ["tabs", '{\n\t"model": "a/b",\n\t"x": {\n\t\t"y": 1\n\t}\n}\n'],
  ["four spaces and CRLF", '{\r\n    "model": "a/b"\r\n}\r\n'],
  ["a byte order mark", '\uFEFF{\n  "model": "a/b"\n}\n'],
  ["an empty list", '{ "plugin": [] }'],
  ["an empty list over two lines", '{\n  "plugin": [\n  ]\n}'],
  ["an empty list with a comment", '{\n  "plugin": [ // none yet\n  ]\n}'],
  ["a list", '{"plugin":["a","b"]}'],
  ["a list with options", '{ "plugin": ["a", ["b", { "x": [1, 2,] }]] }'],
  ["a list of lines", '{\n  "plugin": [\n    "a",\n    "b"\n  ]\n}\n'],
  ["a list of lines with a trailing comma", '{\n  "plugin": [\n    "a",\n    "b",\n  ],\n}\n'],
  [
    "a list with comments everywhere",
    '{\n  "plugin": [ // list\n    "a", /* one */ // two\n    "b" // three\n    // "c"\n  ]\n}\n',
  ],
  ["a comment over lines", '{\n  "plugin": [\n    "a" /* so\n    so */\n  ]\n}\n'],
  ["a comment before a comma", '{"plugin": ["a" /* , */ , ]}'],
  ["two lists: the last counts", '{\n  "plugin": ["a"],\n  "plugin": ["b"]\n}\n'],
  ["words of it in strings", '{"x": "\\"plugin\\": [", "y": "// no, /* no */", "plugin": ["a"]}'],
  ["letters beyond the alphabet", '{"user": "Zoë 🦀 \\u00e9", "plugin": ["näme"]}'],
  ["a list of things that are no plugins", '{"plugin": [1, null, {}, "a"]}'],
];

const value = (text: string): unknown =>
  parse(text.replace(/^\uFEFF/, ""), [], { allowTrailingComma: true }) ?? {};
const listed = (text: string) => (value(text) as { plugin?: readonly unknown[] }).plugin ?? [];

describe("adding to a configuration", () => {
  it.each(NASTY)("puts the entry last and changes no other value: %s", (_, before) => {
    const after = applied(before, adding(before, OURS));
    expect(value(after)).toEqual({ ...(value(before) as object), plugin: [...listed(before), OURS] });
    expect(pluginEntries(after)?.at(-1)?.spec).toBe(OURS);
  });

  it.each(NASTY)("removes no byte: %s", (_, before) => {
    const edits = adding(before, OURS);
    expect(edits.every(({ removed }) => removed === "")).toBe(true);
    const after = applied(before, edits);
    expect(undone(after, after, edits)).toBe(before);
  });

  it.each(NASTY)("keeps the ends of lines: %s", (_, before) => {
    const after = applied(before, adding(before, OURS));
    const lone = (text: string) => /(?<!\r)\n/.test(text);
    if (before.includes("\r\n")) expect(lone(after)).toBe(lone(before));
    else expect(after).not.toContain("\r");
  });

  it("takes the indentation of its neighbours, and stays behind their comments", () => {
    const before = '{\n\t"plugin": [\n\t\t"a" // first\n\t]\n}\n';
    expect(applied(before, adding(before, OURS))).toBe(
      `{\n\t"plugin": [\n\t\t"a", // first\n\t\t"${OURS}"\n\t]\n}\n`,
    );
  });

  it.each([
    ['{\n  "a": 1\n  "b": 2\n}', 3, 3],
    ['{\n  "plugin": ["a"\n', 3, 1],
    ["[]", 1, 1],
    ['{\n  "plugin": "a"\n}', 2, 13],
    ["\uFEFF{ nonsense }", 1, 3],
    ["// nothing", 1, 11],
  ])("refuses what it does not understand, and says where: %j", (text, line, column) => {
    let thrown: unknown;
    try {
      adding(text, OURS);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ConfigTextError);
    expect(thrown).toMatchObject({ line, column });
  });
});

describe("taking back what was added", () => {
  it.each(NASTY)("leaves what another program has added meanwhile at the top: %s", (_, before) => {
    const edits = adding(before, OURS);
    const after = applied(before, edits);
    const schema = '\n  "$schema": "https://opencode.ai/config.json",';
    const touched = after.replace("{", `{${schema}`);
    const expected = before.includes("{") ? before.replace("{", `{${schema}`) : undefined;
    expect(undone(after, touched, edits)).toBe(expected);
  });

  it("is left alone where the same place was changed since", () => {
    const before = '{"plugin": ["a"]}';
    const edits = adding(before, OURS);
    const after = applied(before, edits);
    expect(undone(after, after.replace("@1.0.0", "@2.0.0"), edits)).toBeUndefined();
  });
});

describe("removing an entry", () => {
  it.each(NASTY)("that was put last leaves the others as they are: %s", (_, before) => {
    const after = applied(before, adding(before, OURS));
    const back = applied(after, removing(after, (pluginEntries(after)?.length ?? 0) - 1));
    expect(value(back)).toEqual({ ...(value(before) as object), plugin: listed(before) });
    expect(back).not.toContain(OURS);
  });

  it.each([
    ["first", '["o", "a", "b"]', 0, '["a", "b"]'],
    ["in the middle", '["a", "o", "b"]', 1, '["a", "b"]'],
    ["last", '["a", "o"]', 1, '["a"]'],
    ["alone", '["o"]', 0, "[]"],
    ["alone with a comma", '["o",]', 0, "[]"],
    ["last with a comma", '["a", "o",]', 1, '["a",]'],
    ["on a line", '[\n  "a",\n  "o",\n  "b"\n]', 1, '[\n  "a",\n  "b"\n]'],
    ["below a comment", '[\n  "a", // the first\n  "o"\n]', 1, '[\n  "a" // the first\n]'],
    [
      "below a comment that the next entry is beside",
      '[\n  "a", // the first\n  "o", "b"\n]',
      1,
      '[\n  "a", // the first\n "b"\n]',
    ],
    ["behind a URL", '["file:///a/x.js", "o", "z"]', 1, '["file:///a/x.js", "z"]'],
    ["last behind a URL", '[\n  "file:///a/x.js", "o"\n]', 1, '[\n  "file:///a/x.js"\n]'],
    ["below a comment, with Windows' line ends", '[\r\n  "a", // c\r\n  "o"\r\n]', 1, '[\r\n  "a" // c\r\n]'],
    ["beside a comment", '["o" /* mine */, "a"]', 0, '[ /* mine */ "a"]'],
    ["with options", '["a", ["o", {"x": 1}]]', 1, '["a"]'],
  ])("%s", (_, list, index, expected) => {
    const text = `{"plugin": ${list}}`;
    expect(applied(text, removing(text, index))).toBe(`{"plugin": ${expected}}`);
  });
});

describe("renaming an entry", () => {
  it("keeps its options and all around it", () => {
    const text = '\uFEFF{"plugin": ["a", ["old", { "x": 1 }] /* mine */]}';
    expect(applied(text, renaming(text, 1, OURS))).toBe(
      `\uFEFF{"plugin": ["a", ["${OURS}", { "x": 1 }] /* mine */]}`,
    );
  });
});
