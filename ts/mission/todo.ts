/** `.orchestrator/todo.md`: the plan as people read it, a projection of the engine's state. */
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Snapshot, TaskState, TaskView } from "../engine/index.ts";
import type { Brief } from "./brief.ts";
import { plannedTasks } from "./progress.ts";

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

/** The plan as Markdown: a box a task, its state where the box does not say it, why where that helps. */
export function renderTodo(brief: Brief, snapshot: Snapshot): string {
  return [
    `# ${oneLine(snapshot.goal || brief.objective)}`,
    "",
    `<!-- mission ${brief.id}: written by opencode-orchestrator -->`,
    "",
    ...plannedTasks(snapshot).map(renderTask),
    "",
  ].join("\n");
}

function renderTask(task: TaskView): string {
  const { id, title, state, reason, dependsOn } = task;
  const after = dependsOn.length === 0 ? "" : ` (after ${dependsOn.join(", ")})`;
  const shown = state === "pending" || state === "ready" || state === "accepted" ? "" : ` — ${state}`;
  const why = reason === undefined || state === "accepted" ? "" : `: ${oneLine(reason)}`;
  return `- [${BOX[state]}] **${id}** ${oneLine(title)}${after}${shown}${shown === "" ? "" : why}`;
}

function oneLine(text: string): string {
  const [line = ""] = text.trim().split(/\r?\n/);
  return line.length <= 200 ? line : `${line.slice(0, 199)}…`;
}

/** Keeps the file up to date: writes are atomic, in order, and only where something changed. */
export class TodoFile {
  readonly #path: string;
  #written: string | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(directory: string) {
    this.#path = join(directory, ".orchestrator", "todo.md");
  }

  /** Brings the file to `text`; resolves when it is there. */
  write(text: string): Promise<void> {
    if (text === this.#written) return this.#writing;
    this.#written = text;
    this.#writing = this.#after(this.#writing, text);
    return this.#writing;
  }

  /** Resolves when nothing is being written any more. */
  async settled(): Promise<void> {
    await this.#writing.catch(() => undefined);
  }

  /** One write that fails is told to who asked for it, and stops neither the next nor another try at the same text. */
  async #after(before: Promise<void>, text: string): Promise<void> {
    await before.catch(() => undefined);
    try {
      await replaceFile(this.#path, text);
    } catch (error) {
      if (this.#written === text) this.#written = undefined;
      throw error;
    }
  }
}

/** Writes a file beside `path` and moves it there: a reader sees the old text or the new one. */
async function replaceFile(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const next = `${path}.${process.pid}.tmp`;
  await writeFile(next, text);
  await rename(next, path);
}
