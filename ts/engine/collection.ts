import { EngineError, type Problem } from "./error.ts";
import type { Document } from "./store.ts";
import type { Transaction } from "./transaction.ts";

/**
 * A schema as zod, Valibot, ArkType and others make them (Standard Schema, https://standardschema.dev), or anything else with a
 * `parse` that returns the value or throws. It is the caller's: nothing of these libraries is in the engine.
 */
export type Schema<Output, Input = Output> =
  | StandardSchema<Output, Input>
  | { parse(value: unknown): Output };

export interface StandardSchema<Output, Input = Output> {
  readonly "~standard": {
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly Issue[] };

interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What documents are read from: a store, a snapshot, a transaction. */
export interface Reader {
  get<T>(key: string): Document<T> | undefined;
  scan<T>(prefix: string): Document<T>[];
}

/** A document of a collection; its key is `<collection>/<id>`. */
export interface Entry<T> extends Document<T> {
  readonly id: string;
}

/**
 * Documents of one kind, under keys that begin with its name, each checked against a schema when it is written and when
 * it is read.
 */
export class Collection<Output, Input = Output> {
  readonly name: string;
  readonly #schema: Schema<Output, Input>;

  /** @internal Made by {@link collection}. */
  constructor(name: string, schema: Schema<Output, Input>) {
    if (name === "")
      throw new EngineError("ERR_INVALID_INPUT", "A collection needs a name: its keys begin with it.");
    this.name = name;
    this.#schema = schema;
  }

  /** The key of a document, for `Store.changes` and the like. */
  key(id: string): string {
    return `${this.name}/${id}`;
  }

  /** @throws EngineError `ERR_STORE_INVALID_DOCUMENT` when what is stored is not as the schema wants it. */
  get(from: Reader, id: string): Entry<Output> | undefined {
    const found = from.get<unknown>(this.key(id));
    return found === undefined ? undefined : this.#read(found);
  }

  /**
   * All documents of the collection, in the order of their keys.
   * @throws EngineError `ERR_STORE_INVALID_DOCUMENT` for the first that is not as the schema wants it.
   */
  scan(from: Reader): Entry<Output>[] {
    return from.scan<unknown>(this.key("")).map((found) => this.#read(found));
  }

  /**
   * Writes the value as it is given; a schema that transforms does so when it is read.
   * @throws EngineError `ERR_STORE_INVALID_VALUE` when the schema refuses it.
   */
  put(tx: Transaction, id: string, value: Input): void {
    const key = this.key(id);
    this.#check(value, (problems) => refusal("ERR_STORE_INVALID_VALUE", key, problems));
    tx.put(key, value);
  }

  delete(tx: Transaction, id: string): void {
    tx.delete(this.key(id));
  }

  #read(found: Document<unknown>): Entry<Output> {
    const { key, version } = found;
    const value = this.#check(found.value, (problems) =>
      refusal("ERR_STORE_INVALID_DOCUMENT", key, problems),
    );
    return { id: key.slice(this.name.length + 1), key, version, value };
  }

  #check(value: unknown, refused: (problems: readonly Problem[]) => EngineError): Output {
    if (!("~standard" in this.#schema)) {
      try {
        return this.#schema.parse(value);
      } catch (error) {
        throw refused(problemsOf(error));
      }
    }
    const result = this.#schema["~standard"].validate(value);
    if (result instanceof Promise) {
      result.catch(() => undefined);
      throw new EngineError(
        "ERR_INVALID_INPUT",
        `The schema of the collection "${this.name}" checks asynchronously; the store is synchronous.`,
      );
    }
    if (result.issues !== undefined) throw refused(result.issues.map(problem));
    return result.value;
  }
}

/**
 * Documents of one kind:
 *
 * ```ts
 * const tasks = collection("task", z.object({ title: z.string(), done: z.boolean() }));
 * store.transaction((tx) => tasks.put(tx, "1", { title: "Write it down", done: false }));
 * tasks.get(store, "1")?.value.title;
 * ```
 */
export function collection<Output, Input = Output>(
  name: string,
  schema: Schema<Output, Input>,
): Collection<Output, Input> {
  return new Collection(name, schema);
}

function refusal(
  code: "ERR_STORE_INVALID_VALUE" | "ERR_STORE_INVALID_DOCUMENT",
  key: string,
  problems: readonly Problem[],
): EngineError {
  const what = code === "ERR_STORE_INVALID_VALUE" ? `The value for "${key}"` : `The stored document "${key}"`;
  const list = problems.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`));
  return new EngineError(code, `${what} is not as its schema wants it: ${list.join("; ")}`, {
    keys: [key],
    problems,
  });
}

function problem({ message, path = [] }: Issue): Problem {
  const keys = path.map((segment) => (typeof segment === "object" ? segment.key : segment));
  const text = keys.map((key, place) =>
    typeof key === "number" ? `[${key}]` : `${place > 0 ? "." : ""}${String(key)}`,
  );
  return { path: text.join(""), message };
}

/** Of an error that `parse` threw: the issues that it lists, as zod's do, or what it says. */
function problemsOf(error: unknown): Problem[] {
  if (error instanceof Error && "issues" in error && Array.isArray(error.issues))
    return (error.issues as Issue[]).map(problem);
  return [{ path: "", message: error instanceof Error ? error.message : String(error) }];
}
