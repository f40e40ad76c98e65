import { addon } from "./addon.ts";
import { crossing } from "./crossing.ts";
import { EngineError } from "./error.ts";
import { blocked, inPlace } from "./graph.ts";
import type { NativeTaskGraph } from "./native.ts";
import type { Priority } from "./plan.ts";
import { Staging } from "./staging.ts";

/** A function for a {@link TaskQueue}. Its signal tells it that nobody wants its result any more. */
export type TaskFunction<T> = (signal: AbortSignal) => T | PromiseLike<T>;

/** A function in a {@link TaskQueue}, as errors name it. */
export interface QueuedTask {
  /** From 0 on, in the order of adding. */
  readonly id: number;
  /** As it was given; otherwise the function's, or `task <id>`. */
  readonly name: string;
}

/** What {@link TaskQueue.add} gives: the promise of the function's result, which can be named in other tasks' `after`. */
export interface TaskPromise<T> extends Promise<T> {
  readonly task: QueuedTask;
}

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

const WAITING = 0;
const RUNNING = 1;
const DONE = 2;
/** It failed, was blocked or was taken out. */
const BAD = 3;
type Stage = typeof WAITING | typeof RUNNING | typeof DONE | typeof BAD;

/** What few tasks have, kept apart: a queue holds many. */
interface Extra {
  name?: string;
  error?: unknown;
  signal?: AbortSignal;
  stopListening?: (() => void) | undefined;
  /** Others tell of its failure, so that it may go unheard itself. */
  isHeard?: true;
}

class Entry implements QueuedTask {
  readonly id: number;
  readonly queue: TaskQueue;
  readonly promise: Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  run: TaskFunction<unknown> | undefined;
  stage: Stage = WAITING;
  extra: Extra | undefined = undefined;

  constructor(id: number, queue: TaskQueue, run: TaskFunction<unknown>, promise: Promise<unknown>) {
    this.id = id;
    this.queue = queue;
    this.promise = promise;
    this.resolve = resolveLast;
    this.reject = rejectLast;
    this.run = run;
  }

  get name(): string {
    return this.extra?.name || this.run?.name || `task ${this.id}`;
  }

  /** To write to what few tasks have. */
  more(): Extra {
    this.extra ??= {};
    return this.extra;
  }
}

/** One of the functions that run at once. Its two callbacks serve all the promises that it ever waits for. */
interface Slot {
  entry: Entry | undefined;
  readonly fulfilled: (value: unknown) => void;
  readonly rejected: (error: unknown) => void;
}

let resolveLast: (value: unknown) => void;
let rejectLast: (error: unknown) => void;
/** One executor for all promises: a closure a task is what it saves. */
const capture = (resolve: (value: unknown) => void, reject: (error: unknown) => void): void => {
  resolveLast = resolve;
  rejectLast = reject;
};
const SETTLED = Promise.resolve();
const ignore = (): undefined => undefined;

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
  /** Of the tasks from `#firstRecord` on; those that ended have none. */
  #records: (Entry | undefined)[] = [];
  #firstRecord = 0;
  /** How many of the first records are known to be of tasks that ended. */
  #ended = 0;
  #open = 0;
  #running = 0;
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
    const after = options?.after;
    if (after !== undefined) this.#check(after);

    const promise = new Promise<unknown>(capture) as Promise<T> & { task: QueuedTask };
    const entry = new Entry(this.#firstRecord + this.#records.length, this, run, promise);
    promise.task = entry;
    if (options?.name !== undefined) entry.more().name = options.name;
    let culprit: Entry | undefined;
    if (after !== undefined) {
      for (const { task } of after) {
        // `#check` has seen that they are entries.
        const dependency = task as Entry;
        if (dependency.stage === DONE) continue;
        if (dependency.stage === BAD) culprit ??= dependency;
        else this.#staging.dependOn(dependency.id);
        hear(dependency);
      }
    }
    this.#staging.add(priority);
    this.#records.push(entry);
    this.#open++;
    if (culprit !== undefined) this.#takeOut([entry], blockedBy(entry, culprit));
    else if (options?.signal !== undefined) this.#listen(entry, options.signal);
    this.#queueFlush();
    return promise;
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
    const waiting = this.#records.filter((entry) => entry?.stage === WAITING) as Entry[];
    for (const entry of waiting) hear(entry);
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
      for (let at = 0; at < taken; at++) {
        // What ends at once is written over the ids that were read before.
        const entry = this.#records[(batch[at] ?? 0) - this.#firstRecord];
        // None, when one that ran before it took it out.
        if (entry !== undefined) this.#run(entry);
      }
    } while (this.#done > 0 || this.#staging.count > 0);
    if (this.#open === 0) this.#tellIdle();
  }

  #cross(batch: Uint32Array, done: number, most: number): number {
    return crossing(() => this.#native.advance(batch, done, most));
  }

  #run(entry: Entry): void {
    const { run, extra } = entry;
    if (run === undefined || entry.stage !== WAITING) {
      throw new EngineError("ERR_ENGINE", `${entry.name} was handed out twice.`);
    }
    entry.stage = RUNNING;
    this.#running++;
    let result: unknown;
    try {
      result = run(extra?.signal === undefined ? this.#signal : this.#unite(extra, extra.signal));
    } catch (error) {
      this.#failed(entry, error);
      return;
    }
    const promise = promiseOf(result);
    if (promise === undefined) {
      this.#succeeded(entry, result);
      return;
    }
    const slot = this.#slots.pop() ?? this.#newSlot();
    slot.entry = entry;
    promise.then(slot.fulfilled, slot.rejected);
  }

  #newSlot(): Slot {
    const leave = (): Entry => {
      const entry = slot.entry;
      if (entry === undefined) throw new EngineError("ERR_ENGINE", "A promise was settled twice.");
      slot.entry = undefined;
      this.#slots.push(slot);
      this.#queueFlush();
      return entry;
    };
    const slot: Slot = {
      entry: undefined,
      fulfilled: (value) => this.#succeeded(leave(), value),
      rejected: (error) => this.#failed(leave(), error),
    };
    return slot;
  }

  #succeeded(entry: Entry, value: unknown): void {
    entry.stage = DONE;
    if (this.#done === this.#batch.length) this.#growBatch(this.#done + 1);
    this.#batch[this.#done++] = entry.id;
    this.#running--;
    this.#close(entry);
    entry.resolve(value);
  }

  #failed(entry: Entry, error: unknown): void {
    this.#submit();
    this.#running--;
    this.#end(entry, error);
    const count = crossing(() => this.#native.failed(inPlace(Uint32Array.of(entry.id))));
    this.#block(count, entry);
  }

  /** Takes waiting tasks out of the engine; each rejects with the error. */
  #takeOut(entries: readonly Entry[], error: unknown): void {
    if (entries.length === 0) return;
    this.#submit();
    const ids = inPlace(Uint32Array.from(entries, (entry) => entry.id));
    const count = crossing(() => this.#native.cancel(ids));
    for (const entry of entries) this.#end(entry, error);
    const [first] = entries;
    if (first !== undefined) this.#block(count, first);
    this.#queueFlush();
  }

  /** Rejects the tasks that the engine's last call blocked. */
  #block(count: number, culprit: Entry): void {
    for (const id of blocked(this.#native, count)) {
      const entry = this.#records[id - this.#firstRecord];
      if (entry !== undefined) this.#end(entry, blockedBy(entry, culprit));
    }
  }

  #end(entry: Entry, error: unknown): void {
    entry.stage = BAD;
    const extra = entry.more();
    extra.name = entry.name;
    extra.error = error;
    this.#close(entry);
    entry.reject(error);
  }

  #close(entry: Entry): void {
    entry.run = undefined;
    entry.extra?.stopListening?.();
    this.#records[entry.id - this.#firstRecord] = undefined;
    this.#open--;
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
    const records = this.#records;
    while (this.#ended < records.length && records[this.#ended] === undefined) this.#ended++;
    if (this.#ended < FEW_RECORDS || this.#ended * 2 < records.length) return;
    this.#records = records.slice(this.#ended);
    this.#firstRecord += this.#ended;
    this.#ended = 0;
  }

  #growBatch(least: number): void {
    const grown = inPlace(new Uint32Array(Math.max(least, 2 * this.#batch.length)));
    grown.set(this.#batch);
    this.#batch = grown;
  }

  #check(after: readonly TaskPromise<unknown>[]): void {
    const problems = after.flatMap((promise, at) => {
      const task: unknown = promise?.task;
      if (task instanceof Entry && task.queue === this) return [];
      return [{ path: `after[${at}]`, message: "is not a promise that this queue's add gave" }];
    });
    if (problems.length === 0) return;
    const [{ path, message }] = problems as [{ path: string; message: string }];
    throw new EngineError("ERR_INVALID_PLAN", `the task is refused: ${path}: ${message}`, { problems });
  }

  #listen(entry: Entry, signal: AbortSignal): void {
    const extra = entry.more();
    extra.signal = signal;
    const aborted = () => {
      if (entry.stage === WAITING) this.#takeOut([entry], signal.reason);
    };
    if (signal.aborted) {
      aborted();
      return;
    }
    signal.addEventListener("abort", aborted, { once: true });
    extra.stopListening = () => signal.removeEventListener("abort", aborted);
  }

  /** The signal of a running function: the task's own, and the queue's end. */
  #unite(extra: Extra, signal: AbortSignal): AbortSignal {
    extra.stopListening?.();
    extra.stopListening = undefined;
    return AbortSignal.any([signal, this.#signal]);
  }
}

/** A promise to wait for; undefined for any other value. */
function promiseOf(value: unknown): PromiseLike<unknown> | undefined {
  if (value instanceof Promise) return value;
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return undefined;
  // Foreign promises are wrapped: they might settle twice.
  return "then" in value && typeof value.then === "function" ? Promise.resolve(value) : undefined;
}

/** Its rejection is told elsewhere. */
function hear(entry: Entry): void {
  if (entry.extra?.isHeard) return;
  entry.more().isHeard = true;
  entry.promise.then(undefined, ignore);
}

function blockedBy(entry: Entry, culprit: Entry): EngineError {
  return new EngineError(
    "ERR_BLOCKED",
    `${entry.name} was not run: it comes after ${culprit.name}, which did not succeed: ${String(culprit.extra?.error)}`,
    { task: entry.id, dependency: culprit.id },
    { cause: culprit.extra?.error },
  );
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
