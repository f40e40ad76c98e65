import { crossing } from "./crossing.ts";
import type { NativeLimiter } from "./native.ts";

/** The code of the warning about a permit that nobody disposed of. */
const LEAK = "WARN_PERMIT_LEAKED";

/** A limiter's permits that were collected as garbage before anybody disposed of them. */
export class Leaks {
  /** How many there were. */
  count = 0;
  /** The stacks that were reported: code that leaks does so again and again, and is told of once. */
  readonly #reported = new Set<string>();

  found({ acquired }: Lent): void {
    this.count += 1;
    if (acquired === undefined || this.#reported.has(acquired)) return;
    this.#reported.add(acquired);
    process.emitWarning(
      "A permit of a limiter was collected as garbage without having been disposed of, and was returned. " +
        `Write \`using permit = limiter.acquire()\`. It was acquired here:\n${acquired}`,
      { type: "PermitLeakWarning", code: LEAK },
    );
  }
}

/** What is known of a permit when it is gone. Nothing in it may lead to the permit: it would never be collected. */
interface Lent {
  readonly native: NativeLimiter;
  readonly leaks: Leaks;
  readonly acquired: string | undefined;
}

const lent = new FinalizationRegistry<Lent>((permit) => {
  permit.native.release();
  permit.leaks.found(permit);
});

/**
 * The right to run one call, from `Limiter.acquire`. It goes back when it is disposed of, by `using` at the end of
 * the block; twice is harmless, also after the limiter was disposed of.
 */
export class Permit implements Disposable {
  #native: NativeLimiter | undefined;

  /** @param acquired The stack of the caller, as text: frames would keep what they were called on from collection. */
  constructor(native: NativeLimiter, leaks: Leaks, acquired: string | undefined) {
    this.#native = native;
    lent.register(this, { native, leaks, acquired }, this);
  }

  [Symbol.dispose](): void {
    const native = this.#native;
    if (native === undefined) return;
    this.#native = undefined;
    lent.unregister(this);
    crossing(() => native.release());
  }
}
