/** A `grep` call as a session of a real OpenCode sees it: ours beside OpenCode's own. Run by Bun, which reads TypeScript. */
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { rgPath } from "@vscode/ripgrep";
import { openCode } from "../../test/opencode/index.ts";
import { call, say, scenario, startScriptedModel } from "../../ts/scripted-model/index.ts";
import { interleaved, print, QUICK, row, spread } from "../js/measure.mjs";

/** Calls a session, and sessions in turn of the one and the other. */
const CALLS = QUICK ? 2 : 20;
const ROUNDS = QUICK ? 1 : 7;
const FILES = 400;

const PLUGIN = fileURLToPath(new URL("../../dist/server.js", import.meta.url));
const milliseconds = (value) => `${value.toFixed(1)} ms`;

const asking = scenario().otherwise((turn) =>
  turn.number <= CALLS ? call("grep", { pattern: `needle${turn.number}\\b`, path: "src" }) : say("Done."),
);

const files = Object.fromEntries(
  Array.from({ length: FILES }, (_, at) => [
    `src/${at % 20}/file${at}.ts`,
    `export const needle${at} = ${at};\n${"// a line that has nothing of it\n".repeat(100)}`,
  ]),
);

/** One OpenCode, asked from a new session each round. */
async function contender(nativeSearch) {
  const model = await startScriptedModel({ scenario: asking });
  const bench = await openCode({
    model,
    plugin: PLUGIN,
    pluginOptions: { nativeSearch },
    files,
    env: { PATH: `${dirname(rgPath)}:${process.env["PATH"]}` },
  });
  const server = await bench.serve();
  return {
    measure: () => session(server),
    async close() {
      await bench.dispose();
      await model.close();
    },
  };
}

/** How long each call of a session took, as OpenCode recorded it, in milliseconds. */
async function session(server) {
  const id = await server.session({ title: "greps" });
  await server.prompt(id, "look");
  const { data } = await server.client.session.messages({ path: { id }, throwOnError: true });
  const times = data
    .flatMap(({ parts }) => parts)
    .flatMap((part) => {
      if (part.type !== "tool" || part.tool !== "grep") return [];
      const { state } = part;
      if (state.status !== "completed") throw new Error(`a grep call ended as ${state.status}`);
      return [state.time.end - state.time.start];
    });
  if (times.length !== CALLS) throw new Error(`${times.length} calls instead of ${CALLS}`);
  return times;
}

const [ours, theirs] = [await contender(true), await contender(false)];
try {
  // The first session loads what is loaded once.
  await ours.measure();
  await theirs.measure();
  const samples = await interleaved(ROUNDS, { ours: ours.measure, theirs: theirs.measure });
  const medians = (rounds) => rounds.map((times) => spread(times).median);
  const worst = (rounds) => rounds.map((times) => percentile(times, 0.99));
  print({
    title: "A grep call in OpenCode",
    method: `${CALLS} calls in a new session of a real OpenCode, each for one of ${FILES} files, with the built-in grep (ripgrep as \
a child process) and with ours, in turn, ${ROUNDS} sessions each. Times are those that OpenCode records of each call, permission \
and record included, in whole milliseconds.`,
    rows: [
      row(
        { what: "median of a session", unit: milliseconds },
        medians(samples.ours),
        medians(samples.theirs),
      ),
      row(
        { what: "99th percentile of a session", unit: milliseconds },
        worst(samples.ours),
        worst(samples.theirs),
      ),
    ],
    tables: [],
    notes: [],
  });
} finally {
  await ours.close();
  await theirs.close();
}

function percentile(times, part) {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.ceil(part * sorted.length) - 1] ?? Number.NaN;
}
