/** A mission in one line, and as the numbers and rows behind it. */
import type { Snapshot, TaskState, TaskView } from "../engine/index.ts";

/** States in which a task is being worked on, and how a person would say it. */
const ACTIVE: Partial<Record<TaskState, string>> = {
  running: "",
  verifying: " (checks)",
  reviewing: " (review)",
};

/** The tasks of the plan: delegations are not part of it. */
export function plannedTasks(snapshot: Snapshot): readonly TaskView[] {
  return snapshot.tasks.filter((task) => task.kind === "task");
}

/** For example `2/5 accepted · api, docs (checks) · 1 failed`. */
export function progressLine(snapshot: Snapshot): string {
  const tasks = plannedTasks(snapshot);
  const count = (state: TaskState) => tasks.filter((task) => task.state === state).length;
  const active = tasks.flatMap(({ id, state, second }) => {
    if (second !== undefined) return [`${id} (two attempts)`];
    const doing = ACTIVE[state];
    return doing === undefined ? [] : [`${id}${doing}`];
  });
  const parts = [`${count("accepted")}/${tasks.length} accepted`];
  if (active.length > 0) parts.push(active.join(", "));
  for (const state of ["failed", "blocked", "cancelled"] as const) {
    if (count(state) > 0) parts.push(`${count(state)} ${state}`);
  }
  if (snapshot.phase === "verifying") parts.push("checking the whole");
  if (snapshot.phase === "sealing") parts.push("final review");
  return parts.join(" · ");
}

/** The plan as rows, for the tool call's metadata and for `/mission`. */
export function progressRows(snapshot: Snapshot): readonly Readonly<Record<string, string | number>>[] {
  return plannedTasks(snapshot).map(({ id, title, state, attempt }) => ({ id, title, state, attempt }));
}
