import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { EngineError, glob, grep } from "../../ts/engine/index.ts";
import { inProcess } from "./process.ts";

const root = mkdtempSync(join(tmpdir(), "search-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
mkdirSync(join(root, "src"));
writeFileSync(join(root, "a.ts"), "one\n😀 two two\nthree\n");
writeFileSync(join(root, "src/b.rs"), "two\n".repeat(30));
writeFileSync(join(root, ".ignore"), "*.log\n");
writeFileSync(join(root, "c.log"), "two\n");

function thrown(call: () => unknown): EngineError {
  try {
    call();
  } catch (error) {
    if (EngineError.is(error)) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

test("a match says where it is, and its parts can be cut out of its text", () => {
  const report = grep("two", root, { include: ["*.ts"], before: 1, after: 1 });
  expect(report).toMatchObject({ truncated: null, problems: [], problemCount: 0 });
  expect(report.files).toEqual([
    {
      path: "a.ts",
      count: 1,
      matches: [
        {
          line: 2,
          column: 3,
          offset: 9,
          text: "😀 two two",
          submatches: [
            { start: 3, end: 6 },
            { start: 7, end: 10 },
          ],
          before: [{ line: 1, text: "one" }],
          after: [{ line: 3, text: "three" }],
        },
      ],
    },
  ]);
});

test("several patterns, a mode and the most of each file can be asked for", () => {
  const count = grep(["one", "two"], root, { mode: "count", maxPerFile: 2 });
  expect(count.files.map(({ path, count, limited }) => [path, count, limited])).toEqual([
    ["a.ts", 2, true],
    ["src/b.rs", 2, true],
  ]);
  expect(
    grep("TWO", root, { mode: "files", case: "insensitive", noIgnore: true }).files.map(({ path }) => path),
  ).toEqual(["a.ts", "c.log", "src/b.rs"]);
});

test("a result is cut at its limits, and an infinite limit is none", () => {
  expect(grep("two", root, { maxResults: 5 })).toMatchObject({ truncated: "results" });
  expect(grep("two", root, { maxBytes: 500 })).toMatchObject({ truncated: "bytes" });
  const all = grep("two", root, { maxResults: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY });
  expect(all.files.reduce((sum, file) => sum + file.matches.length, 0)).toBe(31);
});

test("files are listed by glob, in the order asked for", () => {
  expect(glob([], root).paths).toEqual(["a.ts", "src/b.rs"]);
  expect(glob("*.{rs,log}", root).paths).toEqual(["c.log", "src/b.rs"]);
  expect(glob([], root, { hidden: true, exclude: ["src"] }).paths).toEqual([".ignore", "a.ts"]);
  expect(glob([], root, { maxResults: 1, order: "modified" })).toMatchObject({ truncated: "results" });
});

test("what can't be searched for is an error with its code and its place", () => {
  const pattern = thrown(() => grep(["ok", "ä(b"], root));
  expect(pattern).toMatchObject({ code: "ERR_SEARCH_INVALID_PATTERN", details: { index: 1, column: 2 } });
  expect(pattern.message).toContain("close it with `)`");
  const badGlob = thrown(() => glob("src/[a", root));
  expect(badGlob).toMatchObject({ code: "ERR_SEARCH_INVALID_GLOB", details: { index: 0, column: 5 } });
  const type = thrown(() => grep("a", root, { types: ["pyhton"] }));
  expect([type.code, type.message]).toEqual([
    "ERR_SEARCH_UNKNOWN_TYPE",
    "there is no file type `pyhton`: did you mean `python`?",
  ]);
  expect(thrown(() => glob([], join(root, "nowhere"))).code).toBe("ERR_SEARCH_INVALID_ROOT");
  expect(thrown(() => grep("a", root, { maxResults: -1 })).code).toBe("ERR_INVALID_INPUT");
});

test.skipIf(process.platform === "win32")(
  "a file that may not be read is told, and the others are searched",
  async () => {
    const told = await inProcess(`
    import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
    import { tmpdir } from "node:os";
    import { join } from "node:path";
    const { grep } = await import(engine);
    const root = mkdtempSync(join(tmpdir(), "denied-"));
    try {
      for (const name of ["open.txt", "closed.txt"]) writeFileSync(join(root, name), "hit\\n");
      chmodSync(root, 0o755);
      chmodSync(join(root, "closed.txt"), 0);
      // Nothing is closed to root. The addon is loaded before, by who may read it.
      grep("hit", root);
      const isRoot = process.getuid() === 0;
      if (isRoot) process.seteuid(65_534);
      const { files, problems } = grep("hit", root);
      if (isRoot) process.seteuid(0);
      console.log(JSON.stringify({ found: files.map((file) => file.path), problems }));
    } finally {
      rmSync(root, { recursive: true });
    }
  `);
    expect(JSON.parse(told)).toMatchObject({
      found: ["open.txt"],
      problems: [{ path: "closed.txt", kind: "denied" }],
    });
  },
);
