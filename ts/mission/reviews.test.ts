/** Which verdicts are void: on a host in memory, by files that changed while a reviewer looked. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { FakeAgent, FakeTurn } from "../host/fake.ts";
import { aborted, approve, done, hang, project, task, taskOf } from "./project.fixture.ts";
import { git } from "./repository.fixture.ts";

/** A repository whose reviewers play `looks` one after the other, then approve; what their verdicts were answered. */
async function reviewed(
  looks: readonly ((turn: FakeTurn, directory: string) => Promise<unknown>)[],
  worker: FakeAgent = done,
  settings: object = {},
) {
  const answers: string[] = [];
  const made = await project(
    {
      worker,
      reviewer: async (turn) => {
        const look = looks[answers.length];
        if (look === undefined) return approve(turn);
        await look(turn, made.directory);
        answers.push((await turn.call("review_task", { verdict: "approve" })).output);
        return "";
      },
    },
    settings,
  );
  const { directory } = made;
  await writeFile(join(directory, "a.txt"), "a");
  await writeFile(join(directory, "other.txt"), "other");
  await git(directory, "init", "-q");
  await git(directory, "add", "-A");
  await git(directory, "commit", "-qm", "start");
  await made.task("review it");
  return { ...made, answers };
}

const write = (path: string) => (_: FakeTurn, directory: string) => writeFile(join(directory, path), "mine");
const one = { goal: "g", tasks: [task("a", { files: ["a.txt"], review: true })] };

it.each(["other.txt", "new.txt"])(
  "takes no verdict on a task from a reviewer that changed %s, which it was not shown",
  async (path) => {
    const { commander, answers, prompts } = await reviewed([write(path)]);
    await commander("submit_plan", one);
    expect(await commander("run_mission")).toContain("over: accepted");
    expect(answers).toEqual([expect.stringContaining(`void: ${path} changed while you looked`)]);
    const [first, second] = prompts("reviewer");
    expect(second?.text).toContain("Review task a");
    expect(second?.session).not.toBe(first?.session);
  },
);

it("takes no verdict from a reviewer that put a changed file back as it was committed", async () => {
  const { commander, answers } = await reviewed(
    [(_, directory) => writeFile(join(directory, "other.txt"), "other")],
    async (turn) => {
      await writeFile(join(turn.directory, "other.txt"), "changed by the user meanwhile");
      return done(turn);
    },
  );
  await commander("submit_plan", one);
  expect(await commander("run_mission")).toContain("over: accepted");
  expect(answers).toEqual([expect.stringContaining("void: other.txt")]);
});

it("takes no seal from a reviewer that changed a file, and asks another", async () => {
  const { commander, answers, prompts } = await reviewed([write("other.txt")]);
  await commander("submit_plan", { goal: "g", tasks: [task("a", { files: ["a.txt"] })] });
  expect(await commander("run_mission")).toContain("over: accepted");
  expect(answers).toEqual([expect.stringContaining("void: other.txt changed while you looked")]);
  const seals = prompts("reviewer");
  expect(seals).toHaveLength(2);
  expect(seals[1]?.session).not.toBe(seals[0]?.session);
});

it("counts a verdict during which another task changed files of its own, and left a report of tests behind", async () => {
  const gate = new AbortController();
  const look = aborted(gate.signal);
  const { commander, answers } = await reviewed(
    [
      async (_, directory) => {
        await writeFile(join(directory, "other.txt"), "its task's");
        await writeFile(join(directory, "report.xml"), "ran");
        gate.abort();
      },
    ],
    async (turn) => {
      if (taskOf(turn.text) === "b") await look;
      return done(turn);
    },
  );
  await commander("submit_plan", {
    goal: "g",
    tasks: [...one.tasks, task("b", { files: ["other.txt"] })],
  });
  expect(await commander("run_mission")).toContain("over: accepted");
  expect(answers).toEqual([expect.stringContaining("Recorded")]);
});

it("takes no verdict from a reviewer that changed files in the worktree of the task, whatever others do in theirs", async () => {
  const { commander, answers } = await reviewed(
    [(turn) => writeFile(join(turn.directory, "other.txt"), "mine")],
    async (turn) => (taskOf(turn.text) === "b" && answers.length === 0 ? hang(turn) : done(turn)),
    { isolation: "worktree" },
  );
  await commander("submit_plan", {
    goal: "g",
    tasks: [...one.tasks, task("b", { files: ["other.txt"] })],
  });
  const news = commander("run_mission");
  await expect.poll(() => answers.length, { timeout: 10_000 }).toBe(1);
  expect(answers[0]).toContain("void: other.txt");
  await commander("tasks", { action: "cancel", task_id: "b" });
  await news;
});
