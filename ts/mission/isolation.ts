/** Where the tasks of a mission are worked on: all in the project's folder, or each in a git worktree of its own. */
import type { TaskState, TaskView } from "../engine/index.ts";
import { type Place, sinceLastCommit } from "./git.ts";
import { Worktrees } from "./worktrees.ts";

/** Places for tasks. */
export interface Isolation {
  /** Makes a task's place, or finds the one that an earlier process made. */
  open(task: TaskView): Promise<Place>;
  /** Where a task is worked on; the project's folder where it has no place of its own. */
  placeOf(task: string | undefined): Place;
  /** Brings an accepted task's work into the project's folder; why that is not possible, for its worker to mend. */
  merge(task: string): Promise<string | undefined>;
  /** Lets go of the places of tasks that have ended. */
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

/** A git worktree for each task. Errands work in the project's folder: what they do is asked for there. */
export class Isolated implements Isolation {
  readonly #project: Place;
  readonly #worktrees: Worktrees;
  readonly #places: Places;
  readonly #open = new Map<string, Place>();
  #pending: Promise<unknown> = Promise.resolve();

  constructor(directory: string, mission: string, places: Places) {
    this.#project = sinceLastCommit(directory);
    this.#worktrees = new Worktrees(directory, mission);
    this.#places = places;
  }

  async open({ id, kind }: TaskView): Promise<Place> {
    const known = this.#open.get(id);
    if (known !== undefined || kind === "delegation") return known ?? this.#project;
    const place = await this.#worktrees.open(id);
    this.#open.set(id, place);
    this.#places.opened(place.directory);
    return place;
  }

  placeOf(task: string | undefined): Place {
    return (task === undefined ? undefined : this.#open.get(task)) ?? this.#project;
  }

  async merge(task: string): Promise<string | undefined> {
    const merged = await this.#worktrees.merge(task);
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
    return this.#tracked(() => this.#removeAll());
  }

  async settled(): Promise<void> {
    await this.#pending;
    await this.#worktrees.settled();
  }

  async #removeEnded(tasks: readonly TaskView[]): Promise<void> {
    const over = tasks.filter(({ id, state }) => OVER.has(state) && this.#open.has(id));
    for (const { id } of over) await this.#remove(id);
  }

  async #removeAll(): Promise<void> {
    for (const task of [...this.#open.keys()]) await this.#remove(task);
    await this.#worktrees.clean();
  }

  #tracked(work: () => Promise<void>): Promise<void> {
    const done = work();
    this.#pending = Promise.allSettled([this.#pending, done]);
    return done;
  }

  async #remove(task: string): Promise<void> {
    const place = this.#open.get(task);
    this.#open.delete(task);
    if (place !== undefined) await this.#places.left(place.directory);
    await this.#worktrees.remove(task);
  }
}
