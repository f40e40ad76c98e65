import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { type FileOptions, glob } from "../../ts/engine/index.ts";
import { Corpus } from "./corpus.ts";
import { fileFlags, path, rg } from "./rg.ts";

const corpus = new Corpus();
afterAll(() => corpus[Symbol.dispose]());

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));

const GLOBS: string[][] = [
  [],
  ["*"],
  ["**"],
  ["**/*"],
  ["*.ts"],
  ["**/*.ts"],
  ["/*.ts"],
  ["src/*"],
  ["src/*/*.rs"],
  ["src/**/*.rs"],
  ["src/**"],
  ["**/m1/**"],
  ["m2"],
  ["f?.ts"],
  ["f[0-3].*"],
  ["f[!0-3].*"],
  ["f[^0-3].*"],
  ["*.{ts,rs}"],
  ["*.{t,j}s{,x}"],
  ["{src,a}/**/*.{py,txt}"],
  ["[[]brackets]/*"],
  ["\\[brackets\\]/\\{braces\\}.txt"],
  ["with space/*"],
  ["ünï/*"],
  ["*本*"],
  ["-dash.txt"],
  ["*.log"],
  ["build"],
  ["build/"],
  ["**/build/**"],
  ["target"],
  [".*"],
  [".hidden"],
  [".git/**"],
  ["*.skip", "*.rgskip"],
  ["!*.ts"],
  ["!src"],
  ["*.ts", "!src/**"],
  ["!*.ts", "*.ts"],
  ["a/b/c/**"],
  ["**/deep.txt"],
  ["nested/*"],
  ["*/cache/*"],
  ["empty", "no-newline"],
  ["#hash"],
  ["nothing.like.this"],
];

const OPTIONS: FileOptions[] = [
  { hidden: true },
  { noIgnore: true },
  { hidden: true, noIgnore: true },
  { follow: true },
  { follow: true, noIgnore: true, hidden: true },
  { maxDepth: 2 },
  { types: ["ts", "py"] },
  { excludeTypes: ["txt"] },
  { types: ["all"], hidden: true },
  { maxFileBytes: 50 },
  { exclude: ["src", "*.txt"] },
];

describe("in a corpus of files that are hard to list, the same files as ripgrep's", () => {
  test.each(GLOBS.map((globs) => [globs]))("for %j", async (globs) => {
    await expectParity(corpus.root, { include: globs });
    await expectParity(corpus.root, { include: globs, hidden: true, noIgnore: true });
  });

  test.each(OPTIONS)("with %j", async (options) => {
    await expectParity(corpus.root, options);
    await expectParity(corpus.root, { ...options, include: ["*.ts", "src/m4/**"] });
  });
});

describe("in this repository, the same files as ripgrep's", () => {
  test.each(["*.rs", "crates/*/src/**", "**/*.test.ts", "*.md", "{ts,test}/**/*.ts"])(
    "for %j",
    async (pattern) => {
      await expectParity(REPOSITORY, { include: [pattern] });
    },
  );

  test("below a folder with ignored packages", async () => {
    await expectParity(`${REPOSITORY}/node_modules`, {
      noIgnore: true,
      include: ["*.d.ts"],
      exclude: ["**/dist/**"],
    });
  });
});

test.each(["[", "a[b", "{a", "a}", "[z-a]", "a\\"])("the glob %j is refused by both", async (pattern) => {
  const { code, stderr } = await rg(corpus.root, ["--files", `--glob=${pattern}`, "./"]);
  expect([code, stderr]).toEqual([2, expect.stringContaining("glob")]);
  expect(() => glob(pattern, corpus.root)).toThrow(
    expect.objectContaining({ code: "ERR_SEARCH_INVALID_GLOB", message: expect.stringContaining("column") }),
  );
});

async function expectParity(root: string, options: FileOptions): Promise<void> {
  const { stdout } = await rg(root, ["--files", "--null", ...fileFlags(options), "./"]);
  const expected = stdout.toString("latin1").split("\0").slice(0, -1);
  const { include = [], ...others } = options;
  const found = glob(include, root, { ...others, maxResults: Infinity });
  expect(found.truncated).toBeNull();
  expect([...found.paths].sort()).toEqual(expected.map((name) => path(Buffer.from(name, "latin1"))).sort());
}
