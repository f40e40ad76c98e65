/** A straggler's second attempt, on a host in memory, in real git worktrees. */
import { readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { expect, it } from "vitest";
import type { FakeTurn } from "../host/fake.ts";
import { approve, done, hang, project, task, taskOf } from "./project.fixture.ts";
import { git } from "./repository.fixture.ts";

const SETTINGS = { isolation: "worktree", speculation: true };

/** A repository with three quick tasks and "slow", each turn of which `slow` plays; and where those worked. */
async function stragglers(slow: (turn: FakeTurn, nth: number) => Promise<string>, settings: object = {}) {
  const folders: string[] = [];
  const made = await project(
    {
      worker: async (turn) => {
        if (taskOf(turn.text) !== "slow") return done(turn);
        folders.push(basename(turn.directory));
        return slow(turn, folders.length);
      },
      reviewer: approve,
    },
    { ...SETTINGS, ...settings },
  );
  const { directory } = made;
  await writeFile(join(directory, "a.txt"), "begun\n");
  await git(directory, "init", "-q");
  await git(directory, "add", "-A");
  await git(directory, "commit", "-qm", "start");
  await made.task("one is slow");
  const tasks = ["a", "b", "c"].map((id) => task(id));
  await made.commander("submit_plan", { goal: "g", tasks: [...tasks, task("slow", { files: ["a.txt"] })] });
  const left = async () =>
    [
      await git(directory, "worktree", "list"),
      await git(directory, "for-each-ref", "refs/heads/orchestrator", "refs/orchestrator"),
    ]
      .join("")
      .trim()
      .split("\n").length;
  const read = () => readFile(join(directory, "a.txt"), "utf8");
  return { ...made, folders, left, read };
}

const work = (turn: FakeTurn, text: string) =>
  writeFile(join(turn.directory, "a.txt"), `${text}\n`).then(() => done(turn));

it("lets the second attempt win while the first hangs: its work alone is merged, and nothing of the first is left", async () => {
  const { commander, folders, left, read } = await stragglers(async (turn, nth) => {
    if (nth > 1) return work(turn, "by the second");
    await writeFile(join(turn.directory, "a.txt"), "by the first\n");
    return hang(turn);
  });
  expect(await commander("run_mission")).toMatch(/^The mission is over: accepted/);
  expect(folders).toEqual(["slow", "slow@2"]);
  expect(await read()).toBe("by the second\n");
  await expect.poll(left).toBe(1);
});

it("lets the first attempt win where the second hangs", async () => {
  const second = new AbortController();
  const { commander, folders, left, read } = await stragglers(async (turn, nth) => {
    if (nth > 1) {
      second.abort();
      return hang(turn);
    }
    await expect.poll(() => second.signal.aborted, { timeout: 20_000 }).toBe(true);
    return work(turn, "by the first");
  });
  expect(await commander("run_mission")).toMatch(/^The mission is over: accepted/);
  expect(folders).toEqual(["slow", "slow@2"]);
  expect(await read()).toBe("by the first\n");
  await expect.poll(left).toBe(1);
});

it("goes on in the second attempt's place where the first fails, and repairs there", async () => {
  const second = new AbortController();
  const { commander, folders, left, read, host } = await stragglers(
    async (turn, nth) => {
      if (nth === 1) {
        await expect.poll(() => second.signal.aborted, { timeout: 20_000 }).toBe(true);
        return "no report, and no idea";
      }
      second.abort();
      if (nth > 2) return work(turn, "mended");
      await expect.poll(() => host.logs.join("\n"), { timeout: 20_000 }).toContain("goes on alone");
      return "no report either";
    },
    { attempts: 2 },
  );
  expect(await commander("run_mission")).toMatch(/^The mission is over: accepted/);
  expect(folders).toEqual(["slow", "slow@2", "slow@2"]);
  expect(await read()).toBe("mended\n");
  await expect.poll(left).toBe(1);
});
