/**
 * {@link Replacement}s as tools of an OpenCode 1 plugin.
 *
 * A plugin's tool that is named like one of OpenCode's own takes its place, also in the order of a request. Two things
 * would still tell them apart, and two hooks undo them: a plugin's tool is described by the plugin, and its answer is
 * cut and marked by OpenCode as it cuts those of tools that don't do so themselves.
 */
import type { Hooks, ToolDefinition as OpenCodeTool } from "@opencode-ai/plugin";
import type { Replacement, ReplacementAnswer } from "../contribution.ts";

/** What a request says of a tool. `jsonSchema` is not in OpenCode's types; it is made of `parameters` where absent. */
type Definition = Parameters<NonNullable<Hooks["tool.definition"]>>[1];

type Context = Parameters<OpenCodeTool["execute"]>[1];

/** Tells a definition of ours: no model sees it, unless OpenCode asks for ours before its own. */
const OURS = (name: string) => `Does what OpenCode's own tool ${name} does.`;

/** The tools and the hooks that make `replacements` pass for the host's own. */
export function replacing(
  replacements: readonly Replacement[],
): Required<Pick<Hooks, "tool" | "tool.definition" | "tool.execute.after">> {
  const names = new Set(replacements.map(({ name }) => name));
  const definitions = new Map<string, Definition>();
  const answers = new Map<string, ReplacementAnswer>();
  return {
    tool: Object.fromEntries(
      replacements.map((replacement) => [replacement.name, tool(replacement, answers)]),
    ),
    // OpenCode asks for each of its tools, then for those of plugins: its own definition is known when ours comes.
    async "tool.definition"({ toolID }, definition) {
      if (!names.has(toolID)) return;
      if (definition.description !== OURS(toolID)) definitions.set(toolID, { ...definition });
      else Object.assign(definition, definitions.get(toolID));
    },
    async "tool.execute.after"({ callID }, result) {
      const answer = answers.get(callID);
      if (answer === undefined) return;
      answers.delete(callID);
      Object.assign(result, { ...answer, metadata: { ...answer.metadata } });
    },
  };
}

function tool(replacement: Replacement, answers: Map<string, ReplacementAnswer>): OpenCodeTool {
  return {
    description: OURS(replacement.name),
    // Checked by the replacement itself: OpenCode checks no arguments of a plugin's tool.
    args: {},
    async execute(args: unknown, context) {
      const answer = await replacement.execute(args, {
        directory: context.directory,
        worktree: context.worktree,
        signal: context.abort,
        ask: ({ permission, patterns, always, metadata }) =>
          context.ask({
            permission,
            patterns: [...patterns],
            always: [...always],
            metadata: { ...metadata },
          }),
      });
      const call = callOf(context);
      if (call !== undefined) answers.set(call, answer);
      return { ...answer, metadata: { ...answer.metadata } };
    },
  };
}

/** OpenCode hands it over, but its types don't say so. */
function callOf(context: Context): string | undefined {
  return "callID" in context && typeof context.callID === "string" ? context.callID : undefined;
}
