import { addon } from "./addon.ts";
import { crossing } from "./crossing.ts";
import { EngineError } from "./error.ts";
import { blocked, inPlace } from "./graph.ts";
import type { NativeTaskGraph } from "./native.ts";
import type { Priority } from "./plan.ts";
import { Staging } from "./staging.ts";
import {
  blockedBy,
  fail,
  failureOf,
  hear,
  isOf,
  promiseOf,
  resolver,
  type TaskPromise,
  type Tracked,
  track,
} from "./task-promise.ts";

/** A function for a {@link TaskQueue}. Its signal tells it that nobody wants its result any more. */
export type TaskFunction<T> = (signal: AbortSignal) => T | PromiseLike<T>;

export interface TaskOptions {
  /** For messages. @default the function's name, or `task <id>` */
  readonly name?: string | undefined;
  /** Which of the tasks that could run goes first. @default "normal" */
  readonly priority?: Priority | undefined;
  /** Tasks of the same queue that have to succeed first: promises that `add` gave. */
  readonly after?: readonly TaskPromise<unknown>[] | undefined;
  /**
   * Aborted before the task runs, it takes the task out, and the promise rejects with the signal's reason. Later the
   * function is told by the signal that it was given, and the task ends when the function does.
   */
  readonly signal?: AbortSignal | undefined;
}

export interface TaskQueueOptions {
  /** Most functions that run at once: a whole number from 1 on, or Infinity. */
  readonly concurrency: number;
}

/** One of the functions that run at once. Its two callbacks serve all the promises that it ever waits for. */
interface Slot {
  id: number;
  run: TaskFunction<unknown> | undefined;
  readonly fulfilled: (value: unknown) => void;
  readonly rejected: (error: unknown) => void;
}

/** A signal that a task was given, and how to listen to it no longer. */
interface Listening {
  readonly signal: AbortSignal;
  readonly stop: () => void;
}

const SETTLED = Promise.resolve();
/** Most tasks that are handed out in one crossing. */
const MAX_BATCH = 1_024;
/** Records of ended tasks that are not worth removing. */
const FEW_RECORDS = 4_096;

/**
 * Runs functions, at most so many at once, in the order of their priority; those that others come `after` run before
 * them, and among equals the longest chain goes first. The order is decided by the native engine (see `TaskGraph`).
 *
 * ```ts
 * using queue = new TaskQueue({ concurrency: 8 });
 * const schema = queue.add(() => generate("schema.json"));
 * const client = queue.add(() => compile("client"), { after: [schema] });
 * const server = queue.add(() => compile("server"), { after: [schema], priority: "high" });
 * await Promise.all([client, server]);
 * ```
 *
 * When a task fails, those that come after it are not run: their promises reject with `ERR_BLOCKED`, which names the
 * task that failed and has its error as `cause`. So that one mistake doesn't count twice, a rejection that others tell
 * of, or that was asked for (`clear`), is never reported as unhandled.
 *
 * Functions start in a microtask after `add`, in the queue's own async context (bind a function with
 * `AsyncLocalStorage.snapshot()` where that matters). One that returns no promise ends at once. What is added and what
 * ends within one turn goes to the engine together.
 */
export class TaskQueue implements Disposable {
  readonly #native: NativeTaskGraph;
  readonly #staging = new Staging();
  readonly #abort = new AbortController();
  readonly #signal = this.#abort.signal;
  readonly #flush = () => this.#advance();
  #concurrency: number;
  #isPaused = false;
  #isFlushQueued = false;
  #open = 0;
  #running = 0;

  // Three columns of records, for the tasks from `#first` on.
  #first = 0;
  /** The functions of those that have not started. */
  #runs: (TaskFunction<unknown> | undefined)[] = [];
  /** The promises of those that have not ended. */
  #promises: (Tracked | undefined)[] = [];
  #resolvers: (((value: unknown) => void) | undefined)[] = [];
  /** How many of the first are known to have ended. */
  #ended = 0;
  /** What few tasks have, while they have not ended. */
  readonly #names = new Map<number, string>();
  readonly #listening = new Map<number, Listening>();

  /** The ids of finished tasks on the way to the engine, and of those to run on the way back. */
  #batch = inPlace(new Uint32Array(16));
  #done = 0;
  readonly #slots: Slot[] = [];
  #onIdle: (() => void)[] = [];

  /** @throws EngineError `ERR_INVALID_CONFIG` for a concurrency below 1. */
  constructor(options: TaskQueueOptions) {
    this.#concurrency = checkConcurrency(options.concurrency);
    const { NativeTaskGraph } = addon();
    this.#native = crossing(() => new NativeTaskGraph());
  }

  /**
   * Queues a function. The promise gets its result or its error.
   * @throws EngineError `ERR_INVALID_PLAN` for an unknown priority, or a promise in `after` that is not of this queue;
   * `ERR_CLOSED` after disposal.
   */
  add<T>(run: TaskFunction<T>, options?: TaskOptions): TaskPromise<T> {
    if (this.#signal.aborted) throw new EngineError("ERR_CLOSED", "This TaskQueue has been disposed of.");
    const priority = priorityNumber(options?.priority);
    const after = options?.after === undefined ? undefined : this.#check(options.after);

    const id = this.#first + this.#promises.length;
    const promise = track(id, this);
    this.#runs.push(run);
    this.#promises.push(promise);
    this.#resolvers.push(resolver());
    this.#open++;
    if (options?.name !== undefined) this.#names.set(id, options.name);
    const culprit = after === undefined ? undefined : this.#dependOn(after);
    this.#staging.add(priority);
    if (culprit !== undefined) this.#takeOut([promise], blockedBy(culprit, id, this.#name(id)));
    else if (options?.signal !== undefined) this.#listen(promise, options.signal);
    this.#queueFlush();
    return promise as TaskPromise<T>;
  }

  /** Resolves when nothing runs and nothing waits. */
  onIdle(): Promise<void> {
    if (this.#open === 0) return SETTLED;
    return new Promise((resolve) => {
      this.#onIdle.push(resolve);
    });
  }

  /** Starts no more functions; those that run go on. */
  pause(): void {
    this.#isPaused = true;
  }

  /** Goes on after {@link pause}. */
  start(): void {
    this.#isPaused = false;
    this.#queueFlush();
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** How many tasks wait, for others or for room. */
  get size(): number {
    return this.#open - this.#running;
  }

  /** How many functions run. */
  get pending(): number {
    return this.#running;
  }

  /** Most functions that run at once. A smaller number than run takes effect as they end. */
  get concurrency(): number {
    return this.#concurrency;
  }

  set concurrency(concurrency: number) {
    this.#concurrency = checkConcurrency(concurrency);
    this.#queueFlush();
  }

  /** Takes out all that has not started: the promises reject with `ERR_CANCELLED`. What runs goes on. */
  clear(): void {
    const waiting = this.#promises.filter(
      (promise, at): promise is Tracked => promise !== undefined && this.#runs[at] !== undefined,
    );
    for (const promise of waiting) hear(promise);
    this.#takeOut(waiting, new EngineError("ERR_CANCELLED", "The queue was cleared before the task ran."));
  }

  /** {@link clear}, tells the functions that run by their signal, and takes no more. */
  [Symbol.dispose](): void {
    if (this.#signal.aborted) return;
    this.clear();
    this.#abort.abort(new EngineError("ERR_CLOSED", "The TaskQueue was disposed of."));
  }

  #queueFlush(): void {
    if (this.#isFlushQueued) return;
    this.#isFlushQueued = true;
    SETTLED.then(this.#flush);
  }

  /** Tells the engine what was added and what ended, and runs what it hands out, until there is nothing more to tell. */
  #advance(): void {
    // What the functions below bring about is looked at again: they may start the queue, or widen it.
    this.#isFlushQueued = false;
    do {
      this.#submit();
      const most = this.#isPaused ? 0 : Math.max(0, Math.min(this.#concurrency - this.#running, MAX_BATCH));
      if (this.#batch.length < most) this.#growBatch(most);
      const batch = this.#batch;
      const done = this.#done;
      this.#done = 0;
      const taken = this.#cross(batch, done, most);
      // What ends at once is written over the ids that were read before.
      for (let at = 0; at < taken; at++) this.#run(batch[at] ?? 0);
    } while (this.#done > 0 || this.#staging.count > 0);
    if (this.#open === 0) this.#tellIdle();
  }

  #cross(batch: Uint32Array, done: number, most: number): number {
    return crossing(() => this.#native.advance(batch, done, most));
  }

  #run(id: number): void {
    const at = id - this.#first;
    const run = this.#runs[at];
    // None, when one that was handed out with it took it out.
    if (run === undefined) return;
    this.#runs[at] = undefined;
    this.#running++;
    let result: unknown;
    try {
      result = run(this.#listening.size === 0 ? this.#signal : this.#unite(id));
    } catch (error) {
      this.#failed(id, run, error);
      return;
    }
    const promise = promiseOf(result);
    if (promise === undefined) {
      this.#succeeded(id, result);
      return;
    }
    const slot = this.#slots.pop() ?? this.#newSlot();
    slot.id = id;
    slot.run = run;
    promise.then(slot.fulfilled, slot.rejected);
  }

  #newSlot(): Slot {
    const slot: Slot = {
      id: 0,
      run: undefined,
      fulfilled: (value) => {
        this.#leave(slot);
        this.#succeeded(slot.id, value);
      },
      rejected: (error) => {
        const run = this.#leave(slot);
        this.#failed(slot.id, run, error);
      },
    };
    return slot;
  }

  #leave(slot: Slot): TaskFunction<unknown> {
    const { run } = slot;
    if (run === undefined) throw new EngineError("ERR_ENGINE", "A promise was settled twice.");
    slot.run = undefined;
    this.#slots.push(slot);
    this.#queueFlush();
    return run;
  }

  #succeeded(id: number, value: unknown): void {
    if (this.#done === this.#batch.length) this.#growBatch(this.#done + 1);
    this.#batch[this.#done++] = id;
    this.#running--;
    this.#close(id)?.(value);
  }

  #failed(id: number, run: TaskFunction<unknown>, error: unknown): void {
    const promise = this.#promises[id - this.#first];
    if (promise === undefined) throw new EngineError("ERR_ENGINE", `Task ${id} ended twice.`);
    this.#submit();
    this.#running--;
    this.#end(promise, this.#name(id, run), error);
    const count = crossing(() => this.#native.failed(inPlace(Uint32Array.of(id))));
    this.#block(count, promise);
  }

  /** Takes waiting tasks out of the engine; each rejects with the error. */
  #takeOut(promises: readonly Tracked[], error: unknown): void {
    const [first] = promises;
    if (first === undefined) return;
    this.#submit();
    const ids = inPlace(Uint32Array.from(promises, (promise) => promise.id));
    const count = crossing(() => this.#native.cancel(ids));
    for (const promise of promises) this.#end(promise, this.#name(promise.id), error);
    this.#block(count, first);
    this.#queueFlush();
  }

  /** Rejects the tasks that the engine's last call blocked. */
  #block(count: number, culprit: Tracked): void {
    for (const id of blocked(this.#native, count)) {
      const promise = this.#promises[id - this.#first];
      const name = this.#name(id);
      if (promise !== undefined) this.#end(promise, name, blockedBy(culprit, id, name));
    }
  }

  #end(promise: Tracked, name: string, error: unknown): void {
    fail(promise, name, error);
    this.#close(promise.id)?.(Promise.reject(error));
  }

  /** Drops the record of a task; gives what resolves its promise. */
  #close(id: number): ((value: unknown) => void) | undefined {
    const at = id - this.#first;
    const resolve = this.#resolvers[at];
    this.#runs[at] = undefined;
    this.#promises[at] = undefined;
    this.#resolvers[at] = undefined;
    this.#open--;
    if (this.#names.size > 0) this.#names.delete(id);
    if (this.#listening.size > 0) this.#stopListening(id);
    return resolve;
  }

  #name(id: number, run = this.#runs[id - this.#first]): string {
    return this.#names.get(id) || run?.name || `task ${id}`;
  }

  #tellIdle(): void {
    const waiters = this.#onIdle;
    if (waiters.length === 0) return;
    this.#onIdle = [];
    for (const resolve of waiters) resolve();
  }

  /** Hands over what was added since the last time. */
  #submit(): void {
    if (this.#staging.count === 0) return;
    this.#staging.submit(this.#native);
    this.#dropRecords();
  }

  /** Forgets the oldest tasks, when half of all are such that have ended: so each is moved once on average. */
  #dropRecords(): void {
    const promises = this.#promises;
    while (this.#ended < promises.length && promises[this.#ended] === undefined) this.#ended++;
    if (this.#ended < FEW_RECORDS || this.#ended * 2 < promises.length) return;
    this.#runs = this.#runs.slice(this.#ended);
    this.#promises = promises.slice(this.#ended);
    this.#resolvers = this.#resolvers.slice(this.#ended);
    this.#first += this.#ended;
    this.#ended = 0;
  }

  #growBatch(least: number): void {
    const grown = inPlace(new Uint32Array(Math.max(least, 2 * this.#batch.length)));
    grown.set(this.#batch);
    this.#batch = grown;
  }

  #check(after: readonly TaskPromise<unknown>[]): Tracked[] {
    const dependencies = after.filter((promise): promise is TaskPromise<unknown> & Tracked =>
      isOf(this, promise),
    );
    if (dependencies.length === after.length) return dependencies;
    const message = "is not a promise that this queue's add gave";
    const wrong = after.flatMap((promise, at) => (isOf(this, promise) ? [] : [`after[${at}]`]));
    throw new EngineError("ERR_INVALID_PLAN", `the task is refused: ${wrong.join(", ")}: ${message}`, {
      problems: wrong.map((path) => ({ path, message })),
    });
  }

  /** The dependencies of the task that is staged next; gives the first that has ended, and not well. */
  #dependOn(after: readonly Tracked[]): Tracked | undefined {
    let culprit: Tracked | undefined;
    for (const promise of after) {
      const isOpen = this.#promises[promise.id - this.#first] !== undefined;
      if (isOpen) this.#staging.dependOn(promise.id);
      else if (failureOf(promise) === undefined) continue;
      else culprit ??= promise;
      hear(promise);
    }
    return culprit;
  }

  #listen(promise: Tracked, signal: AbortSignal): void {
    const aborted = () => this.#takeOut([promise], signal.reason);
    if (signal.aborted) {
      aborted();
      return;
    }
    signal.addEventListener("abort", aborted, { once: true });
    this.#listening.set(promise.id, { signal, stop: () => signal.removeEventListener("abort", aborted) });
  }

  #stopListening(id: number): AbortSignal | undefined {
    const listening = this.#listening.get(id);
    listening?.stop();
    this.#listening.delete(id);
    return listening?.signal;
  }

  /** The signal of a function that starts: the task's own, if it has one, and the queue's end. */
  #unite(id: number): AbortSignal {
    const own = this.#stopListening(id);
    return own === undefined ? this.#signal : AbortSignal.any([own, this.#signal]);
  }
}

function priorityNumber(priority: Priority | undefined): number {
  if (priority === undefined || priority === "normal") return 1;
  if (priority === "high") return 0;
  if (priority === "low") return 2;
  const message = `is ${JSON.stringify(priority)}: it has to be "high", "normal" or "low"`;
  throw new EngineError("ERR_INVALID_PLAN", `the task is refused: priority: ${message}`, {
    problems: [{ path: "priority", message }],
  });
}

function checkConcurrency(concurrency: number): number {
  if (concurrency >= 1 && (Number.isInteger(concurrency) || concurrency === Number.POSITIVE_INFINITY))
    return concurrency;
  const message = `is ${concurrency}: it has to be a whole number from 1 on, or Infinity`;
  throw new EngineError("ERR_INVALID_CONFIG", `the queue is refused: concurrency: ${message}`, {
    problems: [{ path: "concurrency", message }],
  });
}
