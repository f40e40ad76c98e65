import { afterEach, expect, test } from "vitest";
import { ask, assemble, drain, post } from "./client.fixture.ts";
import {
  after,
  call,
  callRaw,
  cut,
  cutToolCall,
  garbage,
  pace,
  type Reply,
  refuse,
  type ScriptedModel,
  say,
  scenario,
  stall,
  startScriptedModel,
} from "./index.ts";

const started: ScriptedModel[] = [];

async function model(reply: Reply): Promise<ScriptedModel> {
  const server = await startScriptedModel({ scenario: scenario().otherwise(reply) });
  started.push(server);
  return server;
}

afterEach(async () => {
  for (const server of started.splice(0)) await server.close();
});

/** Bun 1.3.14's node:http never tells of a client that left after its body was read (oven-sh/bun #28976). */
const clientLeaves = test.skipIf("bun" in process.versions);

/** Milliseconds until `promise` settles. */
async function took(promise: Promise<unknown>): Promise<number> {
  const from = performance.now();
  await promise;
  return performance.now() - from;
}

test("a refusal has its status, Retry-After and an error object", async () => {
  const server = await model(refuse(429, { retryAfter: 2, message: "slow down" }));
  const response = await post(server.url);
  expect(response.status).toBe(429);
  expect(response.headers.get("retry-after")).toBe("2");
  expect(await response.json()).toMatchObject({ error: { message: "slow down", code: "429" } });
  expect(server.requests[0]).toMatchObject({ outcome: "refused", status: 429 });
});

test("a refusal carries headers and a body of any kind", async () => {
  const { url } = await model(
    refuse(503, { headers: { "content-type": "text/html", "x-why": "maintenance" }, body: "<h1>down</h1>" }),
  );
  const response = await post(url);
  expect([response.status, response.headers.get("x-why"), await response.text()]).toEqual([
    503,
    "maintenance",
    "<h1>down</h1>",
  ]);
});

test("a delay comes before the headers", async () => {
  const { url } = await model(after(80, say("late")));
  expect(await took(post(url))).toBeGreaterThanOrEqual(78);
});

test("a delayed refusal still refuses", async () => {
  const { url } = await model(after(30, refuse(500)));
  expect((await post(url)).status).toBe(500);
});

test("a refusal after text is a mistake of the scenario: nothing is sent but that", async () => {
  const server = await model([say("already talking"), refuse(500)]);
  expect((await post(server.url)).status).toBe(400);
  expect(server.requests[0]).toMatchObject({
    outcome: "failed",
    error: "a refusal must be the first step, save for a wait",
  });
});

test("a pace spreads the chunks over time", async () => {
  const { url } = await model([pace(20), say("x".repeat(24 * 5))]);
  const response = await post(url);
  expect(await took(response.text())).toBeGreaterThanOrEqual(90);
});

clientLeaves("a stalled stream stays open and says nothing more, until the client gives up", async () => {
  const server = await model([say("thinking"), stall()]);
  const giveUp = new AbortController();
  const response = await post(server.url, { signal: giveUp.signal });
  const draining = drain(response);
  const silent = await Promise.race([draining, new Promise((resolve) => setTimeout(resolve, 150, "silent"))]);
  expect(silent).toBe("silent");
  expect(server.requests[0]?.outcome).toBe("open");
  giveUp.abort();
  const { body, broke } = await draining;
  expect(body).toContain("thinking");
  expect(body).not.toContain("[DONE]");
  expect(broke).toBeInstanceOf(Error);
  const record = await server.waitFor((request) => request.outcome !== "open", 2_000);
  expect(record.outcome).toBe("aborted");
});

clientLeaves("a client that leaves during a delay is recorded as aborted at once", async () => {
  const server = await model(after(60_000, say("never")));
  const giveUp = new AbortController();
  const asked = post(server.url, { signal: giveUp.signal });
  await server.waitFor(() => true);
  giveUp.abort();
  await expect(asked).rejects.toThrow();
  const record = await server.waitFor((request) => request.outcome === "aborted", 2_000);
  expect(record.status).toBeUndefined();
});

clientLeaves("a client that leaves in the middle of a paced text is recorded as aborted", async () => {
  const server = await model([pace(10), say("x".repeat(24 * 500))]);
  const giveUp = new AbortController();
  const draining = drain(await post(server.url, { signal: giveUp.signal }));
  setTimeout(() => giveUp.abort(), 50);
  expect((await draining).broke).toBeInstanceOf(Error);
  const record = await server.waitFor((request) => request.outcome !== "open", 2_000);
  expect(record.outcome).toBe("aborted");
});

test("a cut tool call ends the connection in the middle of its arguments", async () => {
  const args = { filePath: "a.ts", content: "x".repeat(100) };
  const server = await model(cutToolCall("write", args, 60));
  const { body, broke } = await drain(await post(server.url));
  expect(broke).toBeInstanceOf(Error);
  const { calls, finish, done } = assemble(body);
  expect(calls).toEqual([{ id: expect.any(String), name: "write", json: JSON.stringify(args).slice(0, 60) }]);
  expect([finish, done]).toEqual([null, false]);
  expect(server.requests[0]?.outcome).toBe("cut");
});

test("a cut right at the start still answers with headers", async () => {
  const { url } = await model(cut());
  const response = await post(url);
  expect(response.status).toBe(200);
  expect((await drain(response)).broke).toBeInstanceOf(Error);
});

test("a cut reply that is not streamed is no whole object", async () => {
  const { url } = await model([say("half"), cut()]);
  const { body, broke } = await drain(await post(url, { stream: false }));
  expect(body).not.toContain("choices");
  expect(broke).toBeInstanceOf(Error);
});

test("malformed arguments arrive as they are, in a stream that is otherwise whole", async () => {
  const { url } = await model(callRaw("write", '{"filePath": "a.ts", '));
  const streamed = await ask(url);
  expect(streamed).toMatchObject({ finish: "tool_calls", done: true });
  expect(streamed.calls[0]?.json).toBe('{"filePath": "a.ts", ');
});

test("garbage is an event that is no JSON, between good ones", async () => {
  const { url } = await model([say("good"), garbage(), call("read")]);
  const body = await (await post(url)).text();
  expect(() => assemble(body)).toThrow(SyntaxError);
  expect(body).toContain("good");
  expect(body).toContain("[DONE]");
});

test("garbage spoils a reply that is not streamed", async () => {
  const { url } = await model([garbage("<<<"), say("good")]);
  await expect((await post(url, { stream: false })).json()).rejects.toThrow(SyntaxError);
});
