import type { Holder } from "./ownership.ts";

/**
 * What can go wrong at or below the native engine. Codes are stable: programs compare them, people read the
 * message. Codes of the store start with `ERR_STORE_`, those of the loader with `ERR_ADDON_`.
 */
export type EngineErrorCode =
  /** No addon for this platform could be found, or the one found could not be loaded. */
  | "ERR_ADDON_NOT_FOUND"
  | "ERR_ADDON_LOAD"
  /** The addon was built for another version of this package. */
  | "ERR_ADDON_VERSION"
  /** The plan has problems; `details.problems` lists all of them. */
  | "ERR_INVALID_PLAN"
  | "ERR_INVALID_CONFIG"
  /** JSON that crossed the border is not of the expected form (unknown field, missing field, wrong type). */
  | "ERR_INVALID_INPUT"
  | "ERR_UNKNOWN_TASK"
  /** A task is not in the state that was needed: it is not running, or has ended already. */
  | "ERR_WRONG_STATE"
  /** A task of a queue was not run, because one that it comes after failed or was cancelled; that one's error is the cause. */
  | "ERR_BLOCKED"
  /** A task of a queue was taken out before it ran, or a job was given up. */
  | "ERR_CANCELLED"
  /** As many jobs wait, or as many bytes of results are kept or expected, as may. Nothing was done. */
  | "ERR_JOBS_FULL"
  | "ERR_JOB_TIMED_OUT"
  /** A job's result has more bytes than it may. */
  | "ERR_JOB_TOO_LARGE"
  /** The journal was not written or not read; `details.cause` is the store's code, where there is one. */
  | "ERR_JOURNAL"
  /** Another process drives the mission now; `details.holder` says which, unless it was released. Nothing was kept. */
  | "ERR_NOT_OWNER"
  /** Somebody else committed first; `details.keys` and `details.ranges` name what moved. */
  | "ERR_STORE_CONFLICT"
  | "ERR_STORE_BUSY"
  | "ERR_STORE_FULL"
  | "ERR_STORE_READ_ONLY"
  | "ERR_STORE_CORRUPT"
  /** The file is an SQLite database of another application. */
  | "ERR_STORE_FOREIGN"
  | "ERR_STORE_NEWER_SCHEMA"
  /** The file would have to be upgraded, and `existing` forbids that. */
  | "ERR_STORE_OLDER_SCHEMA"
  | "ERR_STORE_NOT_FOUND"
  | "ERR_STORE_INVALID_KEY"
  | "ERR_STORE_INVALID_VALUE"
  /** A stored document is not as its collection's schema wants it; `details` has its key and the problems. */
  | "ERR_STORE_INVALID_DOCUMENT"
  | "ERR_STORE_COLLECTED"
  | "ERR_STORE_IO"
  | "ERR_STORE"
  /** The file is no text (NUL bytes or invalid UTF-8), longer than the limit, or took too long to parse. */
  | "ERR_SYNTAX_NOT_TEXT"
  | "ERR_SYNTAX_TOO_LARGE"
  | "ERR_SYNTAX_TIMED_OUT"
  /** A pattern or glob can't be read; `details.index` says which of them, `details.column` where in it, from 1. */
  | "ERR_SEARCH_INVALID_PATTERN"
  | "ERR_SEARCH_INVALID_GLOB"
  | "ERR_SEARCH_UNKNOWN_TYPE"
  | "ERR_SEARCH_UNKNOWN_LANGUAGE"
  /** A rule is no YAML, or makes no sense. */
  | "ERR_SEARCH_INVALID_RULE"
  /** The folder or file to look in is not there, can't be read, or is neither folder nor file. */
  | "ERR_SEARCH_INVALID_ROOT"
  /** Used after `close()` or disposal. */
  | "ERR_CLOSED"
  /** A transaction's function returned a promise: a transaction is synchronous. */
  | "ERR_ASYNC_TRANSACTION"
  /** A bug of the engine: it panicked, and the message names the place. */
  | "ERR_PANIC"
  | "ERR_ENGINE";

/** One fault of a plan. `path` uses the names that the model sees: `tasks[3].depends_on[0]`. */
export interface Problem {
  readonly path: string;
  readonly message: string;
}

/** Facts about an error that programs use. Which fields are there depends on the code. */
export interface EngineErrorDetails {
  readonly problems?: readonly Problem[];
  readonly keys?: readonly string[];
  /** The prefixes whose scan was in conflict. */
  readonly ranges?: readonly string[];
  readonly cause?: EngineErrorCode;
  /** Who drives the mission now; null where nobody does. */
  readonly holder?: Holder | null;
  readonly [fact: string]: unknown;
}

const BRAND: unique symbol = Symbol.for("opencode-orchestrator.EngineError");

/**
 * The one error class of the engine. Recognise it with {@link EngineError.is}, which also knows errors of
 * another copy of this package; `instanceof` does not.
 */
export class EngineError extends Error {
  override readonly name = "EngineError";
  readonly code: EngineErrorCode;
  readonly details: EngineErrorDetails;
  readonly [BRAND] = true;

  constructor(
    code: EngineErrorCode,
    message: string,
    details: EngineErrorDetails = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.code = code;
    this.details = details;
  }

  /** Whether `error` is an engine's error, of this copy of the package or another, and of `code` if given. */
  static is(error: unknown, code?: EngineErrorCode): error is EngineError {
    return (
      error instanceof Error &&
      BRAND in error &&
      (code === undefined || ("code" in error && error.code === code))
    );
  }
}
