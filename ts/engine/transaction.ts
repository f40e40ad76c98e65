import { crossing } from "./crossing.ts";
import { parseDocument } from "./document-cache.ts";
import { EngineError } from "./error.ts";
import type { NativeTransaction } from "./native.ts";
import type { Document, Durability } from "./store.ts";

/**
 * Reads from one snapshot, and writes that are kept here until the commit: one crossing for all of them.
 * A transaction sees its own writes.
 */
export class Transaction {
  readonly #native: NativeTransaction;
  /** The JSON text to put, or null to delete. */
  readonly #writes = new Map<string, string | null>();
  /** `{ stream, kind, at, payload }`, as JSON. */
  readonly #appends: string[] = [];

  /** @internal Made by `Store.transaction`. */
  constructor(native: NativeTransaction) {
    this.#native = native;
  }

  /**
   * The caller's own object, to change and put back. What was written in this transaction has the version 0.
   */
  get<T>(key: string): Document<T> | undefined {
    const own = this.#writes.get(key);
    if (own === null) return undefined;
    if (own !== undefined) return { key, version: 0, value: JSON.parse(own) as T };
    const document = crossing(() => this.#native.get(key));
    return document === null ? undefined : parseDocument(key, document);
  }

  /** All documents whose key begins with `prefix`, in the order of their keys. */
  scan<T>(prefix: string): Document<T>[] {
    const found = JSON.parse(crossing(() => this.#native.scan(prefix))) as Document<T>[];
    const written = [...this.#writes].filter(([key]) => key.startsWith(prefix));
    if (written.length === 0) return found;
    const merged = new Map(found.map((document) => [document.key, document]));
    for (const [key, text] of written) {
      if (text === null) merged.delete(key);
      else merged.set(key, { key, version: 0, value: JSON.parse(text) as T });
    }
    return [...merged.values()].sort((a, b) => byBytes(a.key, b.key));
  }

  /** @throws EngineError `ERR_STORE_INVALID_VALUE` for what JSON can't say: undefined, functions, cycles. */
  put(key: string, value: unknown): void {
    this.#writes.set(key, toJson(value, `the value of "${key}"`));
  }

  delete(key: string): void {
    this.#writes.set(key, null);
  }

  /** Adds an entry to the journal `stream`, in the same commit as the documents. `at` is milliseconds. */
  append(stream: string, kind: string, at: number, payload: unknown): void {
    const record = JSON.stringify({ stream, kind, at });
    this.#appends.push(`${record.slice(0, -1)},"payload":${toJson(payload, `the payload for "${stream}"`)}}`);
  }

  /** @internal Called once, by `Store.transaction`. */
  commit(durability: Durability): number {
    const keys: string[] = [];
    const values: string[] = [];
    const deletes: string[] = [];
    for (const [key, text] of this.#writes) {
      if (text === null) deletes.push(key);
      else {
        keys.push(key);
        values.push(text);
      }
    }
    const names = `"keys":${JSON.stringify(keys)},"deletes":${JSON.stringify(deletes)}`;
    const batch = `{${names},"values":[${values.join()}],"appends":[${this.#appends.join()}]}`;
    return crossing(() => this.#native.commit(batch, durability === "full"));
  }
}

function toJson(value: unknown, what: string): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    throw new EngineError(
      "ERR_STORE_INVALID_VALUE",
      `JSON can't hold ${what}: ${String(cause)}`,
      {},
      { cause },
    );
  }
  if (text === undefined)
    throw new EngineError("ERR_STORE_INVALID_VALUE", `JSON can't hold ${what}: it is undefined.`);
  return text;
}

/** The store's order is that of UTF-8 bytes; JavaScript's own comparison is by UTF-16 units. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
