/** What keeps a mission from going in circles and from trampling on itself, on a host in memory. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { aborted, approve, done, hang, project, task, taskOf } from "./project.fixture.ts";
import { git } from "./repository.fixture.ts";

const REVIEWLESS = { review: "never", attempts: 9 };

it("gives a worker that makes the same error twice one diagnostic turn, then fails the task with the evidence", async () => {
  const { commander, directory, task: open, prompts } = await project({ worker: done }, REVIEWLESS);
  await git(directory, "init", "--quiet");
  await git(directory, "commit", "--quiet", "--allow-empty", "--message", "start");
  await open("circles");
  const plan = { goal: "g", tasks: [task("a", { files: ["a.txt"], verify: ["echo broken; exit 3"] })] };
  await commander("submit_plan", plan);
  const news = await commander("run_mission");
  expect(news).toContain("the same error twice in a row");
  const texts = prompts("worker").map(({ text }) => text);
  expect(texts).toHaveLength(3);
  expect(texts[1]).not.toContain("round in circles");
  expect(texts[2]).toMatch(/round in circles[\s\S]*different strategy/);
});

it("lets a worker go on that changes something new each time, however often the error is the same", async () => {
  const {
    commander,
    directory,
    task: open,
    prompts,
  } = await project(
    {
      worker: async (turn) => {
        await writeFile(join(directory, "a.txt"), `try ${turn.number}`);
        return done(turn);
      },
    },
    REVIEWLESS,
  );
  await git(directory, "init", "--quiet");
  await open("at work");
  const plan = { goal: "g", tasks: [task("a", { files: ["a.txt"], verify: ["grep -q 'try 4' a.txt"] })] };
  await commander("submit_plan", plan);
  expect(await commander("run_mission")).toContain("over: accepted");
  expect(prompts("worker")).toHaveLength(4);
});

it("stops a turn that makes the same call three times, and begins again in a new session", async () => {
  const refused: unknown[] = [];
  const {
    commander,
    task: open,
    prompts,
  } = await project(
    {
      worker: async (turn) => {
        if (turn.text.includes("round in circles")) return done(turn);
        for (const _ of [1, 2]) await turn.use("bash", { command: "ls" });
        await turn.use("bash", { command: "ls" }).catch((error: unknown) => refused.push(error));
        return hang(turn);
      },
    },
    REVIEWLESS,
  );
  await open("repeat");
  await commander("submit_plan", { goal: "g", tasks: [task("a")] });
  expect(await commander("run_mission")).toContain("over: accepted");
  const [first, second] = prompts("worker");
  expect(second?.session).not.toBe(first?.session);
  expect(String(refused)).toContain("work is over");
});

it("takes no verdict from a reviewer that changed what it reviews, says why, and asks another", async () => {
  const answers: string[] = [];
  const {
    commander,
    directory,
    task: open,
    prompts,
  } = await project({
    worker: async (turn) => {
      await writeFile(join(directory, "a.txt"), "work");
      await turn.call("report_task", { status: "done", summary: "s", files: ["a.txt"] });
      return "done";
    },
    reviewer: async (turn) => {
      if (answers.length > 0) return approve(turn);
      await writeFile(join(directory, "a.txt"), "mended");
      answers.push((await turn.call("review_task", { verdict: "approve" })).output);
      return "";
    },
  });
  await open("edits");
  await commander("submit_plan", { goal: "g", tasks: [task("a", { files: ["a.txt"], review: true })] });
  expect(await commander("run_mission")).toContain("over: accepted");
  expect(answers[0]).toContain("Your verdict is void");
  const [first, second] = prompts("reviewer");
  expect(second?.text).toContain("Review task a");
  expect(second?.session).not.toBe(first?.session);
});

it("gives a worker the files that nobody is at work on, and lets it write them", async () => {
  const answers: string[] = [];
  const { commander, task: open } = await project(
    {
      worker: async (turn) => {
        const write = () => turn.use("write", { filePath: "types.txt" });
        await expect(write()).rejects.toThrow("request_scope");
        answers.push((await turn.call("request_scope", { files: ["types.txt"], reason: "types" })).output);
        await write();
        return done(turn);
      },
    },
    REVIEWLESS,
  );
  await open("widen");
  await commander("submit_plan", { goal: "g", tasks: [task("a", { files: ["a.txt"] })] });
  expect(await commander("run_mission")).toContain("over: accepted");
  expect(answers).toEqual([expect.stringMatching(/^Granted: types\.txt/)]);
});

it("puts a request for another's files to the commander, and the worker goes on meanwhile", async () => {
  const answers: string[] = [];
  const { commander, task: open } = await project(
    {
      worker: async (turn) => {
        if (taskOf(turn.text) === "b") return answers.length === 0 ? hang(turn) : done(turn);
        answers.push((await turn.call("request_scope", { files: ["b.txt"], reason: "types" })).output);
        return done(turn);
      },
    },
    REVIEWLESS,
  );
  await open("conflict");
  const tasks = [task("b", { files: ["b.txt"] }), task("a", { files: ["a.txt"] })];
  await commander("submit_plan", { goal: "g", tasks });
  expect(await commander("run_mission")).toMatch(/needs a decision[\s\S]*b\.txt/);
  expect(answers[0]).toMatch(/^Not granted: b\.txt: .*"b" is at work/);
  await commander("tasks", { action: "cancel", task_id: "b" });
});

it("tells a worker of a scope answer that came after its call with its next message, and lets it write there", async () => {
  const written: string[] = [];
  const gate = new AbortController();
  const decided = aborted(gate.signal);
  const {
    commander,
    task: open,
    prompts,
  } = await project(
    {
      worker: async (turn) => {
        if (taskOf(turn.text) === "b") return hang(turn);
        if (turn.number > 1) {
          await turn.use("write", { filePath: "b.txt" });
          written.push(turn.text);
          return done(turn);
        }
        await turn.call("request_scope", { files: ["b.txt"], reason: "types" });
        await decided;
        return "no report yet";
      },
    },
    REVIEWLESS,
  );
  await open("late");
  const tasks = [task("b", { files: ["b.txt"] }), task("a", { files: ["a.txt"] })];
  await commander("submit_plan", { goal: "g", tasks });
  expect(await commander("run_mission")).toContain("needs a decision");
  await commander("tasks", { action: "cancel", task_id: "b", reason: "a does it" });
  await commander("tasks", { action: "decide", task_id: "a", decision: "grant", reason: "b is gone" });
  gate.abort();
  expect(await commander("run_mission")).toContain("over: accepted");
  expect(written).toEqual([expect.stringMatching(/^Granted: b\.txt .*b is gone/)]);
  expect(prompts("worker").filter(({ text }) => text.includes("Granted"))).toHaveLength(1);
});
