/** Runs the programs that building and testing need. Plain Node: it works before anything is installed. */
import { spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));
const WINDOWS = process.platform === "win32";

/** Ends the script with a sentence, and exit code 3: the machine lacks something. */
export function missing(message) {
  console.error(`\n${message}`);
  process.exit(3);
}

/** Whether a program answers to `--version`. */
export function has(program, ...args) {
  return spawnSync(program, [...args, "--version"], { stdio: "ignore", shell: WINDOWS }).status === 0;
}

/** Runs a program in the repository, its output passed on and kept. */
export function run(program, args, { env = {}, quiet = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      shell: WINDOWS,
    });
    let output = "";
    for (const [from, to] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ]) {
      from.on("data", (chunk) => {
        output += chunk;
        if (!quiet) to.write(chunk);
      });
    }
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
  });
}

/** As {@link run}; ends the script when the program fails. */
export async function must(what, program, args, options) {
  const { code, output } = await run(program, args, options);
  if (code === 0) return output;
  if (options?.quiet) process.stderr.write(output);
  console.error(`\n${what} failed: ${program} ${args.join(" ")} (exit ${code})`);
  process.exit(1);
}

/** What a run of `cargo test` says has passed and failed, all its programs together. */
export function cargoCounts(output) {
  const results = [...output.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed/gm)];
  return sum(...results.map(([, passed, failed]) => ({ passed: Number(passed), failed: Number(failed) })));
}

export function sum(...counts) {
  return counts.reduce((all, one) => ({ passed: all.passed + one.passed, failed: all.failed + one.failed }), {
    passed: 0,
    failed: 0,
  });
}

/** A run that ended badly without naming a failed test (it did not build, it crashed) counts as one failure. */
export function judged({ code }, { passed, failed }) {
  return { passed, failed: code !== 0 && failed === 0 ? 1 : failed };
}
