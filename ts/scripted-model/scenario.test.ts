import { afterEach, describe, expect, test } from "vitest";
import { ask, type Message, post } from "./client.fixture.ts";
import {
  call,
  refuse,
  type Scenario,
  type ScriptedModel,
  say,
  scenario,
  startScriptedModel,
  type Turn,
  turns,
} from "./index.ts";

const started: ScriptedModel[] = [];

async function model(script: Scenario): Promise<ScriptedModel> {
  const server = await startScriptedModel({ scenario: script });
  started.push(server);
  return server;
}

afterEach(async () => {
  for (const server of started.splice(0)) await server.close();
});

const TITLE: Message[] = [
  { role: "system", content: "You are a title generator. You output ONLY a thread title." },
  { role: "user", content: "Generate a title for this conversation:\n" },
];
const SUMMARY: Message[] = [
  { role: "system", content: "You are a context summarization agent. You are given a conversation." },
  { role: "user", content: "…" },
];

describe("a scenario", () => {
  test("answers each role by its own rule, in the order of the rules", async () => {
    const { url } = await model(
      scenario()
        .when((turn) => turn.lastUser === "special", say("first rule"))
        .role("worker", say("I work"))
        .role("reviewer", (turn) => say(`I review turn ${turn.number}`))
        .otherwise(say("I am nobody")),
    );
    const special: Message[] = [{ role: "user", content: "special" }];
    expect((await ask(url, { tools: ["report_task"], messages: special })).text).toBe("first rule");
    expect((await ask(url, { tools: ["report_task"] })).text).toBe("I work");
    expect((await ask(url, { tools: ["review_task"], session: "r" })).text).toBe("I review turn 1");
    expect((await ask(url, { tools: ["bash"] })).text).toBe("I am nobody");
  });

  test("answers titles and summaries by itself, with no rule for them", async () => {
    const server = await model(scenario().role("worker", say("work")));
    expect((await ask(server.url, { messages: TITLE })).text).toBe("Scripted session");
    expect((await ask(server.url, { messages: SUMMARY })).text).toContain("Summary");
    expect(server.requests.map((request) => request.kind)).toEqual(["title", "compaction"]);
  });

  test("gives titles and summaries to rules of their own", async () => {
    const { url } = await model(
      scenario().otherwise(say("chat")).title(say("My title")).compaction(refuse(500)),
    );
    expect((await ask(url, { messages: TITLE })).text).toBe("My title");
    expect((await post(url, { messages: SUMMARY })).status).toBe(500);
  });

  test("refuses a turn that it has no rule for, naming the role and the rules", async () => {
    const server = await model(scenario().role("worker", say("work")));
    const response = await post(server.url, { tools: ["review_task"] });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('no rule for role \\"reviewer\\"');
    expect(server.requests[0]).toMatchObject({
      outcome: "failed",
      error: expect.stringContaining("role worker"),
    });
  });

  test("records the error of a responder that throws", async () => {
    const server = await model(
      scenario().otherwise(() => {
        throw new Error("the test's own mistake");
      }),
    );
    expect((await post(server.url)).status).toBe(400);
    expect(server.requests[0]?.error).toBe("the test's own mistake");
  });
});

describe("a sequence", () => {
  test("goes its own way in each session", async () => {
    const { url } = await model(scenario().otherwise(turns([say("one"), say("two")])));
    const said = async (session: string) => (await ask(url, { session })).text;
    expect(await said("a")).toBe("one");
    expect(await said("b")).toBe("one");
    expect(await said("a")).toBe("two");
    expect(await said("b")).toBe("two");
  });

  test("is not moved on by a title request of the same session", async () => {
    const { url } = await model(scenario().otherwise(turns([say("one"), say("two")])));
    await ask(url, { session: "a", messages: TITLE });
    expect((await ask(url, { session: "a" })).text).toBe("one");
  });

  test("can be shared by turns that have another key in common", async () => {
    const { url } = await model(
      scenario().otherwise(turns([say("one"), say("two")], { per: (turn) => turn.role })),
    );
    expect((await ask(url, { session: "a" })).text).toBe("one");
    expect((await ask(url, { session: "b" })).text).toBe("two");
  });

  test("fails when it is used up, unless it is told what comes then", async () => {
    const short = await model(scenario().otherwise(turns([say("one")])));
    await ask(short.url, { session: "a" });
    expect((await post(short.url, { session: "a" })).status).toBe(400);
    expect(short.requests[1]?.error).toContain("turn 2 asked of a sequence of 1");

    const { url } = await model(scenario().otherwise(turns([say("one")], { rest: say("and on") })));
    await ask(url, { session: "a" });
    expect((await ask(url, { session: "a" })).text).toBe("and on");
  });
});

describe("a turn", () => {
  async function turnOf(messages: Message[], session?: string): Promise<Turn> {
    const turnsSeen: Turn[] = [];
    const { url } = await model(
      scenario().otherwise((turn) => {
        turnsSeen.push(turn);
        return say("ok");
      }),
    );
    await ask(url, { messages, tools: ["read", "write"], ...(session !== undefined && { session }) });
    const [turn] = turnsSeen;
    if (turn === undefined) throw new Error("the scenario was not asked");
    return turn;
  }

  const called = (id: string, name: string) => ({
    id,
    type: "function",
    function: { name, arguments: "{}" },
  });

  test("holds the newest user text and the results since the newest assistant message only", async () => {
    const turn = await turnOf([
      { role: "system", content: "You are strict." },
      { role: "user", content: "old" },
      { role: "assistant", content: null, tool_calls: [called("c1", "read")] },
      { role: "tool", tool_call_id: "c1", content: "old result" },
      { role: "user", content: "new" },
      { role: "assistant", content: null, tool_calls: [called("c2", "write"), called("c3", "read")] },
      { role: "tool", tool_call_id: "c2", content: "written" },
      { role: "tool", tool_call_id: "c3", content: "text" },
    ]);
    expect(turn).toMatchObject({
      system: "You are strict.",
      lastUser: "new",
      offeredTools: ["read", "write"],
      toolResults: [
        { id: "c2", name: "write", content: "written" },
        { id: "c3", name: "read", content: "text" },
      ],
    });
  });

  test("has no results when the conversation has no assistant message yet", async () => {
    expect((await turnOf([{ role: "user", content: "hi" }])).toolResults).toEqual([]);
  });

  test("knows a session without a header by how its conversation began", async () => {
    const begun: Message[] = [{ role: "user", content: "begin" }];
    const first = await turnOf(begun);
    const later = await turnOf([
      ...begun,
      { role: "assistant", content: "ok" },
      { role: "user", content: "go" },
    ]);
    const other = await turnOf([{ role: "user", content: "something else" }]);
    expect(later.sessionKey).toBe(first.sessionKey);
    expect(other.sessionKey).not.toBe(first.sessionKey);
    expect((await turnOf(begun, "ses_1")).sessionKey).toBe("ses_1");
  });

  test("measures each offered tool in bytes", async () => {
    const { request } = await turnOf([{ role: "user", content: "hi" }]);
    expect(request.tools.map((tool) => tool.name)).toEqual(["read", "write"]);
    for (const tool of request.tools) expect(tool.bytes).toBeGreaterThan(tool.description.length + 50);
  });

  test("takes its role from the classifier where that knows one", async () => {
    const server = await startScriptedModel({
      respond: (turn) => [say(turn.role), call("noop")],
      classify: (request) => (request.messages.length > 1 ? "talker" : undefined),
    });
    started.push(server);
    expect((await ask(server.url)).text).toBe("none");
    expect(
      (
        await ask(server.url, {
          messages: [
            { role: "system", content: "s" },
            { role: "user", content: "u" },
          ],
        })
      ).text,
    ).toBe("talker");
  });
});
