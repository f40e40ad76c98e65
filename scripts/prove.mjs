/**
 * The longer proofs of the scheduler, each by one command:
 *
 *     npm run loom                      every interleaving of the deque's threads, within loom's bounds
 *     npm run simulate -- [missions]    random missions with faults and crashes, all invariants after every step
 */
import { run } from "./steps.mjs";

const PROOFS = {
  loom: () => ({
    args: ["test", "--release", "-p", "orchestrator-scheduler", "--lib", "deque"],
    // A target folder of its own: the flag would make every other build start anew.
    env: { RUSTFLAGS: "--cfg loom", CARGO_TARGET_DIR: "target/loom" },
  }),
  simulate: ([missions = "100000"]) => ({
    args: ["test", "--release", "-p", "orchestrator-scheduler", "--test", "simulator", "--", "--nocapture"],
    env: { SIM_MISSIONS: missions },
  }),
};

const [name = "", ...rest] = process.argv.slice(2);
if (!Object.hasOwn(PROOFS, name) || rest.some((missions) => !/^\d+$/.test(missions))) {
  console.error("Usage: npm run loom | npm run simulate -- [number of missions]");
  process.exit(2);
}
const { args, env } = PROOFS[name](rest);
process.exitCode = (await run("cargo", args, { env })).code;
