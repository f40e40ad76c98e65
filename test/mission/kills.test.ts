/**
 * Missions whose OpenCode is killed at random moments, and started again. `KILL_ROUNDS` kills in all (5 unless told), at
 * most 5 a mission; `KILL_SEED` plays the same moments again.
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { type Event, Store } from "../../ts/engine/index.ts";
import { after, call, type Responder, say, type Turn } from "../../ts/scripted-model/index.ts";
import type { OpenCodeServer } from "../opencode/index.ts";
import { type MissionBench, missionBench } from "./bench.ts";
import { cast, type Plan, task as planned, report, submit, taskOf, write } from "./plan.ts";
import { type Stored, storedMission } from "./stored.ts";
import { bySession, chats, texts } from "./wire.ts";

const ROUNDS = Number(process.env["KILL_ROUNDS"] ?? "5");
const SEED = Number(process.env["KILL_SEED"] ?? String(Date.now() % 1_000_000));
const KILLS_A_MISSION = 5;
/** A process is killed after one of its first worker's requests: of so many, and so many milliseconds later at most. */
const REQUESTS = 6;
const LATER_MS = 600;
const LIFE_MS = 60_000;

const task = (id: string, more: Parameters<typeof planned>[1] = {}) =>
  planned(id, { review: false, ...more });

/** Chains, a diamond, and tasks that can run at once. */
const PLAN: Plan = {
  goal: "Survives its kills",
  tasks: [
    task("a"),
    task("b"),
    task("c"),
    task("d"),
    task("ab", { depends_on: ["a", "b"] }),
    task("cd", { depends_on: ["c", "d"] }),
    task("left", { depends_on: ["ab"] }),
    task("right", { depends_on: ["ab"] }),
    task("joined", { depends_on: ["left", "right"] }),
    task("chain", { depends_on: ["cd"] }),
    task("link", { depends_on: ["chain"] }),
    task("last", { depends_on: ["joined", "link"] }),
  ],
};
const IDS = PLAN.tasks.map(({ id }) => id).sort();
const UNDER_WAY = new Set(["running", "verifying", "reviewing"]);

const answerOf = (turn: Turn, tool: string) => turn.toolResults.find(({ name }) => name === tool);

// An answer that was on its way when OpenCode was killed is lost: who counts answers would go on one too far. These go
// by what OpenCode shows them.
const commander: Responder = (turn) => {
  if (answerOf(turn, "run_mission")?.content.startsWith("The mission is over")) return say("All done.");
  const unplanned = turn.toolResults.length === 0 && !turn.lastUser.includes("Call run_mission");
  return unplanned ? submit(PLAN) : call("run_mission");
};
const worker: Responder = (turn) => {
  if (answerOf(turn, "report_task") !== undefined) return say("Done.");
  const id = taskOf(turn);
  return answerOf(turn, "write") === undefined
    ? after(300, write(turn))
    : report(`${id} is done`, [`${id}.txt`]);
};

/** Numbers in [0, 1), the same for the same seed (mulberry32, Tommy Ettinger, public domain). */
function random(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const isOver = ({ project }: MissionBench) => storedMission(project.dir).view.phase === "done";

/** Kills OpenCode at a random moment of its mission; says how the mission stood, `undefined` where it was over. */
async function killed(
  bench: MissionBench,
  server: OpenCodeServer,
  seen: number,
  next: () => number,
): Promise<Stored | undefined> {
  const requests = seen + 1 + Math.floor(next() * REQUESTS);
  const reached = () => chats(bench.model, "worker").length >= requests || isOver(bench);
  await expect.poll(reached, { timeout: LIFE_MS, interval: 100 }).toBe(true);
  await sleep(next() * LATER_MS);
  server.process.signal("SIGKILL");
  await server.process.ended;
  const stored = storedMission(bench.project.dir);
  return stored.view.phase === "done" ? undefined : stored;
}

/** The tasks that the journal says were accepted, one entry each time: without a review, when the checks passed. */
function acceptances(directory: string, mission: string): readonly string[] {
  using store = Store.open(join(directory, ".orchestrator/state/missions.db"));
  expect(store.audit()).toMatchObject({ ok: true, faults: [] });
  return store
    .journal<Event>(`mission/${mission}`)
    .map(({ payload }) => payload)
    .flatMap((event) => (event.type === "verified" && event.passed && event.task ? [event.task] : []))
    .sort();
}

/** How often a worker was told to do a task: once in its session, and once more after each cut. */
function starts({ model }: MissionBench, id: string): number {
  const sessions = bySession(chats(model, "worker").filter((request) => taskOf(request) === id));
  return [...sessions.values()].reduce((sum, asked) => sum + texts(asked.at(-1), "user").length, 0);
}

test.each(Array.from({ length: Math.ceil(ROUNDS / KILLS_A_MISSION) }, (_, mission) => SEED + mission))(
  "a mission of 12 tasks outlives kills at random moments (KILL_SEED=%i)",
  async (seed) => {
    const next = random(seed);
    await using bench = await missionBench(cast(commander, worker), { pluginOptions: { resume: "auto" } });
    let server = await bench.serve();
    const session = await server.session({ title: "kills" });
    void server.command(session, "task", "survive").catch(() => "cut off");
    await bench.model.waitFor(({ role }) => role === "worker", LIFE_MS);
    const cuts: Stored[] = [];
    let seen = 0;
    for (let kill = 0; kill < Math.min(KILLS_A_MISSION, ROUNDS); kill += 1) {
      const cut = await killed(bench, server, seen, next);
      if (cut === undefined) break;
      cuts.push(cut);
      seen = chats(bench.model, "worker").length;
      server = await bench.serve();
    }
    expect(cuts.length, "killed at least once before it was over").toBeGreaterThan(0);
    await expect.poll(() => isOver(bench), { timeout: 90_000, interval: 250 }).toBe(true);
    const { brief, view, tasks } = storedMission(bench.project.dir);
    expect(view.outcome).toBe("accepted");
    expect(acceptances(bench.project.dir, brief.id)).toEqual(IDS);
    expect(Object.keys(tasks).sort()).toEqual(IDS);
    for (const id of IDS) {
      const cutOff = cuts.filter((cut) => UNDER_WAY.has(cut.tasks[id]?.state ?? "")).length;
      expect(starts(bench, id), `${id}, in flight at ${cutOff} kills`).toBeLessThanOrEqual(1 + cutOff);
    }
    await server.stop();
    expect(await bench.processes()).toEqual([]);
  },
);
