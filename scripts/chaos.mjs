/**
 * The store under attack, for longer than in `npm test`, or missions whose OpenCode is killed:
 *
 *     npm run chaos                         the store, 200 rounds
 *     npm run chaos -- <rounds>
 *     npm run chaos -- missions [rounds]    missions, 50 kills; the checkout has to be built
 *
 * A process that writes is killed (SIGKILL) at a random moment, another in the middle of a checkpoint and a third in
 * the middle of a collection, so many times each; after each kill the file, the chains and all that was acknowledged
 * are checked. Then the list-append histories of several processes, and 8 processes that count to 1,000 each.
 */
import { cargoCounts, judged, run, sum } from "./steps.mjs";

const KILLS = "50";
const asked = process.argv.slice(2);
const missions = asked[0] === "missions";
const [rounds = missions ? KILLS : "200", ...more] = missions ? asked.slice(1) : asked;
if (!/^[1-9]\d*$/.test(rounds) || more.length > 0) {
  console.error("Usage: npm run chaos [-- [missions] number of rounds]");
  process.exit(2);
}
if (missions) {
  const test = ["vitest", "run", "--project", "system", "test/mission/kills.test.ts"];
  const { code } = await run("npx", ["--no-install", ...test], { env: { KILL_ROUNDS: rounds } });
  process.exit(code === 0 ? 0 : 1);
}

const attacks = [
  ["crash", { STORE_CRASH_ROUNDS: rounds }],
  [
    "list_append",
    { LIST_APPEND_TRANSACTIONS: String(10 * Number(rounds)), LIST_APPEND_SEED: String(Date.now()) },
  ],
  ["processes", { STORE_PROCESSES: "8", STORE_INCREMENTS: "1000" }],
  ["write_faults", {}],
];

const counts = [];
for (const [test, env] of attacks) {
  const args = ["test", "--locked", "-p", "orchestrator-store", "--test", test, "--", "--nocapture"];
  const ended = await run("cargo", args, { env });
  counts.push(judged(ended, cargoCounts(ended.output)));
}
const { passed, failed } = sum(...counts);
console.log(`chaos: ${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
