import { addon } from "./addon.ts";
import { crossing } from "./crossing.ts";
import { Handle } from "./handle.ts";
import type { NativeBreaker, NativeCall } from "./native.ts";
import { type Seeded, seedOf } from "./seed.ts";

/** `closed`: all calls begin. `open`: none does. `half_open`: one at a time does, as a probe. */
export type BreakerState = "closed" | "open" | "half_open";

/**
 * Whether something that may fail is called at all: where calls fail one after another, it is left alone for a while,
 * and then asked with one call at a time whether it is well again (Nygard, *Release It!*, 2007 and 2018). One for each
 * thing that fails on its own, as a provider's model. It reads no clock: times are milliseconds of any clock.
 *
 * | state | what happens | what becomes of it |
 * |---|---|---|
 * | closed | a call | it begins |
 * | closed | a success | the row of failures begins anew |
 * | closed | the 5th failure in a row | open, for a pause of 5 s |
 * | open | a call before the pause is over | it is refused |
 * | open | a call after it | half-open, and the call is its probe |
 * | half-open | a call while a probe is under way | it is refused |
 * | half-open | a call while none is | it is the probe |
 * | half-open | the 2nd successful probe in a row | closed, and the next pause is 5 s again |
 * | half-open | a probe fails | open, for twice the last pause, at most 5 min |
 * | half-open | a probe is withdrawn | its place is free again |
 * | any | the end of a call that began before it last opened | nothing: it tells of the time before |
 *
 * A pause is drawn between half and the whole of its length, and is never shorter than what the other side asked for.
 *
 * ```ts
 * using breaker = new CircuitBreaker();
 *
 * async function guarded(url: string): Promise<Response> {
 *   using call = breaker.begin(Date.now());
 *   if (call === undefined) throw new Error(`${url} is left alone until ${breaker.retryAt ?? "its probe is back"}`);
 *   const response = await fetch(url); // aborted: the call is withdrawn as the block ends
 *   if (response.status >= 500) call.failed(Date.now());
 *   else call.succeeded();
 *   return response;
 * }
 * ```
 */
export class CircuitBreaker extends Handle<NativeBreaker> {
  /** @throws EngineError `ERR_INVALID_CONFIG` for a seed that is no whole number from 0 to 2^53 - 1. */
  constructor(options: Seeded = {}) {
    const { NativeBreaker } = addon();
    super(
      "This circuit breaker",
      crossing(() => new NativeBreaker(seedOf(options))),
    );
  }

  /** An open breaker whose pause is over stays open until a call begins. */
  get state(): BreakerState {
    const native = this.native();
    return crossing(() => native.state());
  }

  /** When an open breaker lets a probe through, in milliseconds; null where it is closed or half-open. */
  get retryAt(): number | null {
    const native = this.native();
    return crossing(() => native.retryAt());
  }

  /**
   * Whether a call could begin. Changes nothing.
   * @throws EngineError `ERR_INVALID_INPUT` for a time that is none (negative, NaN).
   */
  admits(now: number): boolean {
    const native = this.native();
    return crossing(() => native.admits(now));
  }

  /**
   * Begins a call, unless it is refused. Call it with `using`: a probe that is never heard of again would let no
   * other through.
   * @throws EngineError `ERR_INVALID_INPUT` for a time that is none (negative, NaN).
   */
  begin(now: number): Call | undefined {
    const native = this.native();
    const call = crossing(() => native.begin(now));
    return call === null ? undefined : new Call(native, call);
  }
}

/** A call that a breaker let begin. Its first end counts, and any other is ignored. */
export class Call implements Disposable {
  readonly #breaker: NativeBreaker;
  readonly #call: NativeCall;
  #ended = false;

  constructor(breaker: NativeBreaker, call: NativeCall) {
    this.#breaker = breaker;
    this.#call = call;
  }

  /** It ended as it should. */
  succeeded(): void {
    this.#end(() => this.#breaker.succeeded(this.#call));
  }

  /**
   * It failed, by the other side's fault.
   * @param now Milliseconds.
   * @param retryAfterMs The pause that the other side asked for.
   * @throws EngineError `ERR_INVALID_INPUT` for a time or a pause that is none (negative, NaN): it has not ended then.
   */
  failed(now: number, retryAfterMs?: number): void {
    this.#end(() => this.#breaker.failed(this.#call, now, retryAfterMs));
  }

  /** It ended without saying anything about the other side: it was aborted, or refused by us. */
  withdrawn(): void {
    this.#end(() => this.#breaker.withdrawn(this.#call));
  }

  /** Withdraws it, unless it has ended. */
  [Symbol.dispose](): void {
    this.withdrawn();
  }

  #end(tell: () => void): void {
    if (this.#ended) return;
    crossing(tell);
    this.#ended = true;
  }
}
