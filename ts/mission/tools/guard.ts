/** What every tool of ours does around its work: finds the mission, checks who is calling, turns errors into answers. */

import type * as z from "zod";
import { EngineError } from "../../engine/index.ts";
import type { ToolAnswer, ToolCall, ToolDefinition } from "../../host/contribution.ts";
import { MissionError } from "../error.ts";

/** A tool whose errors become answers: a model can act on a sentence, not on a stack. */
export function guarded<Shape extends z.ZodRawShape>(tool: ToolDefinition<Shape>): ToolDefinition<Shape> {
  return {
    ...tool,
    async execute(parameters, call): Promise<ToolAnswer> {
      try {
        return await tool.execute(parameters, call);
      } catch (error) {
        if (error instanceof MissionError || EngineError.is(error)) {
          return { title: `${tool.name}: refused`, output: `Refused (${error.code}): ${error.message}` };
        }
        throw error;
      }
    },
  };
}

/**
 * The second guard behind the permissions: refuses an agent that has no business with a tool.
 * @throws MissionError `ERR_WRONG_AGENT`
 */
export function only(agents: readonly string[], tool: string, call: ToolCall): void {
  if (agents.includes(call.agent)) return;
  throw new MissionError("ERR_WRONG_AGENT", `${tool} is for ${agents.join(" and ")}, not for ${call.agent}`);
}
