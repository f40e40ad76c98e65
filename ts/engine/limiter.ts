import { addon } from "./addon.ts";
import { crossing } from "./crossing.ts";
import { Handle } from "./handle.ts";
import type { NativeLimiter } from "./native.ts";
import { Leaks, Permit } from "./permit.ts";

export interface LimiterOptions {
  /**
   * Whether a permit that is collected as garbage without having been disposed of is reported, once for each place
   * that acquires it, by a process warning with the code `WARN_PERMIT_LEAKED` and the stack of its `acquire`. Such
   * permits are returned and counted in either case; keeping the stack makes `acquire` several times slower.
   * @default false
   */
  readonly trackLeaks?: boolean | undefined;
}

/**
 * How many calls may run at once: a limit that grows slowly while all goes well and halves when the other side pushes
 * back (additive increase, multiplicative decrease: Chiu and Jain, 1989). It reads no clock: times are milliseconds
 * of any clock, and come from the caller.
 *
 * | what happens | what the limit does |
 * |---|---|
 * | at the start | is the ceiling |
 * | 3 successes in a row | grows by 1, up to the ceiling |
 * | a rate limit, an overload, a timeout, a stall | halves, rounded down, never below 1 |
 * | another within 1,000 ms of a halving | stays: a burst is one signal |
 * | any of those, in a burst too | the row of successes begins anew |
 *
 * ```ts
 * using limiter = new Limiter(8);
 *
 * async function limited(url: string): Promise<Response | undefined> {
 *   using permit = limiter.acquire();
 *   if (permit === undefined) return undefined; // as many as may are under way
 *   const response = await fetch(url);
 *   if (response.status === 429) limiter.pushedBack(Date.now());
 *   else limiter.succeeded();
 *   return response;
 * }
 * ```
 */
export class Limiter extends Handle<NativeLimiter> {
  readonly #leaks = new Leaks();
  readonly #trackLeaks: boolean;

  /**
   * @param ceiling The most calls that may ever run at once, a whole number from 1 to 2^32 - 1.
   * @throws EngineError `ERR_INVALID_CONFIG` for any other.
   */
  constructor(ceiling: number, { trackLeaks = false }: LimiterOptions = {}) {
    const { NativeLimiter } = addon();
    super(
      "This limiter",
      crossing(() => new NativeLimiter(ceiling)),
    );
    this.#trackLeaks = trackLeaks;
  }

  /** The right to run one call, unless the limit is reached. Call it with `using`. */
  acquire(): Permit | undefined {
    const native = this.native();
    if (!crossing(() => native.acquire())) return undefined;
    return new Permit(native, this.#leaks, this.#trackLeaks ? callers(this.acquire) : undefined);
  }

  /** How many permits are out. A limit that has halved since takes none of them back. */
  get inUse(): number {
    const native = this.native();
    return crossing(() => native.inUse());
  }

  /** How many may be out: from 1 to the ceiling. */
  get limit(): number {
    const native = this.native();
    return crossing(() => native.limit());
  }

  /** How many permits were collected as garbage, and returned so, because nobody had disposed of them. Also after disposal. */
  get leaked(): number {
    return this.#leaks.count;
  }

  /** A call ended as it should. */
  succeeded(): void {
    const native = this.native();
    crossing(() => native.succeeded());
  }

  /**
   * The other side pushed back, or fell silent.
   * @param now Milliseconds; a clock that ran backwards is taken as standing still.
   * @throws EngineError `ERR_INVALID_INPUT` for a time that is none (negative, NaN).
   */
  pushedBack(now: number): void {
    const native = this.native();
    crossing(() => native.pushedBack(now));
  }
}

/** The stack from the caller of `called` on. */
function callers(called: () => unknown): string {
  const place = { stack: "" };
  Error.captureStackTrace(place, called);
  // The first line would be an error's name.
  return place.stack.slice(place.stack.indexOf("\n") + 1);
}
