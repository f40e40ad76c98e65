import { describe, expect, test } from "vitest";
import { type Responder, refuse, turns } from "../../ts/scripted-model/index.ts";
import { chatCount, expectNoProcess } from "./aftermath.ts";
import { type MissionBench, missionBench } from "./bench.ts";
import { cast, commanding, diligent, type Plan, task } from "./plan.ts";
import { storedMission } from "./stored.ts";
import { bySession, chats } from "./wire.ts";

const PLAN: Plan = { goal: "Through the outage", tasks: [task("one"), task("two"), task("three")] };

const OUTAGE_MS = 20_000;
const RETRY_AFTER_S = 2;

/** Commander 3, workers 3 × 3, the final review 2. */
const REQUESTS = 14;

/** `worker`, whose every request is refused with 503 for a while, from the first one on. */
function outage(worker: Responder): Responder {
  let over: number | undefined;
  return (turn) => {
    over ??= Date.now() + OUTAGE_MS;
    return Date.now() < over ? refuse(503) : worker(turn);
  };
}

describe("a provider that refuses", () => {
  const refusedOf = (bench: MissionBench) =>
    chats(bench.model, "worker").filter(({ outcome }) => outcome === "refused");

  async function expectAccepted(bench: MissionBench): Promise<void> {
    const { code, stderr } = await bench.run("go through", { command: "task" });
    expect(code, stderr).toBe(0);
    const { view, tasks } = storedMission(bench.project.dir);
    expect(view.outcome).toBe("accepted");
    // Nobody's fault: no attempt is used up.
    expect(Object.values(tasks).map(({ state, attempt }) => [state, attempt])).toEqual(
      PLAN.tasks.map(() => ["accepted", 1]),
    );
    expect(chatCount(bench) - refusedOf(bench).length).toBeLessThanOrEqual(REQUESTS);
    await expectNoProcess(bench);
  }

  test("every request with 503 for twenty seconds is asked again at growing distances: the mission is accepted, nothing has failed", async () => {
    await using bench = await missionBench(cast(commanding(PLAN), outage(diligent())));
    await expectAccepted(bench);
    const refused = refusedOf(bench);
    expect(refused.length).toBeGreaterThanOrEqual(PLAN.tasks.length);
    // Each worker at 0, 2, 6 and 14 s, the next time at 30 s: growing distances, and one more for a jitter.
    expect(refused.length).toBeLessThanOrEqual(PLAN.tasks.length * 5);
  });

  test("a storm of 429 is waited out for as long as Retry-After says: the mission is accepted, nothing has failed (complaint 7)", async () => {
    const limited = refuse(429, { retryAfter: RETRY_AFTER_S });
    await using bench = await missionBench(
      cast(commanding(PLAN), turns([limited, limited], { rest: diligent() })),
    );
    await expectAccepted(bench);
    expect(refusedOf(bench)).toHaveLength(PLAN.tasks.length * 2);
    for (const requests of bySession(chats(bench.model, "worker")).values()) {
      const [first, second, third] = requests.map(({ receivedAt }) => receivedAt);
      for (const [from = 0, to = 0] of [
        [first, second],
        [second, third],
      ])
        expect(to - from).toBeGreaterThanOrEqual(RETRY_AFTER_S * 1000);
    }
  });
});
