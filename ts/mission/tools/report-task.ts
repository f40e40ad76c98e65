/** `report_task`: a worker says that its turn is done. What follows are checks, not belief. */
import * as z from "zod";
import type { ToolDefinition } from "../../host/contribution.ts";
import type { Orchestrator } from "../orchestrator.ts";
import { guarded, only } from "./guard.ts";
import { leaseFor } from "./lease.ts";

const parameters = {
  status: z.enum(["done", "blocked", "failed"]),
  summary: z.string().describe("What was done, in 1 to 4 sentences"),
  evidence: z.array(z.string()).optional().describe("Commands run and what they said"),
  files: z.array(z.string()).optional().describe("Files changed"),
};

export function reportTask(orchestrator: Orchestrator): ToolDefinition<typeof parameters> {
  return guarded({
    name: "report_task",
    description: "End your turn on the task. The engine then checks the result.",
    parameters,
    async execute({ status, summary, evidence, files }, call) {
      only(["worker"], "report_task", call);
      const { mission, lease } = leaseFor(orchestrator, call);
      mission.submit({
        type: "task_reported",
        lease,
        status,
        summary,
        evidence: evidence ?? [],
        files: files ?? [],
      });
      return {
        title: `reported ${status}`,
        output: "Recorded. Stop here; the checks run when your turn has ended.",
      };
    },
  });
}
