/** The lease that a calling session carries out. */
import type { ToolCall } from "../../host/contribution.ts";
import { MissionError } from "../error.ts";
import type { Mission } from "../mission.ts";
import type { Orchestrator } from "../orchestrator.ts";

/** @throws MissionError `ERR_NO_MISSION` when nothing is asked of the session any more. */
export function leaseFor(orchestrator: Orchestrator, call: ToolCall): { mission: Mission; lease: number } {
  const mission = orchestrator.missionOf(call.session);
  const engagement = mission.engagementOf(call.session);
  if (engagement === undefined) {
    throw new MissionError("ERR_NO_MISSION", "nothing is asked of this session any more: stop here");
  }
  return { mission, lease: engagement.lease };
}
