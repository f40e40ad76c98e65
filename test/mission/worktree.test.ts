import { execFileSync } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { call, say, type Turn, turns } from "../../ts/scripted-model/index.ts";
import { missionBench } from "./bench.ts";
import { cast, commanding, type Plan, report, task, taskOf } from "./plan.ts";
import { storedMission } from "./stored.ts";
import { bySession, chats, texts } from "./wire.ts";

/** Two tasks without declared files: in one folder they could meet. Both change `a.txt`, `high` and `low` in one line. */
const PLAN: Plan = {
  goal: "One file, two tasks",
  tasks: [
    task("high", { files: [], verify: ["! grep -q '<<<<' a.txt"] }),
    task("low", { files: [], verify: ["! grep -q '<<<<' a.txt"] }),
  ],
};

const bash = (command: string) => call("bash", { command, description: "Do it" });
const worker = turns([
  (turn: Turn) => bash(`pwd; sed -i 's/^2$/2 ${taskOf(turn)}/' a.txt`),
  (turn) => report(`${taskOf(turn)} is done`, ["a.txt"]),
  say("Done."),
  bash("printf '1\\n2 both\\n3\\n' > a.txt"),
  (turn) => report(`${taskOf(turn)} is joined`, ["a.txt"]),
  say("Joined."),
]);

test("two tasks change one line, each in its own worktree: the second gets the conflict back, and joins both", async () => {
  await using bench = await missionBench(cast(commanding(PLAN), worker));
  const { dir } = bench.project;
  const git = (...args: string[]) => execFileSync("git", args, { cwd: dir, encoding: "utf8" });
  await writeFile(join(dir, "a.txt"), "1\n2\n3\n");
  await mkdir(join(dir, ".orchestrator"), { recursive: true });
  await writeFile(join(dir, ".orchestrator", "settings.jsonc"), '{ "isolation": "worktree" }');
  const head = git("rev-parse", "HEAD");
  const { code, stderr } = await bench.run("worktrees", { command: "task" });
  expect(code, stderr).toBe(0);

  expect(await readFile(join(dir, "a.txt"), "utf8")).toBe("1\n2 both\n3\n");
  const { view, tasks } = storedMission(dir);
  expect(view.outcome).toBe("accepted");
  expect(
    Object.values(tasks)
      .map(({ attempt }) => attempt)
      .sort(),
  ).toEqual([1, 2]);
  const sessions = [...bySession(chats(bench.model, "worker")).values()];
  const folders = sessions.map((requests) => texts(requests.at(-1), "tool")[0]?.split("\n")[0]);
  expect(new Set(folders).size).toBe(2);
  for (const folder of folders)
    expect(folder).toMatch(/\.orchestrator\/state\/worktrees\/[^/]+\/(?:high|low)$/);
  const asked = sessions.flatMap((requests) => texts(requests.at(-1), "user")).join("\n");
  expect(asked).toMatch(/FAILED merge:[\s\S]*<<<<<<<[\s\S]*2 (?:high|low)[\s\S]*2 (?:high|low)/);
  expect(git("worktree", "list").trim().split("\n")).toHaveLength(1);
  expect(git("for-each-ref", "refs/heads/orchestrator", "refs/orchestrator")).toBe("");
  expect(git("rev-parse", "HEAD")).toBe(head);
});
