/**
 * Reviews: what a reviewer is given to judge, and what an approval has to bring about before it counts. A verdict is void
 * when a file that it is about changed while the reviewer looked: nobody knows then what was judged.
 */
import type { Command, Event, Finding, Snapshot, TaskSpec, TaskView, Verdict } from "../engine/index.ts";
import { filesOfTask } from "./changes.ts";
import { hashFiles } from "./fingerprint.ts";
import { changedFiles, diff, type Place } from "./git.ts";
import type { Isolation } from "./isolation.ts";
import { DIFF_CHARS, reviewMessage, sealMessage } from "./messages.ts";
import type { Sessions } from "./sessions.ts";

/** A reviewer's verdict, with the lease that it was asked with. */
export interface Judgement {
  readonly lease: number;
  readonly verdict: Verdict;
  readonly findings: readonly Finding[];
}

/** What reviews need of their mission. */
export interface ReviewsParts {
  readonly isolation: Isolation;
  readonly objective: string;
  snapshot(): Snapshot;
  spec(task: string): TaskSpec;
  readonly sessions: Pick<Sessions, "filesWritten">;
}

/** What a reviewer's session is opened with. */
export interface Asked {
  readonly agent: "reviewer";
  readonly title: string;
  readonly text: string;
}

/** What a reviewer was shown. */
interface Shown {
  readonly directory: string;
  readonly files: readonly string[];
  readonly hash: string;
}

/** The reviews of one mission. */
export class Reviews {
  readonly #parts: ReviewsParts;
  readonly #shown = new Map<number, Shown>();

  constructor(parts: ReviewsParts) {
    this.#parts = parts;
  }

  /** Says what the reviewer of a lease is asked, and remembers the files as they are now; `task` is absent for the seal. */
  async ask({ lease }: Extract<Command, { type: "review" }>, task: TaskView | undefined): Promise<Asked> {
    const { isolation, sessions, spec } = this.#parts;
    if (task === undefined) {
      const place = isolation.placeOf(undefined);
      await this.#show(lease, place, await this.#filesOfAll(place));
      return { agent: "reviewer", title: "Final review (@reviewer)", text: this.#sealText() };
    }
    const place = await isolation.open(task);
    const witnesses = {
      written: sessions.filesWritten(task.session),
      reported: task.filesReported,
      scope: task.files,
    };
    const changed = await filesOfTask(place, witnesses);
    await this.#show(lease, place, changed);
    const text = reviewMessage(task, spec(task.id).prompt, changed, await diff(place, changed, DIFF_CHARS));
    return { agent: "reviewer", title: `Review of ${task.id} (@reviewer)`, text };
  }

  /**
   * The event of a verdict. An approval is the last word on a task, so its work is merged first: where that is not
   * possible, the worker has to mend it, and hears of it as of any other finding.
   */
  async judge(task: string | undefined, { lease, verdict, findings }: Judgement): Promise<Reviewed> {
    const reviewed = { type: "reviewed", lease, verdict, findings } as const;
    if (await this.#hasChanged(lease)) return { ...reviewed, voided: true };
    const approved = verdict === "approve" && task !== undefined;
    const conflict = approved ? await this.#parts.isolation.merge(task) : undefined;
    if (conflict === undefined) return reviewed;
    return { ...reviewed, verdict: "reject", findings: [{ severity: "critical", message: conflict }] };
  }

  /** Forgets the reviews that are over. */
  keep(isLive: (lease: number) => boolean): void {
    for (const lease of this.#shown.keys()) if (!isLive(lease)) this.#shown.delete(lease);
  }

  async #show(lease: number, { directory }: Place, files: readonly string[]): Promise<void> {
    this.#shown.set(lease, { directory, files, hash: await hashFiles(directory, files) });
  }

  /** Unknown, as after a restart of the host, is no change. Files that are new since, such as a report of tests, are none. */
  async #hasChanged(lease: number): Promise<boolean> {
    const shown = this.#shown.get(lease);
    return shown !== undefined && (await hashFiles(shown.directory, shown.files)) !== shown.hash;
  }

  async #filesOfAll(place: Place): Promise<readonly string[]> {
    const { sessions, snapshot } = this.#parts;
    const tasks = snapshot().tasks.filter(({ kind, state }) => kind === "task" && state === "accepted");
    return filesOfTask(place, {
      written: [
        ...((await changedFiles(place)) ?? []),
        ...tasks.flatMap(({ session }) => [...sessions.filesWritten(session)]),
      ],
      reported: tasks.flatMap(({ filesReported }) => filesReported),
      scope: [],
    });
  }

  #sealText(): string {
    const { goal, tasks, missionVerification } = this.#parts.snapshot();
    const accepted = tasks.filter(({ kind, state }) => kind === "task" && state === "accepted");
    return sealMessage(`${this.#parts.objective}\n\n${goal}`, accepted, missionVerification?.report);
  }
}

type Reviewed = Extract<Event, { type: "reviewed" }>;
