import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  call,
  type RecordedRequest,
  type Reply,
  type Responder,
  say,
  scenario,
  stall,
  type Turn,
  turns,
} from "../../ts/scripted-model/index.ts";
import type { OpenCodeServer } from "../opencode/index.ts";
import { expectNoProcess, expectQuiet } from "./aftermath.ts";
import { type MissionBench, missionBench } from "./bench.ts";
import { diligent, type Plan, submit, task } from "./plan.ts";
import { storedMissions } from "./stored.ts";
import { toolParts } from "./transcript.ts";

/** What hangs for ever, where the mission is to be stopped. */
const HANG: Reply = [say("Let me think"), stall()];
const CHECK = "sleep 601";
const SEAL = "sleep 602";

/** A moment in a mission's life: its plan, who hangs in it, and how one sees that it has come to that. */
interface Moment {
  readonly plan: Plan;
  readonly hangs?: "planner" | "worker" | "reviewer";
  /** A check that does not end. */
  readonly runs?: string;
}

const plan = (more: Partial<Plan>, ...tasks: Plan["tasks"]): Plan => ({ goal: "Stopped", tasks, ...more });

const MOMENTS: Readonly<Record<string, Moment>> = {
  "it is planned": { plan: plan({}), hangs: "planner" },
  "a task is worked on": { plan: plan({}, task("stopped")), hangs: "worker" },
  "a task is verified": { plan: plan({}, task("stopped", { verify: [CHECK] })), runs: CHECK },
  "a task is reviewed": { plan: plan({}, task("stopped", { review: true })), hangs: "reviewer" },
  "the whole is verified": { plan: plan({ verify: [SEAL] }, task("stopped")), runs: SEAL },
  "the whole is reviewed": { plan: plan({}, task("stopped")), hangs: "reviewer" },
};

/** The most requests that any of these missions needs: commander 3, worker 3, reviewer 1. */
const MOST_REQUESTS = 7;

describe("a mission that is stopped", () => {
  let bench: MissionBench;
  let server: OpenCodeServer;
  /** The moment that the test under way is about. */
  let moment: Moment = { plan: plan({}) };

  const orHang = (role: Moment["hangs"], respond: Responder) => (turn: Turn) =>
    moment.hangs === role ? HANG : respond(turn);
  const planning = call("delegate_task", { agent: "planner", prompt: "Plan it", description: "Plan" });

  beforeAll(async () => {
    const commander = turns(
      [
        () => (moment.hangs === "planner" ? planning : submit(moment.plan)),
        () => (moment.hangs === "planner" ? say("Over.") : call("run_mission")),
      ],
      { rest: say("Over.") },
    );
    bench = await missionBench(
      scenario()
        .role("commander", commander)
        .role("planner", HANG)
        .role("worker", orHang("worker", diligent()))
        .role(
          "reviewer",
          orHang("reviewer", turns([call("review_task", { verdict: "approve" }), say("Ok.")])),
        )
        .otherwise(say("Something else.")),
    );
    server = await bench.serve();
  });
  afterAll(() => bench.dispose());

  /** Waits until the mission that `session` leads hangs as its moment has it. */
  async function reached(session: string, { hangs, runs }: Moment): Promise<void> {
    if (runs === undefined) {
      const hanging = ({ parentKey, role }: RecordedRequest) => parentKey === session && role === hangs;
      await bench.model.waitFor(hanging, 40_000);
      return;
    }
    const running = async () => (await bench.processes()).some(({ command }) => command === runs);
    await expect.poll(running, { timeout: 40_000 }).toBe(true);
  }

  test.each(Object.keys(MOMENTS))(
    "while %s: it is cancelled, nothing runs on, nothing more is asked",
    async (name) => {
      moment = MOMENTS[name] ?? moment;
      const session = await server.session({ title: name });
      const turn = server.command(session, "task", name);
      turn.catch(() => undefined);
      await reached(session, moment);

      const other = await server.session({ title: "another" });
      expect(await server.command(other, "stop", "")).toBe("Something else.");
      expect(await turn).toBe("Over.");
      await expectQuiet(bench, server);

      const { view, tasks } = storedMissions(bench.project.dir).at(-1) ?? {};
      expect(view).toMatchObject({ phase: "done", outcome: "cancelled" });
      const live = Object.values(tasks ?? {}).filter(
        ({ state }) => !["accepted", "cancelled"].includes(state),
      );
      expect(live).toEqual([]);
      const asked = bench.model.requests.filter(
        ({ kind, sessionKey, parentKey }) => kind === "chat" && [sessionKey, parentKey].includes(session),
      );
      expect(asked.length).toBeLessThanOrEqual(MOST_REQUESTS);
      for (const { state } of await toolParts(server, session, "run_mission"))
        expect(state).toMatchObject({ output: expect.stringMatching(/^The mission is over: cancelled/) });
    },
  );

  test("afterwards the server ends as well, and no process is left", async () => {
    await server.stop();
    await expectNoProcess(bench);
  });
});
