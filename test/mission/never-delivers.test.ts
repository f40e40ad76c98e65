import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { call, say, scenario, type Turn, turns } from "../../ts/scripted-model/index.ts";
import type { OpenCodeServer } from "../opencode/index.ts";
import { type MissionBench, missionBench } from "./bench.ts";
import { approving, diligent, type Plan, submit, task, taskOf } from "./plan.ts";
import { storedMission } from "./stored.ts";
import { chats, lastResult, texts } from "./wire.ts";

const ATTEMPTS = 3;

/** `bad` never delivers; `next` and `last` need it; `good` does not. */
const PLAN: Plan = {
  goal: "Half of it",
  tasks: [
    task("bad"),
    task("next", { depends_on: ["bad"] }),
    task("last", { depends_on: ["next"] }),
    task("good"),
  ],
};
const CORRECTED: Plan = { goal: "", tasks: [task("bad", { prompt: "Write bad.txt, in another way" })] };

const asked = (turn: Turn) => turn.request.messages.find(({ role }) => role === "user")?.text ?? "";

describe("a worker that never delivers", () => {
  let bench: MissionBench;
  let server: OpenCodeServer;

  beforeAll(async () => {
    const commander = turns([submit(PLAN), call("run_mission")], {
      rest: turns(
        [
          (turn) => (asked(turn) === "mend it" ? submit(CORRECTED) : call("run_mission")),
          (turn) => (asked(turn) === "mend it" ? call("run_mission") : say("It failed.")),
        ],
        { rest: say("Mended.") },
      ),
    });
    const lazy = (turn: Turn) => taskOf(turn) === "bad" && !asked(turn).includes("in another way");
    bench = await missionBench(
      scenario()
        .role("commander", commander)
        .when((turn) => turn.role === "worker" && lazy(turn), say("I did it, believe me."))
        .role("worker", diligent())
        .role("reviewer", approving()),
    );
    server = await bench.serve();
  });
  afterAll(() => bench.dispose());

  const requestsFor = (session: string, id: string) =>
    chats(bench.model, "worker").filter((one) => one.parentKey === session && taskOf(one) === id);
  const commanders = (session: string) =>
    chats(bench.model, "commander").filter(({ sessionKey }) => sessionKey === session);

  test("fails after its attempts, what depends on it is blocked, the rest is done, and the commander is told once; called again, the mission has failed", async () => {
    const session = await server.session({ title: "give up" });
    expect(await server.command(session, "task", "give up")).toBe("It failed.");

    const bad = requestsFor(session, "bad");
    expect(bad).toHaveLength(ATTEMPTS);
    expect(new Set(bad.map(({ sessionKey }) => sessionKey)).size).toBe(1);
    expect(texts(bad.at(-1), "user").slice(1)).toEqual([
      expect.stringMatching(/without calling report_task[\s\S]*attempt 2 of 3/),
      expect.stringMatching(/without calling report_task[\s\S]*attempt 3 of 3/),
    ]);
    expect(requestsFor(session, "next")).toEqual([]);
    expect(requestsFor(session, "last")).toEqual([]);
    expect(await bench.project.read("good.txt")).toBe("made by good\n");

    const [, , decision, over, ...more] = commanders(session);
    expect(more).toEqual([]);
    const news = lastResult(decision);
    expect(news).toMatch(/^The mission needs a decision/);
    expect(news).toMatch(/Accepted:\n- good/);
    expect(news).toMatch(/Failed:\n- bad .*after 3 attempts/);
    expect(news).toMatch(/- next .*: blocked/);
    expect(news).toMatch(/- last .*: blocked/);
    expect(lastResult(over)).toMatch(/^The mission is over: failed/);

    const { view, tasks } = storedMission(bench.project.dir);
    expect(view).toMatchObject({ phase: "done", outcome: "failed" });
    expect(Object.fromEntries(Object.values(tasks).map(({ id, state }) => [id, state]))).toMatchObject({
      bad: "failed",
      good: "accepted",
    });
    const todo = await bench.project.read(".orchestrator/todo.md");
    expect(todo).toContain("- [!] **bad**");
    expect(todo).toContain("- [x] **good**");
  });

  test("with a corrected plan the mission is accepted, and what was accepted is not done again", async () => {
    const elsewhere = await bench.addProject("elsewhere");
    const there = await server.in(elsewhere.dir);
    const session = await there.session({ title: "mend it" });
    expect(await there.command(session, "task", "mend it")).toBe("Mended.");

    const results = commanders(session).map(lastResult);
    expect(results).toHaveLength(5);
    expect(results[2]).toMatch(/^The mission needs a decision/);
    expect(results[3]).toContain("Accepted: bad.");
    expect(results[4]).toMatch(/^The mission is over: accepted/);
    for (const id of ["next", "last", "good"])
      expect(new Set(requestsFor(session, id).map(({ sessionKey }) => sessionKey)).size, id).toBe(1);
    const { view, tasks } = storedMission(elsewhere.dir);
    expect(view.outcome).toBe("accepted");
    expect(Object.values(tasks).map(({ state }) => state)).toEqual(PLAN.tasks.map(() => "accepted"));
  });
});
