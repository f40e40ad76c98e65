import { addon } from "./addon.ts";
import { crossing } from "./crossing.ts";
import { EngineError } from "./error.ts";
import { Handle } from "./handle.ts";
import type { NativeTaskGraph } from "./native.ts";

/** In the order of their numbers in Rust. */
const STATES = ["waiting", "ready", "running", "done", "failed", "blocked", "cancelled"] as const;

/**
 * Where a task of a {@link TaskGraph} is. `waiting`: something that it depends on is not done; `ready`: it could run;
 * `running`: it was handed out. The others are ends: `blocked` means that something it depends on ended otherwise than
 * done.
 */
export type TaskGraphState = (typeof STATES)[number];

/** How many tasks are in each state. */
export type TaskGraphCounts = Readonly<Record<TaskGraphState, number>>;

/** A batch of tasks for {@link TaskGraph.add}, as columns. */
export interface TaskBatch {
  /** How many tasks; 2^24 at most. */
  readonly count: number;
  /** A priority a task: 0 high, 1 normal, 2 low. @default all normal */
  readonly priorities?: Uint8Array | undefined;
  /**
   * `count + 1` ascending numbers: task `i` of the batch depends on `dependencies[offsets[i]]` up to, and without,
   * `dependencies[offsets[i + 1]]`. @default no task depends on anything
   */
  readonly offsets?: Uint32Array | undefined;
  /** Ids: of older tasks, or of the same batch, whose ids follow the one that `add` gives. */
  readonly dependencies?: Uint32Array | undefined;
}

const NO_BYTES = new Uint8Array(0);
const NO_IDS = new Uint32Array(0);

/**
 * Tasks that depend on each other, handed out in the order in which they should run: only when all that a task depends
 * on is done; by priority; within a priority by the longest way to an end (the critical path), then in the order in
 * which they became ready. What a task is, and how it is carried out, only the caller knows: here it is an id. (Python
 * has `graphlib.TopologicalSorter` for this; this one has priorities and failures, and tasks are added at any time.)
 *
 * Ids are numbered from 0 in the order of adding. They go in and out as typed arrays, a batch a call, and a task
 * costs JavaScript no object. For functions that are simply to be run, see `TaskQueue`.
 *
 * ```ts
 * using graph = new TaskGraph();
 * // 1 and 2 depend on 0, and 3 on both.
 * graph.add({ count: 4, offsets: Uint32Array.of(0, 0, 1, 2, 4), dependencies: Uint32Array.of(0, 0, 1, 2) });
 * const batch = new Uint32Array(8);
 * for (let taken = graph.take(batch); taken > 0; taken = graph.advance(batch, taken)) {
 *   for (const id of batch.subarray(0, taken)) console.log(id);
 * }
 * ```
 *
 * Memory (outside the JavaScript heap): about 30 bytes a task and 8 a dependency, for the tasks from the oldest that
 * has not ended to the newest.
 *
 * Every method throws an EngineError `ERR_CLOSED` after disposal, and `ERR_INVALID_INPUT` for an argument of another
 * type, or an array in shared memory.
 */
export class TaskGraph extends Handle<NativeTaskGraph> {
  constructor() {
    const { NativeTaskGraph } = addon();
    super(
      "This TaskGraph",
      crossing(() => new NativeTaskGraph()),
    );
  }

  /**
   * Adds tasks, all or none; gives the id of the first. One that depends on a task that failed, was cancelled or is
   * blocked is blocked at once.
   * @throws EngineError `ERR_INVALID_PLAN` with every problem and its path (`dependencies[3]`): a priority above 2,
   * arrays of the wrong length, an unknown task, one that depends on itself, a cycle (the shortest found is named).
   */
  add(batch: TaskBatch): number {
    const native = this.native();
    const { count, priorities = NO_BYTES, offsets = NO_IDS, dependencies = NO_IDS } = batch;
    return crossing(() => native.add(count, inPlace(priorities), inPlace(offsets), inPlace(dependencies)));
  }

  /** Hands out ids to run, the first that should run first, as many as there is room for; gives how many. */
  take(into: Uint32Array): number {
    return this.advance(into, 0);
  }

  /**
   * Says that running tasks are done: what depends on them waits for one less.
   * @throws EngineError `ERR_WRONG_STATE` when one of them is not running, with its id and state, and
   * `ERR_UNKNOWN_TASK`. Nothing is changed then.
   */
  done(ids: Uint32Array): void {
    this.advance(ids, ids.length, 0);
  }

  /**
   * {@link done} with the first `done` ids of `batch`, then {@link take} into `batch`, of `most` ids at most: one
   * crossing a turn.
   * @param most At most the length of the batch. @default the length of the batch
   * @throws EngineError as {@link done}; nothing is handed out then.
   */
  advance(batch: Uint32Array, done: number, most: number = batch.length): number {
    const native = this.native();
    return crossing(() => native.advance(inPlace(batch), done, most));
  }

  /**
   * Says that running tasks failed; gives the tasks that are blocked by it, because they depend on one of them, directly
   * or not.
   * @throws EngineError as {@link done}.
   */
  failed(ids: Uint32Array): Uint32Array {
    const native = this.native();
    return blocked(
      native,
      crossing(() => native.failed(inPlace(ids))),
    );
  }

  /**
   * Takes tasks out, running ones included; what has ended stays as it is. Gives the tasks that are blocked by it.
   * @throws EngineError `ERR_UNKNOWN_TASK`; nothing is changed then.
   */
  cancel(ids: Uint32Array): Uint32Array {
    const native = this.native();
    return blocked(
      native,
      crossing(() => native.cancel(inPlace(ids))),
    );
  }

  /** How many tasks are in each state, of all that were ever added. */
  counts(): TaskGraphCounts {
    const native = this.native();
    const counts = new Uint32Array(STATES.length);
    crossing(() => native.counts(inPlace(counts)));
    const [waiting = 0, ready = 0, running = 0, done = 0, failed = 0, blocked = 0, cancelled = 0] = counts;
    return { waiting, ready, running, done, failed, blocked, cancelled };
  }

  /** The state of a task; undefined where there is none of this id. */
  state(id: number): TaskGraphState | undefined {
    const native = this.native();
    const state = crossing(() => native.state(id));
    return state === null ? undefined : STATES[state];
  }

  /**
   * The number of tasks on the longest way from a task to an end, itself included, of those that still can run: what is
   * left of the critical path through it. 0 for a task that has ended; undefined where there is none of this id.
   */
  height(id: number): number | undefined {
    const native = this.native();
    return crossing(() => native.height(id)) ?? undefined;
  }
}

/** The `count` tasks that the last call blocked. */
export function blocked(native: NativeTaskGraph, count: number): Uint32Array {
  if (count === 0) return NO_IDS;
  const ids = new Uint32Array(count);
  crossing(() => native.blocked(inPlace(ids)));
  return ids;
}

/**
 * An array that the engine may read and write in place. No other thread may do so meanwhile. And it has to have its
 * buffer already, which the look at `buffer` sees to: Bun up to 1.3.14 makes one only when native code asks for the
 * array's memory, and gives it the address from before (oven-sh/bun#37151), so that what is written there is lost.
 */
export function inPlace<A extends Uint8Array | Uint32Array>(array: A): A {
  if (array.buffer instanceof SharedArrayBuffer) {
    throw new EngineError("ERR_INVALID_INPUT", "An array in shared memory can't be used here: pass a copy.");
  }
  return array;
}
