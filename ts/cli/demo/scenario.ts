/** The scripted model of the demo: what a good commander, workers and reviewers would say for its objective. */
import {
  after,
  call,
  type Reply,
  type Scenario,
  say,
  scenario,
  type Turn,
  turns,
} from "../../scripted-model/index.ts";
import * as files from "./files.ts";

/** What the user asks for in the demo. */
export const OBJECTIVE =
  "Write a small TypeScript module for durations such as 1h 30m: parse, format, round, an index that exports them, each with tests that run";

/** Pause before an answer, in milliseconds, so that there is something to watch. */
const THINKING_MS = 400;

const compile = (part: string) =>
  `tsc --strict --target es2022 --module nodenext --rootDir src --outDir build/${part} src/${part}.ts`;
const proof = (part: string) => `${compile(part)} && node --test --test-reporter=spec test/${part}.test.mjs`;

const PARTS = ["parse", "format", "round"] as const;

const PLAN = {
  goal: "A module that parses, formats and rounds durations, with tests",
  tasks: [
    {
      id: "types",
      title: "Units and the error type",
      prompt: "Write src/types.ts: UNITS (seconds in d, h, m, s), the type Unit, the class DurationError.",
      files: ["src/types.ts"],
      verify: [compile("types")],
      priority: "high",
    },
    ...PARTS.map((part) => ({
      id: part,
      title: { parse: "Read a duration", format: "Write a duration", round: "Round a duration" }[part],
      prompt: `Write src/${part}.ts on top of src/types.ts, and test/${part}.test.mjs that imports ../build/${part}/${part}.js.`,
      files: [`src/${part}.ts`, `test/${part}.test.mjs`],
      depends_on: ["types"],
      verify: [proof(part)],
    })),
    {
      id: "index",
      title: "One entry for all of it",
      prompt:
        "Write src/index.ts that exports everything, and test/index.test.mjs that uses the parts together.",
      files: ["src/index.ts", "test/index.test.mjs"],
      depends_on: [...PARTS],
      verify: ["tsc --outDir build/all && node --test --test-reporter=spec test/index.test.mjs"],
      review: true,
    },
  ],
  verify: [
    "tsc --outDir build/all && node --test --test-reporter=spec test/parse.test.mjs test/format.test.mjs test/round.test.mjs test/index.test.mjs",
  ],
};

const write = (filePath: string, content: string) => call("write", { filePath, content });
const report = (summary: string, paths: readonly string[]) =>
  call("report_task", { status: "done", summary, files: paths });

/** What each task's worker does, a reply a step. */
const WORK: Readonly<Record<string, readonly Reply[]>> = {
  types: [
    write("src/types.ts", files.TYPES),
    report("Units, Unit and DurationError are there.", ["src/types.ts"]),
    say("Done."),
  ],
  parse: part("parse", files.PARSE, files.PARSE_TEST),
  format: [
    ...part("format", files.FORMAT_WITH_A_BUG, files.FORMAT_TEST),
    [call("read", { filePath: "src/format.ts" })],
    [call("edit", { filePath: "src/format.ts", oldString: files.BUG, newString: files.MENDED })],
    report("Nothing at all is written as 0s now; the test passes.", ["src/format.ts"]),
    say("Mended."),
  ],
  round: part("round", files.ROUND, files.ROUND_TEST),
  index: [
    [write("src/index.ts", files.INDEX), write("test/index.test.mjs", files.INDEX_TEST)],
    report("One entry exports all parts; a test uses them together.", [
      "src/index.ts",
      "test/index.test.mjs",
    ]),
    say("Done."),
  ],
};

function part(name: string, source: string, test: string): readonly Reply[] {
  const paths = [`src/${name}.ts`, `test/${name}.test.mjs`] as const;
  return [
    [write(paths[0], source), write(paths[1], test)],
    report(`${name} is written and tested.`, paths),
    say("Done."),
  ];
}

/** The scenario, with every answer after a moment of thinking. */
export function demoScenario(): Scenario {
  const workers = new Map(
    Object.entries(WORK).map(([task, replies]) => [task, turns(replies.map(thinking))]),
  );
  return scenario()
    .role(
      "commander",
      turns([
        thinking(call("bash", { command: "git ls-files", description: "List the project's files" })),
        thinking(call("submit_plan", PLAN)),
        call("run_mission"),
        (turn) => thinking(say(farewell(turn))),
      ]),
    )
    .role("worker", (turn) => {
      const work = workers.get(taskOf(turn));
      if (work === undefined) throw new Error(`the demo has no worker for: ${turn.lastUser.slice(0, 80)}`);
      return work(turn);
    })
    .role(
      "reviewer",
      turns([
        thinking(call("read", { filePath: "src/index.ts" })),
        thinking(call("review_task", { verdict: "approve" })),
        say("Approved."),
      ]),
    );
}

/** What the commander tells the user: whatever `run_mission` answered. */
function farewell({ toolResults }: Turn): string {
  const news = toolResults[0]?.content ?? "";
  if (!news.startsWith("The mission is over: accepted")) return `The mission did not succeed. ${news}`;
  return "The module is written: parse, format, round and an index. All checks passed, and it was reviewed.";
}

/** The task that a worker's session is about: its first message names it. */
function taskOf({ request }: Turn): string {
  const first = request.messages.find(({ role }) => role === "user")?.text ?? "";
  return /^Task ([\w.-]+):/.exec(first)?.[1] ?? "";
}

function thinking(reply: Reply): Reply {
  return after(THINKING_MS, reply);
}
