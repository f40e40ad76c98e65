/** `.orchestrator/todo.md` as it is written: the plan as the engine has it, with what people wrote into it. */
import type { Snapshot, TaskState, TaskView } from "../../engine/index.ts";
import type { Brief } from "../brief.ts";
import { plannedTasks } from "../progress.ts";
import { inStyle, PLAIN, PROPOSED, type Style } from "./document.ts";

/** An item that somebody wrote into the file, for the commander to plan or to drop. */
export interface Proposal {
  /** `proposed-1`, … */
  readonly id: string;
  readonly title: string;
  readonly notes: readonly string[];
  readonly ticked: boolean;
}

/** What people wrote into the file and is kept there. */
export interface Handwritten {
  readonly style: Style;
  readonly prose: readonly string[];
  /** Lines below a task, by its id. */
  readonly notes: ReadonlyMap<string, readonly string[]>;
  /** What became of an edit, by the task's id. */
  readonly remarks: ReadonlyMap<string, string>;
  readonly proposals: readonly Proposal[];
}

/** Where nobody has written anything. */
export const NOTHING_WRITTEN: Handwritten = {
  style: PLAIN,
  prose: [],
  notes: new Map(),
  remarks: new Map(),
  proposals: [],
};

/** What a tick by hand is worth. */
export const TICKED = "ticked by hand, not verified";
const PROPOSAL = "proposed by hand, not planned";

const BOX: Readonly<Record<TaskState, string>> = {
  pending: " ",
  ready: " ",
  blocked: " ",
  running: "~",
  verifying: "~",
  reviewing: "~",
  accepted: "x",
  failed: "!",
  cancelled: "-",
};

/** Characters of a title or a reason that are shown. */
const LONGEST = 200;
/** What we put behind a title. */
const SUFFIX = new RegExp(
  ` \\(after [^()]*\\)(?= — |$)| — (?:${Object.keys(BOX).join("|")})(?::| — |$)| — (?:${TICKED}|${PROPOSAL}|deleted by hand|title kept)`,
);

/** The plan as Markdown: a box a task, its state where the box does not say it, why where that helps. */
export function renderTodo(brief: Brief, snapshot: Snapshot, hand: Handwritten = NOTHING_WRITTEN): string {
  const lines = [
    `# ${oneLine(snapshot.goal || brief.objective)}`,
    "",
    `<!-- mission ${brief.id}, version ${snapshot.revision}: written by opencode-orchestrator -->`,
    "",
    ...(hand.prose.length === 0 ? [] : [...hand.prose, ""]),
    ...plannedTasks(snapshot).flatMap((task) => [
      renderTask(task, hand.remarks.get(task.id)),
      ...(hand.notes.get(task.id) ?? []),
    ]),
    ...(hand.proposals.length === 0
      ? []
      : ["", PROPOSED, "", ...hand.proposals.flatMap((proposal) => renderProposal(proposal))]),
    "",
  ];
  return inStyle(lines, hand.style);
}

/** The title in what an item says after its id. */
export function titleIn(text: string): string {
  const at = text.search(SUFFIX);
  return (at === -1 ? text : text.slice(0, at)).trim();
}

/** A title as it is shown: its first line, cut where it is too long. */
export function oneLine(text: string): string {
  const [line = ""] = text.trim().split(/\r?\n/);
  return line.length <= LONGEST ? line : `${line.slice(0, LONGEST - 1)}…`;
}

function renderTask(task: TaskView, remark: string | undefined): string {
  const { id, title, state, reason, dependsOn } = task;
  const after = dependsOn.length === 0 ? "" : ` (after ${dependsOn.join(", ")})`;
  const shown = state === "pending" || state === "ready" || state === "accepted" ? "" : ` — ${state}`;
  const why = reason === undefined || shown === "" ? "" : `: ${oneLine(reason)}`;
  const told = remark === undefined ? "" : ` — ${remark}`;
  return `- [${BOX[state]}] **${id}** ${oneLine(title)}${after}${shown}${why}${told}`;
}

function renderProposal({ id, title, notes, ticked }: Proposal): readonly string[] {
  return [`- [ ] **${id}** ${title} — ${ticked ? TICKED : PROPOSAL}`, ...notes];
}
