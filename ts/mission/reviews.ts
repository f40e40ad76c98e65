/** Reviews: what a reviewer is given to judge, and what an approval has to bring about before it counts. */
import type { Event, Finding, TaskSpec, TaskView, Verdict } from "../engine/index.ts";
import { filesOfTask } from "./changes.ts";
import { diff } from "./git.ts";
import type { Isolation } from "./isolation.ts";
import { DIFF_CHARS, reviewMessage } from "./messages.ts";

/** A reviewer's verdict, with the lease that it was asked with. */
export interface Judgement {
  readonly lease: number;
  readonly verdict: Verdict;
  readonly findings: readonly Finding[];
}

/** What a reviewer of `task` is told: the task, its changes, and what the engine checked. */
export async function reviewText(
  isolation: Isolation,
  task: TaskView,
  spec: TaskSpec,
  written: Iterable<string>,
): Promise<string> {
  const place = await isolation.open(task);
  const changed = await filesOfTask(place, { written, reported: task.filesReported, scope: task.files });
  return reviewMessage(task, spec.prompt, changed, await diff(place, changed, DIFF_CHARS));
}

/**
 * The event of a verdict. An approval is the last word on a task, so its work is merged first: where that is not
 * possible, the worker has to mend it, and hears of it as of any other finding.
 */
export async function verdictEvent(
  isolation: Isolation,
  task: string | undefined,
  { lease, verdict, findings }: Judgement,
): Promise<Event> {
  const conflict = verdict === "approve" && task !== undefined ? await isolation.merge(task) : undefined;
  if (conflict === undefined) return { type: "reviewed", lease, verdict, findings };
  return {
    type: "reviewed",
    lease,
    verdict: "reject",
    findings: [{ severity: "critical", message: conflict }],
  };
}
