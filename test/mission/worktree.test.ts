import { execFileSync } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { call, say, stall, type Turn, turns } from "../../ts/scripted-model/index.ts";
import { chatCount, expectQuiet } from "./aftermath.ts";
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

const WORKTREES = '{ "isolation": "worktree" }';

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
  await writeFile(join(dir, ".orchestrator", "settings.jsonc"), WORKTREES);
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

test("stopped while a conflict is being mended: nothing runs on, and neither worktree nor branch is left", async () => {
  const hanging = (turn: Turn) =>
    turn.lastUser.includes("FAILED merge") ? [say("Let me think"), stall()] : worker(turn);
  await using bench = await missionBench(cast(commanding(PLAN), hanging).otherwise(say("As you say.")));
  const { project, model } = bench;
  await project.write("a.txt", "1\n2\n3\n");
  await project.write(".orchestrator/settings.jsonc", WORKTREES);
  const server = await bench.serve();
  const session = await server.session({ title: "conflict" });
  const mission = server.command(session, "task", "worktrees");
  await model.waitFor((request) => texts(request, "user").at(-1)?.includes("FAILED merge") ?? false, 60_000);

  await server.command(session, "stop", "", { agent: "commander" });
  expect(await mission).toBe("Reported to the user.");
  await expectQuiet(bench, server);
  const { view, tasks } = storedMission(project.dir);
  expect(view).toMatchObject({ phase: "done", outcome: "cancelled" });
  expect(
    Object.values(tasks)
      .map(({ state }) => state)
      .sort(),
  ).toEqual(["accepted", "cancelled"]);
  await expect
    .poll(async () => (await project.git("worktree", "list")).trim().split("\n"), { timeout: 10_000 })
    .toHaveLength(1);
  expect(await project.git("for-each-ref", "refs/heads/orchestrator", "refs/orchestrator")).toBe("");
  expect(await project.read("a.txt")).toMatch(/^1\n2 (?:high|low)\n3\n$/);
  // Commander 3 and the answer to /stop, workers 3 + 3, and the turn that hangs.
  expect(chatCount(bench)).toBeLessThanOrEqual(11);
});
