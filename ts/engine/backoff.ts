import { addon } from "./addon.ts";
import { crossing } from "./crossing.ts";
import { Handle } from "./handle.ts";
import type { NativeBackoff } from "./native.ts";
import { type Seeded, seedOf } from "./seed.ts";

/**
 * How long to wait before the same is tried again: exponential pauses with decorrelated jitter (M. Brooker, *Exponential
 * backoff and jitter*, 2015).
 *
 * | what happens | the next pause |
 * |---|---|
 * | first in a row | 1 s to 3 s |
 * | again | 1 s to three times the last, at most 60 s |
 * | the other side named a pause (`Retry-After`) | that one, where it is longer; it does not lengthen the ones after it |
 * | what was tried went well | the row begins anew |
 *
 * ```ts
 * import { setTimeout as wait } from "node:timers/promises";
 *
 * using backoff = new Backoff();
 * let response = await fetch(url);
 * while (response.status === 429) {
 *   const seconds = Number(response.headers.get("retry-after") ?? 0);
 *   await wait(backoff.next(Number.isFinite(seconds) ? seconds * 1_000 : undefined));
 *   response = await fetch(url);
 * }
 * backoff.reset();
 * ```
 */
export class Backoff extends Handle<NativeBackoff> {
  /** @throws EngineError `ERR_INVALID_CONFIG` for a seed that is no whole number from 0 to 2^53 - 1. */
  constructor(options: Seeded = {}) {
    const { NativeBackoff } = addon();
    super(
      "This backoff",
      crossing(() => new NativeBackoff(seedOf(options))),
    );
  }

  /**
   * The next pause in milliseconds, after one more attempt that failed.
   * @param retryAfterMs The pause that the other side asked for.
   * @throws EngineError `ERR_INVALID_INPUT` for a pause that is none (negative, NaN).
   */
  next(retryAfterMs?: number): number {
    const native = this.native();
    return crossing(() => native.next(retryAfterMs));
  }

  /** What was tried went well. */
  reset(): void {
    const native = this.native();
    crossing(() => native.reset());
  }
}
