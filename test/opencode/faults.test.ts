import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  callRaw,
  cutToolCall,
  type RecordedRequest,
  type Reply,
  refuse,
  type ScriptedModel,
  say,
  scenario,
  stall,
  startScriptedModel,
  turns,
} from "../../ts/scripted-model/index.ts";
import { type OpenCodeBench, type OpenCodeServer, openCode } from "./index.ts";

/** The first request of a session meets a fault, those after it are answered. */
const once = (fault: Reply) => turns([fault], { rest: say("recovered") });

describe("the scripted model's faults reach real OpenCode as a provider's would", () => {
  let model: ScriptedModel;
  let bench: OpenCodeBench;
  let server: OpenCodeServer;

  beforeAll(async () => {
    model = await startScriptedModel({
      scenario: scenario()
        .when((turn) => turn.lastUser === "rate limit", once(refuse(429, { retryAfter: 1 })))
        .when((turn) => turn.lastUser === "refusal", refuse(401, { message: "no such key" }))
        .when(
          (turn) => turn.lastUser === "cut",
          once(cutToolCall("write", { filePath: "cut.txt", content: "x".repeat(80) })),
        )
        .when((turn) => turn.lastUser === "malformed", once(callRaw("write", '{"filePath": "bad.txt", ')))
        .when((turn) => turn.lastUser === "stall", [say("thinking"), stall()]),
    });
    bench = await openCode({ model });
    server = await bench.serve();
  });

  afterAll(async () => {
    await bench.dispose();
    await model.close();
  });

  const requestsOf = (session: string): RecordedRequest[] =>
    model.requests.filter((request) => request.sessionKey === session && request.kind === "chat");

  test("a 429 is tried again, not before its Retry-After", async () => {
    const session = await server.session({ title: "rate limit" });
    expect(await server.prompt(session, "rate limit")).toBe("recovered");
    const [refused, again] = requestsOf(session);
    expect(refused).toMatchObject({ outcome: "refused", status: 429 });
    expect((again?.receivedAt ?? 0) - (refused?.receivedAt ?? 0)).toBeGreaterThanOrEqual(1_000);
  });

  test("a 401 ends the turn with the provider's message", async () => {
    const session = await server.session({ title: "refusal" });
    await expect(server.prompt(session, "refusal")).rejects.toThrow("APIError: no such key");
    expect(requestsOf(session)).toHaveLength(1);
  });

  test("a tool call that was cut is tried again, and never executed", async () => {
    const session = await server.session({ title: "cut" });
    expect(await server.prompt(session, "cut")).toBe("recovered");
    expect(requestsOf(session).map((request) => request.outcome)).toEqual(["cut", "answered"]);
    expect(await bench.project.files()).not.toContain("cut.txt");
  });

  test("malformed arguments go back to the model as the tool's result", async () => {
    const session = await server.session({ title: "malformed" });
    expect(await server.prompt(session, "malformed")).toBe("recovered");
    const results = requestsOf(session)[1]?.body?.messages.filter((message) => message.role === "tool");
    expect(results?.[0]?.text).toContain("JSON parsing failed");
  });

  test("a stall keeps the session busy until it is aborted, which closes the provider's connection", async () => {
    const session = await server.session({ title: "stall" });
    const turn = server.prompt(session, "stall").catch((error: unknown) => error);
    await model.waitFor((request) => request.sessionKey === session);
    await expect(server.idle(session, 500)).rejects.toThrow("still busy");
    await server.client.session.abort({ path: { id: session }, throwOnError: true });
    await turn;
    await server.idle(session);
    await model.waitFor((request) => request.sessionKey === session && request.outcome === "aborted", 5_000);
  });
});
