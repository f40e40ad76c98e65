import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  after,
  call,
  peakInFlight,
  type ScriptedModel,
  say,
  scenario,
  startScriptedModel,
} from "../../ts/scripted-model/index.ts";
import { type OpenCodeBench, type OpenCodeServer, openCode } from "./index.ts";

describe("opencode serve", () => {
  let model: ScriptedModel;
  let bench: OpenCodeBench;
  let server: OpenCodeServer;

  beforeAll(async () => {
    model = await startScriptedModel({
      scenario: scenario()
        .when((turn) => turn.lastUser === "slow", after(500, say("slow answer")))
        .when(
          (turn) => turn.lastUser === "write" && turn.toolResults.length === 0,
          call("write", { filePath: "served.txt", content: "served" }),
        )
        .otherwise((turn) => say(`you said ${turn.lastUser}`)),
    });
    bench = await openCode({ model });
    const from = performance.now();
    server = await bench.serve();
    console.info(`opencode serve ready: ${Math.round(performance.now() - from)} ms`);
  });

  afterAll(async () => {
    await bench.dispose();
    await model.close();
  });

  test("answers a prompt through the SDK and tells its events", async () => {
    const session = await server.session({ title: "one" });
    expect(await server.prompt(session, "hello")).toBe("you said hello");
    const idle = await server.waitForEvent((event) => event.type === "session.idle");
    expect(idle.properties).toMatchObject({ sessionID: session });
    await server.idle(session);
  });

  test("runs two sessions at once and keeps them apart", async () => {
    const sessions = [await server.session({ title: "a" }), await server.session({ title: "b" })];
    const answers = await Promise.all(sessions.map((session) => server.prompt(session, "slow")));
    expect(answers).toEqual(["slow answer", "slow answer"]);
    const requests = model.requests.filter((request) => sessions.includes(request.sessionKey));
    expect(new Set(requests.map((request) => request.sessionKey)).size).toBe(2);
    expect(peakInFlight(requests.filter((request) => request.kind === "chat"))).toBe(2);
  });

  test("executes a tool call in the project", async () => {
    const session = await server.session({ title: "w" });
    expect(await server.prompt(session, "write")).toBe("you said write");
    expect(await bench.project.read("served.txt")).toBe("served");
  });

  test("sends the parent's id with the requests of a child session", async () => {
    const parent = await server.session({ title: "parent" });
    const child = await server.session({ title: "child", parentID: parent });
    await server.prompt(child, "from the child");
    const request = await model.waitFor((seen) => seen.kind === "chat" && seen.sessionKey === child);
    expect(request.parentKey).toBe(parent);
  });

  test("summarises a session by a request that is known as compaction", async () => {
    const session = await server.session({ title: "long" });
    await server.prompt(session, "remember this");
    await server.client.session.summarize({
      path: { id: session },
      body: { providerID: "scripted", modelID: "m" },
      throwOnError: true,
    });
    const request = await model.waitFor((seen) => seen.sessionKey === session && seen.kind === "compaction");
    expect(request.outcome).toBe("answered");
  });

  test("serves a second project as an instance of its own", async () => {
    const other = await bench.addProject("other", { git: false });
    const there = await server.in(other.dir);
    const session = await there.session({ title: "there" });
    expect(await there.prompt(session, "write")).toBe("you said write");
    expect(await other.read("served.txt")).toBe("served");
    await there.waitForEvent((event) => event.type === "session.idle");
    const told = JSON.stringify(server.events.map((event) => event.properties));
    expect(told).not.toContain(session);
  });

  test("can be killed and started again, and still knows its sessions", async () => {
    const first = await bench.serve();
    const session = await first.session({ title: "survivor" });
    await first.prompt(session, "before");
    first.process.signal("SIGKILL");
    expect(await first.process.ended).toMatchObject({ signal: "SIGKILL" });
    const second = await bench.serve();
    expect(await second.prompt(session, "after")).toBe("you said after");
    const last = model.requests.filter((request) => request.sessionKey === session).at(-1);
    expect(last?.body?.messages.map((message) => message.text)).toContain("you said before");
    await second.stop();
  });

  test("ends politely, and leaves no process behind", async () => {
    const own = await bench.serve();
    const before = await bench.processes();
    expect(before.some(({ pid }) => pid === own.process.pid)).toBe(true);
    await own.stop();
    expect((await bench.processes()).some(({ pid }) => pid === own.process.pid)).toBe(false);
  });
});
