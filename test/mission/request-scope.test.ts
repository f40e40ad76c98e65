import { once } from "node:events";
import { expect, test } from "vitest";
import {
  call,
  type Responder,
  type Scenario,
  type Script,
  say,
  stall,
  turns,
} from "../../ts/scripted-model/index.ts";
import { chatCount, expectQuiet } from "./aftermath.ts";
import { type MissionBench, missionBench } from "./bench.ts";
import { cast, commanding, diligent, type Plan, report, task, taskOf, write } from "./plan.ts";
import { storedMission } from "./stored.ts";
import { bySession, chats, lastResult, texts } from "./wire.ts";

const PLAN: Plan = { goal: "Shared borders", tasks: [task("holder"), task("asker")] };
const askFor = (file: string) => call("request_scope", { files: [file], reason: "it belongs to it" });
const put = (file: string) => call("write", { filePath: file, content: "made by asker\n" });
const decide = (decision: "grant" | "deny") =>
  call("tasks", { action: "decide", task_id: "asker", decision, reason: "So it is." });

/** Something that a session waits for until another has done it. */
function moment() {
  const done = new AbortController();
  return { come: () => done.abort(), reached: once(done.signal, "abort") };
}

interface Play {
  /** What the asker does before it asks for the file that is held. */
  readonly before?: readonly Script[];
  readonly holder: (tried: Promise<unknown>) => Responder;
  readonly commander: readonly Script[];
}

/** `asker` asks for `holder.txt`, and writes it whatever the commander has decided. */
function script({ before = [], holder, commander }: Play): Scenario {
  const decided = moment();
  const tried = moment();
  const holds = holder(tried.reached);
  const asks = turns(
    [
      write,
      ...before,
      askFor("holder.txt"),
      async () => {
        await decided.reached;
        return put("holder.txt");
      },
      () => {
        tried.come();
        return report("asker is done", ["asker.txt"]);
      },
    ],
    { rest: say("Done.") },
  );
  const goOn = () => {
    decided.come();
    return call("run_mission");
  };
  return cast(commanding(PLAN, ...commander, goOn), (turn) =>
    (taskOf(turn) === "asker" ? asks : holds)(turn),
  );
}

/** Plays the mission; what the asker was answered, and what the commander was asked. */
async function play(bench: MissionBench) {
  const server = await bench.serve();
  const session = await server.session({ title: "borders" });
  await server.command(session, "task", "go on");
  await expectQuiet(bench, server);

  const sessions = [...bySession(chats(bench.model, "worker")).values()];
  const requests = sessions.find(([first]) => first !== undefined && taskOf(first) === "asker") ?? [];
  const questions = chats(bench.model, "commander")
    .map(lastResult)
    .filter((text) =>
      text.includes("asker (Title of asker): running; asks for holder.txt: it belongs to it"),
    );
  return { results: texts(requests.at(-1), "tool"), questions, ...storedMission(bench.project.dir) };
}

test("a worker gets a file that nobody is at work on by asking; one that another holds is put to the commander, whose denial keeps it refused", async () => {
  await using bench = await missionBench(
    script({
      before: [put("free.txt"), askFor("free.txt"), put("free.txt")],
      holder: (tried) => {
        const works = diligent();
        return async (turn) => {
          await tried;
          return works(turn);
        };
      },
      commander: [decide("deny")],
    }),
  );
  const { results, questions, view, tasks } = await play(bench);
  expect(results[1]).toContain(
    "free.txt is outside the files of this task (asker.txt). Ask for it with request_scope",
  );
  expect(results[2]).toMatch(/^Granted: free\.txt/);
  expect(results[3]).toMatch(/wrote/i);
  expect(results[4]).toMatch(/^Not granted: holder\.txt: "holder" is at work/);
  expect(results[5]).toContain("holder.txt is outside the files of this task (asker.txt, free.txt)");
  expect(questions).toHaveLength(1);

  expect(view.outcome).toBe("accepted");
  expect(await bench.project.read("holder.txt")).toBe("made by holder\n");
  expect(await bench.project.read("free.txt")).toBe("made by asker\n");
  expect(tasks["asker"]?.files).toEqual(["asker.txt", "free.txt"]);
  // Commander 5, the asker 8, the holder 3, the final review 2.
  expect(chatCount(bench)).toBeLessThanOrEqual(18);
});

test("a commander that grants a held file is refused until its holder has ended; then the edit passes", async () => {
  await using bench = await missionBench(
    script({
      holder: () => () => stall(),
      commander: [
        decide("grant"),
        call("tasks", { action: "cancel", task_id: "holder", reason: "The asker does it all." }),
        decide("grant"),
      ],
    }),
  );
  const { results, questions, tasks } = await play(bench);
  const told = texts(chats(bench.model, "commander").at(-1), "tool");
  expect(told.join("\n")).toContain('"holder" is still at work on them: wait for its end or cancel it');
  expect(questions).toHaveLength(1);
  expect(results[1]).toMatch(/^Not granted: holder\.txt: "holder" is at work/);
  expect(results[2]).toMatch(/wrote/i);

  expect(await bench.project.read("holder.txt")).toBe("made by asker\n");
  expect(tasks["asker"]).toMatchObject({
    state: "accepted",
    attempt: 1,
    files: ["asker.txt", "holder.txt"],
  });
  expect(tasks["holder"]?.state).toBe("cancelled");
  // Commander 7, and continued three times at most; the asker 5, the holder 1, the final review 2.
  expect(chatCount(bench)).toBeLessThanOrEqual(18);
});
