import { addon } from "./addon.ts";
import { crossing } from "./crossing.ts";
import { Handle } from "./handle.ts";
import type { NativePoller } from "./native.ts";

/**
 * When to look at a record, where the events about it may get lost: often while things move, and seldom while they
 * don't. It reads no clock and sets no timer: times are milliseconds of any clock.
 *
 * | what happens | the next look |
 * |---|---|
 * | the first turn gets under way | 500 ms later |
 * | something moves | at most 500 ms later; sooner where one was planned sooner |
 * | a look | after twice the last pause, at most 5 s |
 * | something moves after looks in vain | the pauses begin anew |
 * | no turn is under way | never |
 *
 * ```ts
 * using poller = new Poller();
 * poller.moved(Date.now());
 * for (let at = poller.nextAt; at !== null; at = poller.nextAt) {
 *   await wait(Math.max(0, at - Date.now()));
 *   if (await jobIsOver()) poller.rest();
 *   else poller.looked(Date.now());
 * }
 * ```
 */
export class Poller extends Handle<NativePoller> {
  constructor() {
    const { NativePoller } = addon();
    super(
      "This poller",
      crossing(() => new NativePoller()),
    );
  }

  /** When the next look is due, in milliseconds; null while there is nothing to look at. */
  get nextAt(): number | null {
    const native = this.native();
    return crossing(() => native.nextAt());
  }

  /**
   * Something happened, and there is something to look at.
   * @throws EngineError `ERR_INVALID_INPUT` for a time that is none (negative, NaN).
   */
  moved(now: number): void {
    const native = this.native();
    crossing(() => native.moved(now));
  }

  /**
   * The record was looked at. A look that comes late is not made up for.
   * @throws EngineError `ERR_INVALID_INPUT` for a time that is none (negative, NaN).
   */
  looked(now: number): void {
    const native = this.native();
    crossing(() => native.looked(now));
  }

  /** There is nothing to look at. */
  rest(): void {
    const native = this.native();
    crossing(() => native.rest());
  }
}
