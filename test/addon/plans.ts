import type { Command, Event, Outcome, Plan, TaskSpec } from "../../ts/engine/index.ts";

export function task(id: string, more: Partial<TaskSpec> = {}): TaskSpec {
  return { id, title: `Task ${id}`, prompt: `Do ${id}.`, agent: "worker", role: "worker", ...more };
}

export function submitted(tasks: readonly TaskSpec[], more: Partial<Plan> = {}): Event {
  return { type: "plan_submitted", plan: { goal: "A goal", tasks, ...more } };
}

export function commands(outcomes: readonly Outcome[]): Command[] {
  return outcomes.flatMap((outcome) => outcome.commands);
}

/** The one command of a type among the outcomes. */
export function only<T extends Command["type"]>(
  type: T,
  outcomes: readonly Outcome[],
): Extract<Command, { type: T }> {
  const found = commands(outcomes).filter(
    (command): command is Extract<Command, { type: T }> => command.type === type,
  );
  const [first] = found;
  if (first === undefined || found.length > 1) {
    throw new Error(`${found.length} commands ${type} in ${JSON.stringify(outcomes)}`);
  }
  return first;
}
