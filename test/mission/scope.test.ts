import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { call, say, type Turn, turns } from "../../ts/scripted-model/index.ts";
import { missionBench } from "./bench.ts";
import { cast, commanding, type Plan, report, task, taskOf, write } from "./plan.ts";
import { storedMission } from "./stored.ts";
import { bySession, chats, texts } from "./wire.ts";

const PLAN: Plan = { goal: "Two files, two tasks", tasks: [task("mine"), task("other")] };

const bash = (command: string) => call("bash", { command, description: "Do it" });

/** Task `mine` reaches for the file of `other`, by every way there is, and for its neighbours' work by git. */
const reaching = turns([
  write,
  call("write", { filePath: "other.txt", content: "trampled" }),
  bash("cd . && echo trampled > other.txt"),
  bash("git checkout -- . || git reset --hard"),
  bash("rm -rf .orchestrator/state"),
  (turn) => report(`${taskOf(turn)} is done`, [`${taskOf(turn)}.txt`]),
  say("Done."),
]);
const diligent = turns([
  write,
  (turn) => report(`${taskOf(turn)} is done`, [`${taskOf(turn)}.txt`]),
  say("Done."),
]);
const worker = (turn: Turn) => (taskOf(turn) === "mine" ? reaching(turn) : diligent(turn));

test("a worker that reaches for another task's file, by edit or by bash, is refused before anything changes (complaint 13)", async () => {
  await using bench = await missionBench(cast(commanding(PLAN), worker));
  await writeFile(join(bench.project.dir, "kept.txt"), "not committed\n");
  const { code, stderr } = await bench.run("reach", { command: "task" });
  expect(code, stderr).toBe(0);

  const sessions = [...bySession(chats(bench.model, "worker")).values()];
  const requests = sessions.find(([first]) => first !== undefined && taskOf(first) === "mine") ?? [];
  const [wrote, ...refused] = texts(requests.at(-1), "tool");
  expect(wrote).toMatch(/wrote/i);
  expect(refused[0]).toContain(
    "other.txt is outside the files of this task (mine.txt). Ask for it with request_scope",
  );
  expect(refused[1]).toContain("other.txt is outside the files of this task (mine.txt)");
  expect(refused[2]).toContain("would discard or move work that others have under way");
  expect(refused[3]).toContain("the mission's own record");

  const read = (path: string) => readFile(join(bench.project.dir, path), "utf8");
  expect(await read("other.txt")).toBe("made by other\n");
  expect(await read("kept.txt")).toBe("not committed\n");
  const { view, tasks } = storedMission(bench.project.dir);
  expect(view.outcome).toBe("accepted");
  expect(Object.values(tasks).map(({ attempt }) => attempt)).toEqual([1, 1]);
});
