/** Those who wait for something to become so: each asks again whenever anything moved. */

/** How to wait. */
export interface WaitOptions {
  /** Called before each question. */
  readonly changed?: () => void;
  /** When it aborts, everybody asks once more. */
  readonly signal?: AbortSignal;
}

/** The watchers of one thing. */
export class Watchers {
  readonly #looks = new Set<() => void>();
  readonly #failure: () => Error | undefined;

  /** `failure` says why nothing will ever move again, once that is so. */
  constructor(failure: () => Error | undefined) {
    this.#failure = failure;
  }

  /** How many wait. */
  get size(): number {
    return this.#looks.size;
  }

  /** Something moved: everybody asks again. */
  look(): void {
    for (const look of [...this.#looks]) look();
  }

  /** Resolves with `value` once it has one. Rejects when nothing will move any more, or `value` throws. */
  until<T>(value: () => T | undefined, { changed, signal }: WaitOptions = {}): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const done = () => {
        this.#looks.delete(look);
        signal?.removeEventListener("abort", look);
      };
      const look = () => {
        try {
          const failure = this.#failure();
          if (failure !== undefined) throw failure;
          changed?.();
          const found = value();
          if (found === undefined) return;
          done();
          resolve(found);
        } catch (error) {
          done();
          reject(error);
        }
      };
      this.#looks.add(look);
      signal?.addEventListener("abort", look);
      look();
    });
  }
}
