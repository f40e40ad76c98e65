/**
 * `npm test`: sets the checkout up, then runs every test: Rust, the short forms of the proofs, TypeScript, the addon
 * under Node and under Bun, what it finds beside what its peers find, and the whole system in a real OpenCode. Ends with
 * one line, `N passed, N failed`.
 *
 * `npm test -- rust unit` runs only those stages.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROOFS } from "./prove.mjs";
import { setUp } from "./setup.mjs";
import { cargoCounts, has, judged, run, sum } from "./steps.mjs";

const STAGES = {
  rust,
  proofs,
  unit: () => vitest("unit"),
  addon: () => vitest("addon"),
  bun,
  parity: () => vitest("parity"),
  system: () => vitest("system"),
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !Object.hasOwn(STAGES, name));
if (unknown.length > 0) {
  console.error(`no stage ${unknown.join(", ")}; stages: ${Object.keys(STAGES).join(", ")}`);
  process.exit(2);
}

await setUp();
const totals = { passed: 0, failed: 0 };
for (const [name, stage] of Object.entries(STAGES)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  console.log(`\n── ${name} ──`);
  const { passed, failed } = await stage();
  console.log(`${name}: ${passed} passed, ${failed} failed`);
  totals.passed += passed;
  totals.failed += failed;
}
console.log(`\n${totals.passed} passed, ${totals.failed} failed`);
process.exitCode = totals.failed === 0 && totals.passed > 0 ? 0 : 1;

/** Unit and integration tests, by nextest where it is installed, then the examples in the documentation. */
async function rust() {
  const nextest = has("cargo", "nextest");
  const tests = nextest
    ? await run("cargo", ["nextest", "run", "--workspace", "--no-fail-fast", "--status-level", "fail"])
    : await run("cargo", ["test", "--workspace", "--no-fail-fast", "--lib", "--bins", "--tests"]);
  const docs = await run("cargo", ["test", "--workspace", "--no-fail-fast", "--doc"]);
  return sum(
    judged(tests, nextest ? nextestCounts(tests.output) : cargoCounts(tests.output)),
    judged(docs, cargoCounts(docs.output)),
  );
}

/** What threads share, in the short forms of `npm run loom`, `shuttle` and `tsan`. */
async function proofs() {
  const counts = [];
  for (const name of ["loom", "shuttle", "tsan"]) counts.push(await PROOFS[name]({ short: true }));
  return sum(...counts);
}

async function vitest(project) {
  const folder = mkdtempSync(join(tmpdir(), "vitest-report-"));
  const report = join(folder, "report.json");
  const args = [
    "vitest",
    "run",
    "--project",
    project,
    "--reporter=default",
    "--reporter=json",
    `--outputFile=${report}`,
  ];
  const ended = await run("npx", ["--no-install", ...args], { env: { FORCE_COLOR: "0" } });
  const counts = existsSync(report) ? JSON.parse(readFileSync(report, "utf8")) : {};
  rmSync(folder, { recursive: true, force: true });
  return judged(ended, { passed: counts.numPassedTests ?? 0, failed: counts.numFailedTests ?? 0 });
}

/** The addon's tests once more, in the runtime that OpenCode is made of. */
async function bun() {
  const ended = await run("npx", ["--no-install", "bun", "test", "./test/addon"]);
  const count = (word) => Number(new RegExp(`^\\s*(\\d+) ${word}$`, "m").exec(ended.output)?.[1] ?? 0);
  return judged(ended, { passed: count("pass"), failed: count("fail") });
}

function nextestCounts(output) {
  const [, passed = 0] = /Summary .*?(\d+) passed/.exec(output) ?? [];
  const [, failed = 0] = /Summary .*?(\d+) failed/.exec(output) ?? [];
  return { passed: Number(passed), failed: Number(failed) };
}
