/**
 * Reviews: what a reviewer is given to judge, and what an approval has to bring about before it counts. A verdict is void
 * when files changed while the reviewer looked, other than by tasks that may change them: nobody knows then what was judged.
 */
import {
  type Command,
  type Event,
  type Finding,
  outsideScope,
  type Snapshot,
  type TaskSpec,
  type TaskView,
  type Verdict,
} from "../engine/index.ts";
import { filesOfTask } from "./changes.ts";
import { changedFiles, diff, type Place } from "./git.ts";
import type { Isolation } from "./isolation.ts";
import { DIFF_CHARS, reviewMessage, sealMessage } from "./messages.ts";
import type { Sessions } from "./sessions.ts";
import { differencesSince, type Tree, treeOf } from "./tree.ts";

/** A reviewer's verdict, with the lease that it was asked with. */
export interface Judgement {
  readonly lease: number;
  readonly verdict: Verdict;
  readonly findings: readonly Finding[];
}

/** What the engine is to be told of a verdict. */
export interface Judged {
  readonly event: Extract<Event, { type: "reviewed" }>;
  /** The files for which it is void; none where it counts. */
  readonly changed: readonly string[];
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
  /** `undefined` for the whole mission. */
  readonly task: string | undefined;
  readonly files: ReadonlySet<string>;
  readonly tree: Tree;
  /** By the engine's clock, in milliseconds. */
  readonly at: number;
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
      await this.#show(lease, undefined, place, await this.#filesOfAll(place));
      return { agent: "reviewer", title: "Final review (@reviewer)", text: this.#sealText() };
    }
    const place = await isolation.open(task);
    const witnesses = {
      written: sessions.filesWritten(task.session),
      reported: task.filesReported,
      scope: task.files,
    };
    const changed = await filesOfTask(place, witnesses);
    await this.#show(lease, task.id, place, changed);
    const text = reviewMessage(task, spec(task.id).prompt, changed, await diff(place, changed, DIFF_CHARS));
    return { agent: "reviewer", title: `Review of ${task.id} (@reviewer)`, text };
  }

  /**
   * The event of a verdict. An approval is the last word on a task, so its work is merged first: where that is not
   * possible, the worker has to mend it, and hears of it as of any other finding.
   */
  async judge(task: string | undefined, { lease, verdict, findings }: Judgement): Promise<Judged> {
    const reviewed = { type: "reviewed", lease, verdict, findings } as const;
    const changed = await this.#changedUnder(lease);
    if (changed.length > 0) return { event: { ...reviewed, voided: true }, changed };
    const approved = verdict === "approve" && task !== undefined;
    const conflict = approved ? await this.#merge(task, lease) : undefined;
    if (conflict === undefined) return { event: reviewed, changed };
    const rejected = {
      verdict: "reject",
      findings: [{ severity: "critical", message: conflict }],
    } as const;
    return { event: { ...reviewed, ...rejected }, changed };
  }

  /** Forgets the reviews that are over. */
  keep(isLive: (lease: number) => boolean): void {
    for (const lease of this.#shown.keys()) if (!isLive(lease)) this.#shown.delete(lease);
  }

  #merge(task: string, lease: number): Promise<string | undefined> {
    const { isolation, snapshot } = this.#parts;
    const wanted = () => snapshot().leases.some((live) => live.lease === lease);
    return isolation.merge(task, snapshot().tasks.find(({ id }) => id === task)?.copy, wanted);
  }

  async #show(
    lease: number,
    task: string | undefined,
    place: Place,
    files: readonly string[],
  ): Promise<void> {
    const at = this.#parts.snapshot().updatedAt;
    this.#shown.set(lease, { task, files: new Set(files), tree: await treeOf(place, files), at });
  }

  /**
   * The files that changed while a reviewer looked, but for those that others at work in the same folder may change.
   * Where there are others, a new file that git does not know is nobody's for certain: a run of tests leaves such
   * behind. Unknown, as after a restart of the host, is no change.
   */
  async #changedUnder(lease: number): Promise<readonly string[]> {
    const shown = this.#shown.get(lease);
    if (shown === undefined) return [];
    const others = this.#othersSince(shown);
    const differences = await differencesSince(shown.tree);
    const certain = differences.filter(
      ({ path, isNew }) => shown.files.has(path) || others.length === 0 || !isNew,
    );
    const theirs = others.flatMap(({ files }) => files);
    // One that has declared no files may change any, but not those under review.
    const any = others.some(({ files }) => files.length === 0);
    const paths = certain.map(({ path }) => path);
    const outside = new Set(any ? [] : outsideScope(theirs, paths));
    return paths.filter((path) => outside.has(path) || shown.files.has(path));
  }

  /** The tasks that were at work in the folder under review since a moment. */
  #othersSince({ task, tree, at }: Shown): readonly TaskView[] {
    const { isolation, snapshot } = this.#parts;
    return snapshot().tasks.filter(
      ({ id, copy, startedAt, endedAt }) =>
        id !== task &&
        startedAt !== undefined &&
        (endedAt === undefined || endedAt >= at) &&
        isolation.placeOf(id, copy).directory === tree.place.directory,
    );
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
