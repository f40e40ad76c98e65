import { expect, test } from "vitest";
import { call, say, turns } from "../../ts/scripted-model/index.ts";
import { missionBench } from "./bench.ts";
import { cast, DIAMOND, submit } from "./plan.ts";
import { storedMission } from "./stored.ts";
import { chats, lastResult } from "./wire.ts";

/** Enough for the commander's first two requests and the first task, whose worker makes three; not for all five. */
const CALLS = 8;

/** Sessions at once in the diamond, each with one answer that the stop may have cut off. */
const CUT_OFF = 3;

test("a mission stops at its budget and says so; it goes on when the user has raised it (complaint 2)", async () => {
  const commander = turns([
    submit(DIAMOND),
    call("run_mission"),
    say("Out of budget."),
    call("run_mission"),
    say("All done."),
  ]);
  await using bench = await missionBench(cast(commander));
  await bench.project.write(".orchestrator/settings.jsonc", `{ "budget": { "calls": ${CALLS} } }`);
  const server = await bench.serve();
  const session = await server.session({ title: "budget" });
  expect(await server.command(session, "task", "spend")).toBe("Out of budget.");

  const news = lastResult(chats(bench.model, "commander").at(-1));
  expect(news).toContain(`the budget of ${CALLS} calls is used up; raise it to go on`);
  expect(news).toContain("Accepted:\n- base");
  const stopped = storedMission(bench.project.dir);
  expect(stopped.view.phase).toBe("paused");
  // What was under way when the limit was reached was stopped, each before its next request.
  const worked = chats(bench.model, "worker").length;
  expect(worked).toBeLessThan(15);
  expect(stopped.view.used.calls).toBeGreaterThanOrEqual(CALLS);
  expect(stopped.view.used.tokens).toBeGreaterThan(0);
  expect(stopped.view.reserved).toEqual({ tokens: 0, microUsd: 0, runningMs: 0, calls: 0, children: 0 });
  for (const task of Object.values(stopped.tasks)) expect(task.attempt, task.id).toBeLessThanOrEqual(1);

  await bench.project.write(".orchestrator/settings.jsonc", '{ "budget": { "calls": 500 } }');
  expect(await server.prompt(session, "I have raised it", { agent: "commander" })).toBe("All done.");
  expect(storedMission(bench.project.dir).view.outcome).toBe("accepted");
  // Every request is counted, but for answers that the stop cut off: OpenCode tells no use of those.
  const { used } = storedMission(bench.project.dir).view;
  const requests = ["commander", "worker", "reviewer"].flatMap((role) => chats(bench.model, role)).length;
  expect(used.calls).toBeLessThanOrEqual(requests);
  expect(used.calls).toBeGreaterThanOrEqual(requests - CUT_OFF - 1);
});
