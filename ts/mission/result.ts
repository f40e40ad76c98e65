/** The result of one task, as text for the commander. */
import type { TaskState, TaskView } from "../engine/index.ts";
import type { ToolAnswer } from "../host/contribution.ts";
import { findingList } from "./messages.ts";

const OVER: ReadonlySet<TaskState> = new Set(["accepted", "failed", "cancelled", "blocked"]);

/** Whether nothing more will come of a task by itself. */
export function isOver({ state }: TaskView): boolean {
  return OVER.has(state);
}

/** What a task came to: its answer, or why there is none, with the evidence. */
export function resultText(task: TaskView): ToolAnswer {
  const {
    id,
    title,
    state,
    attempt,
    attempts,
    reason,
    summary,
    evidence,
    filesReported,
    verification,
    findings,
  } = task;
  const lines = [`${id} (${title}): ${state}, attempt ${attempt} of ${attempts}`];
  if (reason !== undefined && state !== "accepted") lines.push(`Reason: ${reason}`);
  if (summary !== undefined) lines.push(summary);
  if (evidence.length > 0) lines.push(`Evidence:\n${evidence.map((item) => `- ${item}`).join("\n")}`);
  if (filesReported.length > 0) lines.push(`Files: ${filesReported.join(", ")}`);
  if (verification !== undefined)
    lines.push(`Checks (${verification.passed ? "passed" : "failed"}):\n${verification.report}`);
  if (findings.length > 0) lines.push(`Findings:\n${findingList(findings)}`);
  return { title: `${id}: ${state}`, output: lines.join("\n\n") };
}
