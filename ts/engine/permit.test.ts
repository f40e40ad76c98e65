import { expect, test } from "vitest";
import type { NativeLimiter } from "./native.ts";
import { Leaks, Permit } from "./permit.ts";

/** A limiter that counts what comes back to it. */
function counting() {
  const limiter = {
    returned: 0,
    release() {
      limiter.returned += 1;
    },
    acquire: () => true,
    inUse: () => 0,
    limit: () => 1,
    succeeded: () => undefined,
    pushedBack: () => undefined,
  };
  return limiter satisfies NativeLimiter;
}

test("a permit goes back at the end of its block, also when the block throws", () => {
  const native = counting();
  const work = (fails: boolean) => {
    using _permit = new Permit(native, new Leaks(), undefined);
    expect(native.returned).toBe(fails ? 1 : 0);
    if (fails) throw new Error("the work failed");
  };
  work(false);
  expect(native.returned).toBe(1);
  expect(() => work(true)).toThrow("the work failed");
  expect(native.returned).toBe(2);
});

test("a permit that is disposed of twice goes back once", () => {
  const native = counting();
  const permit = new Permit(native, new Leaks(), undefined);
  permit[Symbol.dispose]();
  permit[Symbol.dispose]();
  expect(native.returned).toBe(1);
});

test("leaks are counted each, and reported once for each place, if it is known", async () => {
  const warnings: string[] = [];
  const listen = (warning: Error) => warnings.push(warning.message);
  process.on("warning", listen);
  const leaks = new Leaks();
  for (const acquired of [undefined, "at one", "at one", "at another", undefined]) {
    leaks.found({ native: counting(), leaks, acquired });
  }
  // Warnings are emitted at the next tick.
  await new Promise(setImmediate);
  process.off("warning", listen);
  expect(leaks.count).toBe(5);
  expect(warnings.map((warning) => warning.split("\n").at(-1))).toEqual(["at one", "at another"]);
});
