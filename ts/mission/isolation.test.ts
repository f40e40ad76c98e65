import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { TaskView } from "../engine/index.ts";
import type { FakeAgent } from "../host/fake.ts";
import { Isolated } from "./isolation.ts";
import { approve, done, project, task, taskOf } from "./project.fixture.ts";
import { git, repositoryWith } from "./repository.fixture.ts";

const SETTINGS = { isolation: "worktree" };

/** A project that is a repository with one file, `a.txt` of three lines. */
async function repository(agents: Readonly<Record<string, FakeAgent>>) {
  const made = await project(agents, SETTINGS);
  const { directory } = made;
  await writeFile(join(directory, "a.txt"), "1\n2\n3\n");
  await git(directory, "init", "-q");
  await git(directory, "add", "-A");
  await git(directory, "commit", "-qm", "start");
  const read = (path: string) => readFile(join(directory, path), "utf8");
  const left = async () => ({
    worktrees: (await git(directory, "worktree", "list")).trim().split("\n").length - 1,
    refs: (await git(directory, "for-each-ref", "refs/heads/orchestrator", "refs/orchestrator")).trim(),
  });
  return { ...made, read, left };
}

/** Replaces a line of `a.txt` where the worker works. */
async function replaceLine(directory: string, line: string, by: string): Promise<void> {
  const path = join(directory, "a.txt");
  await writeFile(path, (await readFile(path, "utf8")).replace(line, by));
}

const CLEAN = { worktrees: 0, refs: "" };

describe("tasks in worktrees", () => {
  it("work side by side in one file, each in a folder of its own, and what is accepted is joined", async () => {
    const folders = new Set<string>();
    const {
      commander,
      task: open,
      read,
      left,
      directory,
    } = await repository({
      worker: async (turn) => {
        folders.add(turn.directory);
        const first = taskOf(turn.text) === "t1";
        await replaceLine(turn.directory, first ? "1" : "3", first ? "one" : "three");
        return done(turn);
      },
    });
    await open("both ends of one file");
    const check = "grep -q -e one -e three a.txt";
    await commander("submit_plan", {
      goal: "g",
      tasks: [task("t1", { verify: [check] }), task("t2", { verify: [check] })],
    });
    expect(await commander("run_mission")).toMatch(/^The mission is over: accepted/);
    expect(await read("a.txt")).toBe("one\n2\nthree\n");
    expect(folders.size).toBe(2);
    expect(folders.has(directory)).toBe(false);
    await expect.poll(left).toEqual(CLEAN);
  });

  it("arrive in the project's folder only when their reviewer has approved", async () => {
    const seen: string[] = [];
    const {
      commander,
      task: open,
      read,
      directory,
    } = await repository({
      worker: async (turn) => {
        await replaceLine(turn.directory, "2", "two");
        return done(turn);
      },
      reviewer: async (turn) => {
        if (turn.directory !== directory) seen.push(await read("a.txt"), turn.text);
        return approve(turn);
      },
    });
    await open("review");
    await commander("submit_plan", { goal: "g", tasks: [task("t1", { review: true, files: ["a.txt"] })] });
    await commander("run_mission");
    expect(seen[0]).toBe("1\n2\n3\n");
    expect(seen[1]).toContain("+two");
    expect(await read("a.txt")).toBe("1\ntwo\n3\n");
  });

  it("that conflict with what came meanwhile get both sides back, and are merged when they have made one", async () => {
    const {
      commander,
      task: open,
      read,
      prompts,
      directory,
    } = await repository({
      worker: async (turn) => {
        if (turn.number === 1) {
          await replaceLine(turn.directory, "2", "two by the task");
          await replaceLine(directory, "2", "two by the user");
        } else {
          await writeFile(join(turn.directory, "a.txt"), "1\ntwo by both\n3\n");
        }
        return done(turn);
      },
    });
    await open("conflict");
    await commander("submit_plan", { goal: "g", tasks: [task("t1")] });
    expect(await commander("run_mission")).toMatch(/^The mission is over: accepted/);
    expect(prompts("worker")[1]?.text).toMatch(/FAILED merge:[\s\S]*two by the task[\s\S]*two by the user/);
    expect(await read("a.txt")).toBe("1\ntwo by both\n3\n");
  });

  it("that changed files outside of their scope are told, and accepted when they have undone it", async () => {
    const {
      commander,
      task: open,
      read,
      prompts,
      directory,
    } = await repository({
      worker: async (turn) => {
        if (turn.number === 1) {
          await mkdir(join(directory, "node_modules"), { recursive: true });
          await writeFile(join(turn.directory, "stray.txt"), "by a program that no guard saw");
          await replaceLine(turn.directory, "2", "two");
        } else {
          await rm(join(turn.directory, "stray.txt"));
        }
        return done(turn);
      },
    });
    await open("stray");
    await commander("submit_plan", { goal: "g", tasks: [task("t1", { files: ["a.txt"] })] });
    expect(await commander("run_mission")).toMatch(/^The mission is over: accepted/);
    expect(prompts("worker")[1]?.text).toMatch(/outside of the task's scope were changed:\n\n- stray\.txt/);
    expect(await read("a.txt")).toBe("1\ntwo\n3\n");
    expect(existsSync(join(directory, "stray.txt"))).toBe(false);
  });

  it("that fail or are stopped leave neither changes nor worktrees", async () => {
    const {
      commander,
      task: open,
      read,
      left,
      host,
    } = await repository({
      worker: async (turn) => {
        await replaceLine(turn.directory, "2", "never");
        return done(turn);
      },
    });
    await open("fail");
    await commander("submit_plan", { goal: "g", tasks: [task("t1", { verify: ["false"] })] });
    await commander("run_mission");
    await host.command("user-session", "stop");
    expect(await read("a.txt")).toBe("1\n2\n3\n");
    await expect.poll(left).toEqual(CLEAN);
  });

  it("of a mission that a crash cut off go on where they were", async () => {
    let started = 0;
    const {
      commander,
      task: open,
      read,
      left,
      restart,
      host,
    } = await repository({
      worker: async (turn) => {
        started += 1;
        if (started === 1) {
          await replaceLine(turn.directory, "2", "two");
          return new Promise((_, reject) =>
            turn.signal.addEventListener("abort", () => reject(new Error("cut"))),
          );
        }
        return done(turn);
      },
    });
    await open("crash");
    await commander("submit_plan", { goal: "g", tasks: [task("t1", { verify: ["grep -q two a.txt"] })] });
    const running = commander("run_mission").catch(() => undefined);
    await expect.poll(() => started).toBe(1);
    await restart();
    await running;
    await host.command("user-session", "resume");
    expect(await commander("run_mission")).toMatch(/^The mission is over: accepted/);
    expect(await read("a.txt")).toBe("1\ntwo\n3\n");
    await expect.poll(left).toEqual(CLEAN);
  });

  it("are refused where the project has not what they need, with the reason", async () => {
    const { task: open, directory } = await project({}, SETTINGS);
    await mkdir(join(directory, "x"));
    const { prompt } = await open("no repository");
    expect(prompt).toContain(`isolation "worktree" can't be had here: the project is no git repository`);
    expect(existsSync(join(directory, ".orchestrator"))).toBe(false);
  });
});

it("a place that is being made when the mission ends is refused, and nothing of it is left", async () => {
  const root = await repositoryWith({ "a.txt": "a\n" });
  const isolated = new Isolated(root, "m1", { opened: () => undefined, left: async () => undefined });
  const opening = isolated.open({ id: "t1", kind: "task" } as TaskView);
  const ended = isolated.end();
  await expect(opening).rejects.toThrow("the mission is over");
  await ended;
  await isolated.settled();
  expect((await git(root, "worktree", "list")).trim().split("\n")).toHaveLength(1);
  expect(await git(root, "for-each-ref", "refs/heads/orchestrator", "refs/orchestrator")).toBe("");
});
