import { expect, test } from "vitest";
import {
  call,
  type Responder,
  type Scenario,
  say,
  scenario,
  stall,
  turns,
} from "../../ts/scripted-model/index.ts";
import { tuiUnavailable } from "../opencode/index.ts";
import { missionBench } from "./bench.ts";
import { approving, diligent, type Plan, submit, task, taskOf } from "./plan.ts";
import { storedMission } from "./stored.ts";
import { toolParts } from "./transcript.ts";
import { bySession, chats, lastResult } from "./wire.ts";

const PLAN: Plan = {
  goal: "Interrupted",
  tasks: [task("quick"), task("slow"), task("after", { depends_on: ["slow"] })],
};

/** `slow` hangs in its first session, for ever; every later one is diligent. Told to go on, the commander does. */
function cast(): Scenario {
  const work = diligent();
  let first: string | undefined;
  const worker: Responder = (turn) => {
    if (taskOf(turn) !== "slow") return work(turn);
    first ??= turn.sessionKey;
    return turn.sessionKey === first ? [say("Hm"), stall()] : work(turn);
  };
  return scenario()
    .role("commander", turns([submit(PLAN), call("run_mission"), call("run_mission"), say("All done.")]))
    .role("worker", worker)
    .role("reviewer", approving())
    .otherwise(say("Something else."));
}

test("an interrupted mission is paused: its call ends, its sessions are aborted; told to go on, it is finished (complaint 14)", async () => {
  await using bench = await missionBench(cast());
  const server = await bench.serve();
  const session = await server.session({ title: "interrupted" });
  const turn = server.command(session, "task", "be interrupted").catch((error: unknown) => String(error));
  await expect
    .poll(() => storedMission(bench.project.dir).tasks["quick"]?.state, { timeout: 30_000 })
    .toBe("accepted");
  const hanging = await bench.model.waitFor((request) => taskOf(request) === "slow");

  await server.client.session.abort({ path: { id: session }, throwOnError: true });
  expect(await turn).toContain("MessageAbortedError");
  await server.idle(session, 5_000);
  await server.idle(hanging.sessionKey, 5_000);
  await bench.model.waitFor((request) => request === hanging && request.outcome === "aborted", 5_000);
  // OpenCode records whichever comes first: what the call answers, or that it was aborted.
  const [interrupted] = await toolParts(server, session, "run_mission");
  if (interrupted?.state.status === "completed") expect(interrupted.state.output).toContain("it is paused");
  else expect(interrupted?.state).toMatchObject({ status: "error", error: "Tool execution aborted" });
  const paused = storedMission(bench.project.dir);
  expect(paused.view).toMatchObject({ phase: "paused" });
  expect(paused.view.outcome).toBeUndefined();
  expect(paused.tasks["slow"]).toMatchObject({ state: "ready" });
  expect(chats(bench.model, "commander")).toHaveLength(2);

  expect(await server.prompt(session, "go on", { agent: "commander" })).toBe("All done.");
  expect(lastResult(chats(bench.model, "commander").at(-1))).toMatch(/^The mission is over: accepted/);
  const { view, tasks } = storedMission(bench.project.dir);
  expect(view.outcome).toBe("accepted");
  // The user's interruption is no failure of the task's: it does not use up an attempt.
  expect(tasks["slow"]).toMatchObject({ state: "accepted", attempt: 1 });
  const sessionsOf = (id: string) =>
    bySession(chats(bench.model, "worker").filter((request) => taskOf(request) === id)).size;
  expect({ quick: sessionsOf("quick"), slow: sessionsOf("slow") }).toEqual({ quick: 1, slow: 2 });
});

const unavailable = tuiUnavailable();

test.skipIf(unavailable !== undefined)(
  `Escape in the terminal UI pauses the mission, and it goes on when told to${unavailable ? ` (skipped: ${unavailable})` : ""}`,
  async () => {
    await using bench = await missionBench(cast());
    const tui = await bench.tui();
    await tui.waitForText("Ask anything");
    await tui.type("/task be interrupted");
    await tui.press("Enter");
    await tui.waitForText("run_mission");
    await expect
      .poll(() => storedMission(bench.project.dir).tasks["quick"]?.state, { timeout: 30_000 })
      .toBe("accepted");
    await bench.model.waitFor((request) => taskOf(request) === "slow");
    await tui.press("Escape");
    await tui.waitForText("again to interrupt");
    await tui.press("Escape");
    await expect.poll(() => storedMission(bench.project.dir).view.phase, { timeout: 10_000 }).toBe("paused");
    await bench.model.waitFor(
      (request) => taskOf(request) === "slow" && request.outcome === "aborted",
      5_000,
    );
    expect(chats(bench.model, "commander")).toHaveLength(2);

    await tui.type("go on");
    await tui.press("Enter");
    await tui.waitForText("All done.");
    expect(storedMission(bench.project.dir).view.outcome).toBe("accepted");
    await tui.stop();
    await expect.poll(() => bench.processes(), { timeout: 10_000 }).toEqual([]);
  },
);
