/** How much later a project is ready in a real OpenCode with the plugin. Run by Bun, which reads TypeScript. */
import { fileURLToPath } from "node:url";
import { OPENCODE } from "../../test/opencode/home.ts";
import { openCode } from "../../test/opencode/index.ts";
import { startOpenCode } from "../../ts/cli/opencode.ts";
import { say, startScriptedModel } from "../../ts/scripted-model/index.ts";
import { interleaved, print, QUICK, spread } from "../js/measure.mjs";

const ROUNDS = QUICK ? 1 : 21;
/** The most that a start may take longer, in milliseconds. */
const GOAL_MS = 60;

const OURS = fileURLToPath(new URL("../../dist/server.js", import.meta.url));
const EMPTY = fileURLToPath(new URL("empty-plugin.mjs", import.meta.url));
const milliseconds = (value) => `${value.toFixed(0)} ms`;

const model = await startScriptedModel({ respond: () => say("hello") });

const least = (values) => Math.min(...values);

async function contender(plugin) {
  const bench = await openCode({ model, plugin });
  return { measure: () => start(bench), close: () => bench.dispose() };
}

/** Starts OpenCode and opens a project in it, which loads the plugin; the time of the second, in milliseconds. */
async function start({ home, project }) {
  const args = ["serve", "--port", "0", "--hostname", "127.0.0.1"];
  const running = startOpenCode(OPENCODE, args, { cwd: home.dir, env: home.env });
  try {
    const url = await listening(running);
    // It has to have answered once: a request that comes right after the start can be left waiting.
    await answered(new URL("/global/health", url));
    const asking = new URL("/command", url);
    asking.searchParams.set("directory", project.dir);
    const begun = performance.now();
    await answered(asking);
    return performance.now() - begun;
  } finally {
    running.kill();
    await running.ended;
  }
}

async function listening(running) {
  for (;;) {
    const url = /listening on (http:\/\/\S+)/.exec(running.output())?.[1];
    if (url !== undefined) return url;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function answered(url) {
  const response = await fetch(url, { signal: AbortSignal.timeout(30_000) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  await response.arrayBuffer();
}

const [ours, empty] = [await contender(OURS), await contender(EMPTY)];
try {
  // The first start makes OpenCode's database.
  await ours.measure();
  await empty.measure();
  const samples = await interleaved(ROUNDS, { ours: ours.measure, empty: empty.measure });
  const [mine, theirs] = [spread(samples.ours), spread(samples.empty)];
  const more = spread(samples.ours.map((value, round) => value - samples.empty[round]));
  print({
    title: "A project's start in OpenCode",
    method: `A real OpenCode is started, and asked for the commands of a project that it has not opened before: that loads \
the plugin. Ours and an empty plugin in turn, ${ROUNDS} starts each. The addon is loaded by a start, \
for grep and glob. The quickest start says what the plugin costs where nothing else wants the processor.`,
    rows: [
      {
        what: "a project is ready",
        goal: `at most ${GOAL_MS} ms over the empty plugin`,
        ours: `${milliseconds(mine.median)}, ${milliseconds(more.median)} more (${milliseconds(more.low)} to ${milliseconds(more.high)})`,
        peer: milliseconds(theirs.median),
        ratio: spread(samples.ours.map((value, round) => value / samples.empty[round])),
        met: more.median <= GOAL_MS,
      },
      {
        what: "the quickest start",
        goal: null,
        ours: `${milliseconds(least(samples.ours))}, ${milliseconds(least(samples.ours) - least(samples.empty))} more`,
        peer: milliseconds(least(samples.empty)),
        ratio: null,
        met: null,
      },
    ],
    tables: [],
    notes: [],
  });
} finally {
  await ours.close();
  await empty.close();
  await model.close();
}
