import { EngineError } from "./error.ts";

/** Something that the addon holds, until it is disposed of. */
export abstract class Handle<Native> implements Disposable {
  readonly #name: string;
  #native: Native | undefined;

  protected constructor(name: string, native: Native) {
    this.#name = name;
    this.#native = native;
  }

  /** Lets go of the memory. Twice is harmless; any other use afterwards is an `ERR_CLOSED`. */
  [Symbol.dispose](): void {
    this.#native = undefined;
  }

  /** The addon's handle. */
  protected native(): Native {
    if (this.#native === undefined)
      throw new EngineError("ERR_CLOSED", `${this.#name} has been disposed of.`);
    return this.#native;
  }
}
