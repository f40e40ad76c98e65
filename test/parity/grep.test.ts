import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { type GrepOptions, grep } from "../../ts/engine/index.ts";
import { Corpus } from "./corpus.ts";
import { ours, theirs } from "./found.ts";
import { rg } from "./rg.ts";

const corpus = new Corpus();
afterAll(() => corpus[Symbol.dispose]());

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));

const PATTERNS = [
  ..."foo|FOO|fo+|^foo|foo$|^foo$|\\bfoo\\b|foo\\s+bar|[a-c]x|\\w+_\\w+|\\d+|0x[0-9A-F]+|.|^$|^|$|(foo)|x*".split(
    "|",
  ),
  "foo|bar",
  "(?i)foo",
  "(?:foo|bar)\\s+(?:alpha|Beta)",
  "^\\s*fn|^\\s*function",
  "\\p{Greek}+",
  "\\p{L}+ß",
  "(?i)σίσυφος",
  "[^\\x00-\\x7F]",
  "😀",
  "日本",
  "e\\u{301}",
  "(?-u:\\xe9)",
  "(?-u)[\\x80-\\xff]foo",
  "a{5}foo",
  "foo.{0,10}bar",
  "\\$HOME",
  "\\{\\d,\\d\\}",
  "\\t",
  " {2}",
  "[[:upper:]]{3}",
  "\\Bfoo",
  "foo\\B",
  "the (?P<what>\\w+)",
  "\\x1b\\[31m",
  "nothing has this in it",
];

const LITERALS = ["foo", "a.b", "a*b", "(a|b)", "[a]", "{1,2}", "^start\\end", "größe", "", " ", "$"];

const OPTIONS: GrepOptions[] = [
  { case: "insensitive" },
  { case: "smart" },
  { word: true },
  { word: true, case: "insensitive" },
  { hidden: true },
  { noIgnore: true },
  { hidden: true, noIgnore: true },
  { follow: true },
  { follow: true, hidden: true, noIgnore: true },
  { before: 1 },
  { after: 2 },
  { before: 2, after: 2 },
  { before: 50, after: 50 },
  { maxPerFile: 1 },
  { maxPerFile: 3, after: 1 },
  { maxPerFile: 2, before: 1, after: 3 },
  { mode: "files" },
  { mode: "count" },
  { mode: "count", maxPerFile: 2 },
  { mode: "files", hidden: true, noIgnore: true },
  { mode: "count", case: "insensitive", noIgnore: true },
  { maxDepth: 1 },
  { maxDepth: 3 },
  { maxFileBytes: 100 },
  { maxFileBytes: 100_000, noIgnore: true },
  { types: ["ts"] },
  { types: ["rust", "py"] },
  { excludeTypes: ["md", "json"] },
  { types: ["all"] },
  { include: ["*.txt"] },
  { include: ["src/**"] },
  { exclude: ["long", "bytes/**"] },
  { include: ["*.{ts,tsx}"], exclude: ["f5.*"] },
  { include: ["*.log"] },
  { threads: 1 },
  { threads: 5 },
];

const ACROSS: [string, GrepOptions][] = [
  ["begin\\n\\s+foo\\nend", {}],
  ["begin[^e]*end", {}],
  ["begin[\\s\\S]*?end", {}],
  ["(?s)begin.*end", {}],
  ["foo\\n\\n", {}],
  ["foo\\n", {}],
  ["^foo$", {}],
  ["\\n", {}],
  ["bar foo\\r\\n", {}],
  ["begin\\n\\s+foo", { before: 1, after: 1 }],
  ["begin\\n\\s+\\w+", { mode: "count" }],
  ["foo", { mode: "count" }],
  ["begin\\n", { mode: "files" }],
  ["foo\\n", { maxPerFile: 1 }],
  ["BEGIN\\n\\s+FOO", { case: "insensitive" }],
  ["\\w+\\n\\w+", { include: ["*.rs", "words.txt"] }],
  ["foo\\nfoo", { word: true }],
];

describe("in a corpus of files that are hard to search, the same matches as ripgrep's", () => {
  test.each(PATTERNS)("for the pattern %j", async (pattern) => {
    await expectParity([pattern], corpus.root, {});
  });

  test.each(PATTERNS.slice(0, 24))("for the pattern %j as a word of either case", async (pattern) => {
    await expectParity([pattern], corpus.root, { word: true, case: "insensitive" });
  });

  test.each(LITERALS)("for the text %j", async (text) => {
    await expectParity([text], corpus.root, { literal: true });
    await expectParity([text], corpus.root, { literal: true, case: "smart", word: true });
  });

  test.each(OPTIONS)("for foo with %j", async (options) => {
    await expectParity(["foo"], corpus.root, options);
  });

  test.each(OPTIONS.slice(0, 24))("for several patterns with %j", async (options) => {
    await expectParity(["Alpha\\b", "^the|bar$", "größe"], corpus.root, options);
  });

  test.each(ACROSS)("for the pattern %j over several lines with %j", async (pattern, options) => {
    await expectParity([pattern], corpus.root, { ...options, multiline: true });
  });
});

const LATE: GrepOptions[] = [
  {},
  { mode: "files" },
  { mode: "count" },
  { maxPerFile: 5 },
  { after: 1, maxPerFile: 2 },
  { multiline: true },
  { threads: 1 },
];

describe("in binary files that begin as text, the same matches as ripgrep's", () => {
  test.each(LATE)("with %j", async (options) => {
    await expectParity(["foo"], corpus.late, options);
    await expectParity(["nothing"], corpus.late, options);
  });
});

const CODE: [string[], GrepOptions][] = [
  [["fn "], {}],
  [["pub(\\(crate\\))? fn \\w+"], { types: ["rust"] }],
  [["import .* from"], { types: ["ts"] }],
  [["TODO"], { hidden: true }],
  [["error"], { case: "insensitive", mode: "count" }],
  [["Scheduler", "Store"], { word: true, mode: "files" }],
  [["=> \\{$"], { after: 2 }],
  [["\\bunwrap\\(\\)"], { include: ["crates/**/src/**"] }],
  [["test\\("], { include: ["*.test.ts"], mode: "count" }],
  [["^#+ "], { types: ["md"] }],
  [['\\.expect\\(\\s*"'], { multiline: true, types: ["rust"] }],
  [["[A-Z]{4,}_[A-Z]+"], { exclude: ["*.md", "package-lock.json"] }],
  [["orchestrator"], { maxPerFile: 1, noIgnore: false }],
  [["«|»|…|–"], {}],
  [["\\s+$"], {}],
  [['https?://[^\\s)"]+'], {}],
];

describe("in this repository, the same matches as ripgrep's", () => {
  test.each(CODE)("for %j with %j", async (patterns, options) => {
    await expectParity(patterns, REPOSITORY, {
      ...options,
      exclude: [...(options.exclude ?? []), "test/parity"],
    });
  });
});

const PACKAGES: [string[], GrepOptions][] = [
  [["exports\\."], { mode: "count" }],
  [["require\\(['\"]\\w+['\"]\\)"], { types: ["js"] }],
  [["prototype"], { word: true, mode: "files" }],
  [["sourceMappingURL"], { maxPerFile: 1 }],
  [["copyright"], { case: "insensitive", mode: "count" }],
  [["function\\s*\\*"], {}],
  [["[\\u4e00-\\u9fff]+"], { mode: "files" }],
  [["async", "await"], { word: true, mode: "count" }],
];

describe("in installed packages, the same matches as ripgrep's", () => {
  test.each(PACKAGES)("for %j with %j", async (patterns, options) => {
    for (const name of ["vite", "zod", "vitest"]) {
      await expectParity(patterns, `${REPOSITORY}/node_modules/${name}`, { ...options, noIgnore: true });
    }
  });
});

test.each([
  "(",
  "a)",
  "[",
  "*",
  "+a",
  "a{2,1}",
  "\\",
  "(?<n",
  "(?=a)",
  "\\1",
  "\\p{Nothing}",
  "a\\nb",
  "(?z)",
  "[z-a]",
])("the pattern %j is refused by both", async (pattern) => {
  const { code, stderr } = await rg(corpus.root, [`--regexp=${pattern}`, "./"]);
  expect([code, stderr]).toEqual([2, expect.stringMatching(/error|not allowed/)]);
  expect(() => grep(pattern, corpus.root)).toThrow(
    expect.objectContaining({
      code: "ERR_SEARCH_INVALID_PATTERN",
      message: expect.stringContaining("column"),
    }),
  );
});

async function expectParity(patterns: readonly string[], root: string, options: GrepOptions): Promise<void> {
  const expected = await theirs(patterns, root, options);
  const found = ours(patterns, root, options);
  // Sets of megabytes: the first that differ say enough.
  const [known, seen] = [new Set(expected), new Set(found)];
  const short = (line: string) => line.slice(0, 300);
  expect({
    missing: expected
      .filter((line) => !seen.has(line))
      .slice(0, 5)
      .map(short),
    added: found
      .filter((line) => !known.has(line))
      .slice(0, 5)
      .map(short),
    count: found.length,
  }).toEqual({ missing: [], added: [], count: expected.length });
}
