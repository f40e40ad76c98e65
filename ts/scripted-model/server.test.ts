import { afterEach, describe, expect, test } from "vitest";
import { ask, post } from "./client.fixture.ts";
import {
  call,
  finish,
  peakInFlight,
  type Responder,
  type ScriptedModel,
  say,
  stall,
  startScriptedModel,
  usage,
  wait,
} from "./index.ts";

const started: ScriptedModel[] = [];

async function model(respond: Responder): Promise<ScriptedModel> {
  const server = await startScriptedModel({ respond });
  started.push(server);
  return server;
}

afterEach(async () => {
  for (const server of started.splice(0)) await server.close();
});

describe("a streamed reply", () => {
  test("carries the text in pieces, then the reason, the usage and the end mark", async () => {
    const text = "The quick brown fox jumps over the lazy dog, twice: 🦊🦊.";
    const { url } = await model(() => say(text));
    const streamed = await ask(url);
    expect(streamed).toMatchObject({ text, finish: "stop", done: true, calls: [] });
    expect(streamed.chunks).toBeGreaterThan(4);
    expect(streamed.usage?.total_tokens).toBe(
      (streamed.usage?.prompt_tokens ?? 0) + (streamed.usage?.completion_tokens ?? 0),
    );
  });

  test("carries parallel tool calls, each with its own id and index", async () => {
    const { url } = await model(() => [
      say("on it"),
      call("write", { filePath: "a.ts", content: "export const a = 1;\n".repeat(5) }),
      call("read", { filePath: "b.ts" }, "call_named"),
    ]);
    const streamed = await ask(url);
    expect(streamed.finish).toBe("tool_calls");
    expect(streamed.calls.map((made) => made.name)).toEqual(["write", "read"]);
    expect(JSON.parse(streamed.calls[0]?.json ?? "")).toEqual({
      filePath: "a.ts",
      content: "export const a = 1;\n".repeat(5),
    });
    expect(streamed.calls[1]).toEqual({ id: "call_named", name: "read", json: '{"filePath":"b.ts"}' });
    expect(streamed.calls[0]?.id).not.toBe("call_named");
  });

  test("reports the usage and the reason that the scenario names", async () => {
    const { url } = await model(() => [
      say("half"),
      usage({ promptTokens: 7, completionTokens: 5 }),
      finish("length"),
    ]);
    expect(await ask(url)).toMatchObject({
      finish: "length",
      usage: { prompt_tokens: 7, completion_tokens: 5, total_tokens: 12 },
    });
  });

  test("has no usage chunk for a client that did not ask for one", async () => {
    const { url } = await model(() => say("ok"));
    const response = await fetch(`${url}/chat/completions`, {
      method: "POST",
      body: JSON.stringify({ model: "m", messages: [{ role: "user", content: "hi" }], stream: true }),
    });
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    expect(await response.text()).not.toContain("usage");
  });
});

describe("a reply that is not streamed", () => {
  test("is one object with the same text, calls and usage", async () => {
    const { url } = await model(() => [say("hello"), call("read", { filePath: "a" })]);
    const reply: unknown = await (await post(url, { stream: false })).json();
    expect(reply).toMatchObject({
      object: "chat.completion",
      choices: [
        {
          finish_reason: "tool_calls",
          message: {
            role: "assistant",
            content: "hello",
            tool_calls: [{ type: "function", function: { name: "read", arguments: '{"filePath":"a"}' } }],
          },
        },
      ],
      usage: { completion_tokens: expect.any(Number) },
    });
  });
});

describe("the recording", () => {
  test("keeps the bytes, headers, role, session and times of each request", async () => {
    const server = await model(() => [wait(20), say("done")]);
    await ask(server.url, {
      session: "ses_a",
      parent: "ses_p",
      tools: ["report_task"],
      messages: [{ role: "user", content: "größer" }],
    });
    const [record] = server.requests;
    expect(record).toMatchObject({
      sequence: 1,
      role: "worker",
      kind: "chat",
      sessionKey: "ses_a",
      parentKey: "ses_p",
      number: 1,
      status: 200,
      outcome: "answered",
      steps: [{ type: "wait" }, { type: "text" }],
    });
    expect(record?.headers["x-session-id"]).toBe("ses_a");
    expect(record?.raw).toContain("größer");
    expect(record?.bytes).toBe(Buffer.byteLength(record?.raw ?? ""));
    expect((record?.endedAt ?? 0) - (record?.receivedAt ?? 0)).toBeGreaterThanOrEqual(18);
  });

  test("says how many requests were open at once", async () => {
    const server = await model(() => [wait(60), say("done")]);
    await Promise.all([ask(server.url), ask(server.url), ask(server.url)]);
    await ask(server.url);
    expect(peakInFlight(server.requests)).toBe(3);
  });

  test("keeps sizes but no bodies where that is asked for", async () => {
    const server = await startScriptedModel({ respond: () => say("x"), recordBodies: false });
    started.push(server);
    await ask(server.url);
    expect(server.requests[0]).toMatchObject({ raw: "", body: undefined });
    expect(server.requests[0]?.bytes).toBeGreaterThan(50);
  });
});

describe("waiting for a request", () => {
  test("finds one that came before and one that comes later", async () => {
    const server = await model(() => say("x"));
    const later = server.waitFor(
      (request) => request.sessionKey === "ses_late" && request.outcome === "answered",
    );
    await ask(server.url, { session: "ses_late" });
    expect((await later).sequence).toBe(1);
    expect((await server.waitFor(() => true)).sequence).toBe(1);
  });

  test("fails after the timeout and lists what came instead", async () => {
    const server = await model(() => say("x"));
    await ask(server.url, { session: "ses_other", tools: ["review_task"] });
    await expect(server.waitFor(() => false, 30)).rejects.toMatchObject({
      code: "wait-timeout",
      message: expect.stringContaining("1. chat by reviewer, turn 1 of ses_other: answered"),
    });
  });

  test("fails at once when the server is closed", async () => {
    const server = await model(() => say("x"));
    const waiting = server.waitFor(() => false, 60_000);
    const failed = waiting.catch((error: unknown) => error);
    await server.close();
    expect(await failed).toMatchObject({ code: "closed" });
    await expect(server.waitFor(() => true)).rejects.toMatchObject({ code: "closed" });
  });
});

describe("the server", () => {
  test("lists its models", async () => {
    const { url } = await model(() => say("x"));
    expect(await (await fetch(`${url}/models`)).json()).toMatchObject({
      data: [{ id: "m", object: "model" }],
    });
  });

  test("refuses other routes with 404 and a body that is no chat request with 400", async () => {
    const { url } = await model(() => say("x"));
    expect((await fetch(`${url}/embeddings`, { method: "POST", body: "{}" })).status).toBe(404);
    const bad = await fetch(`${url}/chat/completions`, { method: "POST", body: "{" });
    expect(bad.status).toBe(400);
    expect(await bad.text()).toContain("not JSON");
    const empty = await fetch(`${url}/chat/completions`, { method: "POST", body: "{}" });
    expect(await empty.text()).toContain("messages");
  });

  test("says which port is taken", async () => {
    const { port } = await model(() => say("x"));
    await expect(startScriptedModel({ respond: () => say("y"), port })).rejects.toMatchObject({
      code: "listen-failed",
      message: expect.stringContaining(String(port)),
    });
  });

  test("closes while a reply is stalled, and records that", async () => {
    const server = await model(() => stall());
    const response = await post(server.url);
    await server.close();
    await expect(response.text()).rejects.toThrow();
    expect(server.requests[0]?.outcome).toBe("closed");
  });
});
