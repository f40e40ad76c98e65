/**
 * What the border costs: prints a table of medians. Needs the build.
 *
 *     node scripts/measure-engine.mjs        bun scripts/measure-engine.mjs
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkSyntax, loadAddon, MissionEngine, platformTag, Scheduler, Store } from "../dist/engine.js";

let native;
const loading = time(() => {
  native = loadAddon();
});
const runtime =
  process.versions.bun === undefined ? `Node ${process.versions.node}` : `Bun ${process.versions.bun}`;
const addon = new URL(`../dist/orchestrator.${platformTag()}.node`, import.meta.url);
console.log(`${runtime}, ${platformTag()}, addon ${(statSync(addon).size / 1e6).toFixed(1)} MB`);
row("loading the addon, first time", loading, 1);

const scheduler = planned(new Scheduler({ review: "never" }), 1);
row("version()", ...median(() => native.version(), 10_000));
row("nextWake()", ...median(() => scheduler.nextWake(), 10_000));
row(
  "handle(progress), 1 event",
  ...median((i) => scheduler.handle(i, [{ type: "progress", lease: 1 }]), 10_000),
);
const burst = Array.from({ length: 100 }, () => ({ type: "progress", lease: 1 }));
row("handle(progress), 100 events", ...median((i) => scheduler.handle(i, burst), 1_000));
for (const size of [5, 100, 1_000]) {
  const many = planned(new Scheduler(), size);
  row(`snapshot(), ${size} tasks`, ...median(() => many.snapshot(), Math.max(50, 10_000 / size)));
}
row("submit and start a plan of 100 tasks", ...median(() => planned(new Scheduler(), 100), 50));

const folder = mkdtempSync(join(tmpdir(), "orchestrator-cost-"));
try {
  const store = Store.open(join(folder, "store.db"));
  store.transaction((tx) => tx.put("key", { some: "document", of: ["a", "few", "words"] }));
  row("store.get()", ...median(() => store.get("key"), 10_000));
  row(
    "transaction, normal",
    ...median((i) => store.transaction((tx) => tx.put("key", i), { durability: "normal" }), 500),
  );
  row("transaction, full", ...median((i) => store.transaction((tx) => tx.put("key", i)), 200));
  const mission = MissionEngine.open(store, "m");
  mission.submit(1, [{ type: "plan_submitted", plan: plan(20) }, { type: "resumed" }]);
  row(
    "mission.submit(progress)",
    ...median((i) => mission.submit(i, [{ type: "progress", lease: 1 }]), 5_000),
  );
  const stopGo = (i) =>
    mission.submit(i, [{ type: i % 2 === 0 ? "clock_stopped" : "clock_started", lease: 1 }]);
  row("mission.submit(clock_stopped), normal", ...median(stopGo, 500));
  store.close();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

const source = "export const value = { a: [1, 2, 3], b: (x: number) => x + 1 };\n".repeat(150);
row(
  `checkSyntax, ${(source.length / 1_000).toFixed(0)} kB of TypeScript`,
  ...median(() => checkSyntax("a.ts", source), 200),
);

function plan(size) {
  const tasks = Array.from({ length: size }, (_, i) => ({
    id: `t${i}`,
    title: `Task ${i}`,
    prompt: "Do what has to be done, and prove it.",
    agent: "worker",
    role: "worker",
    files: [`src/${i}/**`],
    dependsOn: i < 8 ? [] : [`t${i - 8}`],
  }));
  return { goal: "A goal", tasks };
}

function planned(scheduler, size) {
  scheduler.handle(1, [{ type: "plan_submitted", plan: plan(size) }, { type: "resumed" }]);
  return scheduler;
}

function time(run) {
  const begun = performance.now();
  run();
  return performance.now() - begun;
}

function median(run, times) {
  for (let i = 0; i < times / 10; i++) run(i);
  const batch = Math.max(1, Math.floor(times / 50));
  const samples = [];
  for (let i = 0; i < times; i += batch) {
    samples.push(time(() => Array.from({ length: batch }, (_, j) => run(i + j))) / batch);
  }
  return [samples.sort((a, b) => a - b)[Math.floor(samples.length / 2)], times];
}

function row(what, ms, times) {
  const value =
    ms < 0.001
      ? `${(ms * 1e6).toFixed(0)} ns`
      : ms < 1
        ? `${(ms * 1e3).toFixed(1)} µs`
        : `${ms.toFixed(2)} ms`;
  console.log(`${what.padEnd(42)} ${value.padStart(10)}   (${times})`);
}
