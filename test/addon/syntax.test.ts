import { expect, test } from "vitest";
import { checkSyntax } from "../../ts/engine/index.ts";

test("an error comes with its place, and a valid file has none", () => {
  const report = checkSyntax("src/a.ts", "const ä = 1;\nconst b = {\n");
  expect(report).toMatchObject({ language: "typescript", truncated: false });
  expect(report?.errors).toEqual([
    {
      line: 2,
      column: 11,
      endLine: 2,
      kind: "missing",
      message: "`{` is never closed",
      excerpt: "const b = {",
    },
  ]);
  for (const [path, source] of [
    ["a.tsx", "export const A = () => <b>{1}</b>;"],
    ["a.mjs", "export default 1;"],
    ["package.json", "{}"],
    ["tsconfig.json", "{ // why\n}"],
    ["a.py", "def a():\n    pass\n"],
    ["a.rs", "fn a() {}\n"],
  ] as const) {
    expect(checkSyntax(path, source)?.errors, path).toEqual([]);
  }
});

test("bytes are taken as well as text", () => {
  expect(checkSyntax("a.rs", new TextEncoder().encode("fn a( {}"))?.errors[0]?.line).toBe(1);
  const whole = new TextEncoder().encode("xxfn a() {}");
  expect(checkSyntax("a.rs", whole.subarray(2))?.errors).toEqual([]);
  expect(checkSyntax("a.py", new Uint8Array())?.errors).toEqual([]);
});

test("of a changed file only the new errors count", () => {
  const before = "let a = ;\n";
  expect(checkSyntax("a.js", `\n\n${before}`, { before })?.errors).toEqual([]);
  expect(checkSyntax("a.js", `${before}let b = ;\n`, { before })?.errors).toMatchObject([{ line: 2 }]);
});

test("for an unknown language there is no report", () => {
  expect(checkSyntax("README.md", "```")).toBeNull();
  expect(checkSyntax("a.lua", "function {")).toBeNull();
});

test("what can't be checked is an error with its code", () => {
  expect(() => checkSyntax("a.ts", new Uint8Array([0xff, 0xfe, 0]))).toThrow(
    expect.objectContaining({ code: "ERR_SYNTAX_NOT_TEXT" }),
  );
  expect(() => checkSyntax("a.ts", "let a = 1;", { maxBytes: 3 })).toThrow(
    expect.objectContaining({ code: "ERR_SYNTAX_TOO_LARGE" }),
  );
  expect(() => checkSyntax("a.ts", "const a = [1, 2];\n".repeat(100_000), { timeLimitMs: 1 })).toThrow(
    expect.objectContaining({ code: "ERR_SYNTAX_TIMED_OUT" }),
  );
});

test("the number of errors has a limit, and the report says that it was reached", () => {
  const report = checkSyntax("a.ts", "const a = ;\n".repeat(10), { maxErrors: 3 });
  expect(report?.errors).toHaveLength(3);
  expect(report?.truncated).toBe(true);
});
