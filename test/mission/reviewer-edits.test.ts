import { expect, test } from "vitest";
import { call, say, scenario, turns } from "../../ts/scripted-model/index.ts";
import { chatCount, expectQuiet } from "./aftermath.ts";
import { missionBench } from "./bench.ts";
import { approving, commanding, diligent, type Plan, task } from "./plan.ts";
import { storedMission } from "./stored.ts";
import { toolParts } from "./transcript.ts";
import { bySession, chats, texts } from "./wire.ts";

const PLAN: Plan = { goal: "Judged by others", tasks: [task("one", { review: true })] };

/** Mends what it was to judge: by the tool for it, which it has not, and by a program that no guard can read. */
const meddling = turns([
  call("write", { filePath: "one.txt", content: "mended by the reviewer\n" }),
  call("bash", { command: "node -e \"fs.appendFileSync('one.txt', 'mended')\"", description: "Look" }),
  call("review_task", { verdict: "approve" }),
  say("Approved."),
]);

test("a reviewer that changes what it is to judge has no say: its verdict is void, another is asked", async () => {
  const approves = approving();
  let first: string | undefined;
  const script = scenario()
    .role("commander", commanding(PLAN))
    .role("worker", diligent())
    .role("reviewer", (turn) => {
      first ??= turn.sessionKey;
      return turn.sessionKey === first ? meddling(turn) : approves(turn);
    });
  await using bench = await missionBench(script);
  const server = await bench.serve();
  const session = await server.session({ title: "meddling" });
  await server.command(session, "task", "go on");
  await expectQuiet(bench, server);

  const [meddler = [], ...others] = [...bySession(chats(bench.model, "reviewer")).values()];
  expect(texts(meddler.at(-1), "tool")[0]).toContain("unavailable tool 'write'");
  const [judged] = await toolParts(server, meddler[0]?.sessionKey ?? "", "review_task");
  expect(judged?.state).toMatchObject({ output: expect.stringContaining("Your verdict is void") });
  // Another for the task, and one for the whole.
  expect(others).toHaveLength(2);
  const { view, tasks } = storedMission(bench.project.dir);
  expect(view.outcome).toBe("accepted");
  expect(tasks["one"]?.attempt).toBe(1);
  // Commander 3, the worker 3, the first reviewer 4, the others 2 each.
  expect(chatCount(bench)).toBeLessThanOrEqual(14);
});
