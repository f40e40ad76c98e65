/** `review_task`: a reviewer's verdict. */
import * as z from "zod";
import type { ToolDefinition } from "../../host/contribution.ts";
import { MissionError } from "../error.ts";
import type { Orchestrator } from "../orchestrator.ts";
import { guarded, only } from "./guard.ts";
import { leaseFor } from "./lease.ts";

const parameters = {
  verdict: z.enum(["approve", "reject"]),
  findings: z
    .array(
      z.object({
        file: z.string().optional(),
        line: z.int().positive().optional(),
        severity: z.enum(["critical", "major", "minor"]),
        message: z.string().describe("What is wrong and what would be right"),
      }),
    )
    .optional(),
};

export function reviewTask(orchestrator: Orchestrator): ToolDefinition<typeof parameters> {
  return guarded({
    name: "review_task",
    description: "Give your verdict. A rejection needs at least one finding.",
    parameters,
    async execute({ verdict, findings = [] }, call) {
      only(["reviewer"], "review_task", call);
      if (verdict === "reject" && findings.length === 0) {
        throw new MissionError(
          "ERR_ARGUMENTS",
          "a rejection without findings can't be acted on: name what must change",
        );
      }
      const { mission, lease } = leaseFor(orchestrator, call);
      if (await mission.judge({ lease, verdict, findings }))
        return { title: verdict, output: "Recorded. Stop here." };
      return {
        title: "verdict void",
        output:
          "Your verdict is void: files under review changed while you looked, and a reviewer changes none. Another reviewer is asked. Stop here.",
      };
    },
  });
}
