import { expect, test } from "vitest";
import { call, say, type Turn, turns } from "../../ts/scripted-model/index.ts";
import { chatCount, expectNoProcess } from "./aftermath.ts";
import { missionBench } from "./bench.ts";
import { cast, commanding, type Plan, report, task, taskOf } from "./plan.ts";
import { storedMission } from "./stored.ts";
import { bySession, chats, texts } from "./wire.ts";

/** What a check does until its task's file says that it is mended. */
const CHECKS: Readonly<Record<string, string>> = {
  hangs: "sleep 401",
  floods: "head -c 52428800 /dev/zero | tr '\\0' x; echo the end; exit 3",
  kills: "sleep 402 & sh -c 'kill -9 $PPID'; true",
};

const PLAN: Plan = {
  goal: "Checks that misbehave",
  tasks: Object.entries(CHECKS).map(([id, check]) =>
    task(id, { verify: [`grep -q mended ${id}.txt || { ${check}; }`] }),
  ),
};

/** The most that one report of a check may add to a request, in bytes. */
const REPORT_BYTES = 32 * 1024;

const write = (content: string) => (turn: Turn) =>
  call("write", { filePath: `${taskOf(turn)}.txt`, content: `${content}\n` });
const claim = (turn: Turn) => report("Done.", [`${taskOf(turn)}.txt`]);

const worker = turns([write("raw"), claim, say("Done."), write("mended"), claim, say("Mended.")]);

test("a check that hangs, prints 50 MB or kills its shell is a failed check, told in a bounded report; nothing of it lives on", async () => {
  await using bench = await missionBench(cast(commanding(PLAN), worker));
  await bench.project.write(".orchestrator/settings.jsonc", '{ "verifyTimeoutMs": 5000 }');
  const { code, stderr } = await bench.run("check", { command: "task" });
  expect(code, stderr).toBe(0);

  const sessions = [...bySession(chats(bench.model, "worker")).values()];
  const repairOf = (id: string) => {
    const requests = sessions.find(([first]) => first !== undefined && taskOf(first) === id) ?? [];
    expect(requests, id).toHaveLength(6);
    return texts(requests.at(-1), "user").at(-1) ?? "";
  };
  expect(repairOf("hangs")).toContain("killed: it ran longer than verifyTimeoutMs");
  const flood = repairOf("floods");
  expect(flood).toMatch(/\(exit 3, [\s\S]*xxx[\s\S]* bytes left out [\s\S]*the end/);
  expect(Buffer.byteLength(flood)).toBeLessThan(REPORT_BYTES);
  expect(repairOf("kills")).toContain("killed by SIGKILL");

  const { view, tasks } = storedMission(bench.project.dir);
  expect(view.outcome).toBe("accepted");
  expect(Object.values(tasks).map(({ state, attempt }) => [state, attempt])).toEqual(
    PLAN.tasks.map(() => ["accepted", 2]),
  );
  // Commander 3, workers 3 × 6, the final review 2: each failed check costs one more turn and nothing else.
  expect(chatCount(bench)).toBeLessThanOrEqual(23);
  await expectNoProcess(bench);
});
