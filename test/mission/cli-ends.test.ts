import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { call, type Script, say, stall, turns } from "../../ts/scripted-model/index.ts";
import { startGroup } from "../opencode/process-group.ts";
import { chatCount, expectNoProcess } from "./aftermath.ts";
import { type MissionBench, missionBench } from "./bench.ts";
import { cast, type Plan, submit, task } from "./plan.ts";
import { storedMission } from "./stored.ts";

const CLI = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));
const PLAN: Plan = { goal: "From the shell", tasks: [task("only")] };

const orchestrator = ({ project, home }: MissionBench, ...args: string[]) =>
  startGroup(process.execPath, [CLI, ...args, "--dir", project.dir, "--json"], {
    cwd: project.dir,
    env: home.env,
    timeout: 120_000,
  });

const benchOf = (worker: Script): Promise<MissionBench> =>
  missionBench(
    cast(
      turns([submit(PLAN), call("run_mission"), call("run_mission")], { rest: say("It failed.") }),
      worker,
    ),
  );

describe("orchestrator run", () => {
  test("of a mission that fails ends with 1, and says which tasks failed", async () => {
    await using bench = await benchOf(say("I did it, believe me."));
    await bench.project.write(".orchestrator/settings.jsonc", '{ "attempts": 2 }');
    const { code, stdout, stderr } = await (await orchestrator(bench, "run", "fail")).ended;
    expect(code, stderr).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      objective: "fail",
      outcome: "failed",
      tasks: [{ id: "only", state: "failed" }],
    });
    expect(stderr).toContain("✘ only");
    expect(stderr).not.toContain("orchestrator resume");
    // Commander 4, worker 2.
    expect(chatCount(bench)).toBeLessThanOrEqual(6);
    await expectNoProcess(bench);
  });

  test("that is interrupted by Ctrl-C leaves nothing running, says how to go on, and ends with 130", async () => {
    await using bench = await benchOf([say("Let me think"), stall()]);
    const running = await orchestrator(bench, "run", "be interrupted");
    await bench.model.waitFor(({ role }) => role === "worker", 60_000);
    running.signalLeader("SIGINT");
    const { code, stdout, stderr } = await running.ended;
    expect(code, stderr).toBe(130);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: "not finished" });
    expect(stderr).toContain("orchestrator resume");
    await expectNoProcess(bench);
    expect(storedMission(bench.project.dir).view.outcome).toBeUndefined();

    const status = await (await orchestrator(bench, "status")).ended;
    expect(JSON.parse(status.stdout)).toMatchObject({ phase: "running", driver: { liveness: "dead" } });
    // Commander 2, worker 1.
    expect(chatCount(bench)).toBeLessThanOrEqual(3);
  });
});
