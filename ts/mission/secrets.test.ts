import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cleanUp, project, taskOf } from "./project.fixture.ts";

const SECRET = `ghp_${"a1B2".repeat(9)}`;
const plan = {
  goal: "g",
  tasks: [
    {
      id: "a",
      title: "A",
      prompt: "Do it.",
      review: true,
      verify: [`node -p '"${"ghp_"}" + "a1B2".repeat(9)'`],
    },
  ],
};

describe("a secret", () => {
  it("that a worker reports or a check prints is neither stored nor passed on", async () => {
    const { task, commander, prompts, directory, host } = await project({
      worker: async ({ text, call }) => {
        const repair = taskOf(text);
        await call("report_task", {
          status: "done",
          summary: `${repair}: pushed with ${SECRET}`,
          evidence: [SECRET],
        });
        return `pushed with ${SECRET}`;
      },
    });
    await task(`push with ${SECRET}`);
    await commander("submit_plan", plan);
    const told = await commander("run_mission");
    await cleanUp.pop()?.();
    expect(
      prompts("reviewer")
        .map(({ text }) => text)
        .join(),
    ).toContain("[redacted GitHub token]");
    const state = join(directory, ".orchestrator");
    const files = await readdir(state, { recursive: true, withFileTypes: true });
    const texts = await Promise.all(
      files
        .filter((file) => file.isFile())
        .map((file) => readFile(join(file.parentPath, file.name), "latin1")),
    );
    expect(texts.join()).toContain("[redacted GitHub token]");
    expect(
      [told, ...texts, ...host.logs, ...host.toasts, ...host.prompts.map(({ text }) => text)].join(),
    ).not.toContain(SECRET);
  });

  it("in a plan is refused, its place and its kind named: a plan is carried out as it is written", async () => {
    const { task, commander } = await project({});
    await task("push");
    const [first] = plan.tasks;
    const answer = await commander("submit_plan", {
      ...plan,
      tasks: [{ ...first, prompt: `Use ${SECRET}.` }],
    });
    expect(answer).toContain("tasks[0].prompt: looks like it holds a secret (GitHub token)");
  });
});
