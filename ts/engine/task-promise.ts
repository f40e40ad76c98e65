import { EngineError } from "./error.ts";
import type { TaskQueue } from "./queue.ts";

/** What {@link TaskQueue.add} gives: the promise of the function's result, which can be named in other tasks' `after`. */
export interface TaskPromise<T> extends Promise<T> {
  /** From 0 on, in the order of adding to the queue. */
  readonly id: number;
}

const QUEUE: unique symbol = Symbol("queue");
const FAILURE: unique symbol = Symbol("failure");
const HEARD: unique symbol = Symbol("heard");

/**
 * A promise that knows its task. Properties of the promise cost less than an object beside it: a queue of many tasks
 * spends its time on collecting and fetching memory.
 */
export interface Tracked extends Promise<unknown> {
  id: number;
  [QUEUE]: TaskQueue;
  [FAILURE]?: Failure;
  [HEARD]?: true;
}

/** Why a task did not succeed. */
interface Failure {
  readonly name: string;
  readonly error: unknown;
}

let resolveLast: (value: unknown) => void;
/** One executor for all promises, which saves a closure a task. To reject, one resolves with a rejected promise. */
const capture = (resolve: (value: unknown) => void): void => {
  resolveLast = resolve;
};

/** A promise for a task. What resolves it is to be fetched at once, by {@link resolver}. */
export function track(id: number, queue: TaskQueue): Tracked {
  const promise = new Promise<unknown>(capture) as Tracked;
  promise.id = id;
  promise[QUEUE] = queue;
  return promise;
}

/** What resolves the promise that was tracked last. */
export function resolver(): (value: unknown) => void {
  return resolveLast;
}

/** Whether a value is a promise of this queue's tasks. */
export function isOf(queue: TaskQueue, value: unknown): value is Tracked {
  return value instanceof Promise && QUEUE in value && value[QUEUE] === queue;
}

export function failureOf(promise: Tracked): Failure | undefined {
  return promise[FAILURE];
}

/** Remembers why a task did not succeed, for those that come after it. */
export function fail(promise: Tracked, name: string, error: unknown): void {
  promise[FAILURE] = { name, error };
}

const ignore = (): undefined => undefined;

/** Somebody else tells of this one's rejection: it may go unheard. */
export function hear(promise: Tracked): void {
  if (promise[HEARD]) return;
  promise[HEARD] = true;
  promise.then(undefined, ignore);
}

/** The error of a task that comes after one that did not succeed. */
export function blockedBy(culprit: Tracked, id: number, name: string): EngineError {
  const failure = culprit[FAILURE];
  return new EngineError(
    "ERR_BLOCKED",
    `${name} was not run: it comes after ${failure?.name ?? `task ${culprit.id}`}, which did not succeed: ${String(failure?.error)}`,
    { task: id, dependency: culprit.id },
    { cause: failure?.error },
  );
}

/** A promise to wait for; undefined for any other value. */
export function promiseOf(value: unknown): PromiseLike<unknown> | undefined {
  if (value instanceof Promise) return value;
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return undefined;
  // Promises of others are wrapped: they might settle twice.
  return "then" in value && typeof value.then === "function" ? Promise.resolve(value) : undefined;
}
