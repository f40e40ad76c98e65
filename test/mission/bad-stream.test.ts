import { expect, test } from "vitest";
import { callRaw, cutToolCall, type Reply, say, stall, turns } from "../../ts/scripted-model/index.ts";
import { chatCount, expectQuiet } from "./aftermath.ts";
import { missionBench } from "./bench.ts";
import { cast, commanding, type Plan, report, task, taskOf, write } from "./plan.ts";
import { storedMission } from "./stored.ts";
import { chats, texts } from "./wire.ts";

/** What the first request of each task's worker meets. */
const FAULTS: Readonly<Record<string, Reply>> = {
  silent: [say("Let me think"), stall()],
  mute: stall(),
  cut: cutToolCall("write", { filePath: "cut.txt", content: "half ".repeat(40) }),
  garbled: callRaw("write", '{"filePath": "garbled.txt", "content": '),
};

const PLAN: Plan = { goal: "Bad streams", tasks: Object.keys(FAULTS).map((id) => task(id)) };

const worker = turns(
  [
    (turn) => FAULTS[taskOf(turn)] ?? say("nothing wrong"),
    write,
    (turn) => report("Done.", [`${taskOf(turn)}.txt`]),
  ],
  { per: taskOf, rest: say("Done.") },
);

test("a stream that goes silent, breaks off in a tool call or carries broken arguments costs one more request; all is accepted (complaint 3)", async () => {
  await using bench = await missionBench(cast(commanding(PLAN), worker));
  await bench.project.write(".orchestrator/settings.jsonc", '{ "stallTimeoutMs": 8000 }');
  const server = await bench.serve();
  const session = await server.session({ title: "bad streams" });
  expect(await server.command(session, "task", "survive", { timeout: 120_000 })).toBe(
    "Reported to the user.",
  );

  await expectQuiet(bench, server);

  const requestsOf = (id: string) => chats(bench.model, "worker").filter((request) => taskOf(request) === id);
  const outcomes = (id: string) => requestsOf(id).map(({ outcome }) => outcome);
  for (const id of ["silent", "mute"])
    expect(outcomes(id), id).toEqual(["aborted", "answered", "answered", "answered"]);
  expect(outcomes("cut")).toEqual(["cut", "answered", "answered", "answered"]);
  expect(texts(requestsOf("garbled")[1], "tool").at(-1)).toContain("JSON parsing failed");

  const { view, tasks } = storedMission(bench.project.dir);
  expect(view.outcome).toBe("accepted");
  for (const { id, state } of Object.values(tasks)) {
    expect(state, id).toBe("accepted");
    expect(await bench.project.read(`${id}.txt`)).toBe(`made by ${id}\n`);
  }
  // Commander 3, workers 4 × 4, the final review 2.
  expect(chatCount(bench)).toBeLessThanOrEqual(21);
});
