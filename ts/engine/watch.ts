import { resolve } from "node:path";
import { EngineError } from "./error.ts";
import type { Store } from "./store.ts";

/** What commits after a version changed. */
export interface StoreChanges {
  /** The last commit that was looked at. What is read from now on holds it. */
  readonly version: number;
  /** The documents that were written or deleted, sorted, each once. */
  readonly keys: readonly string[];
  /** The journal streams that were appended to, sorted, each once. */
  readonly streams: readonly string[];
}

export interface Watched extends StoreChanges {
  /** What changed can't be told any more, as it was collected: read all under the prefix anew. The lists are empty. */
  readonly rescan: boolean;
}

export type Watcher = (changes: Watched) => void;

export interface WatchOptions {
  /** Changes after this version are told, also those from before the call. @default the latest version */
  readonly since?: number | undefined;
  /** Told when a look at the store fails, or the listener throws; the watch goes on. @default a warning of the process */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** The pauses between looks for other processes' commits, in milliseconds: a person notices nothing of the shortest, and
 * a look costs microseconds. */
const SHORTEST = 50;
const LONGEST = 1000;

/** The watches of this process, by the store's file: whoever commits wakes them. */
const watches = new Map<string, Set<Watch>>();

/** @internal Called after a commit of this process; what it changed is told when the caller is done. */
export function committed(path: string): void {
  if (watches.size === 0) return;
  for (const watch of watches.get(resolve(path)) ?? []) watch.wake();
}

/** @internal `Store.watch`. */
export function watch(store: Store, prefix: string, listener: Watcher, options: WatchOptions): Disposable {
  return new Watch(store, prefix, listener, options);
}

class Watch implements Disposable {
  readonly #store: Store;
  readonly #prefix: string;
  readonly #listener: Watcher;
  readonly #onError: (error: unknown) => void;
  readonly #path: string;
  #since: number;
  #pause = SHORTEST;
  #timer: NodeJS.Timeout | undefined;
  #awake = false;
  #ended = false;

  constructor(store: Store, prefix: string, listener: Watcher, { since, onError }: WatchOptions) {
    this.#store = store;
    this.#prefix = prefix;
    this.#listener = listener;
    this.#onError = onError ?? warn;
    this.#path = resolve(store.path);
    this.#since = since ?? latest(store);
    const others = watches.get(this.#path);
    if (others === undefined) watches.set(this.#path, new Set([this]));
    else others.add(this);
    this.wake();
  }

  /** Looks as soon as what runs now is done; once, however often it is called until then. */
  wake(): void {
    if (this.#awake || this.#ended) return;
    this.#awake = true;
    clearTimeout(this.#timer);
    queueMicrotask(() => this.#look());
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    const all = watches.get(this.#path);
    all?.delete(this);
    if (all?.size === 0) watches.delete(this.#path);
  }

  #look(): void {
    this.#awake = false;
    if (this.#ended) return;
    const found = this.#changes();
    if (found !== undefined) this.#tell(found);
    // The listener may have ended it, or committed.
    if (this.#ended || this.#awake) return;
    this.#timer = setTimeout(() => this.#look(), this.#pause);
    this.#timer.unref();
  }

  #tell(found: Watched): void {
    if (!found.rescan && found.keys.length === 0 && found.streams.length === 0) return;
    try {
      this.#listener(found);
    } catch (error) {
      this.#onError(error);
    }
  }

  /** Undefined when the look failed; the watch has ended then, if that is because the store was closed. */
  #changes(): Watched | undefined {
    try {
      const found = this.#read();
      this.#pause = found.version === this.#since ? Math.min(this.#pause * 2, LONGEST) : SHORTEST;
      this.#since = found.version;
      return found;
    } catch (error) {
      this.#pause = LONGEST;
      if (EngineError.is(error, "ERR_CLOSED")) this[Symbol.dispose]();
      else this.#onError(error);
      return undefined;
    }
  }

  #read(): Watched {
    try {
      return { ...this.#store.changes(this.#prefix, this.#since), rescan: false };
    } catch (error) {
      if (!EngineError.is(error, "ERR_STORE_COLLECTED")) throw error;
      return { version: latest(this.#store), keys: [], streams: [], rescan: true };
    }
  }
}

function latest(store: Store): number {
  using snapshot = store.snapshot();
  return snapshot.version;
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : new Error(String(error)));
}
