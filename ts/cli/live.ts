/** Shows a mission as it goes on: a line a change, which reads the same on a terminal, in a log and in CI. */
import { styleText } from "node:util";
import type { TaskState, TaskView } from "../engine/index.ts";
import type { StoredMission } from "./mission-file.ts";

type Style = Parameters<typeof styleText>[0];

const LOOK: Readonly<Record<TaskState, { readonly mark: string; readonly style: Style }>> = {
  pending: { mark: "·", style: "gray" },
  ready: { mark: "·", style: "gray" },
  running: { mark: "▶", style: "cyan" },
  verifying: { mark: "⚙", style: "blue" },
  reviewing: { mark: "?", style: "magenta" },
  accepted: { mark: "✔", style: "green" },
  failed: { mark: "✘", style: "red" },
  cancelled: { mark: "-", style: "gray" },
  blocked: { mark: "-", style: "yellow" },
};

/** Prints what changed since the last look. */
export class LiveView {
  readonly #print: (line: string) => void;
  readonly #colour: boolean;
  readonly #started = performance.now();
  readonly #shown = new Map<string, string>();
  #phase = "";

  constructor(print: (line: string) => void, colour: boolean) {
    this.#print = print;
    this.#colour = colour;
  }

  show({ view, tasks }: StoredMission): void {
    // What ended comes before what could begin because of it.
    const ended = (task: TaskView) => (task.endedAt === undefined ? 1 : 0);
    const byUpdate = [...tasks].sort((a, b) => a.updatedAt - b.updatedAt || ended(a) - ended(b));
    for (const { id, title, state, attempt, attempts, verification } of byUpdate) {
      const key = `${state} ${attempt}`;
      if (this.#shown.get(id) === key) continue;
      this.#shown.set(id, key);
      if (state === "pending" || state === "ready") continue;
      const tries = attempt > 1 ? ` (attempt ${attempt} of ${attempts})` : "";
      this.#line(state, `${id.padEnd(8)} ${state.padEnd(10)} ${title}${tries}`);
      if (state === "running" && attempt > 1 && verification?.passed === false)
        this.#quote(verification.report);
    }
    if (view.phase !== this.#phase && (view.phase === "verifying" || view.phase === "sealing")) {
      const what = view.phase === "verifying" ? "the whole is checked" : "a reviewer looks at the whole";
      this.#line("verifying", `mission  ${view.phase.padEnd(10)} ${what}`);
    }
    this.#phase = view.phase;
  }

  #line(state: TaskState, text: string): void {
    const { mark, style } = LOOK[state];
    const seconds = ((performance.now() - this.#started) / 1000).toFixed(1).padStart(5);
    const line = `${mark} ${text}`;
    this.#print(`${seconds}s  ${this.#colour ? styleText(style, line) : line}`);
  }

  #quote(report: string): void {
    const lines = report.split("\n").filter((line) => /FAILED|not ok|✖|error|expected|actual/i.test(line));
    for (const line of lines.slice(0, 6)) this.#print(`        │ ${line.trim().slice(0, 140)}`);
  }
}
