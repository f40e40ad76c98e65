/** What `run_mission` answers the commander: what stands, what does not, and what to decide. */
import type { MissionOutcome, Snapshot, TaskView } from "../engine/index.ts";
import { findingList } from "./messages.ts";
import { plannedTasks } from "./progress.ts";
import { isOver } from "./result.ts";

/** What wakes the commander. */
export type News =
  | { readonly type: "needs_decision"; readonly message: string }
  | { readonly type: "finished"; readonly outcome: MissionOutcome; readonly message: string }
  /** The user proposed something in `todo.md`; the mission goes on. */
  | { readonly type: "edited" }
  /** The user interrupted `run_mission`. */
  | { readonly type: "interrupted" };

/** Characters of a failed check that the commander gets; the tail says most. */
const REPORT_CHARS = 3000;

/** The answer, as text for a model. */
export function newsText(news: News, snapshot: Snapshot): string {
  return [headline(news), ...taskLines(snapshot), ...wholeLines(snapshot), advice(news, snapshot)]
    .filter(Boolean)
    .join("\n\n");
}

function headline(news: News): string {
  switch (news.type) {
    case "finished":
      return `The mission is over: ${news.outcome}. ${news.message}`;
    case "needs_decision":
      return `The mission needs a decision. ${news.message}`;
    case "edited":
      return "The user edited the plan; the mission goes on meanwhile.";
    case "interrupted":
      return "The user interrupted the mission; it is paused.";
  }
}

function advice(news: News, snapshot: Snapshot): string {
  const { phase } = snapshot;
  switch (news.type) {
    case "finished":
      return news.outcome === "accepted"
        ? "Report to the user."
        : "Tell the user what was done and what was not.";
    case "needs_decision":
      if (phase === "paused")
        return "It is paused: only the user can mend this. Tell them, and wait. run_mission goes on where it was.";
      if (snapshotWaits(snapshot))
        return 'Answer for each task that waits, with tasks (action "decide", decision accept, retry or fail; grant or deny where it asks for files) and a reason. Then call run_mission.';
      if (plannedTasks(snapshot).some(({ state }) => state === "ready" || state === "verifying"))
        return "Nothing runs until you have decided. Mend the cause, or have it mended; change what was planned wrong with submit_plan (the same ids replace tasks). Then call run_mission.";
      return "Fix the cause with submit_plan (the same ids replace failed tasks), then call run_mission. Calling run_mission with nothing changed ends the mission as failed.";
    case "edited":
      return 'Plan what the user wants with submit_plan, or drop a proposal with update_todo (status "cancelled"), then call run_mission.';
    case "interrupted":
      return "Wait for the user. run_mission goes on where it was.";
  }
}

function snapshotWaits({ tasks }: Snapshot): boolean {
  return tasks.some(({ waiting, scopeRequest }) => waiting !== undefined || scopeRequest !== undefined);
}

function taskLines(snapshot: Snapshot): readonly string[] {
  const tasks = plannedTasks(snapshot);
  const of = (head: string, wanted: (task: TaskView) => boolean, line: (task: TaskView) => string) => {
    const lines = tasks.filter(wanted).map(line);
    return lines.length === 0 ? [] : [`${head}:\n${lines.join("\n")}`];
  };
  return [
    ...of("Accepted", ({ state }) => state === "accepted", accepted),
    ...of("Failed", ({ state }) => state === "failed", failed),
    ...of("Blocked or cancelled", ({ state }) => state === "blocked" || state === "cancelled", stopped),
    ...of("Not finished", (task) => !isOver(task), unfinished),
  ];
}

function unfinished({ id, title, state, waiting, scopeRequest }: TaskView): string {
  const asks =
    scopeRequest === undefined ? "" : `; asks for ${scopeRequest.files.join(", ")}: ${scopeRequest.reason}`;
  return `- ${id} (${title}): ${state}${waiting === undefined ? "" : `; waits for you: ${waiting}`}${asks}`;
}

function accepted({ id, title, summary }: TaskView): string {
  return `- ${id} (${title})${summary === undefined ? "" : `: ${summary}`}`;
}

function failed({ id, title, attempt, reason, verification, findings }: TaskView): string {
  const lines = [
    `- ${id} (${title}), after ${attempt} attempt${attempt === 1 ? "" : "s"}: ${reason ?? "no reason given"}`,
  ];
  if (verification?.passed === false) lines.push(tail(verification.report));
  if (findings.length > 0) lines.push(findingList(findings));
  return lines.join("\n");
}

function stopped({ id, title, state, reason }: TaskView): string {
  return `- ${id} (${title}): ${state}${reason === undefined ? "" : `, ${reason}`}`;
}

function wholeLines({ missionVerification, sealFindings }: Snapshot): readonly string[] {
  const lines: string[] = [];
  if (missionVerification !== undefined) {
    const { passed, report } = missionVerification;
    lines.push(`Checks of the whole (${passed ? "passed" : "failed"}):\n${tail(report)}`);
  }
  if (sealFindings.length > 0) lines.push(`Findings of the final review:\n${findingList(sealFindings)}`);
  return lines;
}

function tail(text: string): string {
  return text.length <= REPORT_CHARS ? text : `… ${text.slice(-REPORT_CHARS)}`;
}
