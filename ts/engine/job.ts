import { addon } from "./addon.ts";
import { crossing } from "./crossing.ts";
import { EngineError, type EngineErrorCode, type EngineErrorDetails } from "./error.ts";
import type { SearchCounts } from "./files.ts";
import type { NativeJobs } from "./native.ts";

/** Limits of one job, and who may give it up. */
export interface JobOptions {
  /** Aborted, it cancels the job, and the job rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** The longest time from submission to the result, in milliseconds. @default no limit */
  readonly timeoutMs?: number | undefined;
  /** The most that the result may have as JSON, in bytes. @default what the work's own limits allow */
  readonly maxResultBytes?: number | undefined;
}

/**
 * Work of the native engine on a thread of its own. Await it like a promise; disposed of before it is done, by `using`
 * or {@link cancel}, it ends, and rejects with `ERR_CANCELLED`.
 *
 * ```ts
 * using job = checkSyntaxJob(path, source, { signal });
 * const report = await job;
 * ```
 *
 * It rejects with an EngineError: what the work itself throws, `ERR_JOB_TIMED_OUT`, `ERR_JOB_TOO_LARGE`,
 * `ERR_JOBS_FULL` (1,024 jobs wait for a thread of this process or for room for their results in this worker already,
 * submit it again when some are done; or it reserves more than the 64 MiB that there are), `ERR_CANCELLED`.
 */
export class Job<T> implements PromiseLike<T>, Disposable {
  readonly #promise: Promise<T>;
  readonly #cancel: (reason: unknown) => void;
  readonly #progress: () => SearchCounts | undefined;

  private constructor(
    promise: Promise<T>,
    cancel: (reason: unknown) => void,
    progress: () => SearchCounts | undefined,
  ) {
    this.#promise = promise;
    this.#cancel = cancel;
    this.#progress = progress;
  }

  /**
   * Submits a job.
   * @param submit Hands the work to the addon, with the job's limits as JSON; gives the job's id, or null where there is nothing to do.
   * @param read Makes the result of the JSON value that the work gave, and of the items that came in parts.
   */
  static start<T>(
    { signal, ...limits }: JobOptions,
    submit: (native: NativeJobs, limitsJson: string) => number | null,
    read: (value: unknown, items: readonly unknown[]) => T,
  ): Job<T> {
    let cancel: (reason: unknown) => void = () => undefined;
    let progress = (): SearchCounts | undefined => undefined;
    const promise = new Promise<T>((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const desk = deskOf();
      const id = crossing(() => submit(desk.native, JSON.stringify(limits)));
      if (id === null) {
        resolve(read(null, []));
        return;
      }
      const aborted = () => cancel(signal?.reason);
      const settled = () => signal?.removeEventListener("abort", aborted);
      cancel = (reason) => {
        if (!desk.giveUp(id)) return;
        settled();
        reject(reason);
      };
      progress = () => desk.progress(id);
      signal?.addEventListener("abort", aborted, { once: true });
      desk.expect(id, (finished) => {
        settled();
        if (finished.error === undefined) resolve(read(finished.value, finished.items ?? []));
        else reject(new EngineError(finished.error.code, finished.error.message, finished.error.details));
      });
    });
    const givenUp = (reason: unknown) => {
      // Who cancels a job knows of it: its rejection may go unheard.
      promise.catch(() => undefined);
      cancel(reason);
    };
    return new Job(promise, givenUp, () => progress());
  }

  // biome-ignore lint/suspicious/noThenProperty: that it can be awaited is the purpose
  then<Fulfilled = T, Rejected = never>(
    fulfilled?: ((value: T) => Fulfilled | PromiseLike<Fulfilled>) | null,
    rejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Fulfilled | Rejected> {
    return this.#promise.then(fulfilled, rejected);
  }

  /** What a search has done so far; undefined when it is done, and for jobs that count nothing. */
  progress(): SearchCounts | undefined {
    return this.#progress();
  }

  /** Gives the job up, unless it is done: it rejects with `ERR_CANCELLED`, and its thread stops within milliseconds. */
  cancel(): void {
    this.#cancel(new EngineError("ERR_CANCELLED", "The job was cancelled before it was done."));
  }

  [Symbol.dispose](): void {
    this.cancel();
  }
}

/** How many jobs there are, and what the engine's threads are at. */
export interface JobStatistics {
  /** Jobs of this worker that are not done. */
  readonly pending: number;
  /** Of these, how many wait for room for their results. */
  readonly held: number;
  /** Jobs of this worker that are done and not yet fetched. */
  readonly finished: number;
  /** Bytes of results that are kept or expected in this worker. */
  readonly bytes: number;
  /** Threads of the process that are there: none before the first job, none 10 s after the last. */
  readonly threads: number;
  /** Jobs of the process that wait for a thread. */
  readonly waiting: number;
  /** Jobs of the process that a thread is at; one that was cancelled is, until it has noticed. */
  readonly running: number;
}

/** What the engine's jobs and their threads are at. */
export function jobStatistics(): JobStatistics {
  const { native } = deskOf();
  return JSON.parse(crossing(() => native.statistics())) as JobStatistics;
}

interface Finished {
  readonly id: number;
  readonly value?: unknown;
  /** How many parts belong to the value. */
  readonly parts?: number;
  /** What was in them. */
  readonly items?: readonly unknown[];
  readonly error?: {
    readonly code: EngineErrorCode;
    readonly message: string;
    readonly details?: EngineErrorDetails;
  };
}

/** For so long after news, each turn of the event loop looks for more: no timer is shorter than a millisecond. */
const EAGER_MS = 2;

/** Later, the pause is this share of the time without news, so that a result comes late by that share at most. */
const SHARE = 1 / 4;

/** In milliseconds. */
const LONGEST_PAUSE = 5;

/** Bytes of results that one turn of the event loop takes: what is parsed within about half a millisecond. */
const BATCH_BYTES = 128 * 1024;

/**
 * Fetches what is done, for all jobs of this worker together. No thread of the engine may wake JavaScript (see
 * docs/engine.md), so it looks: eagerly at first, then ever more seldom. While nothing is pending it has neither a
 * timer nor a turn, and so keeps no process alive.
 */
class Desk {
  readonly native: NativeJobs;
  readonly #expected = new Map<number, (finished: Finished) => void>();
  #newsAt = 0;
  #waits = false;

  constructor(native: NativeJobs) {
    this.native = native;
  }

  expect(id: number, done: (finished: Finished) => void): void {
    this.#expected.set(id, done);
    this.#newsAt = performance.now();
    this.#wait();
  }

  progress(id: number): SearchCounts | undefined {
    const counts = crossing(() => this.native.progress(id));
    return counts === null ? undefined : (JSON.parse(counts) as SearchCounts);
  }

  /** False where the job is done already. */
  giveUp(id: number): boolean {
    if (!this.#expected.delete(id)) return false;
    crossing(() => this.native.cancel(id));
    return true;
  }

  #wait(): void {
    if (this.#waits || this.#expected.size === 0) return;
    this.#waits = true;
    const without = performance.now() - this.#newsAt;
    if (without < EAGER_MS) setImmediate(this.#look);
    else setTimeout(this.#look, Math.min(LONGEST_PAUSE, Math.max(1, without * SHARE)));
  }

  readonly #look = (): void => {
    this.#waits = false;
    const finished = crossing(() => this.native.drain(BATCH_BYTES));
    if (finished !== null) {
      this.#newsAt = performance.now();
      for (const one of JSON.parse(finished) as Finished[]) {
        if (one.parts) this.#gather(one, []);
        else this.#finish(one);
      }
    }
    this.#wait();
  };

  /** Fetches a part a turn, so that no turn takes long. */
  #gather(finished: Finished, items: unknown[]): void {
    // It was given up between two turns.
    if (!this.#expected.has(finished.id)) return;
    const part = crossing(() => this.native.part(finished.id));
    if (part === null) {
      this.#finish({ ...finished, items });
      return;
    }
    for (const item of JSON.parse(part) as unknown[]) items.push(item);
    setImmediate(() => this.#gather(finished, items));
  }

  #finish(finished: Finished): void {
    const done = this.#expected.get(finished.id);
    this.#expected.delete(finished.id);
    done?.(finished);
  }
}

let desk: Desk | undefined;

function deskOf(): Desk {
  if (desk === undefined) {
    const { NativeJobs } = addon();
    desk = new Desk(crossing(() => new NativeJobs()));
  }
  return desk;
}
