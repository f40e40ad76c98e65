/** {@link Contribution} as a plugin of OpenCode 1. */
import type { Hooks, ToolDefinition as OpenCodeTool, PluginModule } from "@opencode-ai/plugin";
import type { OpencodeClient } from "@opencode-ai/sdk";
import type { Contribute, Contribution, ToolDefinition } from "../contribution.ts";
import { configure } from "./config.ts";
import { hostEventOf } from "./events.ts";
import { OpenCode1Host } from "./host.ts";
import { CallProgress } from "./progress.ts";
import { replacing } from "./replacements.ts";

/** Chat requests describe the environment in their system message; requests for a title or a summary don't. */
const CHAT_MARK = "<env>";

/** The plugin module that OpenCode 1 loads. It starts once for every project that OpenCode opens. */
export function openCode1(id: string, contribute: Contribute): PluginModule {
  return {
    id,
    async server({ client, directory }, options) {
      const host = new OpenCode1Host(client, directory);
      return hooks(host, await contribute(host, options ?? {}), client);
    },
  };
}

function hooks(host: OpenCode1Host, contribution: Contribution, client: OpencodeClient): Hooks {
  let ours: ReadonlySet<string> = new Set();
  const { tool: replaced, ...replacementHooks } = replacing(contribution.replacements);
  return {
    ...replacementHooks,
    async config(config) {
      ours = configure(config, contribution);
      host.learnModels(config.agent ?? {});
    },
    async "command.execute.before"({ command, arguments: text, sessionID }, { parts }) {
      if (!ours.has(command)) return;
      const reply = await contribution.onCommand({ command, arguments: text, session: sessionID });
      const first = parts.find((part) => part.type === "text");
      if (first !== undefined) first.text = reply.prompt;
    },
    async event({ event }) {
      const news = hostEventOf(event);
      if (news !== undefined) contribution.onEvent(news);
    },
    async "chat.message"({ sessionID }, { parts }) {
      const users = parts.some((part) => part.type !== "text" || part.synthetic !== true);
      if (users) contribution.onEvent({ type: "user_spoke", session: sessionID });
    },
    "tool.execute.before": ({ tool, sessionID }, { args }) =>
      contribution.beforeTool({ session: sessionID, tool, parameters: args }),
    async "experimental.chat.system.transform"({ sessionID }, output) {
      const instructions = sessionID === undefined ? undefined : contribution.instructions(sessionID);
      if (instructions === undefined || !output.system.some((text) => text.includes(CHAT_MARK))) return;
      output.system.splice(0, output.system.length, withFirst(instructions, output.system));
    },
    tool: {
      ...replaced,
      ...Object.fromEntries(contribution.tools.map((tool) => [tool.name, openCodeTool(tool, client, host)])),
    },
    dispose: () => contribution.dispose(),
  };
}

/** One system message that starts with `instructions`: strict backends refuse a second one. */
function withFirst(instructions: string, system: readonly string[]): string {
  const present = system.some((text) => text.includes(instructions));
  return [...(present ? [] : [instructions]), ...system].join("\n\n");
}

function openCodeTool(tool: ToolDefinition, client: OpencodeClient, host: OpenCode1Host): OpenCodeTool {
  return {
    description: tool.description,
    args: tool.parameters,
    async execute(args, context) {
      const calling = { session: context.sessionID, message: context.messageID, tool: tool.name };
      const progress = new CallProgress(client, calling, context.abort, (error) => {
        void host.log("warn", `could not show what ${tool.name} is doing: ${String(error)}`);
      });
      let metadata = {};
      const { title, output } = await tool
        .execute(args, {
          session: context.sessionID,
          agent: context.agent,
          signal: context.abort,
          progress: (shown, detail) => {
            metadata = { ...detail };
            progress.show({ title: shown, metadata });
          },
          ask: ({ permission, patterns, detail }) =>
            context.ask({
              permission,
              patterns: [...patterns],
              always: [...patterns],
              metadata: { ...detail },
            }),
        })
        .finally(() => progress.close());
      return { output, metadata, ...(title === undefined ? {} : { title }) };
    },
  };
}
