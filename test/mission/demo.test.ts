import { randomUUID } from "node:crypto";
import { mkdtemp, readdir, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MARK, markedProcesses, startGroup } from "../opencode/process-group.ts";

const CLI = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));

describe("orchestrator demo", () => {
  const mark = randomUUID();
  let folder: string;

  beforeAll(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), "demo-test-")));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** Runs the built command line with no terminal, in an empty home. */
  async function orchestrator(...args: string[]) {
    const env = { PATH: process.env["PATH"] ?? "", HOME: folder, TMPDIR: folder, [MARK]: mark };
    const group = await startGroup(process.execPath, [CLI, ...args], { cwd: folder, env, timeout: 150_000 });
    return group.ended;
  }

  test("plays a mission to its acceptance, with one task repaired, and leaves nothing behind", async () => {
    const { code, stdout, stderr, ms } = await orchestrator("demo", "--json");
    expect(code, stderr).toBe(0);
    console.info(`orchestrator demo: ${(ms / 1000).toFixed(1)} s`);
    const { outcome, tasks, verification, files } = JSON.parse(stdout);
    expect(outcome).toBe("accepted");
    const first = { state: "accepted", attempt: 1 };
    expect(tasks).toEqual({
      types: first,
      parse: first,
      format: { state: "accepted", attempt: 2 },
      round: first,
      index: first,
    });
    expect(verification).toMatch(/^ok \$ tsc [\s\S]*exit 0/m);
    expect(verification).toMatch(/pass 11$/m);
    expect(verification).toMatch(/fail 0$/m);
    expect(files).toEqual([
      ".gitignore",
      ".orchestrator/todo.md",
      "README.md",
      "opencode.json",
      "package.json",
      "src/format.ts",
      "src/index.ts",
      "src/parse.ts",
      "src/round.ts",
      "src/types.ts",
      "test/format.test.mjs",
      "test/index.test.mjs",
      "test/parse.test.mjs",
      "test/round.test.mjs",
      "tsconfig.json",
    ]);
    expect(await markedProcesses(mark)).toEqual([]);
    expect((await readdir(folder)).filter((name) => name.startsWith("orchestrator-demo"))).toEqual([]);
  });

  test("explains itself with --help, exit code 0", async () => {
    for (const args of [["--help"], ["demo", "--help"]]) {
      const { code, stdout } = await orchestrator(...args);
      expect(code).toBe(0);
      expect(stdout).toContain("Usage: orchestrator");
    }
  });

  test.for([
    ["demo --colour", "--colour"],
    ["demo --model nonsense", 'not "nonsense"'],
    ["dmo", 'no command "dmo"'],
  ] as const)("refuses %s with usage, exit code 2", async ([line, said]) => {
    const { code, stdout, stderr } = await orchestrator(...line.split(" "));
    expect(code).toBe(2);
    expect(stderr).toContain(said);
    expect(stderr).toContain("Usage: orchestrator");
    expect(stdout).toBe("");
  });
});
