/** `request_scope`: a worker asks for files beyond those of its task. */
import * as z from "zod";
import type { ToolDefinition } from "../../host/contribution.ts";
import type { Orchestrator } from "../orchestrator.ts";
import { guarded, only } from "./guard.ts";
import { leaseFor } from "./lease.ts";

const parameters = { files: z.array(z.string()).min(1).describe("Globs"), reason: z.string() };

export function requestScope(orchestrator: Orchestrator): ToolDefinition<typeof parameters> {
  return guarded({
    name: "request_scope",
    description: "Ask for files outside of your task's.",
    parameters,
    async execute({ files, reason }, call) {
      only(["worker"], "request_scope", call);
      const { mission, lease } = leaseFor(orchestrator, call);
      return { output: mission.scopes.ask(lease, files, reason).join("\n") };
    },
  });
}
