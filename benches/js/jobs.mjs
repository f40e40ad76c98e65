/** What a job costs beside the call that waits, and how long a large search holds the event loop up. */
import { fileURLToPath } from "node:url";
import { checkSyntax, checkSyntaxJob, grepJob } from "../../dist/engine.js";
import { interleaved, print, QUICK, RUNTIME, row, spread } from "./measure.mjs";

const ROUNDS = QUICK ? 2 : 60;
const SMALL = "1";
const LARGE = "export const a = [1, { b: `c` }, (d: string) => d];\n".repeat(200);
const TREE = fileURLToPath(new URL("../../node_modules", import.meta.url));
const LONGEST_BLOCK_MS = 2;

const samples = await interleaved(ROUNDS, {
  smallCall: timed(() => checkSyntax("a.ts", SMALL)),
  smallJob: timed(() => checkSyntaxJob("a.ts", SMALL)),
  largeCall: timed(() => checkSyntax("a.ts", LARGE)),
  largeJob: timed(() => checkSyntaxJob("a.ts", LARGE)),
});
const blocks = await interleaved(QUICK ? 2 : 15, {
  many: blocked(() => grepJob("e", TREE, { noIgnore: true })),
  none: blocked(() => grepJob("no file has this text", TREE, { noIgnore: true })),
  idle: blocked(() => new Promise((resolve) => setTimeout(resolve, 500))),
});

const milliseconds = (value) => `${value.toFixed(3)} ms`;
const idle = spread(blocks.idle);
const block = (what, samples) => {
  const { median } = spread(samples);
  return {
    what,
    goal: `at most ${LONGEST_BLOCK_MS} ms`,
    ours: milliseconds(median),
    peer: milliseconds(idle.median),
    ratio: null,
    met: median <= LONGEST_BLOCK_MS,
  };
};

print({
  title: `Jobs, ${RUNTIME}`,
  method: `A syntax check as a job, from submission to the result, beside the call that waits, in turn, ${ROUNDS} rounds. \
Then the longest turn of the event loop during a search of this repository's node_modules, beside an event loop that has \
nothing to do for half a second: the loop turns by setImmediate all the while.`,
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
    block("longest turn, search with 10,000 matches", blocks.many),
    block("longest turn, search without a match", blocks.none),
  ],
  tables: [],
  notes: [
    "A job ends when JavaScript looks: in each turn for 2 ms after submission or the last result, then after a quarter of the \
time without news, 1 to 5 ms. A turn is as long as the machine lets it be: where others have the processors, the idle \
loop's longest turn is long, too.",
  ],
});

function timed(run) {
  return async () => {
    const begun = performance.now();
    await run();
    return performance.now() - begun;
  };
}

/** Gives the longest turn of the event loop while something runs, in milliseconds. */
function blocked(run) {
  return async () => {
    let [longest, last, over] = [0, performance.now(), false];
    const turn = () => {
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
      if (!over) setImmediate(turn);
    };
    setImmediate(turn);
    await run();
    over = true;
    return longest;
  };
}
