/** What a job costs beside the call that waits, how long a large search holds the event loop up, how soon it is given up. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { constants, setPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkSyntax, checkSyntaxJob, globJob, grepJob, jobStatistics } from "../../dist/engine.js";
import { interleaved, print, QUICK, RUNTIME, row, spread } from "./measure.mjs";

const ROUNDS = QUICK ? 2 : 60;
const SMALL = "1";
const LARGE = "export const a = [1, { b: `c` }, (d: string) => d];\n".repeat(200);
const TREE = fileURLToPath(new URL("../../node_modules", import.meta.url));
const LONGEST_BLOCK_MS = 2;
const FLAT_FILES = QUICK ? 1_000 : 200_000;
const LONGEST_ABORT_MS = 50;

const samples = await interleaved(ROUNDS, {
  smallCall: timed(() => checkSyntax("a.ts", SMALL)),
  smallJob: timed(() => checkSyntaxJob("a.ts", SMALL)),
  largeCall: timed(() => checkSyntax("a.ts", LARGE)),
  largeJob: timed(() => checkSyntaxJob("a.ts", LARGE)),
});
const turns = await interleaved(QUICK ? 2 : 15, {
  many: turning(() => grepJob("e", TREE, { noIgnore: true })),
  none: turning(() => grepJob("no file has this text", TREE, { noIgnore: true })),
  busy: turning(besideBusyProcesses),
  idle: turning(() => pause(500)),
});
const aborts = await aborted();

const milliseconds = (value) => `${value.toFixed(3)} ms`;
const longest = (samples) => spread(samples.map((sample) => sample.longest)).median;
const turn = (what, samples, goal) => ({
  what: `longest turn, ${what}; with nothing to do`,
  goal: goal === undefined ? null : `at most ${goal} ms`,
  ours: milliseconds(longest(samples)),
  peer: milliseconds(longest(turns.idle)),
  ratio: null,
  met: goal === undefined ? null : longest(samples) <= goal,
});
const abort = (what, samples, goal) => ({
  what: `${what}, the slowest of ${samples.length}`,
  goal: goal === undefined ? null : `at most ${goal} ms`,
  ours: milliseconds(Math.max(...samples)),
  peer: "",
  ratio: null,
  met: goal === undefined ? null : Math.max(...samples) <= goal,
});

print({
  title: `Jobs, ${RUNTIME}`,
  method: `A syntax check as a job, from submission to the result, beside the call that waits, in turn, ${ROUNDS} rounds. \
Then the longest turn of the event loop during a search of this repository's node_modules, while the loop turns by \
setImmediate, which asks for one processor whole. Last, searches and listings of one folder of ${FLAT_FILES} files, given \
up after 20 to 160 ms: when the caller is told, and when the engine's thread is free.`,
  rows: [
    row({ what: "a check of 1 byte", unit: milliseconds }, samples.smallJob, samples.smallCall),
    row(
      {
        what: "a check of 10 kB",
        goal: 1.5,
        inWords: "at most 1.5 × the call",
        unit: milliseconds,
      },
      samples.largeJob,
      samples.largeCall,
    ),
    turn("search with 10,000 matches", turns.many, LONGEST_BLOCK_MS),
    turn("search without a match", turns.none, LONGEST_BLOCK_MS),
    turn("beside two other processes that only count", turns.busy),
    abort("from an abort to the rejection", aborts.told, LONGEST_ABORT_MS),
    abort("from an abort to a free thread", aborts.free),
  ],
  tables: [
    {
      caption: `Turns of more than ${LONGEST_BLOCK_MS} ms, in a hundred milliseconds (median of the rounds)`,
      head: ["during", "turns"],
      rows: [
        ["search with 10,000 matches", turns.many],
        ["search without a match", turns.none],
        ["two other processes that only count", turns.busy],
        ["nothing", turns.idle],
      ].map(([what, samples]) => [what, spread(samples.map((sample) => sample.long)).median.toFixed(1)]),
    },
  ],
  notes: [
    "A job ends when JavaScript looks: in each turn for 2 ms after submission or the last result, then after a quarter of the \
time without news, 1 to 5 ms.",
    "Where as many threads are busy as there are processors, the system gives a loop that never rests its turn late: the two \
processes that only count, at the same nice value as the engine's threads, show how late without a line of ours.",
  ],
});

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Two processes that give way as the engine's threads do. */
async function besideBusyProcesses() {
  const busy = [0, 1].map(() => {
    const child = spawn(process.execPath, ["-e", "for (;;);"], { stdio: "ignore" });
    setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL / 2);
    return child;
  });
  await pause(500);
  for (const child of busy) child.kill("SIGKILL");
}

/** How long it takes to give up searches and listings of one large folder, in milliseconds. */
async function aborted() {
  const folder = mkdtempSync(join(tmpdir(), "jobs-bench-"));
  const [told, free] = [[], []];
  try {
    mkdirSync(folder, { recursive: true });
    for (let file = 0; file < FLAT_FILES; file++) writeFileSync(join(folder, `file${file}.ts`), "nothing\n");
    const works = [
      (options) => grepJob("in none", folder, options),
      (options) => globJob("*.ts", folder, options),
    ];
    for (const after of [20, 40, 80, 160]) {
      for (const work of works) {
        const abort = new AbortController();
        const rejected = Promise.resolve(work({ signal: abort.signal })).catch(() => undefined);
        await pause(after);
        const begun = performance.now();
        abort.abort();
        await rejected;
        told.push(performance.now() - begun);
        while (jobStatistics().running > 0) await pause(1);
        free.push(performance.now() - begun);
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { told, free };
}

function timed(run) {
  return async () => {
    const begun = performance.now();
    await run();
    return performance.now() - begun;
  };
}

/** Gives the longest turn of the event loop while something runs, in milliseconds, and how many long ones there are in 100 ms. */
function turning(run) {
  return async () => {
    const begun = performance.now();
    let [longest, long, last, over] = [0, 0, begun, false];
    const turn = () => {
      const now = performance.now();
      longest = Math.max(longest, now - last);
      if (now - last > LONGEST_BLOCK_MS) long += 1;
      last = now;
      if (!over) setImmediate(turn);
    };
    setImmediate(turn);
    await run();
    over = true;
    return { longest, long: (long * 100) / (performance.now() - begun) };
  };
}
