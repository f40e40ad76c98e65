/**
 * The longer proofs of the scheduler, each by one command:
 *
 *     npm run loom                      every interleaving of the deque's threads
 *     npm run shuttle                   random and adversarial schedules of lanes and pools
 *     npm run tsan                      data races of deque and pools on real threads, by ThreadSanitizer
 *     npm run simulate -- [missions]    random missions with faults and crashes, all invariants after every step
 *
 * `npm test` runs the first three in their short forms, as `-- short` does here.
 */
import { execFileSync } from "node:child_process";
import { cargoCounts, judged, run, sum } from "./steps.mjs";

const SCHEDULER = ["-p", "orchestrator-scheduler"];

/** Each gives how much of it passed and failed. */
export const PROOFS = { loom, shuttle, tsan, simulate };

/** The short form allows at most three involuntary switches between threads, the full one any number between two. */
function loom({ short }) {
  return modelled("loom", short ? { LOOM_MAX_PREEMPTIONS: "3" } : {});
}

function shuttle({ short }) {
  return modelled("shuttle", {
    SHUTTLE_SCHEDULES: short ? "10000" : "500000",
    SHUTTLE_SILENCE_WARNINGS: "1",
  });
}

/** Tests that are there with `--cfg <name>` only. A target folder of its own: the flag would make other builds stale. */
async function modelled(name, env) {
  const ended = await run(
    "cargo",
    ["test", "--locked", "--profile", "proof", ...SCHEDULER, "--test", name, "--", "--nocapture"],
    { env: { ...env, RUSTFLAGS: `--cfg ${name}`, CARGO_TARGET_DIR: `target/${name}` } },
  );
  return judged(ended, cargoCounts(ended.output));
}

async function tsan({ short }) {
  const host = /^host: (.+)$/m.exec(execFileSync("rustc", ["-vV"], { encoding: "utf8" }))?.[1];
  if (host !== "x86_64-unknown-linux-gnu" && host !== "aarch64-unknown-linux-gnu") {
    console.log(
      `tsan: skipped. Rust has ThreadSanitizer for Linux with glibc on x86_64 and aarch64, not for ${host}.`,
    );
    return { passed: 0, failed: 0 };
  }
  const races = (argument, options) =>
    run(
      "cargo",
      [
        "run",
        "--locked",
        "--profile",
        "proof",
        ...SCHEDULER,
        "--target",
        host,
        "--example",
        "races",
        argument,
      ],
      {
        ...options,
        env: {
          // The sanitizer is no stable option, and the standard library that we link is built without it.
          RUSTC_BOOTSTRAP: "1",
          RUSTFLAGS: "--cfg tsan -Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer",
          CARGO_TARGET_DIR: "target/tsan",
        },
      },
    );
  const clean = await races(short ? "500000" : "10000000");
  const stresses = [...clean.output.matchAll(/ \.\.\. ok$/gm)].length;
  const race = await races("race", { quiet: true });
  const caught = race.code !== 0 && race.output.includes("WARNING: ThreadSanitizer: data race");
  console.log(
    `a race on purpose: ${caught ? "caught ... ok" : `NOT caught (exit ${race.code})\n${race.output}`}`,
  );
  return sum(judged(clean, { passed: stresses, failed: 0 }), {
    passed: Number(caught),
    failed: Number(!caught),
  });
}

async function simulate({ missions = "100000" }) {
  const ended = await run(
    "cargo",
    ["test", "--release", ...SCHEDULER, "--test", "simulator", "--", "--nocapture"],
    { env: { SIM_MISSIONS: missions } },
  );
  return judged(ended, cargoCounts(ended.output));
}

if (process.argv[1] === import.meta.filename) {
  const [name = "", option, ...more] = process.argv.slice(2);
  const fits = option === undefined || (name === "simulate" ? /^\d+$/.test(option) : option === "short");
  if (!Object.hasOwn(PROOFS, name) || !fits || more.length > 0) {
    console.error("Usage: npm run loom|shuttle|tsan [-- short] | npm run simulate [-- number of missions]");
    process.exit(2);
  }
  const { passed, failed } = await PROOFS[name]({ short: option === "short", missions: option });
  console.log(`${name}: ${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}
