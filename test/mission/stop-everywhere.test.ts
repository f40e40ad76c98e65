import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  call,
  type RecordedRequest,
  type Reply,
  type Responder,
  refuse,
  type Script,
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
const BESIDE = "sleep 603";
/** The user wants to be asked before this one runs. */
const ASKED = "touch stopped.txt";
const ASK_FIRST = { config: { permission: { bash: { "*": "allow", [ASKED]: "ask" } } } };

/** A moment in a mission's life: its plan, who hangs in it, and how one sees that it has come to that. */
interface Moment {
  readonly plan: Plan;
  readonly hangs?: "planner" | "worker" | "reviewer";
  /** What the one who hangs does. @default a silent stream */
  readonly how?: Script;
  /** A command that does not end. */
  readonly runs?: string;
  /** Whether a permission question is open. */
  readonly asks?: boolean;
}

const plan = (more: Partial<Plan>, ...tasks: Plan["tasks"]): Plan => ({ goal: "Stopped", tasks, ...more });

const MOMENTS: Readonly<Record<string, Moment>> = {
  "it is planned": { plan: plan({}), hangs: "planner" },
  "a task is worked on": { plan: plan({}, task("stopped")), hangs: "worker" },
  "a task's session waits for the provider's leave": {
    plan: plan({}, task("stopped")),
    hangs: "worker",
    how: refuse(429, { retryAfter: 30 }),
  },
  "a task's session waits for a permission": {
    plan: plan({}, task("stopped")),
    hangs: "worker",
    how: call("bash", { command: ASKED, description: "Ask" }),
    asks: true,
  },
  "a background command runs": {
    plan: plan({}, task("stopped")),
    hangs: "worker",
    how: turns([call("background", { action: "run", command: BESIDE }), HANG]),
    runs: BESIDE,
  },
  "a task is verified": { plan: plan({}, task("stopped", { verify: [CHECK] })), runs: CHECK },
  "a task is reviewed": { plan: plan({}, task("stopped", { review: true })), hangs: "reviewer" },
  "the whole is verified": { plan: plan({ verify: [SEAL] }, task("stopped")), runs: SEAL },
  "the whole is reviewed": { plan: plan({}, task("stopped")), hangs: "reviewer" },
};

/** The objective at which the commander itself falls silent, with an errand on its way. */
const HUNG = "hang yourself";

/** The most requests that any of these missions needs: commander 3, worker 3, reviewer 1. */
const MOST_REQUESTS = 7;

describe("a mission that is stopped", () => {
  let bench: MissionBench;
  let server: OpenCodeServer;
  /** The moment that the test under way is about. */
  let moment: Moment = { plan: plan({}) };

  const orHang = (role: Moment["hangs"], respond: Responder) => (turn: Turn) => {
    if (moment.hangs !== role) return respond(turn);
    const how = moment.how ?? HANG;
    return typeof how === "function" ? how(turn) : how;
  };
  const errand = call("delegate_task", {
    agent: "planner",
    prompt: "Look around",
    description: "Look",
    background: true,
  });
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
        .when(({ role, lastUser }) => role === "commander" && lastUser === HUNG, turns([errand, HANG]))
        .role("commander", commander)
        .role("planner", HANG)
        .role("worker", orHang("worker", diligent()))
        .role(
          "reviewer",
          orHang("reviewer", turns([call("review_task", { verdict: "approve" }), say("Ok.")])),
        )
        .otherwise(say("Something else.")),
      ASK_FIRST,
    );
    server = await bench.serve();
  });
  afterAll(() => bench.dispose());

  /** The permission questions that are open. */
  const questions = async (): Promise<readonly string[]> => {
    const of = (wanted: string) =>
      server.events
        .filter(({ type }) => type === wanted)
        .map(({ properties }) => properties as { readonly id?: string; readonly requestID?: string });
    const replied = of("permission.replied").map(({ requestID }) => requestID);
    return of("permission.asked").flatMap(({ id = "" }) => (replied.includes(id) ? [] : [id]));
  };

  /** Waits until the mission that `session` leads hangs as its moment has it. */
  async function reached(session: string, { hangs, runs, asks }: Moment): Promise<void> {
    if (runs === undefined) {
      const hanging = ({ parentKey, role }: RecordedRequest) => parentKey === session && role === hangs;
      await bench.model.waitFor(hanging, 40_000);
      if (asks === true) await expect.poll(questions, { timeout: 40_000 }).toHaveLength(1);
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
      if (moment.asks === true) expect(await bench.project.files()).not.toContain("stopped.txt");

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

  test("while the commander hangs in the provider: its errand ends at once, and Esc ends its own turn", async () => {
    const session = await server.session({ title: HUNG });
    const turn = server.command(session, "task", HUNG);
    turn.catch(() => undefined);
    const hanging = (role: string) => (request: RecordedRequest) =>
      request.role === role && [request.sessionKey, request.parentKey].includes(session);
    await bench.model.waitFor(hanging("planner"), 40_000);
    await bench.model.waitFor((request) => hanging("commander")(request) && request.number === 2, 40_000);

    const other = await server.session({ title: "another" });
    expect(await server.command(other, "stop", "")).toBe("Something else.");
    await bench.model.waitFor(
      (request) => hanging("planner")(request) && request.outcome === "aborted",
      10_000,
    );
    expect(storedMissions(bench.project.dir).at(-1)?.view).toMatchObject({ outcome: "cancelled" });

    await server.client.session.abort({ path: { id: session }, throwOnError: true });
    await expectQuiet(bench, server);
  });

  test("afterwards the server ends as well, and no process is left", async () => {
    await server.stop();
    await expectNoProcess(bench);
  });
});
