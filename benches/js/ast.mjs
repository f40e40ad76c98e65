/** Finding code by its syntax tree: our `astSearch` beside `findInFiles` of `@ast-grep/napi`. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findInFiles, Lang } from "@ast-grep/napi";
import { astSearch, astSearchJob } from "../../dist/engine.js";
import { interleaved, print, QUICK, RUNTIME, row } from "./measure.mjs";

const FILES = QUICK ? 50 : 500;
const ROUNDS = QUICK ? 1 : 21;
const PER_FOLDER = 50;
const MOST = { maxResults: 50_000, maxBytes: 8 << 20 };

const root = mkdtempSync(join(tmpdir(), "ast-bench-"));
try {
  tree();
  const rows = [];
  for (const [what, pattern] of [
    ["in few files", "JSON.parse($A)"],
    ["in most files", "const $A = $B"],
    ["of any two parts", "$A.$B"],
  ]) {
    const samples = await interleaved(ROUNDS, {
      sync: timed(() => ours(pattern)),
      job: timed(async () => count(await astSearchJob({ pattern, language: "ts" }, root, MOST))),
      napi: timed(() => theirs(pattern)),
    });
    const matches = samples.napi[0].count;
    for (const [name, found] of Object.entries(samples)) {
      if (found.some((sample) => sample.count !== matches))
        throw new Error(`${pattern}: ${name} finds ${found[0].count} of ${matches}`);
    }
    const times = (name) => samples[name].map(({ ms }) => ms);
    const about = (form) => ({
      what: `${FILES} files, ${matches} matches, ${what}, ${form}; findInFiles`,
      goal: 1 / 1.5,
      inWords: "≤ 0.67 of the peer's",
      unit: (ms) => `${ms.toFixed(1)} ms`,
    });
    rows.push(row(about("as a job"), times("job"), times("napi")));
    rows.push(row(about("while the caller waits"), times("sync"), times("napi")));
  }
  print({
    title: `Search by syntax tree, ${RUNTIME}`,
    method: `${FILES} files of TypeScript, the sources of this repository over and over, in the system's cache. \
Milliseconds until each match is there with its place and text, rounds of all in turn; both use every core, and both find \
as many. findInFiles gives nodes that hold on to their tree, and is asked for place and text of each.`,
    rows,
    tables: [],
    notes: [
      "Ours tells more of a match, the texts of its captures as well, and sorts by path. A file that lacks the fixed part \
of a pattern is not parsed by ours; findInFiles parses all.",
    ],
  });
} finally {
  rmSync(root, { recursive: true, force: true });
}

function ours(pattern) {
  return count(astSearch({ pattern, language: "ts" }, root, MOST));
}

function count(report) {
  return report.files.reduce((sum, { matches }) => sum + matches.length, 0);
}

/** Its promise may come before its last callback: the files are counted. */
async function theirs(pattern) {
  const found = [];
  let called = 0;
  let expected;
  let done;
  const all = new Promise((resolve) => {
    done = resolve;
  });
  const check = () => {
    if (called === expected) done();
  };
  expected = await findInFiles(
    Lang.TypeScript,
    { paths: [root], matcher: { rule: { pattern } } },
    (error, nodes) => {
      if (error) throw error;
      for (const node of nodes) found.push({ range: node.range(), text: node.text() });
      called += 1;
      check();
    },
  );
  check();
  await all;
  return found.length;
}

function timed(run) {
  return async () => {
    const begun = performance.now();
    const count = await run();
    return { ms: performance.now() - begun, count };
  };
}

function tree() {
  const from = join(import.meta.dirname, "../../ts/engine");
  const sources = readdirSync(from)
    .filter((name) => name.endsWith(".ts"))
    .map((name) => readFileSync(join(from, name), "utf8"));
  for (let file = 0; file < FILES; file++) {
    const folder = join(root, `part${Math.floor(file / PER_FOLDER)}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `file${file}.ts`), sources[file % sources.length]);
  }
}
