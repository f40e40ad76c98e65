import { describe, expect, it } from "vitest";
import type { Event } from "../engine/index.ts";
import { type FakeAgent, FakeFailure, FakeHost } from "../host/fake.ts";
import { Continuation } from "./continuation.ts";

const SESSION = "user";
const CONTINUE = { type: "continue", edge: "e1", session: SESSION, reason: "Go on." } as const;

/** The commander's session, played by `commander`, and what the engine is told of it. */
async function commanded(commander: FakeAgent) {
  const told: Event[] = [];
  const host = new FakeHost("/project", { commander });
  host.open(SESSION);
  const continuation = new Continuation({ host, session: SESSION, submit: (event) => told.push(event) });
  await host.start(async () => ({
    agents: [],
    commands: [],
    tools: [],
    replacements: [],
    onCommand: async () => ({ prompt: "" }),
    onEvent: (event) => continuation.hear(event),
    beforeTool: async () => undefined,
    instructions: () => undefined,
    dispose: async () => undefined,
  }));
  const speak = () => host.prompt({ session: SESSION, agent: "commander", text: "hello" });
  const types = () => told.map(({ type }) => type);
  return { host, continuation, told, types, speak };
}

describe("the commander's session", () => {
  it("that comes to rest is told of by its newest answer, so that one edge has one name however often it is told", async () => {
    const { continuation, told, speak } = await commanded(async () => "done");
    await speak();
    await expect.poll(() => told.length).toBe(1);
    continuation.hear({ type: "idle", session: SESSION });
    await expect.poll(() => told.length).toBe(2);
    expect(told[0]).toEqual({ type: "commander_idle", session: SESSION, edge: "user-answer1" });
    expect(told[1]).toEqual(told[0]);
  });

  it("is not believed to rest while the host says that it works", async () => {
    const { continuation, told, speak } = await commanded(() => new Promise(() => undefined));
    await speak();
    continuation.hear({ type: "idle", session: SESSION });
    await new Promise((resolve) => setImmediate(resolve));
    expect(told).toEqual([]);
  });

  it("that the user interrupted pauses the mission; one whose turn failed is left to the user", async () => {
    const aborted = await commanded(async () => {
      throw new FakeFailure({ name: "MessageAbortedError", message: "aborted" });
    });
    await aborted.speak();
    await expect.poll(aborted.types).toEqual(["paused"]);
    const failed = await commanded(async () => {
      throw new FakeFailure({ name: "APIError", message: "no money", status: 402 });
    });
    await failed.speak();
    await expect.poll(() => failed.host.busy).toEqual([]);
    expect(failed.types()).toEqual([]);
  });

  it("tells of a word of the user's, and other sessions are none of its business", async () => {
    const { continuation, types } = await commanded(async () => "");
    continuation.hear({ type: "user_spoke", session: "other" });
    continuation.hear({ type: "idle", session: "other" });
    continuation.hear({ type: "user_spoke", session: SESSION });
    expect(types()).toEqual(["user_spoke"]);
  });
});

describe("a continuation", () => {
  it("is told as accepted when the session was seen to begin with it, as its own agent and with its own model", async () => {
    const { continuation, host, types } = await commanded(() => new Promise(() => undefined));
    await continuation.send(CONTINUE);
    expect(host.prompts).toEqual([
      { session: SESSION, agent: "commander", model: host.model, text: "Go on." },
    ]);
    expect(types()).toEqual(["continue_accepted"]);
  });

  it("is not sent into a session that works already: whoever was faster has the word", async () => {
    const { continuation, host, types, speak } = await commanded(() => new Promise(() => undefined));
    await speak();
    await continuation.send(CONTINUE);
    expect(host.prompts).toHaveLength(1);
    expect(types()).toEqual(["user_spoke"]);
  });

  it("that the host refuses is told as failed", async () => {
    const { continuation, host, told } = await commanded(async () => "");
    host.prompt = () => Promise.reject(new Error("no such agent"));
    await continuation.send(CONTINUE);
    expect(told).toEqual([{ type: "continue_failed", edge: "e1", message: "no such agent" }]);
  });

  it("that the host takes and then can't carry out is told as failed", async () => {
    const { continuation, host, told } = await commanded(async () => "");
    host.prompt = async () => {
      setImmediate(() =>
        host.emit({
          type: "error",
          session: SESSION,
          error: { name: "UnknownError", message: "unknown model" },
        }),
      );
    };
    await continuation.send(CONTINUE);
    expect(told).toEqual([{ type: "continue_failed", edge: "e1", message: "unknown model" }]);
  });
});
