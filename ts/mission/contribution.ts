/** Everything that a mission adds to a host, for one project. */
import { AGENTS, agentNamed } from "../agents/agents.ts";
import type { Contribution } from "../host/contribution.ts";
import type { Host } from "../host/host.ts";
import { COMMANDS, onCommand } from "./commands.ts";
import { Orchestrator } from "./orchestrator.ts";
import { delegateTask } from "./tools/delegate-task.ts";
import { reportTask } from "./tools/report-task.ts";
import { reviewTask } from "./tools/review-task.ts";
import { runMission } from "./tools/run-mission.ts";
import { submitPlan } from "./tools/submit-plan.ts";
import { tasks } from "./tools/tasks.ts";

/** Makes the contribution for the project of `host`. Nothing is read, written or loaded before the first mission. */
export async function contribute(host: Host, options: unknown): Promise<Contribution> {
  const orchestrator = new Orchestrator(host, options);
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
    dispose: () => orchestrator.dispose(),
  };
}
