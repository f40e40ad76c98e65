/** What a graph of tasks costs JavaScript: our `TaskGraph` and `Scheduler` beside the same records as plain objects. */
import { Scheduler, TaskGraph } from "../../dist/engine.js";
import { collect, heapUsed, interleaved, print, QUICK, RUNTIME, row, spread } from "./measure.mjs";

const WIDTH = 1_000;
const DEPENDENCIES = 3;
const BATCH = 64;
const ROUNDS = QUICK ? 1 : 7;
const MANY = QUICK ? 10_000 : 1_000_000;
const FEW = QUICK ? 1_000 : 10_000;
const RECORDS = QUICK ? 10_000 : 100_000;
/** Most tasks that a plan may have. */
const PLAN = 10_000;

const large = columns(MANY);
const small = columns(FEW);
const speed = await interleaved(ROUNDS, {
  load: () => milliseconds(() => loaded(large)),
  loadPlain: () => milliseconds(() => loadedPlain(large)),
  large: () => transitions(large, 1, run, loaded),
  largePlain: () => transitions(large, 1, runPlain, loadedPlain),
  small: () => transitions(small, MANY / FEW, run, loaded),
  smallPlain: () => transitions(small, MANY / FEW, runPlain, loadedPlain),
});
const ms = (value) => `${value.toFixed(0)} ms`;
const load = row(
  { what: `load a layered graph of ${MANY} tasks, plain objects`, unit: ms },
  speed.load,
  speed.loadPlain,
);
const flat = spread(speed.large.map((large, round) => large / speed.small[round]));
const flatPlain = spread(speed.largePlain.map((large, round) => large / speed.smallPlain[round]));

const few = columns(RECORDS);
const held = await interleaved(ROUNDS, {
  nothing: () => footprint(() => undefined),
  graph: () => footprint(() => loaded(few)),
  scheduler: () => footprint(() => scheduled(few)),
  plain: () => footprint(() => records(few)),
});
const collected = await garbage({
  TaskGraph: () => loaded(few),
  Scheduler: () => scheduled(few),
  "plain objects": () => records(few),
});
const kilobytes = (value) => `${(value / 1_000).toFixed(0)} kB`;
const fine = (value) => `${value.toFixed(2)} ms`;
const share = { goal: 0.2, inWords: "≤ 20 %" };
const above = (name, field) =>
  held[name].map((sample, round) => Math.max(0, sample[field] - held.nothing[round][field]));

print({
  title: `Graph from JavaScript, ${RUNTIME}`,
  method: `Layers of ${WIDTH} tasks, each depends on ${DEPENDENCIES} of the layer before; the graph crosses as typed arrays, \
and transitions ${BATCH} at a time (\`advance\`). Plain objects are what one would write: a task with its dependants in an \
array and a count of open dependencies. Heap and collections: ${RECORDS} records { id, title, priority, state, dependsOn, \
attempt } as plain objects in an array, beside a \`TaskGraph\`, which has of them what decides the order, and beside a \
\`Scheduler\`, which has all of them and more. Heap is what is in use after a full collection, and collection how long a \
full one takes while the records are there, both above what they are without any. ${ROUNDS} rounds of all in turn; ratios \
are those of each round.`,
  rows: [
    { ...load, goal: "≤ 1.5 s", met: spread(speed.load).median <= 1_500 },
    {
      what: `cost of a transition among ${MANY} tasks over that among ${FEW}, plain objects`,
      goal: "≤ 1.5",
      ours: flat.median.toFixed(2),
      peer: flatPlain.median.toFixed(2),
      ratio: null,
      met: flat.median <= 1.5,
    },
    row(
      {
        what: `a transition among ${MANY} tasks, plain objects`,
        unit: (value) => `${(value * 1e6).toFixed(0)} ns`,
      },
      speed.large,
      speed.largePlain,
    ),
    ...["graph", "scheduler"].flatMap((name) => {
      const what = name === "graph" ? "TaskGraph" : "Scheduler";
      return [
        row(
          { what: `${what}: JavaScript heap, plain objects`, unit: kilobytes, ...share },
          above(name, "heap"),
          above("plain", "heap"),
        ),
        row(
          { what: `${what}: a full collection, plain objects`, unit: fine, ...share },
          above(name, "pause"),
          above("plain", "pause"),
        ),
      ];
    }),
  ],
  tables: collected === undefined ? [] : [collected],
  notes: [
    "The memory that ours takes outside of the JavaScript heap is not counted here: no collection ever looks at it.",
  ],
});

/** A layered graph as columns. */
function columns(tasks) {
  const first = Math.min(WIDTH, tasks);
  const offsets = new Uint32Array(tasks + 1);
  const dependencies = new Uint32Array((tasks - first) * DEPENDENCIES);
  let [edge, random] = [0, 1];
  for (let task = 0; task < tasks; task++) {
    const layer = Math.floor(task / WIDTH);
    for (let index = 0; layer > 0 && index < DEPENDENCIES; index++) {
      random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
      dependencies[edge++] = (layer - 1) * WIDTH + Math.floor((random / 2 ** 32) * WIDTH);
    }
    offsets[task + 1] = edge;
  }
  return { count: tasks, offsets, dependencies };
}

function loaded(batch) {
  const graph = new TaskGraph();
  graph.add(batch);
  return graph;
}

/** Gives how many tasks were run. */
function run(graph) {
  const batch = new Uint32Array(BATCH);
  let done = 0;
  for (let taken = graph.take(batch); taken > 0; taken = graph.advance(batch, taken)) done += taken;
  graph[Symbol.dispose]();
  return done;
}

function loadedPlain({ count, offsets, dependencies }) {
  const tasks = Array.from({ length: count }, (_, id) => ({ id, open: 0, dependants: [] }));
  for (const task of tasks) {
    for (let edge = offsets[task.id]; edge < offsets[task.id + 1]; edge++) {
      tasks[dependencies[edge]].dependants.push(task);
      task.open++;
    }
  }
  return tasks;
}

function runPlain(tasks) {
  const ready = tasks.filter((task) => task.open === 0);
  let done = 0;
  while (done < ready.length) {
    for (const dependant of ready[done++].dependants) {
      dependant.open--;
      if (dependant.open === 0) ready.push(dependant);
    }
  }
  return done;
}

/** Milliseconds a task. */
function transitions(batch, times, run, load) {
  let took = 0;
  for (let time = 0; time < times; time++) {
    const graph = load(batch);
    let done = 0;
    took += milliseconds(() => {
      done = run(graph);
    });
    if (done !== batch.count) throw new Error(`${done} of ${batch.count} tasks were run`);
  }
  return took / (times * batch.count);
}

function milliseconds(run) {
  const begun = performance.now();
  run();
  return performance.now() - begun;
}

function dependsOn({ offsets, dependencies }, task) {
  return Array.from(dependencies.subarray(offsets[task], offsets[task + 1]), (on) => `t${on}`);
}

function records(batch) {
  return Array.from({ length: batch.count }, (_, task) => ({
    id: `t${task}`,
    title: `Task ${task}`,
    priority: "normal",
    state: "pending",
    dependsOn: dependsOn(batch, task),
    attempt: 0,
  }));
}

function scheduled(batch) {
  const scheduler = new Scheduler({ review: "never" });
  for (let from = 0; from < batch.count; from += PLAN) {
    const tasks = Array.from({ length: Math.min(PLAN, batch.count - from) }, (_, index) => ({
      id: `t${from + index}`,
      title: `Task ${from + index}`,
      prompt: "Do it.",
      agent: "worker",
      role: "worker",
      dependsOn: dependsOn(batch, from + index),
    }));
    scheduler.handle(0, [{ type: "plan_submitted", plan: { goal: "All of it", tasks } }]);
  }
  return scheduler;
}

/** What is held costs: bytes of the heap, and milliseconds of a full collection. */
function footprint(make) {
  const held = make();
  collect();
  const heap = heapUsed();
  const pauses = Array.from({ length: 5 }, () => milliseconds(collect));
  held?.[Symbol.dispose]?.();
  return { heap, pause: spread(pauses).median };
}

/** What is collected while records are made, as far as the runtime tells. */
async function garbage(contenders) {
  if (!PerformanceObserver.supportedEntryTypes.includes("gc")) return undefined;
  const samples = await interleaved(
    ROUNDS,
    Object.fromEntries(
      Object.entries(contenders).map(([name, make]) => [name, () => collectionsDuring(make)]),
    ),
  );
  return {
    caption: `Collections while ${RECORDS} records are made, the plan's objects and its JSON included`,
    head: ["", "milliseconds (quartiles)"],
    rows: Object.entries(samples).map(([name, all]) => {
      const { median, low, high } = spread(all);
      return [name, `${median.toFixed(1)} (${low.toFixed(1)} to ${high.toFixed(1)})`];
    }),
  };
}

async function collectionsDuring(make) {
  let took = 0;
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) took += entry.duration;
  });
  observer.observe({ entryTypes: ["gc"] });
  const held = make();
  // Entries come with a later turn.
  await new Promise((resolve) => setTimeout(resolve, 20));
  observer.disconnect();
  held[Symbol.dispose]?.();
  return took;
}
