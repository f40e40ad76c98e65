import { expect, test } from "vitest";
import { call, say, turns } from "../../ts/scripted-model/index.ts";
import { chatCount, expectQuiet } from "./aftermath.ts";
import { missionBench } from "./bench.ts";
import { cast, diligent, meeting, type Plan, submit, task, taskOf } from "./plan.ts";
import { storedMission } from "./stored.ts";
import { bySession, chats, lastResult } from "./wire.ts";

const IDS = ["one", "two", "three", "four", "five", "six"];
/** As many lanes as it takes to know the cause: the other tasks have to wait. */
const LANES = 3;

/** Each task is checked by a tool that is not there, each in its own words. */
const BROKEN: Plan = {
  goal: "Checked by nothing",
  tasks: IDS.map((id) => task(id, { verify: [`no-such-checker --strict ${id}.txt`] })),
};
const MENDED: Plan = { goal: "", tasks: IDS.map((id) => task(id)) };

test("a check whose tool is missing stops the mission at the third task, before more is tried; the commander is asked once, and its plan is carried out", async () => {
  const commander = turns([
    submit(BROKEN),
    call("run_mission"),
    submit(MENDED),
    call("run_mission"),
    say("Reported to the user."),
  ]);
  const worker = meeting(LANES, (turn) => IDS.slice(0, LANES).includes(taskOf(turn)), diligent());
  await using bench = await missionBench(cast(commander, worker));
  await bench.project.write(".orchestrator/settings.jsonc", `{ "lanes": { "worker": ${LANES} } }`);
  const server = await bench.serve();
  const session = await server.session({ title: "one cause" });
  expect(await server.command(session, "task", "check it", { timeout: 150_000 })).toBe(
    "Reported to the user.",
  );
  await expectQuiet(bench, server);

  const [, planned, asked, replanned, over, ...more] = chats(bench.model, "commander").map(lastResult);
  expect(more).toEqual([]);
  expect(planned).toMatch(/^Accepted: one, /);
  expect(asked).toMatch(
    /^The mission needs a decision\. 3 tasks fail of one cause \((?:\w+, ){2}\w+\): .*no-such-checker: not found/,
  );
  expect(asked).toContain("Then call run_mission.");
  expect(replanned).toMatch(/^Accepted: one, two, three, four, five, six\./);
  expect(over).toMatch(/^The mission is over: accepted/);

  const { view, tasks } = storedMission(bench.project.dir);
  expect(view.outcome).toBe("accepted");
  for (const { id, state, attempt } of Object.values(tasks))
    expect([id, state, attempt]).toEqual([id, "accepted", 1]);
  const sessions = bySession(chats(bench.model, "worker"));
  const played = [...sessions.values()].map((requests) =>
    requests.map((request) => `${taskOf(request)} ${request.outcome}`).join(", "),
  );
  // Three that failed, a next turn of each that had begun before the cause was known, and one for each mended task.
  expect(sessions.size, played.join("\n")).toBeLessThanOrEqual(LANES * 2 + IDS.length);
  // Commander 5; three workers 3, and 1 where a next turn had begun before the cause was known; then 6 × 3; the final review 2.
  expect(chatCount(bench)).toBeLessThanOrEqual(5 + LANES * 4 + IDS.length * 3 + 2);
});
