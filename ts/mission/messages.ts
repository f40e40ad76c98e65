/**
 * What a mission says to its agents' sessions. Who they are stands in their system message and never changes; here is
 * only the work itself: the task, and what was found wrong with it.
 */
import type { Finding, LeaseView, Lesson, PromptReason, Sign, TaskSpec, TaskView } from "../engine/index.ts";

/** Characters of a diff that a reviewer gets; the rest can be read in the files. */
export const DIFF_CHARS = 40_000;

/** What a lease is about, as people know it. */
export function nameOfLease(lease: Pick<LeaseView, "task" | "purpose"> | undefined): string {
  const { task, purpose } = lease ?? {};
  if (task === undefined) return "The final review";
  return purpose === "review" ? `The review of ${task}` : `Task ${task}`;
}

/** The first message to the session that carries out `task`. A delegation is its prompt and nothing else. */
export function taskMessage(
  task: TaskSpec,
  { reason, lessons = [] }: { readonly reason?: PromptReason; readonly lessons?: readonly Lesson[] } = {},
): string {
  if (task.kind === "delegation") return task.prompt;
  return sections(
    `Task ${task.id}: ${task.title}`,
    task.prompt,
    list("Change only files that match", task.files ?? []),
    list("Checks that have to pass, run from the project's root", task.verify ?? []),
    list(
      "What failed in other tasks of this mission, and what mended it",
      lessons.map((lesson) => `${lesson.task}: ${lesson.failed} — mended: ${lesson.mended}`),
    ),
    ...(reason === undefined ? [] : reasonsOf(task.title, reason)),
  );
}

/** The message that starts the next attempt in the same session. */
export function repairMessage(task: TaskView, reason: PromptReason): string {
  return sections(
    ...reasonsOf(task.title, reason),
    `This is attempt ${task.attempt} of ${task.attempts} at task ${task.id}. End with report_task.`,
  );
}

function reasonsOf(title: string, reason: PromptReason): readonly string[] {
  switch (reason.type) {
    case "not_reported":
      return [
        "You stopped without calling report_task, so nothing was checked. Finish the task, then call it.",
      ];
    case "verification_failed":
      return [
        "Your result was not accepted: the engine ran the checks, and this is what it saw.",
        fenced(reason.report),
        "Find the cause, mend it, run the checks yourself, and report again.",
      ];
    case "review_rejected":
      return ["The checks passed, but the reviewer found what has to change:", findingList(reason.findings)];
    case "reported_failed":
      return [
        `You reported that the task failed: ${reason.summary}`,
        `Try again in another way. The task: ${title}`,
      ];
    case "stagnating":
      return [
        ...(reason.because === undefined ? [] : reasonsOf(title, reason.because)),
        `You go round in circles: ${CIRCLES[reason.sign]}. What was tried so far:`,
        reason.tried
          .map(({ attempt, ended, summary }) => `${attempt}. ${summary ?? "no report"}\n   → ${ended}`)
          .join("\n"),
        "Don't repeat any of this. Say first what all of it has in common and why it can't work, then name a different strategy and follow that.",
      ];
    case "out_of_scope":
      return [
        "Your result was not accepted: files outside of the task's scope were changed:",
        reason.files.map((file) => `- ${file}`).join("\n"),
        "Undo these changes, or ask for the files with request_scope.",
      ];
    case "compacted":
      return [
        "Your context was full and has been summarized. Look at what is there already, and go on from it.",
      ];
    case "refused":
      return [refusedNote(reason.what)];
    case "decided":
      return [
        `It was decided that you try once more: ${reason.reason}`,
        ...(reason.findings.length === 0 ? [] : ["What the reviewer found:", findingList(reason.findings)]),
      ];
    case "interrupted":
      return [
        "Your turn was cut off: OpenCode was closed while you worked, and is open again.",
        "Look at what is there already, and go on from it.",
      ];
    case "session_error":
      return [
        `Your turn was cut off: ${reason.message}`,
        "Look at what is there already, and go on from it.",
      ];
  }
}

/** What a session is told of refused permissions: the host ends a turn by that, so it has not seen what came of it. */
export function refusedNote(refused: readonly string[]): string {
  return `You were refused: ${refused.join("; ")}. Do without it, or report "blocked" with what you need it for.`;
}

/** The signs of stagnation, in words. */
const CIRCLES: Readonly<Record<Sign, string>> = {
  same_error: "the same error came twice in a row, and nothing new was changed between",
  no_new_diff: "three turns in a row changed nothing new",
  same_call: "the same tool call came three times in a row",
};

/** What a reviewer is given to judge one task. */
export function reviewMessage(
  task: TaskView,
  asked: string,
  changed: readonly string[],
  diff: string | undefined,
): string {
  return sections(
    `Review task ${task.id}: ${task.title}`,
    `What was asked:\n${asked}`,
    task.summary === undefined ? undefined : `What the worker says:\n${task.summary}`,
    list("Changed files", changed),
    task.verification === undefined
      ? undefined
      : `What the engine checked:\n${fenced(task.verification.report)}`,
    diff === undefined ? undefined : `The changes:\n${fenced(diff, "diff")}`,
    task.findings.length === 0 ? undefined : `What was found the last time:\n${findingList(task.findings)}`,
    "Decide with review_task.",
  );
}

/** What a reviewer is given to judge the whole mission. */
export function sealMessage(goal: string, tasks: readonly TaskView[], report: string | undefined): string {
  return sections(
    "Review the mission as a whole: is the objective met, do the parts fit together, is anything left behind?",
    `Objective:\n${goal}`,
    list(
      "Tasks, each accepted by its own checks",
      tasks.map(({ id, title, summary }) => `${id}: ${title}${summary === undefined ? "" : ` — ${summary}`}`),
    ),
    list("Files the workers reported", [...new Set(tasks.flatMap((task) => task.filesReported))]),
    report === undefined ? undefined : `What the engine checked at the end:\n${fenced(report)}`,
    "Decide with review_task.",
  );
}

/** The message to a reviewer who stopped without a verdict. */
export const VERDICT_MISSING = "You stopped without a verdict. Call review_task with approve or reject.";

/** Findings as a list, one a line. */
export function findingList(findings: readonly Finding[]): string {
  return findings.map(describeFinding).join("\n");
}

function describeFinding({ file, line, severity, message }: Finding): string {
  const place = file === undefined ? "" : `${file}${line === undefined ? "" : `:${line}`}: `;
  return `- ${place}${message} (${severity})`;
}

function list(head: string, items: readonly string[]): string | undefined {
  return items.length === 0 ? undefined : `${head}:\n${items.map((item) => `- ${item}`).join("\n")}`;
}

/** A block that its own content can't end early: the fence is longer than any run of backticks inside. */
function fenced(text: string, language = ""): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
}

function sections(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined).join("\n\n");
}
