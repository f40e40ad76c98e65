import { expect, test } from "vitest";
import { call, say, type Turn, turns } from "../../ts/scripted-model/index.ts";
import { missionBench } from "./bench.ts";
import { cast, commanding, type Plan, report, task, taskOf } from "./plan.ts";
import { storedMission } from "./stored.ts";
import { bySession, chats, texts } from "./wire.ts";

const CHECK = 'grep -qx 42 unmet.txt || { echo "not 42 but: $(cat unmet.txt 2>&1)"; exit 7; }';

/** Three ways to claim what is not so: a check is not met, a file is not there, a file does not parse. */
const PLAN: Plan = {
  goal: "True claims",
  tasks: [
    task("unmet", { verify: [CHECK] }),
    task("absent", { verify: [] }),
    task("broken", { files: ["broken.json"], verify: [] }),
  ],
};

/** What each task's worker does before its first claim, its repair, and the files that it names both times. */
const DEEDS: Readonly<Record<string, { first: string; repair: string; files: readonly string[] }>> = {
  unmet: { first: "echo 41 > unmet.txt", repair: "echo 42 > unmet.txt", files: ["unmet.txt"] },
  absent: { first: "true", repair: "echo here > absent.txt", files: ["absent.txt"] },
  broken: {
    first: `echo '{"a": [1, 2}' > broken.json`,
    repair: `echo '{"a": [1, 2]}' > broken.json`,
    files: ["broken.json"],
  },
};

const deeds = (turn: Turn) => {
  const found = DEEDS[taskOf(turn)];
  if (found === undefined) throw new Error(`no such task: ${taskOf(turn)}`);
  return found;
};
const run = (command: string) => call("bash", { command, description: "Do it" });
const claim = (turn: Turn) => report("It is done, all of it.", deeds(turn).files);

const worker = turns([
  (turn) => run(deeds(turn).first),
  claim,
  say("Done."),
  (turn) => run(deeds(turn).repair),
  claim,
  say("Mended."),
]);

test("a worker that claims what it did not do is refused, told what was found, and repairs it in the same session (complaint 16)", async () => {
  await using bench = await missionBench(cast(commanding(PLAN), worker));
  const { code, stderr } = await bench.run("claims", { command: "task" });
  expect(code, stderr).toBe(0);

  const sessions = new Map(
    [...bySession(chats(bench.model, "worker")).values()].map((requests) => [
      requests[0] === undefined ? "" : taskOf(requests[0]),
      requests,
    ]),
  );
  expect([...sessions.keys()].sort()).toEqual(["absent", "broken", "unmet"]);
  /** The one message that followed the task's first, in the same session. */
  const refusal = (id: string) => {
    const requests = sessions.get(id) ?? [];
    expect(requests, id).toHaveLength(6);
    const [first, second, ...more] = texts(requests.at(-1), "user");
    expect(first).toMatch(new RegExp(`^Task ${id}:`));
    expect(more).toEqual([]);
    return second;
  };
  expect(refusal("unmet")).toContain(`FAILED $ ${CHECK} (exit 7`);
  expect(refusal("unmet")).toContain("not 42 but: 41");
  expect(refusal("unmet")).toContain("This is attempt 2 of 3 at task unmet.");
  expect(refusal("absent")).toContain("FAILED files: reported as changed, but not there: absent.txt");
  expect(refusal("broken")).toMatch(/FAILED syntax:\nbroken\.json:1:\d+: /);

  const { view, tasks } = storedMission(bench.project.dir);
  expect(view.outcome).toBe("accepted");
  expect(Object.values(tasks).map(({ state, attempt }) => [state, attempt])).toEqual([
    ["accepted", 2],
    ["accepted", 2],
    ["accepted", 2],
  ]);
});
