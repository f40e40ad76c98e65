/** `update_todo`: changes single tasks of the plan, for a known version of it. */
import * as z from "zod";
import type { AmendedStatus, Amendment } from "../../engine/index.ts";
import type { ToolDefinition } from "../../host/contribution.ts";
import { MissionError } from "../error.ts";
import type { Orchestrator } from "../orchestrator.ts";
import { guarded, only } from "./guard.ts";
import { listText } from "./tasks.ts";

const STATUSES: readonly string[] = ["pending", "cancelled"] satisfies readonly AmendedStatus[];

const parameters = {
  expected_version: z.int().describe("Of the plan, as tasks list or todo.md says"),
  items: z.array(
    z.object({
      id: z.string(),
      status: z.string().optional().describe('"cancelled", or "pending": try again'),
      title: z.string().optional(),
    }),
  ),
};

type Given = z.infer<z.ZodObject<typeof parameters>>["items"][number];

export function updateTodo(orchestrator: Orchestrator): ToolDefinition<typeof parameters> {
  return guarded({
    name: "update_todo",
    description:
      "Rename, drop or retry tasks, or drop proposals. All items or none; a stale version is refused.",
    parameters,
    async execute({ expected_version, items }, call) {
      only(["commander", "planner"], "update_todo", call);
      const mission = orchestrator.missionOf(call.session);
      await mission.todo.refreshNow();
      const proposals = new Set(mission.todo.proposals.map(({ id }) => id));
      const dropped = items.filter(({ id }) => proposals.has(id));
      const amendments = items.filter(({ id }) => !proposals.has(id)).map(amendmentOf);
      const kept = dropped.find(({ status, title }) => status !== "cancelled" || title !== undefined);
      if (kept !== undefined)
        throw refused(
          `${kept.id} is a proposal: plan it with submit_plan, or drop it with status "cancelled"`,
        );
      const stale = mission.snapshot.revision !== expected_version;
      // Where there are only proposals there is nothing for the engine to refuse.
      const ignored =
        amendments.length > 0 || dropped.length === 0
          ? mission.submit({ type: "amended", revision: expected_version, items: amendments })[0]?.ignored
          : stale
            ? `the plan is at version ${mission.snapshot.revision}, not ${expected_version}`
            : undefined;
      if (ignored !== undefined)
        throw refused(`${ignored}. Nothing was changed.\n${listText(mission, undefined)}`);
      mission.todo.drop(new Set(dropped.map(({ id }) => id)));
      const { revision } = mission.snapshot;
      return { title: `${items.length} updated`, output: `Done. The plan is at version ${revision}.` };
    },
  });
}

function amendmentOf({ id, status, title }: Given): Amendment {
  if (status === "accepted")
    throw refused(`${id} can't be set accepted: a task is accepted when its checks and reviews have passed`);
  if (status !== undefined && !isStatus(status))
    throw refused(
      `${id}: a status is ${STATUSES.join(" or ")}, not ${status}; the rest is the engine's to say`,
    );
  return { id, ...(status === undefined ? {} : { status }), ...(title === undefined ? {} : { title }) };
}

function isStatus(status: string): status is AmendedStatus {
  return STATUSES.includes(status);
}

function refused(message: string): MissionError {
  return new MissionError("ERR_ARGUMENTS", message);
}
