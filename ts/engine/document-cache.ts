import type { Document } from "./store.ts";

/**
 * How much is kept, in characters of JSON text. What is parsed of it takes a few times as many bytes, so that a full
 * cache stays at some 10 MB.
 */
const CAPACITY = 2 ** 21;

/** What an entry takes besides its text, in the same unit. */
const ENTRY = 100;

interface Entry {
  readonly document: Document<unknown>;
  readonly size: number;
  /** The last version up to which the document is known to be the newest of its key. */
  until: number;
}

/**
 * Documents that were read, parsed and frozen, so that reading one again costs a look into a map. Right by the versions
 * alone: a document of version d that the snapshot of version s holds is what every snapshot from d to s holds, so no
 * commit has to be told here.
 *
 * Bounded by two generations: what is used moves into the young one; when that is full, it becomes the old one, and what
 * was in the old one and has not been used since is forgotten.
 */
export class DocumentCache {
  readonly #limit: number;
  #young = new Map<string, Entry>();
  #old = new Map<string, Entry>();
  #size = 0;

  /** @param capacity Characters of JSON text, 100 more for each document. */
  constructor(capacity = CAPACITY) {
    this.#limit = capacity / 2;
  }

  /**
   * The document of the key in the snapshot of that version. Where that is not known, `read` is asked for it: it gives
   * `[version,value]` as JSON, an empty text for a document of the version that it was given, and null for none.
   */
  get(key: string, version: number, read: (known: number) => string | null): Document<unknown> | undefined {
    const entry = this.#young.get(key) ?? this.#promoted(key);
    const known = entry?.document.version ?? 0;
    if (entry !== undefined && known <= version && version <= entry.until) return entry.document;
    const text = read(known);
    if (text === null) return undefined;
    if (text === "" && entry !== undefined) {
      entry.until = Math.max(entry.until, version);
      return entry.document;
    }
    const document = frozen(parseDocument(key, text));
    // A look into the past takes the place of nothing newer.
    if (document.version > known)
      this.#keep({ document, size: text.length + ENTRY, until: Math.max(document.version, version) });
    return document;
  }

  #promoted(key: string): Entry | undefined {
    const entry = this.#old.get(key);
    if (entry !== undefined) this.#keep(entry);
    return entry;
  }

  #keep(entry: Entry): void {
    if (entry.size > this.#limit) return;
    if (this.#size + entry.size > this.#limit) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#size = 0;
    }
    this.#size += entry.size;
    this.#young.set(entry.document.key, entry);
  }
}

/** A document that crossed as `[version,value]`. */
export function parseDocument<T>(key: string, text: string): Document<T> {
  const [version, value] = JSON.parse(text) as [number, T];
  return { key, version, value };
}

/** Freezes it in all its depth, however deep that is. Most documents have none, and need no list of what is left. */
function frozen<T extends object>(root: T): T {
  let open: object[] | undefined;
  const add = (part: unknown) => {
    if (typeof part !== "object" || part === null) return;
    open ??= [];
    open.push(part);
  };
  for (let next: object | undefined = root; next !== undefined; next = open?.pop()) {
    Object.freeze(next);
    if (Array.isArray(next)) for (const part of next) add(part);
    // A list of the values would cost more than parsing them did.
    else for (const name in next) add((next as Record<string, unknown>)[name]);
  }
  return root;
}
