import { expect, test } from "vitest";
import { call, type Responder, say, turns } from "../../ts/scripted-model/index.ts";
import { chatCount, expectQuiet } from "./aftermath.ts";
import { missionBench } from "./bench.ts";
import { cast, commanding, diligent, type Plan, report, task, taskOf, write } from "./plan.ts";
import { storedMission } from "./stored.ts";
import { bySession, chats, lastResult, texts } from "./wire.ts";

const PLAN: Plan = { goal: "Shared borders", tasks: [task("holder"), task("asker")] };
const askFor = (file: string) => call("request_scope", { files: [file], reason: "it belongs to it" });
const put = (file: string) => call("write", { filePath: file, content: "made by asker\n" });

const asker = turns(
  [
    write,
    put("free.txt"),
    askFor("free.txt"),
    put("free.txt"),
    askFor("holder.txt"),
    put("holder.txt"),
    report("asker is done", ["asker.txt", "free.txt"]),
  ],
  { rest: say("Done.") },
);

test("a worker gets a file that nobody is at work on by asking; one that another holds is put to the commander, and stays refused meanwhile", async () => {
  const holder = diligent(6_000);
  const worker: Responder = (turn) => (taskOf(turn) === "asker" ? asker(turn) : holder(turn));
  const commander = commanding(
    PLAN,
    call("tasks", { action: "decide", task_id: "asker", decision: "deny", reason: "Keep to yours." }),
    call("run_mission"),
  );
  await using bench = await missionBench(cast(commander, worker));
  const server = await bench.serve();
  const session = await server.session({ title: "borders" });
  await server.command(session, "task", "go on");
  await expectQuiet(bench, server);

  const sessions = [...bySession(chats(bench.model, "worker")).values()];
  const requests = sessions.find(([first]) => first !== undefined && taskOf(first) === "asker") ?? [];
  const results = texts(requests.at(-1), "tool");
  expect(results[1]).toContain(
    "free.txt is outside the files of this task (asker.txt). Ask for it with request_scope",
  );
  expect(results[2]).toMatch(/^Granted: free\.txt/);
  expect(results[3]).toMatch(/wrote/i);
  expect(results[4]).toMatch(/^Not granted: holder\.txt: "holder" is at work/);
  expect(results[5]).toContain("holder.txt is outside the files of this task (asker.txt, free.txt)");
  const asked = chats(bench.model, "commander")
    .map(lastResult)
    .filter((text) => text.includes("needs a decision"));
  expect(asked).toHaveLength(1);
  expect(asked[0]).toContain("asker (Title of asker): running; asks for holder.txt: it belongs to it");

  const { view, tasks } = storedMission(bench.project.dir);
  expect(view.outcome).toBe("accepted");
  expect(await bench.project.read("holder.txt")).toBe("made by holder\n");
  expect(await bench.project.read("free.txt")).toBe("made by asker\n");
  expect(tasks["asker"]?.files).toEqual(["asker.txt", "free.txt"]);
  // Commander 5, the asker 8, the holder 3, the final review 2.
  expect(chatCount(bench)).toBeLessThanOrEqual(18);
});
