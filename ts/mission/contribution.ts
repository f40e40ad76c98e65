/** Everything that a mission adds to a host, for one project. */
import { AGENTS, agentNamed } from "../agents/agents.ts";
import type { Contribution } from "../host/contribution.ts";
import type { Host } from "../host/host.ts";
import { COMMANDS, onCommand } from "./commands.ts";
import { discreet } from "./discreet-host.ts";
import { Orchestrator } from "./orchestrator.ts";
import { redactor } from "./redaction.ts";
import { delegateTask } from "./tools/delegate-task.ts";
import { reportTask } from "./tools/report-task.ts";
import { reviewTask } from "./tools/review-task.ts";
import { runMission } from "./tools/run-mission.ts";
import { submitPlan } from "./tools/submit-plan.ts";
import { tasks } from "./tools/tasks.ts";

/** Until then the host is still starting, and nobody sees a note. In milliseconds. */
const RECOVERY_AFTER_MS = 1_000;

/**
 * Makes the contribution for the project of `host`. Before the first mission nothing is written or loaded; later, an
 * unfinished mission is looked for once the host has started.
 */
export async function contribute(host: Host, options: unknown): Promise<Contribution> {
  const orchestrator = new Orchestrator(discreet(host, redactor), options);
  const recovery = setTimeout(() => void orchestrator.recover(), RECOVERY_AFTER_MS).unref();
  return {
    agents: AGENTS,
    commands: COMMANDS,
    tools: [submitPlan, runMission, delegateTask, tasks, reportTask, reviewTask].map((tool) =>
      tool(orchestrator),
    ),
    onCommand: (call) => onCommand(orchestrator, call),
    onEvent: (event) => orchestrator.hear(event),
    instructions(session) {
      const agent = orchestrator.live?.engagementOf(session)?.agent;
      return agent === undefined ? undefined : agentNamed(agent)?.protocol;
    },
    dispose() {
      clearTimeout(recovery);
      return orchestrator.dispose();
    },
  };
}
