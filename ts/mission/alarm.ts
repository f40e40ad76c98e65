/** Calls back once at a time that the engine names. */

/** Longest time for which a timer can be set, in milliseconds; a later time is reached in several steps. */
const LONGEST_MS = 2 ** 31 - 1;

export class Alarm {
  readonly #ring: () => void;
  #timer: NodeJS.Timeout | undefined;

  /** @param ring Called at the time, or before it where that is too far away: it sets the alarm anew. */
  constructor(ring: () => void) {
    this.#ring = ring;
  }

  /** Whether it is set. */
  get isSet(): boolean {
    return this.#timer !== undefined;
  }

  /** Sets it to a time in milliseconds since 1970, in place of the one before; `null` sets it to none. Keeps no process alive. */
  set(at: number | null): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (at === null) return;
    const delay = Math.min(Math.max(0, at - Date.now()), LONGEST_MS);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#ring();
    }, delay).unref();
  }
}
