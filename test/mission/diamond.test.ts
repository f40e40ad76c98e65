import { expect, test } from "vitest";
import { peakInFlight, type RecordedRequest } from "../../ts/scripted-model/index.ts";
import { missionBench } from "./bench.ts";
import { cast, commanding, DIAMOND, diligent, meeting, taskOf } from "./plan.ts";
import { storedMission } from "./stored.ts";
import { bySession, chats, lastResult } from "./wire.ts";

const PARALLEL = ["left", "middle", "right"];

const span = (requests: readonly RecordedRequest[]) => ({
  task: requests[0] === undefined ? "" : taskOf(requests[0]),
  from: Math.min(...requests.map(({ receivedAt }) => receivedAt)),
  to: Math.max(...requests.map(({ endedAt }) => endedAt ?? Number.POSITIVE_INFINITY)),
});

test("a diamond of five tasks is done in order, in parallel where it can be, while the commander waits in one call", async () => {
  const worker = meeting(PARALLEL.length, (turn) => PARALLEL.includes(taskOf(turn)), diligent());
  await using bench = await missionBench(cast(commanding(DIAMOND), worker));
  const { code, stdout, stderr } = await bench.run("make a diamond", { command: "task" });
  expect(code, stderr).toBe(0);
  expect(stdout).toContain("Reported to the user.");

  const { view, tasks } = storedMission(bench.project.dir);
  expect(view).toMatchObject({ phase: "done", outcome: "accepted" });
  expect(Object.values(tasks).map(({ state, attempt }) => [state, attempt])).toEqual(
    DIAMOND.tasks.map(() => ["accepted", 1]),
  );
  for (const { id } of DIAMOND.tasks) expect(await bench.project.read(`${id}.txt`)).toBe(`made by ${id}\n`);

  // The order, as it was on the wire: a session begins after every session that it depends on has ended.
  const workers = chats(bench.model, "worker");
  const spans = new Map([...bySession(workers).values()].map(span).map((one) => [one.task, one]));
  expect([...spans.keys()].sort()).toEqual(DIAMOND.tasks.map(({ id }) => id).sort());
  for (const { id, depends_on = [] } of DIAMOND.tasks) {
    for (const first of depends_on) {
      expect(spans.get(id)?.from, `${id} after ${first}`).toBeGreaterThan(spans.get(first)?.to ?? Number.NaN);
    }
  }
  expect(peakInFlight(workers)).toBe(PARALLEL.length);

  // The commander is asked three times: for the plan, for run_mission, and with the one piece of news.
  const commander = chats(bench.model, "commander");
  expect(commander).toHaveLength(3);
  expect(lastResult(commander[1])).toContain("Accepted: base, left, middle, right, top.");
  expect(lastResult(commander[2])).toMatch(/^The mission is over: accepted/);
  const others = bench.model.requests.filter(({ role }) => role === "worker" || role === "reviewer");
  expect(commander[2]?.receivedAt).toBeGreaterThan(Math.max(...others.map(({ endedAt }) => endedAt ?? 0)));

  const todo = (await bench.project.read(".orchestrator/todo.md"))
    .split("\n")
    .filter((line) => /^- /.test(line));
  expect(todo.map((line) => /^- \[x\] \*\*(\w+)\*\*/.exec(line)?.[1])).toEqual(
    DIAMOND.tasks.map(({ id }) => id),
  );
  expect(await bench.processes()).toEqual([]);
});
