/** Where the tasks of a mission are worked on: all in the project's folder, or each in a git worktree of its own. */
import type { TaskState, TaskView } from "../engine/index.ts";
import { type Place, sinceLastCommit } from "./git.ts";
import { Worktrees } from "./worktrees.ts";

/** Places for tasks. */
export interface Isolation {
  /** Makes the place of a task's main attempt, or of another one; or finds the one that an earlier process made. */
  open(task: TaskView, copy?: number): Promise<Place>;
  /** Where an attempt at a task is at work; the project's folder where it has no place of its own. */
  placeOf(task: string | undefined, copy?: number): Place;
  /**
   * Brings an accepted attempt's work into the project's folder; why that is not possible, for its worker to mend.
   * Rejects where it is not `wanted` any more when its turn has come.
   */
  merge(task: string, copy?: number, wanted?: () => boolean): Promise<string | undefined>;
  /** Lets go of the places of tasks and of attempts that have ended. */
  keep(tasks: readonly TaskView[]): Promise<void>;
  /** Lets go of all places, also of those that an earlier process left. */
  end(): Promise<void>;
  /** Resolves when nothing is being made, merged or removed any more. Never rejects. */
  settled(): Promise<void>;
}

/** One folder for all: scopes keep tasks apart. */
export function shared(directory: string): Isolation {
  const place = sinceLastCommit(directory);
  return {
    open: async () => place,
    placeOf: () => place,
    merge: async () => undefined,
    keep: async () => undefined,
    end: async () => undefined,
    settled: async () => undefined,
  };
}

/** What a host has to hear of: it must know folders that are not the project's. */
export interface Places {
  opened(directory: string): void;
  left(directory: string): Promise<void>;
}

const OVER: ReadonlySet<TaskState> = new Set(["accepted", "failed", "cancelled", "blocked"]);

/** The copy of the project that a task's only attempt works in, and the main one of two; by default the first. */
export const copyOf = ({ copy = 1 }: Pick<TaskView, "copy">): number => copy;

/** Names the place of an attempt: the first has the task's name, the second one that no task can have. */
const nameOf = (task: string, copy = 1): string => (copy === 1 ? task : `${task}@${copy}`);

/** The places that are still worked on. */
const namesInUse = (tasks: readonly TaskView[]): ReadonlySet<string> =>
  new Set(
    tasks
      .filter(({ state }) => !OVER.has(state))
      .flatMap((task) => [
        nameOf(task.id, copyOf(task)),
        ...(task.second === undefined ? [] : [nameOf(task.id, 3 - copyOf(task))]),
      ]),
  );

/** A git worktree for each attempt at a task. Errands work in the project's folder: what they do is asked for there. */
export class Isolated implements Isolation {
  readonly #project: Place;
  readonly #worktrees: Worktrees;
  readonly #places: Places;
  readonly #open = new Map<string, Place>();
  #pending: Promise<unknown> = Promise.resolve();
  /** Whether what an earlier process left behind was looked for. */
  #swept = false;
  #ended = false;

  constructor(directory: string, mission: string, places: Places) {
    this.#project = sinceLastCommit(directory);
    this.#worktrees = new Worktrees(directory, mission);
    this.#places = places;
  }

  async open(task: TaskView, copy = copyOf(task)): Promise<Place> {
    const name = nameOf(task.id, copy);
    const known = this.#open.get(name);
    if (known !== undefined || task.kind === "delegation") return known ?? this.#project;
    this.#mustGoOn();
    const place = await this.#worktrees.open(name);
    this.#mustGoOn();
    this.#open.set(name, place);
    this.#places.opened(place.directory);
    return place;
  }

  placeOf(task: string | undefined, copy?: number): Place {
    return (task === undefined ? undefined : this.#open.get(nameOf(task, copy))) ?? this.#project;
  }

  async merge(task: string, copy?: number, wanted?: () => boolean): Promise<string | undefined> {
    const merged = await this.#worktrees.merge(nameOf(task, copy), wanted);
    if (merged.type === "merged") return undefined;
    return [
      `FAILED merge: since this task began, others changed the same lines of ${merged.files.join(", ")}.`,
      "The files here now hold both sides, marked as git marks them. Make one of the two, remove the marks, report again.",
      merged.hunks,
    ].join("\n");
  }

  keep(tasks: readonly TaskView[]): Promise<void> {
    return this.#tracked(() => this.#removeEnded(tasks));
  }

  end(): Promise<void> {
    this.#ended = true;
    return this.#tracked(() => this.#removeAll());
  }

  /** Nothing is begun in a place that is about to be removed, or is. */
  #mustGoOn(): void {
    if (this.#ended) throw new Error("the mission is over");
  }

  async settled(): Promise<void> {
    await this.#pending;
    await this.#worktrees.settled();
  }

  async #removeEnded(tasks: readonly TaskView[]): Promise<void> {
    const used = namesInUse(tasks);
    for (const name of [...this.#open.keys()]) if (!used.has(name)) await this.#remove(name);
    if (!this.#swept) await this.#sweep(tasks, used);
  }

  /** An attempt that was dropped while no process drove the mission has left its worktree. */
  async #sweep(tasks: readonly TaskView[], used: ReadonlySet<string>): Promise<void> {
    this.#swept = true;
    const going = tasks.filter(({ state }) => !OVER.has(state));
    const either = new Set(going.flatMap(({ id }) => [nameOf(id, 1), nameOf(id, 2)]));
    await this.#worktrees.clean((name) => !either.has(name) || used.has(name) || this.#open.has(name));
  }

  async #removeAll(): Promise<void> {
    // What is still being made is made, and then removed with the others.
    await this.#worktrees.settled();
    for (const name of [...this.#open.keys()]) await this.#remove(name);
    await this.#worktrees.clean();
  }

  #tracked(work: () => Promise<void>): Promise<void> {
    const done = work();
    this.#pending = Promise.allSettled([this.#pending, done]);
    return done;
  }

  async #remove(name: string): Promise<void> {
    const place = this.#open.get(name);
    this.#open.delete(name);
    if (place !== undefined) await this.#places.left(place.directory);
    await this.#worktrees.remove(name);
  }
}
