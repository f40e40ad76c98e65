/** `astSearch` against the `ast-grep` command and `@ast-grep/napi`: the same matches, at the same bytes. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { Lang, parse } from "@ast-grep/napi";
import { afterAll, describe, expect, test } from "vitest";
import { type AstQuery, type AstSearchReport, astSearch, EngineError } from "../../ts/engine/index.ts";
import { RULES, SAMPLES } from "./ast-corpus.ts";

const run = promisify(execFile);
const corpus = mkdtempSync(join(tmpdir(), "ast-parity-"));
afterAll(() => rmSync(corpus, { recursive: true, force: true }));
for (const { file, source } of SAMPLES) writeFileSync(join(corpus, file), source);

/** The platform's package of the command: its own scripts, which link it, may not have run. */
const command = (() => {
  const of = createRequire(createRequire(import.meta.url).resolve("@ast-grep/cli/package.json"));
  const libc = process.platform === "linux" ? "-gnu" : process.platform === "win32" ? "-msvc" : "";
  const folder = dirname(of.resolve(`@ast-grep/cli-${process.platform}-${process.arch}${libc}/package.json`));
  return join(folder, process.platform === "win32" ? "ast-grep.exe" : "ast-grep");
})();

interface Told {
  readonly file: string;
  readonly range: { readonly byteOffset: { readonly start: number; readonly end: number } };
}

/** What the command finds, or that it refuses the pattern. It exits with 1 where it finds nothing. */
async function asked(args: readonly string[], root: string): Promise<string[] | "refused"> {
  const ended = await run(command, [...args, "--json=compact", root], { maxBuffer: 1 << 28 }).catch(
    (error: { code: number; stdout: string; stderr: string }) => {
      if (error.stderr.includes("Cannot parse query as a valid pattern")) return undefined;
      if (error.code !== 1 || error.stderr.includes("Error:")) throw error;
      return error;
    },
  );
  if (ended === undefined) return "refused";
  const told = JSON.parse(ended.stdout || "[]") as Told[];
  return told
    .map(({ file, range }) => `${resolve(file)} ${range.byteOffset.start}-${range.byteOffset.end}`)
    .sort();
}

function found(query: AstQuery, root: string): string[] | "refused" {
  let report: AstSearchReport;
  try {
    report = astSearch(query, root, { maxResults: 1e6, maxBytes: 1e9 });
  } catch (error) {
    if (EngineError.is(error) && error.code === "ERR_SEARCH_INVALID_PATTERN") return "refused";
    throw error;
  }
  expect(report).toMatchObject({ truncated: null, problems: [] });
  return report.files
    .flatMap(({ path, matches }) =>
      matches.map(({ offset, endOffset }) => `${join(root, path)} ${offset}-${endOffset}`),
    )
    .sort();
}

let matches = 0;

describe.each(SAMPLES)("$language", ({ language, source, file, patterns }) => {
  test.each(patterns)("%s", async (pattern) => {
    const theirs = await asked(["run", `--pattern=${pattern}`, "--lang", language], corpus);
    const ours = found({ pattern, language }, corpus);
    expect(ours).toEqual(theirs);
    if (ours === "refused") return;
    matches += ours.length;
    const known = Object.entries(Lang).find(([name]) => name.toLowerCase() === language)?.[1];
    if (known === undefined) return;
    const napi = parse(known, source).root().findAll(pattern);
    expect(ours.length, file).toBe(napi.length);
  });
});

test.each(RULES)("a rule in $language: $rule", async ({ language, rule }) => {
  const whole = `id: parity\nlanguage: ${language}\nrule:\n${rule.replace(/^/gm, "  ")}\n`;
  const theirs = await asked(["scan", "--inline-rules", whole], corpus);
  expect(found({ rule, language }, corpus)).toEqual(theirs);
  expect(found({ rule: whole }, corpus)).toEqual(theirs);
  expect(theirs).not.toEqual([]);
  matches += theirs.length;
});

test.each([
  ["ts", "typescript", "expect($A).$M($$$)"],
  ["ts", "typescript", "if ($A === undefined) return $B"],
  ["ts", "typescript", "const $A = await $B"],
  ["ts", "typescript", "($$$) => { $$$ }"],
  ["ts", "typescript", "throw new $E($$$)"],
  ["crates", "rust", "$A.unwrap()"],
  ["crates", "rust", "fn $F(&self, $$$) -> $R { $$$ }"],
  ["crates", "rust", "assert_eq!($$$)"],
  ["crates", "rust", "Some($X)"],
  ["scripts", "javascript", "await $X"],
])("in %s of this repository, %s: %s", async (folder, language, pattern) => {
  const root = resolve(import.meta.dirname, "../..", folder);
  const theirs = await asked(["run", `--pattern=${pattern}`, "--lang", language], root);
  expect(found({ pattern, language }, root)).toEqual(theirs);
  expect(theirs.length).toBeGreaterThan(0);
  matches += theirs.length;
});

test("a hundred patterns in more than ten languages were compared, and most found something", () => {
  expect(SAMPLES.reduce((sum, { patterns }) => sum + patterns.length, 0)).toBeGreaterThanOrEqual(100);
  expect(SAMPLES.length).toBeGreaterThan(10);
  expect(matches).toBeGreaterThan(300);
});
