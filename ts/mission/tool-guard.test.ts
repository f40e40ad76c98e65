import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TaskView } from "../engine/index.ts";
import { Hooks } from "./hooks.ts";
import { taskView } from "./snapshot.fixture.ts";
import { type Caller, type GuardedUse, TOOL_GUARDS } from "./tool-guard.ts";
import { writesOf } from "./writes.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "guard-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const guards = new Hooks<GuardedUse>(TOOL_GUARDS, (name, error) => {
  throw new Error(`${name} is no guard`, { cause: error });
});

const mine = taskView("mine", "running", { files: ["src/mine", "docs/*.md"] });
const other = taskView("other", "running", { files: ["lib"] });
const unscoped = taskView("open", "running", { files: [] });

const worker = (of: TaskView = mine): Caller => ({ kind: "agent", agent: "worker", task: of });
const agent = (name: string): Caller => ({ kind: "agent", agent: name });

/** What a use is refused with; `undefined` where it is let through. */
async function refusal(
  caller: Caller,
  tool: string,
  parameters: unknown,
  scope: GuardedUse["scope"] = "enforce",
  warnings: string[] = [],
): Promise<string | undefined> {
  const use = { session: "s", tool, parameters };
  const tasks = () => [mine, other, unscoped];
  const warn = (message: string) => void warnings.push(message);
  return guards.run({ use, caller, writes: writesOf(directory, tool, parameters), tasks, scope, warn }).then(
    () => undefined,
    (error: Error) => error.message,
  );
}

const edit = (filePath: string) => ["edit", { filePath }] as const;
const bash = (command: string, workdir?: string) =>
  ["bash", { command, ...(workdir === undefined ? {} : { workdir }) }] as const;

describe("a worker", () => {
  it.each([
    ["a file of its task", ...edit("src/mine/a.ts")],
    ["a file of its task by an absolute path", "write", { filePath: "DIR/docs/a.md" }],
    ["a file of its task by bash", ...bash("mkdir -p src/mine && echo x > src/mine/a.ts")],
    ["a file of its task by bash from its folder", ...bash("echo x > a.ts", "src/mine")],
    ["a temporary file", ...bash(`echo x > ${join(tmpdir(), "elsewhere.txt")}`)],
    ["nothing", ...bash("cat lib/a.ts | grep x")],
    ["a patch of its files", "apply_patch", { patchText: "*** Update File: src/mine/a.ts\n" }],
    ["what has no known shape", "edit", { path: 1 }],
    ["a tool that changes no files", "read", { filePath: "lib/a.ts" }],
  ])("may write %s", async (_, tool, parameters) => {
    const text = JSON.stringify(parameters).replaceAll("DIR", directory.replaceAll("\\", "/"));
    expect(await refusal(worker(), tool, JSON.parse(text))).toBeUndefined();
  });

  it.each([
    ["edit", ...edit("lib/a.ts")],
    ["write, by a path that leaves the scope", "write", { filePath: "src/mine/../../lib/a.ts" }],
    ["patch", "apply_patch", { patchText: "*** Update File: src/mine/a.ts\n*** Move to: lib/a.ts\n" }],
    ["bash", ...bash("cd lib && sed -i s/a/b/ a.ts")],
    ["bash in another folder", ...bash("rm a.ts", "lib")],
  ])("may not write outside its task's files by %s", async (_, tool, parameters) => {
    expect(await refusal(worker(), tool, parameters)).toBe(
      "lib/a.ts is outside the files of this task (src/mine, docs/*.md). Ask for it with request_scope and a reason, or do without it",
    );
  });

  it.each(["rm -rf .", "cp /tmp/x/b.ts .", "rm -rf ../../.."])(
    "may not change the project as a whole: %s",
    async (command) => {
      expect(await refusal(worker(), "bash", { command })).toBeDefined();
    },
  );

  it("may not change what a patch names without a space, as hosts read it", async () => {
    const patchText = "*** Begin Patch\n*** Update File:lib/a.ts\n@@\n*** End Patch";
    expect(await refusal(worker(), "apply_patch", { patchText })).toMatch(/^lib\/a\.ts is outside/);
  });

  it("may not write through a link that leads out of its task's files", async () => {
    mkdirSync(join(directory, "src", "mine"), { recursive: true });
    mkdirSync(join(directory, "lib"));
    symlinkSync(join(directory, "lib"), join(directory, "src", "mine", "link"), "junction");
    expect(await refusal(worker(), ...edit("src/mine/link/a.ts"))).toMatch(/^lib\/a\.ts is outside/);
  });

  it("without declared files keeps off those of the tasks at work, and of those alone", async () => {
    expect(await refusal(worker(unscoped), ...edit("lib/a.ts"))).toMatch(/^lib\/a\.ts belongs to task other/);
    expect(await refusal(worker(unscoped), ...edit("elsewhere/a.ts"))).toBeUndefined();
  });

  it("is only warned of where the user set it so", async () => {
    const warnings: string[] = [];
    expect(await refusal(worker(), "edit", { filePath: "lib/a.ts" }, "warn", warnings)).toBeUndefined();
    expect(warnings).toEqual([expect.stringMatching(/^task mine: lib\/a\.ts is outside/)]);
  });

  it.each(["git stash", "git reset --hard", "git checkout -- .", "cd src && git commit -am x"])(
    "may not run %s: others work in the same folder",
    async (command) => {
      expect(await refusal(worker(), ...bash(command))).toMatch(
        /would discard or move work that others have/,
      );
    },
  );

  it("may not touch the mission's own record", async () => {
    const all = taskView("all", "running", { files: ["**"] });
    expect(await refusal(worker(all), ...bash("rm -rf .orchestrator/state"))).toMatch(
      /the mission's own record/,
    );
    expect(await refusal(worker(all), ...edit(".orchestrator/todo.md"))).toMatch(/the mission's own record/);
  });

  it("may not delegate", async () => {
    expect(await refusal(worker(), "task", { prompt: "x" })).toMatch(/^worker can't delegate/);
  });
});

describe("a reviewer and a planner", () => {
  it.each(["reviewer", "planner"])("change nothing: %s", async (name) => {
    expect(await refusal(agent(name), ...edit("a.ts"))).toBe(
      `${name} changes no files, and edit would change a.ts: say what has to change instead`,
    );
    expect(await refusal(agent(name), ...bash("echo x > a.ts"))).toMatch(/would change a\.ts/);
    expect(await refusal(agent(name), ...bash("git stash"))).toMatch(/would change git stash/);
    expect(await refusal(agent(name), ...bash("npm test"))).toBeUndefined();
  });
});

describe("others", () => {
  it("the commander may edit what it likes but the mission's store", async () => {
    expect(await refusal({ kind: "commander" }, ...edit("lib/a.ts"))).toBeUndefined();
    expect(await refusal({ kind: "commander" }, ...edit(".orchestrator/settings.jsonc"))).toBeUndefined();
    expect(await refusal({ kind: "commander" }, ...bash("rm .orchestrator/state/missions.db"))).toMatch(
      /own record/,
    );
  });

  it("a session whose lease has ended is to stop", async () => {
    expect(await refusal({ kind: "former" }, "read", {})).toMatch(/this session's work is over/);
  });
});

it("a path beside a patch hides none of the files that the patch names", async () => {
  const both = { filePath: "src/mine/a.ts", patchText: "*** Update File: lib/a.ts\n" };
  expect(await refusal(worker(), "apply_patch", both)).toMatch(/^lib\/a\.ts is outside/);
});
