import { addon } from "./addon.ts";
import { crossing } from "./crossing.ts";
import { DocumentCache } from "./document-cache.ts";
import { EngineError } from "./error.ts";
import type { NativeSnapshot, NativeStore } from "./native.ts";
import { Transaction } from "./transaction.ts";
import { committed, type StoreChanges, type Watcher, type WatchOptions, watch } from "./watch.ts";

/** One value with the version of the commit that wrote it. */
export interface Document<T> {
  readonly key: string;
  readonly version: number;
  readonly value: T;
}

/** One entry of a journal stream. `hash` covers the entry and `prev`, the hash of the one before. */
export interface JournalRecord<T> {
  readonly seq: number;
  /** Milliseconds, as given by the writer. */
  readonly at: number;
  readonly kind: string;
  readonly payload: T;
  readonly hash: string;
  readonly prev: string;
}

/**
 * What a commit survives. `full`: also a loss of power. `normal`: a crash of the process or of OpenCode, but a
 * loss of power may take the last commits (never a part of one).
 */
export type Durability = "full" | "normal";

export interface StoreOptions {
  /** How long a commit waits for another process's. @default 5000 */
  readonly busyTimeoutMs?: number | undefined;
  /**
   * Open a file that is there and of this version, or none: nothing is made and nothing upgraded, for those who only
   * look. @default false
   */
  readonly existing?: boolean | undefined;
  /**
   * Rename a file that SQLite calls damaged or no database, with its log, and start anew: {@link Store.setAside} then
   * says so. Files that are refused for another reason are left alone. @default false
   */
  readonly setAside?: boolean | undefined;
}

/** A damaged file that was moved out of the way; nothing of it was deleted. */
export interface SetAside {
  /** Where it is now: `store.db.damaged-2026-11-22T18-00-00Z`. */
  readonly path: string;
  /** All that was moved: the file, and its log as far as it was there. */
  readonly files: readonly string[];
  /** Why it could not be opened, for people. */
  readonly reason: string;
}

export interface TransactionOptions {
  /** @default "full" */
  readonly durability?: Durability | undefined;
  /** How often the function is run before a conflict is thrown. @default 8 */
  readonly attempts?: number | undefined;
}

/** What a transaction's function returned, and the version that its writes have. */
export interface Committed<R> {
  readonly version: number;
  readonly result: R;
}

/** What happened to a record, a run of them, a stream's head, or the file itself. */
export type AuditFaultKind =
  | "edited"
  | "replaced"
  | "reordered"
  | "inserted"
  | "dropped"
  | "truncated"
  | "head_missing"
  | "file"
  | "other";

/** A fault that an audit found. */
export interface AuditFault {
  /** Absent for a fault of the file itself. */
  readonly stream?: string;
  readonly kind: AuditFaultKind;
  /** The place in the stream as it now is; the first of several. */
  readonly seq?: number;
  readonly message: string;
}

export interface AuditReport {
  readonly ok: boolean;
  /** The last commit that was looked at. */
  readonly version: number;
  readonly streams: number;
  readonly records: number;
  readonly faults: readonly AuditFault[];
}

/** The documents as they were at one version; it never changes. */
export class StoreSnapshot implements Disposable {
  readonly version: number;
  readonly #documents: DocumentCache;
  #native: NativeSnapshot | undefined;

  /** @internal Made by {@link Store.snapshot} and {@link Store.at}. */
  constructor(native: NativeSnapshot, documents: DocumentCache) {
    this.#native = native;
    this.#documents = documents;
    this.version = crossing(() => native.version());
  }

  /** Frozen: who reads the same document again gets the same object. `structuredClone` makes one to change. */
  get<T>(key: string): Document<T> | undefined {
    const native = this.#open();
    const read = (known: number) => crossing(() => native.get(key, known));
    return this.#documents.get(key, this.version, read) as Document<T> | undefined;
  }

  /** All documents whose key begins with `prefix`, in the order of their keys; the caller's own objects. */
  scan<T>(prefix: string): Document<T>[] {
    const native = this.#open();
    return JSON.parse(crossing(() => native.scan(prefix))) as Document<T>[];
  }

  /** Lets the collector have what only this snapshot kept. */
  [Symbol.dispose](): void {
    const native = this.#native;
    this.#native = undefined;
    if (native !== undefined) crossing(() => native.close());
  }

  #open(): NativeSnapshot {
    if (this.#native === undefined)
      throw new EngineError("ERR_CLOSED", "This snapshot has been disposed of.");
    return this.#native;
  }
}

/**
 * Versioned JSON documents and hash-chained journals in one SQLite file. Many processes may read while one
 * writes; transactions are serializable (the first committer wins).
 *
 * ```ts
 * using store = Store.open("/project/.orchestrator/state/store.db");
 * store.transaction((tx) => tx.put("counter", (tx.get<number>("counter")?.value ?? 0) + 1));
 * ```
 */
export class Store implements Disposable {
  readonly path: string;
  /** The damaged file that this opening found in the way, if it was asked to set it aside: tell the user. */
  readonly setAside: SetAside | undefined;
  readonly #documents = new DocumentCache();
  #native: NativeStore | undefined;

  private constructor(path: string, native: NativeStore) {
    this.path = path;
    const setAside = crossing(() => native.setAside());
    this.setAside = setAside === null ? undefined : (JSON.parse(setAside) as SetAside);
    this.#native = native;
    natives.set(this, () => this.#open());
  }

  /**
   * Opens the file, making it when it isn't there. Its folder has to exist.
   * @throws EngineError `ERR_STORE_NOT_FOUND`, `ERR_STORE_CORRUPT`, `ERR_STORE_NEWER_SCHEMA`, …
   */
  static open(path: string, options: StoreOptions = {}): Store {
    const { NativeStore } = addon();
    const { setAside = false, ...rest } = options;
    const given = setAside ? { ...rest, setAsideAtMs: Date.now() } : rest;
    return new Store(
      path,
      crossing(() => NativeStore.open(path, JSON.stringify(given))),
    );
  }

  /** The latest document, commits of other processes included; frozen, as {@link StoreSnapshot.get} gives it. */
  get<T>(key: string): Document<T> | undefined {
    const native = this.#open();
    const latest = crossing(() => native.refresh());
    const read = (known: number) => crossing(() => native.get(key, known));
    return this.#documents.get(key, latest, read) as Document<T> | undefined;
  }

  /** The latest documents whose key begins with `prefix`, in the order of their keys. */
  scan<T>(prefix: string): Document<T>[] {
    using snapshot = this.snapshot();
    return snapshot.scan<T>(prefix);
  }

  /** The latest state, commits of other processes included. */
  snapshot(): StoreSnapshot {
    const native = this.#open();
    return new StoreSnapshot(
      crossing(() => native.snapshot()),
      this.#documents,
    );
  }

  /** @throws EngineError `ERR_STORE_COLLECTED` when that version is gone. */
  at(version: number): StoreSnapshot {
    const native = this.#open();
    return new StoreSnapshot(
      crossing(() => native.at(version)),
      this.#documents,
    );
  }

  /**
   * Runs `fn` on one snapshot and commits what it wrote, all or nothing. When something that it read has been
   * changed meanwhile, `fn` is run again: it must have no other effects.
   * @throws EngineError `ERR_STORE_CONFLICT` after the last attempt, with the keys in conflict.
   */
  transaction<R>(fn: (tx: Transaction) => R, options: TransactionOptions = {}): Committed<R> {
    const { durability = "full", attempts = 8 } = options;
    for (let attempt = 1; ; attempt++) {
      const native = this.#open();
      const tx = new Transaction(crossing(() => native.begin()));
      const result = fn(tx);
      if (result instanceof Promise) {
        result.catch(() => undefined);
        throw new EngineError(
          "ERR_ASYNC_TRANSACTION",
          "A transaction's function returned a promise; it has to be synchronous. Nothing was committed.",
        );
      }
      try {
        const version = tx.commit(durability);
        committed(this.path);
        return { version, result };
      } catch (error) {
        // A conflict means that somebody else got through, so trying again at once makes headway.
        if (attempt >= attempts || !EngineError.is(error, "ERR_STORE_CONFLICT")) throw error;
      }
    }
  }

  /** The entries of a stream from `fromSeq` on (the first is 1). */
  journal<T>(stream: string, fromSeq = 1): JournalRecord<T>[] {
    const native = this.#open();
    return JSON.parse(crossing(() => native.journal(stream, fromSeq))) as JournalRecord<T>[];
  }

  /**
   * The documents and streams whose names begin with `prefix` and that commits after version `since` changed, in this
   * process and in others. Ask again with the version of the answer: nothing is missed, and nothing is told twice.
   * @throws EngineError `ERR_STORE_COLLECTED` when it can't be told any more: read the documents anew.
   */
  changes(prefix: string, since: number): StoreChanges {
    const native = this.#open();
    const found = crossing(() => native.changes(prefix, since));
    return found === null ? { version: since, keys: [], streams: [] } : (JSON.parse(found) as StoreChanges);
  }

  /**
   * Calls `listener` with what changed under `prefix`: right after a commit of this process, and 50 ms to 1 s after one of
   * another (often while things move, seldom while they don't). Several commits may come as one call. Ends when it is
   * disposed of or the store is closed, and keeps no process alive.
   *
   * ```ts
   * using snapshot = store.snapshot();
   * show(snapshot.scan("mission/1/"));
   * using watch = store.watch("mission/1", ({ keys }) => update(keys), { since: snapshot.version });
   * ```
   */
  watch(prefix: string, listener: Watcher, options: WatchOptions = {}): Disposable {
    return watch(this, prefix, listener, options);
  }

  /** Recomputes every chain and names what was edited, dropped, reordered or cut off. */
  audit(): AuditReport {
    const native = this.#open();
    return JSON.parse(crossing(() => native.audit())) as AuditReport;
  }

  /** Deletes versions that no snapshot from `keepFromVersion` on can see; returns how many. */
  collect(keepFromVersion: number): number {
    const native = this.#open();
    return crossing(() => native.collect(keepFromVersion));
  }

  close(): void {
    const native = this.#native;
    this.#native = undefined;
    if (native === undefined) return;
    // The watches of this handle wake, find it closed, and end.
    committed(this.path);
    crossing(() => native.close());
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #open(): NativeStore {
    if (this.#native === undefined)
      throw new EngineError("ERR_CLOSED", `The store ${this.path} has been closed.`);
    return this.#native;
  }
}

const natives = new WeakMap<Store, () => NativeStore>();

/** @internal The addon's handle, for the other classes of the engine. */
export function nativeOf(store: Store): NativeStore {
  const open = natives.get(store);
  if (open === undefined)
    throw new EngineError("ERR_INVALID_INPUT", "This is no store of this copy of the package.");
  return open();
}
