import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { type Reply, say, stall, turns } from "../../ts/scripted-model/index.ts";
import { chatCount, expectQuiet } from "./aftermath.ts";
import { missionBench } from "./bench.ts";
import { cast, commanding, type Plan, report, task, taskOf, write } from "./plan.ts";
import { storedMission } from "./stored.ts";
import { bySession, chats } from "./wire.ts";

const IDS = ["one", "two", "three", "slow"];
const PLAN: Plan = { goal: "Four tasks, one of them slow", tasks: IDS.map((id) => task(id)) };

/** The first request about "slow" is never answered; all others are, at once. */
const hanging: Reply = stall();
const worker = turns(
  [
    (turn) => (taskOf(turn) === "slow" ? hanging : write(turn)),
    (turn) => (taskOf(turn) === "slow" ? write(turn) : report("Done.", [`${taskOf(turn)}.txt`])),
    (turn) => (taskOf(turn) === "slow" ? report("Done by the second.", ["slow.txt"]) : say("Done.")),
  ],
  { per: taskOf, rest: say("Done.") },
);

test("a task whose model hangs gets a second attempt long before it stalls; that is merged, and nothing is left of the first", async () => {
  await using bench = await missionBench(cast(commanding(PLAN), worker));
  const { dir } = bench.project;
  const git = (...args: string[]) => execFileSync("git", args, { cwd: dir, encoding: "utf8" });
  await bench.project.write(
    ".orchestrator/settings.jsonc",
    '{ "isolation": "worktree", "speculation": true, "stallTimeoutMs": 600000 }',
  );
  const head = git("rev-parse", "HEAD");
  const server = await bench.serve();
  const session = await server.session({ title: "speculation" });
  expect(await server.command(session, "task", "do not wait for one", { timeout: 120_000 })).toBe(
    "Reported to the user.",
  );

  await expectQuiet(bench, server);
  const ofSlow = chats(bench.model, "worker").filter((request) => taskOf(request) === "slow");
  const attempts = [...bySession(ofSlow).values()].map((requests) => requests.map(({ outcome }) => outcome));
  expect(attempts).toEqual([["aborted"], ["answered", "answered", "answered"]]);

  const { view, tasks } = storedMission(dir);
  expect(view.outcome).toBe("accepted");
  const slow = Object.values(tasks).find(({ id }) => id === "slow");
  expect(slow).toMatchObject({ attempt: 1, copy: 2, summary: "Done by the second." });
  expect(slow?.second).toBeUndefined();
  for (const id of IDS) expect(await bench.project.read(`${id}.txt`)).toBe(`made by ${id}\n`);
  expect(git("worktree", "list").trim().split("\n")).toHaveLength(1);
  expect(git("for-each-ref", "refs/heads/orchestrator", "refs/orchestrator")).toBe("");
  expect(git("rev-parse", "HEAD")).toBe(head);
  // Commander 3, workers 3 × 3, "slow" 1 and 3, the final review 2.
  expect(chatCount(bench)).toBeLessThanOrEqual(18);
});
