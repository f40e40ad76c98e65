import { describe, expect, it } from "vitest";
import * as z from "zod";
import type { Contribution, ToolDefinition } from "./contribution.ts";
import { type FakeAgent, FakeFailure, FakeHost } from "./fake.ts";
import type { HostEvent } from "./host.ts";

const shout: ToolDefinition<{ text: z.ZodString }> = {
  name: "shout",
  description: "",
  parameters: { text: z.string() },
  async execute({ text }, { ask }) {
    await ask({ permission: "noise", patterns: [text] });
    return { output: text.toUpperCase() };
  },
};

/** A host with one session, played by `agent`, and the events that came of it. */
async function hostPlaying(agent: FakeAgent) {
  const heard: HostEvent[] = [];
  const host = new FakeHost("/project", { agent });
  const contribution: Contribution = {
    agents: [],
    commands: [],
    tools: [shout],
    replacements: [],
    onCommand: async ({ arguments: text }) => ({ prompt: text }),
    onEvent: (event) => heard.push(event),
    beforeTool: async () => undefined,
    instructions: () => undefined,
    dispose: async () => undefined,
  };
  host.open("user");
  await host.start(async () => contribution);
  const session = await host.createSession({ parent: "user", title: "t" });
  const types = () => heard.map(({ type }) => type);
  const rested = () => expect.poll(() => types().at(-1)).toBe("idle");
  const prompt = () => host.prompt({ session, agent: "agent", text: "go" });
  return { host, session, types, rested, prompt };
}

describe("the fake host", () => {
  it("takes a prompt at once, and tells by events how the turn goes on", async () => {
    const { host, session, types, rested, prompt } = await hostPlaying(async () => "answer");
    await prompt();
    expect(host.busy).toEqual([session]);
    expect(await host.lastTurn(session)).toMatchObject({ complete: false });
    await rested();
    expect(types()).toEqual(["busy", "idle"]);
    expect(await host.lastTurn(session)).toMatchObject({ complete: true, text: "answer" });
    expect(host.busy).toEqual([]);
  });

  it("names each answer anew", async () => {
    const { host, session, rested, prompt } = await hostPlaying(async () => "same");
    await prompt();
    await rested();
    const { answer } = await host.lastTurn(session);
    await prompt();
    await expect.poll(async () => (await host.lastTurn(session)).complete).toBe(true);
    expect((await host.lastTurn(session)).answer).not.toBe(answer);
  });

  it("ends a turn that is stopped as a real host does: an error, then idle", async () => {
    const { host, session, types, rested, prompt } = await hostPlaying(() => new Promise(() => undefined));
    await prompt();
    await host.abort(session);
    await rested();
    expect(types()).toEqual(["busy", "error", "idle"]);
    expect(await host.lastTurn(session)).toMatchObject({
      complete: false,
      error: { name: "MessageAbortedError" },
    });
  });

  it("reports the failure that an agent was told to have", async () => {
    const failure = { name: "APIError", message: "slow down", status: 429 };
    const { host, session, rested, prompt } = await hostPlaying(() => {
      return Promise.reject(new FakeFailure(failure));
    });
    await prompt();
    await rested();
    expect(await host.lastTurn(session)).toMatchObject({ complete: false, error: failure });
  });

  it("refuses tools that were not contributed and arguments of another form", async () => {
    const { host } = await hostPlaying(async () => "");
    expect(await host.call("user", "agent", "shout", { text: "hey" })).toEqual({ output: "HEY" });
    await expect(host.call("user", "agent", "shout", { text: 7 })).rejects.toThrow();
    await expect(host.call("user", "agent", "whisper", {})).rejects.toThrow(/no tool "whisper"/);
  });

  it("asks for permission when a tool does", async () => {
    const { host } = await hostPlaying(async () => "");
    host.permission = (permission, patterns) => {
      throw new Error(`refused ${permission} ${patterns.join()}`);
    };
    await expect(host.call("user", "agent", "shout", { text: "x" })).rejects.toThrow("refused noise x");
  });

  it("refuses a prompt to a session or an agent that is not there", async () => {
    const { host, session } = await hostPlaying(async () => "");
    await expect(host.prompt({ session: "gone", agent: "agent", text: "" })).rejects.toThrow(/gone/);
    await expect(host.prompt({ session, agent: "nobody", text: "" })).rejects.toThrow(/no agent nobody/);
  });
});
