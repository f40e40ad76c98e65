/** What a task without dependencies costs: our `TaskQueue` beside p-queue and fastq. */
import { cpuUsage } from "node:process";
import fastq from "fastq";
import PQueue from "p-queue";
import { TaskQueue } from "../../dist/engine.js";
import { interleaved, print, QUICK, RUNTIME, row } from "./measure.mjs";

const CONCURRENCY = 8;
const ROUNDS = QUICK ? 1 : 15;
const PRIORITIES = ["high", "normal", "low"];

const [few, many] = QUICK ? [100, 1_000] : [1_000, 100_000];
const rows = [];
const processor = [];
for (const tasks of [few, many]) {
  const { ours, oursPlain, oursSync, pQueue, pQueueSync, quick } = contenders(tasks);
  // p-queue takes seconds for many: fewer rounds.
  const rounds = tasks === many ? ROUNDS : ROUNDS * 4;
  const byFastq = await interleaved(rounds, { ours, oursPlain, quick });
  const byPQueue = await interleaved(Math.ceil(rounds / 3), { ours, pQueue, oursSync, pQueueSync });
  const name = `${tasks} tasks`;
  const compare = (what, goal, peerName, ours, peer) => {
    const perTask = (ms) => `${((ms * 1_000) / tasks).toFixed(2)} µs`;
    const about = { what: `${name}${what}`, goal, inWords: `≤ ${goal} of ${peerName}'s`, unit: perTask };
    const of = (field, samples) => samples.map((sample) => sample[field]);
    rows.push(row(about, of("wall", ours), of("wall", peer)));
    const cpu = row(about, of("cpu", ours), of("cpu", peer));
    processor.push([cpu.what, cpu.ours, cpu.peer, cpu.ratio.median.toFixed(3)]);
  };
  compare(" with priorities, p-queue", 0.1, "p-queue", byPQueue.ours, byPQueue.pQueue);
  const sync = " with priorities, functions without promise, p-queue";
  compare(sync, 0.1, "p-queue", byPQueue.oursSync, byPQueue.pQueueSync);
  compare(", ours with priorities, fastq without", 1, "fastq", byFastq.ours, byFastq.quick);
  compare(", none with priorities, fastq", 1, "fastq", byFastq.oursPlain, byFastq.quick);
}
print({
  title: `Queue from JavaScript, ${RUNTIME}`,
  method: `Time from the first \`add\` to the last promise, over the number of tasks: all are added at once, ${CONCURRENCY} \
run at a time, each is an async function that returns at once, each promise is awaited. Priorities are high, normal and \
low, evenly mixed. The peers: p-queue with \`priority\`, and \`fastq.promise\`, which has no priorities. Rounds of all in \
turn, with a collection of garbage before each run; the ratio is that of each round. p-queue is the newest version that \
supports Node 20.`,
  rows,
  tables: [
    {
      caption: "Processor time a task, of the same runs",
      head: ["what", "ours", "peer", "ratio"],
      rows: processor,
    },
  ],
  notes: [
    "p-queue keeps what waits in one sorted array and inserts by moving what comes after, so that its cost a task grows \
with the number of tasks that wait; with 1,000 tasks that wait it is still small, and there we miss the tenth. fastq \
keeps one linked list, knows no priorities and no dependencies, and crosses no border.",
  ],
});

function contenders(tasks) {
  const priority = Array.from({ length: tasks }, (_, index) => (Math.imul(index, 2_654_435_761) >>> 0) % 3);
  const options = PRIORITIES.map((name) => ({ priority: name }));
  const theirs = PRIORITIES.map((_, index) => ({ priority: 2 - index }));
  const one = async () => 1;
  const sync = () => 1;
  const all = async (add) => {
    const promises = new Array(tasks);
    for (let index = 0; index < tasks; index++) promises[index] = add(index);
    await Promise.all(promises);
  };
  const ours = (run, option) => async () => {
    const queue = new TaskQueue({ concurrency: CONCURRENCY });
    await all((index) => queue.add(run, option(index)));
    queue[Symbol.dispose]();
  };
  const pQueue = (run) => async () => {
    const queue = new PQueue({ concurrency: CONCURRENCY });
    await all((index) => queue.add(run, theirs[priority[index]]));
  };
  const quick = async () => {
    const queue = fastq.promise(async (index) => index, CONCURRENCY);
    await all((index) => queue.push(index));
  };
  return {
    ours: timed(ours(one, (index) => options[priority[index]])),
    oursPlain: timed(ours(one, () => undefined)),
    oursSync: timed(ours(sync, (index) => options[priority[index]])),
    pQueue: timed(pQueue(one)),
    pQueueSync: timed(pQueue(sync)),
    quick: timed(quick),
  };
}

/** Gives the milliseconds that passed, and those that a processor worked. */
function timed(run) {
  return async () => {
    const before = cpuUsage();
    const begun = performance.now();
    await run();
    const wall = performance.now() - begun;
    const { user, system } = cpuUsage(before);
    return { wall, cpu: (user + system) / 1_000 };
  };
}
