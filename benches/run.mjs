/**
 * Measures the engine beside its peers.
 *
 *     npm run bench                        all benches, results to benches/RESULTS.md
 *     npm run bench -- deque limiter       some of them, results printed only
 *     npm run bench -- --quick             only that each bench runs; its numbers mean nothing
 *     npm run bench -- --help
 */
import { existsSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { missing, must, ROOT } from "../scripts/steps.mjs";
import { load, machine, versions } from "./machine.mjs";
import { inBrief, page } from "./page.mjs";

const RUST = ["deque", "graph", "limiter", "makespan"];
const JAVASCRIPT = ["queue", "graph-js", "jobs", "search", "ast", "store"];
/** In a real OpenCode; Bun reads what they share with the tests. */
const OPENCODE = ["grep-call", "ready"];
const NAMES = [...RUST, ...JAVASCRIPT, ...OPENCODE];

const BUN = join(ROOT, "node_modules", "bun", "bin", "bun.exe");

const HELP = `Usage: npm run bench -- [--quick] [${NAMES.join(" | ")}] …

Without names all benches run and their results are written to benches/RESULTS.md; with names, or with --quick, they are
printed only. The peers of the JavaScript benches are installed into benches/js when they are not there.
--quick runs each bench only long enough to show that it runs.`;

const known = new Set(["--quick", "--help", ...NAMES]);
const args = process.argv.slice(2);
const unknown = args.find((arg) => !known.has(arg));
if (unknown !== undefined || args.includes("--help")) {
  if (unknown !== undefined) console.error(`There is no ${JSON.stringify(unknown)}.\n`);
  console.log(HELP);
  process.exit(unknown === undefined ? 0 : 2);
}
const quick = args.includes("--quick");
const asked = NAMES.filter((name) => args.includes(name));
const names = asked.length > 0 ? asked : NAMES;

const before = load();
const reports = [
  ...(await rust(names.filter((name) => RUST.includes(name)))),
  ...(await javascript(names.filter((name) => JAVASCRIPT.includes(name)))),
  ...(await each(
    names.filter((name) => OPENCODE.includes(name)),
    (bench) => report(bench, BUN, [`benches/opencode/${bench}.mjs`]),
  )),
];
const state = { ...machine(), before, after: load(), versions: versions() };
for (const report of reports) console.log(quick ? `${report.title}: ran` : `\n${inBrief(report)}`);
if (asked.length === 0 && !quick) {
  writeFileSync(join(ROOT, "benches", "RESULTS.md"), page(reports, state));
  console.log("\nWritten to benches/RESULTS.md.");
}

async function rust(benches) {
  if (benches.length === 0) return [];
  const manifest = ["--manifest-path", "benches/rust/Cargo.toml"];
  await must("building the benches", "cargo", ["build", "--release", "--locked", ...manifest], {
    quiet: true,
  });
  const run = ["run", "--release", "--locked", "--quiet", ...manifest, "--"];
  return each(benches, (bench) => report(bench, "cargo", [...run, bench]));
}

async function javascript(benches) {
  if (benches.length === 0) return [];
  if (!existsSync(join(ROOT, "dist", "engine.js"))) {
    missing("dist/engine.js is not there: run `npm run build` first.");
  }
  await installPeers();
  const runtimes = [
    [process.execPath, ["--expose-gc"]],
    [BUN, []],
  ];
  return each(
    benches.flatMap((bench) => runtimes.map((runtime) => [bench, ...runtime])),
    ([bench, program, flags]) => report(bench, program, [...flags, `benches/js/${bench}.mjs`]),
  );
}

/**
 * Installs what is not there. better-sqlite3 is compiled where no compiled one can be fetched: with the headers that came
 * with this Node, if it has any, so that nothing else has to be fetched. Where that fails too, it is left out, and the
 * bench says so.
 */
async function installPeers() {
  const folder = join(ROOT, "benches", "js");
  const { dependencies, optionalDependencies } = JSON.parse(
    readFileSync(join(folder, "package.json"), "utf8"),
  );
  const peers = Object.keys({ ...dependencies, ...optionalDependencies });
  if (peers.every((peer) => existsSync(join(folder, "node_modules", peer)))) return;
  const prefix = dirname(dirname(realpathSync(process.execPath)));
  const hasHeaders = existsSync(join(prefix, "include", "node", "node.h"));
  const install = ["install", "--prefix", "benches/js", "--no-save", "--no-audit", "--no-fund"];
  await must("installing the peers", "npm", install, {
    quiet: true,
    env: hasHeaders ? { npm_config_nodedir: prefix } : {},
  });
}

/** One after the other: benches beside each other would measure each other. */
async function each(items, run) {
  const results = [];
  for (const item of items) results.push(await run(item));
  return results;
}

async function report(bench, program, rest) {
  console.error(`${bench} …`);
  const output = await must(bench, program, quick ? [...rest, "--quick"] : rest, { quiet: true });
  // The report is the last line: what a program prints before it is not ours.
  return JSON.parse(output.trimEnd().split("\n").at(-1));
}
