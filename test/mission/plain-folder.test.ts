import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { missionBench } from "./bench.ts";
import { cast, commanding, type Plan, task } from "./plan.ts";
import { storedMission } from "./stored.ts";
import { chats, texts } from "./wire.ts";

const PLAN: Plan = {
  goal: "No repository",
  tasks: [task("a"), task("b", { depends_on: ["a"], review: true })],
  verify: ["cat a.txt b.txt"],
};

test("a mission in a folder that is no git repository is carried out, checked and reviewed", async () => {
  await using bench = await missionBench(cast(commanding(PLAN)), {
    git: false,
    files: { "old.txt": "old\n" },
  });
  expect(existsSync(join(bench.project.dir, ".git"))).toBe(false);
  const { code, stderr } = await bench.run("no repository", { command: "task" });
  expect(code, stderr).toBe(0);
  const { view, tasks } = storedMission(bench.project.dir);
  expect(view.outcome).toBe("accepted");
  expect(view.missionVerification?.report).toContain("made by a\nmade by b");
  expect(tasks["b"]).toMatchObject({ state: "accepted", attempt: 1 });
  const [review] = chats(bench.model, "reviewer").map((request) => texts(request, "user")[0]);
  expect(review).toMatch(/^Review task b:/);
  expect(review).toContain("Changed files:\n- b.txt");
  expect(existsSync(join(bench.project.dir, ".opencode"))).toBe(false);
});
