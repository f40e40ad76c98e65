import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { call, say, stall, type Turn, turns } from "../../ts/scripted-model/index.ts";
import { startGroup } from "../opencode/process-group.ts";
import { missionBench } from "./bench.ts";
import { cast, diligent, type Plan, submit, task, taskOf } from "./plan.ts";
import { storedMission } from "./stored.ts";
import { chats } from "./wire.ts";

const CLI = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));
const PLAN: Plan = { goal: "From the shell", tasks: [task("quick"), task("slow")] };

test("a mission is run from the shell, survives a kill, and is gone on with and stopped from there", async () => {
  let killed = false;
  const first = turns([submit(PLAN), call("run_mission"), say("Reported.")]);
  const later = turns([call("run_mission"), say("Reported.")]);
  const commander = (turn: Turn) => (killed ? later(turn) : first(turn));
  const work = diligent();
  const worker = (turn: Turn) => (taskOf(turn) === "slow" && !killed ? [say("Hm"), stall()] : work(turn));
  await using bench = await missionBench(cast(commander, worker));
  const { dir } = bench.project;
  const orchestrator = (...args: string[]) =>
    startGroup(process.execPath, [CLI, ...args, "--dir", dir, "--json"], {
      cwd: dir,
      env: bench.home.env,
      timeout: 120_000,
    });
  const ended = async (...args: string[]) => {
    const { code, stdout, stderr } = await (await orchestrator(...args)).ended;
    return { code, stderr, answer: stdout === "" ? undefined : JSON.parse(stdout) };
  };

  const running = await orchestrator("run", "from the shell");
  const quick = () => {
    try {
      return storedMission(dir).tasks["quick"]?.state;
    } catch {
      return undefined;
    }
  };
  await expect.poll(quick, { timeout: 60_000, interval: 200 }).toBe("accepted");
  await bench.model.waitFor((request) => taskOf(request) === "slow", 30_000);
  expect((await ended("stop")).code).toBe(1);
  for (const { pid } of await bench.processes()) process.kill(pid, "SIGKILL");
  await running.ended;
  killed = true;

  expect((await ended("status")).answer).toMatchObject({ objective: "from the shell", phase: "running" });
  const resumed = await ended("resume");
  expect(resumed.code, resumed.stderr).toBe(0);
  expect(resumed.answer).toMatchObject({ outcome: "accepted", objective: "from the shell" });
  expect(resumed.stderr).toContain("✔ slow");
  const sessions = chats(bench.model, "worker").filter((request) => taskOf(request) === "quick");
  expect(new Set(sessions.map(({ sessionKey }) => sessionKey)).size, "accepted work is not done again").toBe(
    1,
  );

  const none = await ended("resume");
  expect(none.code).toBe(1);
  expect(none.stderr).toContain("there is no unfinished mission");
});
