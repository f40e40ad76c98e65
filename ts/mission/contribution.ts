/** Everything that a mission adds to a host, for one project. */
import { AGENTS, agentNamed } from "../agents/agents.ts";
import type { Contribution } from "../host/contribution.ts";
import type { Host } from "../host/host.ts";
import { COMMANDS, onCommand } from "./commands.ts";
import { discreet } from "./discreet-host.ts";
import { Orchestrator } from "./orchestrator.ts";
import { redactor } from "./redaction.ts";
import { replacements } from "./search/replacements.ts";
import { Shutdown } from "./shutdown.ts";
import { astReplaceTool } from "./tools/ast-replace.ts";
import { astSearchTool } from "./tools/ast-search.ts";
import { background } from "./tools/background.ts";
import { delegateTask } from "./tools/delegate-task.ts";
import { lspDiagnostics } from "./tools/lsp-diagnostics.ts";
import { outlineTool } from "./tools/outline.ts";
import { reportTask } from "./tools/report-task.ts";
import { requestScope } from "./tools/request-scope.ts";
import { reviewTask } from "./tools/review-task.ts";
import { runMission } from "./tools/run-mission.ts";
import { submitPlan } from "./tools/submit-plan.ts";
import { tasks } from "./tools/tasks.ts";
import { updateTodo } from "./tools/update-todo.ts";

/**
 * What works in folders of a project's tasks: a host opens each as a project of its own, in the same process, and the
 * sessions there are those of the project that the task belongs to.
 */
const LENT = new Map<string, Contribution>();

/** Until then the host is still starting, and nobody sees a note. In milliseconds. */
const RECOVERY_AFTER_MS = 1_000;

/**
 * Makes the contribution for the project of `host`. Nothing is written before the first mission; an unfinished mission
 * is looked for once the host has started.
 */
export async function contribute(host: Host, options: unknown): Promise<Contribution> {
  const lent = LENT.get(host.directory);
  // Whoever lent it disposes of it.
  if (lent !== undefined) return { ...lent, dispose: async () => undefined };
  const speaking = discreet(host, redactor);
  const folders = new Set<string>();
  const orchestrator = new Orchestrator(speaking, options, {
    opened(directory) {
      folders.add(directory);
      LENT.set(directory, contribution);
    },
    async left(directory) {
      folders.delete(directory);
      LENT.delete(directory);
    },
  });
  const recovery = setTimeout(() => void orchestrator.recover(), RECOVERY_AFTER_MS).unref();
  const shutdown = new Shutdown(
    (name, error) => void speaking.log("warn", `at shutdown, ${name}: ${String(error)}`),
  );
  shutdown.add({ name: "recovery", priority: 30, run: () => clearTimeout(recovery) });
  for (const handler of orchestrator.handlers()) shutdown.add(handler);
  shutdown.add({
    name: "folders",
    priority: 10,
    run() {
      for (const directory of folders) LENT.delete(directory);
    },
  });
  const contribution: Contribution = {
    agents: AGENTS,
    commands: COMMANDS,
    tools: [
      submitPlan(orchestrator),
      runMission(orchestrator),
      delegateTask(orchestrator),
      tasks(orchestrator),
      updateTodo(orchestrator),
      reportTask(orchestrator),
      requestScope(orchestrator),
      reviewTask(orchestrator),
      astSearchTool(orchestrator),
      astReplaceTool(orchestrator),
      outlineTool(orchestrator),
      lspDiagnostics(orchestrator),
      background(orchestrator),
    ],
    replacements: await replacements(() => orchestrator.nativeSearch()),
    onCommand: (call) => onCommand(orchestrator, call),
    onEvent: (event) => orchestrator.hear(event),
    beforeTool: (use) => orchestrator.guard(use),
    instructions(session) {
      const agent = orchestrator.live?.engagementOf(session)?.agent;
      return agent === undefined ? undefined : agentNamed(agent)?.protocol;
    },
    dispose: () => shutdown.run(),
  };
  return contribution;
}
