import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import {
  astReplace,
  astReplaceJob,
  astSearch,
  astSearchJob,
  EngineError,
  outline,
  outlineJob,
} from "../../ts/engine/index.ts";
import { temporaryFolder } from "./folders.ts";
import { thrownBy } from "./thrown.ts";

function folderWith(files: Readonly<Record<string, string>>) {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(folder.file(name)), { recursive: true });
    writeFileSync(folder.file(name), text);
  }
  return folder;
}

test("a match says where it is and what the names stand for", () => {
  using folder = folderWith({ "src/a.ts": "const ä = 1;\nlog(ä, 'x');\n", "b.py": "log(1)\n" });
  const report = astSearch({ pattern: "log($FIRST, $$$REST)", language: "ts" }, folder.path);
  expect(report).toMatchObject({ language: "typescript", truncated: null, problems: [] });
  expect(report.files).toEqual([
    {
      path: "src/a.ts",
      matches: [
        {
          line: 2,
          column: 1,
          endLine: 2,
          endColumn: 12,
          offset: 14,
          endOffset: 26,
          text: "log(ä, 'x')",
          cut: false,
          captures: { FIRST: "ä", REST: ["'x'"] },
        },
      ],
    },
  ]);
});

test("a rule in YAML is taken, and the limits are kept", () => {
  using folder = folderWith({ "a.py": "def f():\n    pass\n\ndef g():\n    return 1\n" });
  const rule = "kind: function_definition\nhas: { kind: return_statement, stopBy: end }";
  const report = astSearch({ rule, language: "python" }, folder.path);
  expect(report.files[0]?.matches.map(({ line }) => line)).toEqual([4]);
  const cut = astSearch({ rule: "kind: function_definition", language: "py" }, folder.path, {
    maxResults: 1,
    maxTextBytes: 5,
  });
  expect(cut).toMatchObject({ truncated: "results", files: [{ matches: [{ text: "def f", cut: true }] }] });
});

test("what can't be looked for is refused with its code and its place", () => {
  using folder = folderWith({ "a.ts": "" });
  const refused = (query: Parameters<typeof astSearch>[0]) =>
    thrownBy(() => astSearch(query, folder.path)) as EngineError;
  const pattern = refused({ pattern: "let a; let b", language: "ts" });
  expect(EngineError.is(pattern)).toBe(true);
  expect(pattern).toMatchObject({ code: "ERR_SEARCH_INVALID_PATTERN", details: { column: 8 } });
  expect(refused({ pattern: "a", language: "typscript" })).toMatchObject({
    code: "ERR_SEARCH_UNKNOWN_LANGUAGE",
    message: "there is no language `typscript`: did you mean `typescript`?",
  });
  expect(refused({ rule: "knid: call_expression", language: "ts" })).toMatchObject({
    code: "ERR_SEARCH_INVALID_RULE",
    message: "a rule has no `knid`: did you mean `kind`?",
  });
  expect(refused({ pattern: "a" })).toMatchObject({ code: "ERR_SEARCH_UNKNOWN_LANGUAGE" });
  expect(thrownBy(() => astSearch({ pattern: "a", language: "ts" }, folder.file("none")))).toMatchObject({
    code: "ERR_SEARCH_INVALID_ROOT",
  });
});

test("a dry run shows the diff, and only what was shown is written", () => {
  using folder = folderWith({ "a.ts": "var a = 1;\n", "b.ts": "var b = 2;\n" });
  chmodSync(folder.file("a.ts"), 0o755);
  const query = { pattern: "var $A = $B", language: "ts" };
  const shown = astReplace(query, "let $A = $B", folder.path, { dryRun: true });
  expect(shown.changes.map(({ path, written }) => [path, written])).toEqual([
    ["a.ts", false],
    ["b.ts", false],
  ]);
  expect(shown.changes[0]?.diff).toBe("--- a/a.ts\n+++ b/a.ts\n@@ -1 +1 @@\n-var a = 1;\n+let a = 1;\n");
  const expected = Object.fromEntries(shown.changes.map(({ path, hash }) => [path, hash]));
  writeFileSync(folder.file("b.ts"), "var c = 3;\n");
  const done = astReplace(query, "let $A = $B", folder.path, { expect: expected });
  expect(done.changes).toMatchObject([{ path: "a.ts", written: true, replacements: 1, newSyntaxErrors: 0 }]);
  expect(done.refused).toMatchObject([{ path: "b.ts", reason: "changed" }]);
  expect(readFileSync(folder.file("a.ts"), "utf8")).toBe("let a = 1;\n");
  expect(readFileSync(folder.file("b.ts"), "utf8")).toBe("var c = 3;\n");
  if (process.platform !== "win32") expect(statSync(folder.file("a.ts")).mode & 0o777).toBe(0o755);
});

test("a rewrite keeps to its scope and needs something to write", () => {
  using folder = folderWith({ "src/a.ts": "f(1);\n", "b.ts": "f(1);\n" });
  const query = { pattern: "f($A)", language: "ts" };
  const report = astReplace(query, "g($A)", folder.path, { scope: ["src/**"] });
  expect(report.changes.map(({ path }) => path)).toEqual(["src/a.ts"]);
  expect(report.refused).toMatchObject([{ path: "b.ts", reason: "out_of_scope" }]);
  expect(thrownBy(() => astReplace(query, null, folder.path))).toMatchObject({
    code: "ERR_SEARCH_INVALID_PATTERN",
  });
});

test("an outline tells what a file declares, by lines", () => {
  const found = outline("src/a.go", "package a\n\ntype S struct{}\n\nfunc (s S) Do() {\n}\n");
  expect(found).toMatchObject({ language: "go", lines: 6, truncated: false, hasErrors: false });
  expect(found?.symbols).toEqual([
    {
      kind: "struct",
      name: "S",
      line: 3,
      endLine: 3,
      depth: 0,
      exported: true,
      signature: "type S struct{}",
    },
    {
      kind: "method",
      name: "(s S) Do",
      line: 5,
      endLine: 6,
      depth: 0,
      exported: true,
      signature: "func (s S) Do() {",
    },
  ]);
  expect(outline("Makefile", "all:\n")).toBeNull();
  expect(thrownBy(() => outline("a.ts", "a\0"))).toMatchObject({ code: "ERR_SYNTAX_NOT_TEXT" });
});

test("jobs find, rewrite and outline the same, however much it is", async () => {
  using folder = folderWith({ "a.ts": "f(1, 'x');\n".repeat(3_000), "b.ts": "f(2);\nfunction g() {}\n" });
  const query = { pattern: "f($$$ARGS)", language: "ts" };
  const options = { maxResults: 5_000 };
  const found = await astSearchJob(query, folder.path, options);
  expect(found.files.map(({ matches }) => matches.length)).toEqual([3_000, 1]);
  expect(found).toEqual(astSearch(query, folder.path, options));
  const source = readFileSync(folder.file("b.ts"), "utf8");
  expect(await outlineJob("b.ts", source)).toEqual(outline("b.ts", source));
  expect(await outlineJob("Makefile", source)).toBeNull();
  const { changes } = await astReplaceJob(query, "g($$$ARGS)", folder.path);
  expect(changes.map(({ path, written, replacements }) => [path, written, replacements])).toEqual([
    ["a.ts", true, 3_000],
    ["b.ts", true, 1],
  ]);
  expect(readFileSync(folder.file("b.ts"), "utf8")).toBe("g(2);\nfunction g() {}\n");
});

test("a job that is aborted or refused says so", async () => {
  using folder = folderWith({ "a.ts": "f(1);\n" });
  const query = { pattern: "f($A)", language: "ts" };
  const signal = AbortSignal.abort(new Error("no more"));
  expect(await rejectionOf(astSearchJob(query, folder.path, { signal }))).toBe(signal.reason);
  expect(await rejectionOf(astReplaceJob(query, "g($A)", folder.path, { signal }))).toBe(signal.reason);
  expect(readFileSync(folder.file("a.ts"), "utf8")).toBe("f(1);\n");
  expect(await rejectionOf(astSearchJob({ ...query, language: "ty" }, folder.path))).toMatchObject({
    code: "ERR_SEARCH_UNKNOWN_LANGUAGE",
  });
});

async function rejectionOf(job: PromiseLike<unknown>): Promise<unknown> {
  try {
    await job;
  } catch (error) {
    return error;
  }
  throw new Error("it was not rejected");
}
