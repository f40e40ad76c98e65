/** A mission in numbers. */
import type { Snapshot, TaskView } from "../engine/index.ts";
import { usageLines } from "./budget.ts";
import { plannedTasks } from "./progress.ts";

/** How the mission stands, in lines of `name: number`. `now` in milliseconds since the epoch. */
export function metricsText(snapshot: Snapshot, now: number): string {
  const tasks = plannedTasks(snapshot);
  const states = new Map<string, number>();
  for (const { state } of tasks) states.set(state, (states.get(state) ?? 0) + 1);
  const attempts = tasks.reduce((sum, { attempt }) => sum + attempt, 0);
  const busyMs = tasks.reduce((sum, task) => sum + workedMs(task, now), 0);
  return [
    `phase: ${snapshot.phase}`,
    `tasks: ${tasks.length}`,
    ...[...states].map(([state, count]) => `${state}: ${count}`),
    `attempts: ${attempts}`,
    `sessions in use: ${snapshot.leases.length}`,
    `most sessions at once: ${snapshot.limit}`,
    ...usageLines(snapshot),
    `time in tasks: ${(busyMs / 1000).toFixed(1)} s`,
  ].join("\n");
}

function workedMs({ startedAt, endedAt }: TaskView, now: number): number {
  return startedAt === undefined ? 0 : (endedAt ?? now) - startedAt;
}
