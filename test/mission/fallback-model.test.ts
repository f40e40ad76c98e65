import { describe, expect, test } from "vitest";
import { type Responder, refuse, type Step } from "../../ts/scripted-model/index.ts";
import { chatCount, expectNoProcess } from "./aftermath.ts";
import { type MissionBench, missionBench } from "./bench.ts";
import { cast, commanding, diligent, type Plan, task } from "./plan.ts";
import { storedMission } from "./stored.ts";
import { chats } from "./wire.ts";

const PLAN: Plan = { goal: "By whoever answers", tasks: [task("one"), task("two"), task("three")] };
const limit = { context: 200_000, output: 8_000 };
const config = {
  provider: { scripted: { models: { first: { name: "first", limit }, second: { name: "second", limit } } } },
};
const WITH_FALLBACK = JSON.stringify({ models: { worker: ["scripted/first", "scripted/second"] } });
const WITHOUT = JSON.stringify({ models: { worker: ["scripted/first"] } });

/** A worker whose first model refuses. */
const refusing = (refusal: Step): Responder => {
  const works = diligent();
  return (turn) => (turn.request.model === "first" ? refusal : works(turn));
};

const moderated = refuse(400, {
  body: JSON.stringify({
    error: { message: "No.", type: "invalid_request_error", code: "content_policy_violation" },
  }),
});

const benchWith = (worker: Responder) => missionBench(cast(commanding(PLAN), worker), { config });

async function play(bench: MissionBench, settings: string): Promise<void> {
  await bench.project.write(".orchestrator/settings.jsonc", settings);
  await bench.run("go on", { command: "task" });
  await expectNoProcess(bench);
}

/** How often each model was asked by a role. */
function asked(bench: MissionBench, role: string): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { body } of chats(bench.model, role))
    counts[body?.model ?? ""] = (counts[body?.model ?? ""] ?? 0) + 1;
  return counts;
}

const COMMANDER = 3;
const SEAL = 2;

describe("the next model of an agent (complaint 6)", () => {
  test.each([
    // Each task is declined once: that uses an attempt.
    { why: "declines the task", refusal: moderated, attempt: 2, refusals: 3 },
    // Each worker is refused at 0 and 2 s; after five failures the model is left alone, and those in flight change.
    { why: "is overloaded for ever", refusal: refuse(503), attempt: 1, refusals: 9 },
  ])("is asked where the first $why", async ({ refusal, attempt, refusals }) => {
    await using bench = await benchWith(refusing(refusal));
    await play(bench, WITH_FALLBACK);
    const { view, tasks } = storedMission(bench.project.dir);
    expect(view.outcome).toBe("accepted");
    expect(Object.values(tasks).map((one) => one.attempt)).toEqual(PLAN.tasks.map(() => attempt));
    const { first = 0, second } = asked(bench, "worker");
    expect(second).toBe(PLAN.tasks.length * 3);
    expect(first).toBeLessThanOrEqual(refusals);
    expect(chatCount(bench)).toBeLessThanOrEqual(COMMANDER + refusals + PLAN.tasks.length * 3 + SEAL);
    // The user's own conversation keeps its model.
    expect(asked(bench, "commander")).toEqual({ m: COMMANDER });
  });

  test("is never asked where the list has one", async () => {
    await using bench = await benchWith(refusing(moderated));
    await play(bench, WITHOUT);
    const { tasks } = storedMission(bench.project.dir);
    expect(Object.values(tasks).map(({ state }) => state)).toEqual(PLAN.tasks.map(() => "failed"));
    expect(tasks["one"]?.reason).toContain("no other model to ask");
    expect(asked(bench, "worker")).toEqual({ first: PLAN.tasks.length });
  });
});
