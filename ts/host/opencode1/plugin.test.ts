import type { Config, Hooks, PluginInput, ToolContext } from "@opencode-ai/plugin";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import type { CommandCall, Contribution, ToolDefinition } from "../contribution.ts";
import type { Host, HostEvent } from "../host.ts";
import { clientOf } from "./client.fixture.ts";
import { openCode1 } from "./plugin.ts";

const CHAT = "You are powered by a model.\n<env>\nWorking directory: /project\n</env>";
const INSTRUCTIONS = "How our agents work.";

const echo: ToolDefinition<{ text: z.ZodString }> = {
  name: "echo",
  description: "says it again",
  parameters: { text: z.string() },
  async execute({ text }, call) {
    call.progress("echoing", { length: text.length });
    await call.ask({ permission: "bash", patterns: [text] });
    return { title: `for ${call.agent} in ${call.session}`, output: text };
  },
};

/** A contribution that keeps what it is told. */
function contributing(more: Partial<Contribution> = {}) {
  const heard: HostEvent[] = [];
  const calls: CommandCall[] = [];
  let disposed = 0;
  const contribution: Contribution = {
    agents: [],
    commands: [{ name: "task", description: "starts" }],
    tools: [],
    replacements: [],
    async onCommand(call) {
      calls.push(call);
      return { prompt: `objective: ${call.arguments}` };
    },
    onEvent: (event) => heard.push(event),
    beforeTool: async () => undefined,
    instructions: (session) => (session === "ours" ? INSTRUCTIONS : undefined),
    async dispose() {
      disposed += 1;
    },
    ...more,
  };
  return { contribution, heard, calls, disposed: () => disposed };
}

/** The hooks of the plugin as OpenCode gets them. */
async function hooksOf(contribution: Contribution): Promise<Hooks> {
  const { client } = clientOf({});
  const input = { client, directory: "/project" } as PluginInput;
  return openCode1("test", async () => contribution).server(input);
}

type CommandBefore = NonNullable<Hooks["command.execute.before"]>;
type SystemTransform = NonNullable<Hooks["experimental.chat.system.transform"]>;

const configure = async (hooks: Hooks, config: Config = {}) => hooks.config?.(config);

/** The text that a command's turn starts with, given the template's. */
async function commanded(hooks: Hooks, command: string): Promise<string[]> {
  const part = (text: string): Parameters<CommandBefore>[1]["parts"][number] => {
    return { id: "prt", sessionID: "s", messageID: "m", type: "text", text };
  };
  const parts = [part("the template"), part("more")];
  await hooks["command.execute.before"]?.({ command, sessionID: "s", arguments: "fix it" }, { parts });
  return parts.map((one) => (one.type === "text" ? one.text : ""));
}

/** The system message of a request, given what OpenCode put there. */
async function system(hooks: Hooks, sessionID: string | undefined, ...texts: string[]): Promise<string[]> {
  const output = { system: texts };
  const input = (sessionID === undefined ? {} : { sessionID }) as Parameters<SystemTransform>[0];
  await hooks["experimental.chat.system.transform"]?.(input, output);
  return output.system;
}

describe("the plugin", () => {
  it("gives the project's folder and the user's options to what it joins", async () => {
    const given: { host: Host; options: unknown }[] = [];
    const module = openCode1("an-id", async (host, options) => {
      given.push({ host, options });
      return contributing().contribution;
    });
    const input = { client: clientOf({}).client, directory: "/project" } as PluginInput;
    await module.server(input, { lanes: 1 });
    await module.server(input);
    expect(module.id).toBe("an-id");
    expect(given.map(({ host, options }) => [host.directory, options])).toEqual([
      ["/project", { lanes: 1 }],
      ["/project", {}],
    ]);
  });

  it("learns the user's models when OpenCode shows it the configuration", async () => {
    const hosts: Host[] = [];
    const module = openCode1("id", async (host) => {
      hosts.push(host);
      return contributing().contribution;
    });
    const input = { client: clientOf({}).client, directory: "/project" } as PluginInput;
    await configure(await module.server(input), { agent: { worker: { model: "p/m" } } });
    expect(hosts[0]?.modelOf("worker")).toEqual({ provider: "p", model: "m" });
  });

  it("disposes of what it joined when OpenCode closes the project", async () => {
    const { contribution, disposed } = contributing();
    const hooks = await hooksOf(contribution);
    expect(disposed()).toBe(0);
    await hooks.dispose?.();
    expect(disposed()).toBe(1);
  });
});

describe("a slash command", () => {
  it("of ours starts its turn with our prompt", async () => {
    const { contribution, calls } = contributing();
    const hooks = await hooksOf(contribution);
    await configure(hooks);
    expect(await commanded(hooks, "task")).toEqual(["objective: fix it", "more"]);
    expect(calls).toEqual([{ command: "task", arguments: "fix it", session: "s" }]);
  });

  it("of the user's that has our name is left alone", async () => {
    const { contribution, calls } = contributing();
    const hooks = await hooksOf(contribution);
    await configure(hooks, { command: { task: { template: "my own" } } });
    expect(await commanded(hooks, "task")).toEqual(["the template", "more"]);
    expect(calls).toEqual([]);
  });

  it("of anybody else's is left alone", async () => {
    const { contribution, calls } = contributing();
    const hooks = await hooksOf(contribution);
    await configure(hooks);
    expect(await commanded(hooks, "init")).toEqual(["the template", "more"]);
    expect(calls).toEqual([]);
  });
});

describe("an event", () => {
  it("is handed on as news, and dropped where it has none", async () => {
    const { contribution, heard } = contributing();
    const hooks = await hooksOf(contribution);
    await hooks.event?.({ event: { type: "session.idle", properties: { sessionID: "s" } } });
    await hooks.event?.({ event: { type: "server.connected", properties: {} } });
    expect(heard).toEqual([{ type: "idle", session: "s" }]);
  });
});

describe("instructions", () => {
  it("stand first, in the one system message", async () => {
    const hooks = await hooksOf(contributing().contribution);
    expect(await system(hooks, "ours", CHAT, "more")).toEqual([`${INSTRUCTIONS}\n\n${CHAT}\n\nmore`]);
  });

  it("are byte for byte the same on every turn", async () => {
    const hooks = await hooksOf(contributing().contribution);
    expect(await system(hooks, "ours", CHAT)).toEqual(await system(hooks, "ours", CHAT));
  });

  it("are not said twice where the agent's prompt has them", async () => {
    const hooks = await hooksOf(contributing().contribution);
    const prompt = `You are a worker. ${INSTRUCTIONS}`;
    expect(await system(hooks, "ours", prompt, CHAT)).toEqual([`${prompt}\n\n${CHAT}`]);
  });

  it("stay out of requests that are no chat: titles and summaries", async () => {
    const hooks = await hooksOf(contributing().contribution);
    expect(await system(hooks, "ours", "You are a title generator.", "x")).toEqual([
      "You are a title generator.",
      "x",
    ]);
  });

  it("leave the requests of other sessions as they are, and those of none", async () => {
    const hooks = await hooksOf(contributing().contribution);
    expect(await system(hooks, "another", CHAT, "more")).toEqual([CHAT, "more"]);
    expect(await system(hooks, undefined, CHAT, "more")).toEqual([CHAT, "more"]);
  });
});

describe("a tool", () => {
  /** The context of a call as OpenCode makes it, and what was asked through it. */
  function context(): { context: ToolContext; asked: unknown[] } {
    const asked: unknown[] = [];
    return {
      asked,
      context: {
        sessionID: "s",
        messageID: "m",
        agent: "worker",
        directory: "/project",
        worktree: "/project",
        abort: new AbortController().signal,
        metadata: () => undefined,
        ask: async (request) => {
          asked.push(request);
        },
      },
    };
  }

  it("is called with who calls, and answers text, title and what it showed last", async () => {
    const hooks = await hooksOf(contributing({ tools: [echo] }).contribution);
    const { context: call, asked } = context();
    expect(await hooks.tool?.["echo"]?.execute({ text: "ls" }, call)).toEqual({
      title: "for worker in s",
      output: "ls",
      metadata: { length: 2 },
    });
    expect(asked).toEqual([{ permission: "bash", patterns: ["ls"], always: ["ls"], metadata: {} }]);
  });

  it("whose permission is refused fails as the host said", async () => {
    const hooks = await hooksOf(contributing({ tools: [echo] }).contribution);
    const call: ToolContext = {
      ...context().context,
      ask: () => Promise.reject(new Error("rejected by the user")),
    };
    await expect(hooks.tool?.["echo"]?.execute({ text: "ls" }, call)).rejects.toThrow("rejected by the user");
  });
});

describe("a tool that is about to be used", () => {
  it("is told with its parameters, and refused with what the contribution says", async () => {
    const uses: unknown[] = [];
    const { contribution } = contributing({
      beforeTool: async (use) => {
        uses.push(use);
        if (use.tool === "edit") throw new Error("not this file");
      },
    });
    const before = (await hooksOf(contribution))["tool.execute.before"];
    const use = (tool: string) =>
      before?.({ tool, sessionID: "s", callID: "c" }, { args: { filePath: "a.ts" } });
    await use("read");
    await expect(use("edit")).rejects.toThrow("not this file");
    expect(uses[0]).toEqual({ session: "s", tool: "read", parameters: { filePath: "a.ts" } });
  });
});

describe("a message in a session", () => {
  it("is the user's unless all of it is ours", async () => {
    const { contribution, heard } = contributing();
    const message = (await hooksOf(contribution))["chat.message"];
    type Output = Parameters<NonNullable<typeof message>>[1];
    const parts = (...synthetic: readonly boolean[]) =>
      ({
        message: {},
        parts: synthetic.map((ours) => ({ type: "text", text: "x", synthetic: ours })),
      }) as Output;
    await message?.({ sessionID: "s" }, parts(true));
    expect(heard).toEqual([]);
    await message?.({ sessionID: "s" }, parts(true, false));
    expect(heard).toEqual([{ type: "user_spoke", session: "s" }]);
  });
});
