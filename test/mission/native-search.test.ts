/** OpenCode's own `grep` and `glob` against ours, by asking a real OpenCode both ways. */
import { mkdir, symlink, utimes, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { rgPath } from "@vscode/ripgrep";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { call, say, scenario, type Turn } from "../../ts/scripted-model/index.ts";
import type { OpenCodeServer, ServerEvent } from "../opencode/index.ts";
import { type MissionBench, missionBench, PLUGIN } from "./bench.ts";

/** All that is not told by the outcome itself is asked. */
const PERMISSION = { "*": "allow", grep: "ask", glob: "ask", external_directory: "ask" } as const;

const LONG = `${"ä".repeat(1_500)}😀 the needle is far from the start ${"z".repeat(1_500)}`;

const FILES: Readonly<Record<string, string>> = {
  "src/a.ts": "export const needle = 1;\nconst other = 2;\n// a Needle, and a needle\n",
  "src/b.ts": "import { needle } from './a.ts';\r\n\r\nneedle();\r\n",
  "src/deep/er/c.tsx": "<p>needle</p>",
  "src/d.js": "var x = 'no end of line and a needle'",
  "README.md": "# A needle in a haystack\n",
  ".hidden/e.ts": "const needle = 'hidden';\n",
  ".env": "NEEDLE=needle\n",
  ".gitignore": "ignored/\n*.log\n",
  "ignored/f.ts": "const needle = 'ignored';\n",
  "trace.log": "needle in a log\n",
  "long.txt": `${LONG}\n${LONG}\n`,
  "many.txt": "match\n".repeat(250),
  "exact.txt": "hundred\n".repeat(100),
  "one space.txt": "a needle behind a space\n",
  "empty.txt": "",
  "brackets[1].txt": "bracketed\n",
  ...Object.fromEntries(Array.from({ length: 130 }, (_, at) => [`lots/file-${at}.dat`, "dat\n"])),
  ...Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`hundred/file-${at}.exact`, "x\n"])),
};

interface Asked {
  readonly tool: "grep" | "glob";
  readonly args: Readonly<Record<string, unknown>>;
}

/** `OUTSIDE` stands for a folder that is not the project's, `PROJECT` for the project's own. */
const CALLS: readonly Asked[] = [
  { tool: "grep", args: { pattern: "needle" } },
  { tool: "grep", args: { pattern: "needle", path: "src" } },
  { tool: "grep", args: { pattern: "needle", path: "PROJECT/src" } },
  { tool: "grep", args: { pattern: "needle", path: "src/a.ts" } },
  { tool: "grep", args: { pattern: "needle", include: "*.ts" } },
  { tool: "grep", args: { pattern: "needle", include: "*.{ts,tsx}", path: "." } },
  { tool: "grep", args: { pattern: "needle", include: "src/**" } },
  { tool: "grep", args: { pattern: "needle", include: "!*.ts" } },
  { tool: "grep", args: { pattern: "needle", include: "*.log" } },
  { tool: "grep", args: { pattern: "(?i)NEEDLE\\b", include: "README.md" } },
  { tool: "grep", args: { pattern: "^import.*from" } },
  { tool: "grep", args: { pattern: "needle$" } },
  { tool: "grep", args: { pattern: "nothing has this" } },
  { tool: "grep", args: { pattern: "hundred", path: "." } },
  { tool: "grep", args: { pattern: "match", include: "many.txt" } },
  { tool: "grep", args: { pattern: "needle", include: "long.txt" } },
  { tool: "grep", args: { pattern: "needle", path: "no-such-folder" } },
  { tool: "grep", args: { pattern: "secret", path: "OUTSIDE" } },
  { tool: "grep", args: { pattern: "secret", path: "OUTSIDE/secret.txt" } },
  { tool: "grep", args: { pattern: "secret", path: "../outside" } },
  { tool: "grep", args: { pattern: "secret", path: "link" } },
  { tool: "grep", args: { pattern: "foo(" } },
  { tool: "grep", args: { pattern: "[z-a]" } },
  { tool: "grep", args: { pattern: "" } },
  { tool: "grep", args: {} },
  { tool: "grep", args: { pattern: 5 } },
  { tool: "grep", args: { pattern: "needle", path: null } },
  { tool: "grep", args: { pattern: "needle", include: ["*.ts"] } },
  { tool: "grep", args: { pattern: "binary" } },
  { tool: "glob", args: { pattern: "**/*.ts" } },
  { tool: "glob", args: { pattern: "*.md" } },
  { tool: "glob", args: { pattern: "src/*" } },
  { tool: "glob", args: { pattern: "*.ts", path: "src" } },
  { tool: "glob", args: { pattern: "*.ts", path: "PROJECT/src" } },
  { tool: "glob", args: { pattern: "*.log" } },
  { tool: "glob", args: { pattern: "ignored/*" } },
  { tool: "glob", args: { pattern: ".hidden/*" } },
  { tool: "glob", args: { pattern: "*.nothing" } },
  { tool: "glob", args: { pattern: "**/*.exact" } },
  { tool: "glob", args: { pattern: "*.txt", path: "src/a.ts" } },
  { tool: "glob", args: { pattern: "*", path: "OUTSIDE" } },
  { tool: "glob", args: { pattern: "*", path: "../outside" } },
  { tool: "glob", args: { pattern: "{README,nothing}.md" } },
  { tool: "glob", args: { pattern: "!*.ts", path: "src" } },
  { tool: "glob", args: {} },
  { tool: "glob", args: { pattern: true } },
];

/** More results than are told: which of them come is chance with OpenCode's own. */
const CUT: readonly Asked[] = [
  { tool: "grep", args: { pattern: "dat", include: "*.dat" } },
  { tool: "glob", args: { pattern: "**/*.dat" } },
];

/** What a call came to, as the record and the user saw it. */
interface Seen {
  readonly state: unknown;
  readonly asked: readonly unknown[];
}

/** The name of a turn's call. */
const idOf = (at: number): string => `call_${at}`;

const Question = z.object({
  id: z.string(),
  sessionID: z.string(),
  tool: z.object({ callID: z.string() }),
  permission: z.string(),
  patterns: z.array(z.string()),
  always: z.array(z.string()),
  metadata: z.unknown(),
});

/** Both ways, the files of a result come in whatever order they were found. */
function ordered(output: string): string {
  const tail = /\n\n\(Results .*\)$/.exec(output)?.[0] ?? "";
  const [head = "", ...blocks] = `\n${output.slice(0, output.length - tail.length)}`.split(/\n(?=\/)/);
  return [head, ...blocks.map((block) => block.trimEnd()).sort(), tail].join("\n");
}

describe("grep and glob", () => {
  let bench: MissionBench;
  let server: OpenCodeServer;
  let outside: string;

  beforeAll(async () => {
    const model = scenario().otherwise(({ toolResults, lastUser }: Turn) => {
      if (toolResults.length > 0) return say("Seen.");
      const calls = JSON.parse(lastUser) as Asked[];
      return calls.map(({ tool, args }, at) => call(tool, args, idOf(at)));
    });
    const path = [dirname(rgPath), process.env["PATH"]].join(delimiter);
    bench = await missionBench(model, { plugin: null, files: FILES, env: { PATH: path } });
    outside = join(bench.project.dir, "..", "outside");
    await mkdir(outside);
    await writeFile(join(outside, "secret.txt"), "a secret\n");
    await symlink(outside, join(bench.project.dir, "link"));
    await writeFile(join(bench.project.dir, "data.bin"), Buffer.from("binary\0binary\n"));
    await writeFile(join(bench.project.dir, "wide.txt"), Buffer.from("\uFEFFa wide needle\n", "utf16le"));
    await utimes(join(bench.project.dir, "src/a.ts"), 1, 1);
    server = await bench.serve();
  });
  afterAll(() => bench.dispose());

  async function configure(nativeSearch: boolean): Promise<void> {
    const plugin = [[PLUGIN, { nativeSearch }]];
    await bench.project.write("opencode.json", JSON.stringify({ plugin, permission: PERMISSION }));
    await server.client.instance.dispose({ throwOnError: true });
    // The events of an instance end with it.
    server = await server.in(bench.project.dir);
  }

  /** Lets the model make calls, all in one turn, and replies to whatever is asked. */
  async function seen(calls: readonly Asked[], reply: "once" | "reject" = "once"): Promise<Seen[]> {
    const session = await server.session({ title: "search" });
    const placed = JSON.stringify(calls)
      .replaceAll("OUTSIDE", outside)
      .replaceAll("PROJECT", bench.project.dir);
    const turn = server.prompt(session, placed, { timeout: 120_000 });
    const over = turn.then(
      () => true,
      () => true,
    );
    const asked = new Map<string, unknown[]>();
    const answering = async ({ properties }: ServerEvent) => {
      const { id, sessionID, tool, ...question } = Question.parse(properties);
      if (sessionID !== session) return;
      asked.set(tool.callID, [...(asked.get(tool.callID) ?? []), question]);
      await server.client.postSessionIdPermissionsPermissionId({
        path: { id: session, permissionID: id },
        body: { response: reply },
      });
    };
    let heard = 0;
    while (!(await Promise.race([over, new Promise<false>((resolve) => setTimeout(resolve, 5, false))]))) {
      for (; heard < server.events.length; heard += 1) {
        const event = server.events[heard];
        if (event?.type === "permission.asked") await answering(event);
      }
    }
    const { data } = await server.client.session.messages({ path: { id: session }, throwOnError: true });
    const parts = data.flatMap((message) => message.parts).filter((part) => part.type === "tool");
    return calls.map(({ tool }, at) => {
      const part = parts.find(({ callID }) => callID === idOf(at));
      if (part === undefined) throw new Error(`call ${at}, of ${tool}, is not recorded`);
      const { time: _, ...state } = { time: undefined, ...part.state };
      return {
        state: "output" in state ? { ...state, output: ordered(state.output) } : state,
        asked: asked.get(idOf(at)) ?? [],
      };
    });
  }

  /** What the model was told of the newest turn's calls, by their names. */
  function told(): ReadonlyMap<string, string> {
    const messages = z
      .object({ messages: z.array(z.object({ tool_call_id: z.string().optional(), content: z.unknown() })) })
      .parse(JSON.parse(bench.model.requests.at(-1)?.raw ?? "{}")).messages;
    return new Map(
      messages.flatMap(({ tool_call_id: id, content }) =>
        id === undefined ? [] : [[id, ordered(String(content))] as const],
      ),
    );
  }

  test("answer, are recorded and ask as OpenCode's own do", async () => {
    await configure(false);
    const theirs = await seen(CALLS);
    const theirsTold = told();
    await configure(true);
    const ours = await seen(CALLS);
    const oursTold = told();
    for (const [at, one] of CALLS.entries()) {
      expect({ call: one, ...ours[at] }).toEqual({ call: one, ...theirs[at] });
      expect(oursTold.get(idOf(at)), JSON.stringify(one)).toBe(theirsTold.get(idOf(at)));
    }
    expect([...theirsTold.values()].join("\n")).not.toContain("ripgrep execution failed");
    expect(
      theirs.some(({ asked }) => asked.length === 2),
      "some look outside",
    ).toBe(true);
  });

  test("cut what is too much in the same form", async () => {
    const frame = (output: string) =>
      output.split("\n").filter((line) => !/file-\d+\.dat|Line 1: dat|^$/.test(line));
    await configure(false);
    await seen(CUT);
    const theirs = told();
    await configure(true);
    const ours = await seen(CUT);
    for (const [at] of CUT.entries()) {
      const output = told().get(idOf(at)) ?? "";
      expect(frame(output)).toEqual(frame(theirs.get(idOf(at)) ?? ""));
      expect(output.match(/file-\d+\.dat/g)).toHaveLength(100);
      expect(ours[at]?.state).toMatchObject({ metadata: { truncated: true } });
    }
  });

  test("stop where the user says no", async () => {
    const calls = (["grep", "glob"] as const).map((tool) => ({ tool, args: { pattern: "needle" } }));
    for (const one of calls) {
      await configure(false);
      const theirs = await seen([one], "reject");
      await configure(true);
      expect(await seen([one], "reject")).toEqual(theirs);
      expect(theirs[0]?.state).toMatchObject({ status: "error" });
    }
  });
});
