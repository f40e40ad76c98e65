import { expect, test } from "vitest";
import { call, refuse, type Step, say, turns } from "../../ts/scripted-model/index.ts";
import { chatCount, expectQuiet } from "./aftermath.ts";
import { type MissionBench, missionBench } from "./bench.ts";
import { cast, commanding, diligent, type Plan, report, submit, task, write } from "./plan.ts";
import { storedMission } from "./stored.ts";
import { chats } from "./wire.ts";

const PLAN: Plan = { goal: "Too long", tasks: [task("one", { verify: ["test -s one.txt"] })] };
const limit = { context: 200_000, output: 8_000 };

/** What a provider says when the conversation does not fit. */
const overflow = (): Step =>
  refuse(400, {
    body: JSON.stringify({
      error: {
        message:
          "This model's maximum context length is 8192 tokens. Please reduce the length of the messages.",
        type: "invalid_request_error",
        param: "messages",
        code: "context_length_exceeded",
      },
    }),
  });

/** Plays a mission in a session whose model is not the project's. */
async function play(bench: MissionBench) {
  const server = await bench.serve();
  const session = await server.session({ title: "too long" });
  await server.client.session.command({
    path: { id: session },
    body: { command: "task", arguments: "go on", model: "scripted/m2" },
    throwOnError: true,
  });
  await expectQuiet(bench, server);
  return { server, session };
}

/** The agents and models of the requests of one session, each once. */
function askers(bench: MissionBench, session: string | undefined) {
  const of = bench.model.requests.filter(({ kind, sessionKey }) => kind === "chat" && sessionKey === session);
  return new Set(of.map(({ role, body }) => `${role} ${body?.model}`));
}

const config = { provider: { scripted: { models: { m2: { name: "m2", limit } } } } };

test("a worker whose conversation no longer fits is compacted and goes on as the same agent, with the same model; no attempt is used", async () => {
  const worker = turns([write, overflow(), report("Done.", ["one.txt"])], { rest: say("Done.") });
  await using bench = await missionBench(cast(commanding(PLAN), worker), { config });
  await play(bench);
  const { view, tasks } = storedMission(bench.project.dir);
  expect(view.outcome).toBe("accepted");
  expect(tasks["one"]?.attempt).toBe(1);
  expect(bench.model.requests.filter(({ kind }) => kind === "compaction")).toHaveLength(1);
  const [first] = chats(bench.model, "worker");
  expect([...askers(bench, first?.sessionKey)]).toEqual(["worker m2"]);
  expect(chatCount(bench)).toBeLessThanOrEqual(12);
});

test("a commander compacted in the middle of a mission is its own agent on its own model afterwards, also when it is continued (complaint 17)", async () => {
  const commander = turns([submit(PLAN), overflow(), say("I have lost the thread."), call("run_mission")], {
    rest: say("Reported to the user."),
  });
  await using bench = await missionBench(cast(commander, diligent()), { config });
  const { server, session } = await play(bench);
  await expect
    .poll(() => storedMission(bench.project.dir).view.outcome, { timeout: 60_000 })
    .toBe("accepted");
  await expectQuiet(bench, server);
  expect(bench.model.requests.filter(({ kind }) => kind === "compaction")).toHaveLength(1);
  expect([...askers(bench, session)]).toEqual(["commander m2"]);
  const { data } = await server.client.session.messages({ path: { id: session }, throwOnError: true });
  const prompts = data.flatMap(({ info }) =>
    info.role === "user" ? [`${info.agent} ${info.model.modelID}`] : [],
  );
  expect(new Set(prompts)).toEqual(new Set(["commander m2"]));
  expect(chatCount(bench)).toBeLessThanOrEqual(12);
});
