/** `review_task`: a reviewer's verdict. */
import * as z from "zod";
import type { ToolDefinition } from "../../host/contribution.ts";
import { MissionError } from "../error.ts";
import type { Orchestrator } from "../orchestrator.ts";
import { guarded, only } from "./guard.ts";
import { leaseFor } from "./lease.ts";

/** Files that are named to a reviewer whose verdict is void. */
const MOST_NAMED = 10;

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
      const changed = await mission.judge({ lease, verdict, findings });
      if (changed.length === 0) return { title: verdict, output: "Recorded. Stop here." };
      const named = changed.slice(0, MOST_NAMED).join(", ");
      const more = changed.length > MOST_NAMED ? ` and ${changed.length - MOST_NAMED} more` : "";
      return {
        title: "verdict void",
        output: `Your verdict is void: ${named}${more} changed while you looked, and a reviewer changes no files. Another reviewer is asked. Stop here.`,
      };
    },
  });
}
