/** What the mission panel shows of a session, read from what OpenCode's terminal UI already holds of it. */
import type { Part, ToolPart } from "@opencode-ai/sdk/v2";
import type { TaskState } from "../engine/index.ts";

/** Colours, by the theme's own names. */
export type Tone = "text" | "textMuted" | "info" | "success" | "warning" | "error";

/** The mission in one line. */
export interface Headline {
  readonly text: string;
  readonly tone: Tone;
}

/** One task of the plan. */
export interface Row {
  readonly mark: string;
  readonly tone: Tone;
  readonly id: string;
  readonly title: string;
  /** Which attempt it is; 0 before the first. */
  readonly attempt: number;
}

export interface Panel {
  readonly headline: Headline;
  readonly rows: readonly Row[];
}

/** A session as the UI holds it, oldest message first. */
export interface SessionView {
  messages(session: string): readonly { readonly id: string }[];
  parts(message: string): readonly Part[];
}

/** A task as `run_mission` tells it in the metadata of its call. */
interface Task {
  readonly id: string;
  readonly title: string;
  readonly state: TaskState;
  readonly attempt: number;
}

const LOOK: Readonly<Record<TaskState, { readonly mark: string; readonly tone: Tone }>> = {
  pending: { mark: "○", tone: "textMuted" },
  ready: { mark: "○", tone: "text" },
  running: { mark: "●", tone: "info" },
  verifying: { mark: "◐", tone: "info" },
  reviewing: { mark: "◑", tone: "info" },
  accepted: { mark: "✓", tone: "success" },
  failed: { mark: "✗", tone: "error" },
  blocked: { mark: "⊘", tone: "warning" },
  cancelled: { mark: "–", tone: "textMuted" },
};

const ENDED: ReadonlySet<TaskState> = new Set(["accepted", "failed", "blocked", "cancelled"]);

/** The panel for a session; `undefined` when no mission was run in it. */
export function panelOf(session: string, view: SessionView): Panel | undefined {
  const calls = missionCalls(session, view);
  const newest = calls.next().value;
  if (newest === undefined) return undefined;
  // A call that has just begun has told nothing yet: until it does, the one before it stands.
  let tasks = tasksOf(newest);
  for (const call of calls) {
    if (tasks.length > 0) break;
    tasks = tasksOf(call);
  }
  if (tasks.length === 0) return undefined;
  return {
    headline: headlineOf(newest.state.status, tasks),
    rows: tasks.map(({ id, title, state, attempt }) => ({ ...LOOK[state], id, title, attempt })),
  };
}

/** The calls of `run_mission` in a session, newest first. */
function* missionCalls(session: string, view: SessionView): Generator<ToolPart, undefined> {
  for (const message of view.messages(session).toReversed()) {
    for (const part of view.parts(message.id).toReversed()) {
      if (part.type === "tool" && part.tool === "run_mission") yield part;
    }
  }
}

function tasksOf({ state }: ToolPart): readonly Task[] {
  const rows = state.status === "pending" ? undefined : state.metadata?.["tasks"];
  return Array.isArray(rows) ? rows.filter(isTask) : [];
}

/** Sessions outlive versions: a row that another version wrote is shown only if it reads the same. */
function isTask(value: unknown): value is Task {
  if (typeof value !== "object" || value === null) return false;
  if (!("id" in value && "title" in value && "state" in value && "attempt" in value)) return false;
  const { id, title, state, attempt } = value;
  return (
    typeof id === "string" &&
    typeof title === "string" &&
    typeof attempt === "number" &&
    typeof state === "string" &&
    Object.hasOwn(LOOK, state)
  );
}

function headlineOf(call: ToolPart["state"]["status"], tasks: readonly Task[]): Headline {
  const count = (state: TaskState) => tasks.filter((task) => task.state === state).length;
  const [accepted, failed] = [count("accepted"), count("failed")];
  const parts = [`Mission ${accepted}/${tasks.length} accepted`];
  if (failed > 0) parts.push(`${failed} failed`);
  if (call === "error") parts.push("stopped");
  else if (call !== "completed" && tasks.every((task) => ENDED.has(task.state))) parts.push("final checks");
  const text = parts.join(" · ");
  if (failed > 0) return { text, tone: "error" };
  if (call === "error") return { text, tone: "warning" };
  return { text, tone: call === "completed" && accepted === tasks.length ? "success" : "text" };
}
