/**
 * A build, scheduled by what depends on what: plain async functions, and no OpenCode.
 *
 *     npx bun examples/async-functions.ts
 *
 * At most three steps run at once. The chain that takes longest goes first, so `docs` waits although it was added early;
 * `lint` is of low priority. The test of `server` fails: what comes after it is not run, and the rest goes on.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { EngineError, type TaskPromise, TaskQueue } from "opencode-orchestrator/engine";

using queue = new TaskQueue({ concurrency: 3 });
const steps = new Map<string, TaskPromise<string>>();

/** Adds a step of the build. It would call a compiler; here it takes its time, and fails where it is told to. */
function step(
  name: string,
  ms: number,
  after: string[] = [],
  options: { isOptional?: boolean; fails?: string } = {},
) {
  const before = after.flatMap((each) => steps.get(each) ?? []);
  const work = async (signal: AbortSignal) => {
    console.log(`  ${name} …`);
    await sleep(ms, undefined, { signal });
    if (options.fails !== undefined) throw new Error(options.fails);
    return `${name}: done`;
  };
  const priority = options.isOptional ? "low" : "normal";
  steps.set(name, queue.add(work, { name, after: before, priority }));
}

step("lint", 10, [], { isOptional: true });
step("docs", 10);
step("install", 20);
step("generate schema", 10, ["install"]);
for (const [name, ms] of [
  ["core", 30],
  ["client", 20],
  ["server", 20],
] as const) {
  step(`compile ${name}`, ms, ["generate schema"]);
}
step("test client", 20, ["compile core", "compile client"]);
step("test server", 10, ["compile core", "compile server"], { fails: "2 of 40 tests failed" });
step("bundle", 10, ["compile core", "compile client", "compile server"]);
step("publish", 10, ["bundle", "test client", "test server"]);

console.log(`${queue.size} steps:`);
const names = [...steps.keys()];
const results = await Promise.allSettled(steps.values());

console.log("results:");
for (const [at, result] of results.entries()) {
  if (result.status === "fulfilled") console.log(`  ${result.value}`);
  else if (EngineError.is(result.reason, "ERR_BLOCKED")) console.log(`  ${result.reason.message}`);
  else console.log(`  ${names[at]}: ${String(result.reason)}`);
}
