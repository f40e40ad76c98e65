import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { EngineError } from "./error.ts";
import type { NativeOwnership } from "./native.ts";
import { nativeOfOwner, Ownership } from "./ownership.ts";

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

const HEARTBEAT = 5_000;

/** The message of an error as Rust throws it. */
function thrown(code: string, details: object = {}): Error {
  return new Error(JSON.stringify({ code, message: `it is ${code}`, details }));
}

/** An ownership whose renewals and release do as they are told, and what happened to it. */
function owned() {
  const log: (string | number)[] = [];
  let refusal: Error | undefined;
  const native: NativeOwnership = {
    heartbeatMs: () => HEARTBEAT,
    token: () => 3,
    renew(wallMs) {
      log.push(wallMs);
      if (refusal !== undefined) throw refusal;
    },
    release() {
      log.push("released");
      if (refusal !== undefined) throw refusal;
      return true;
    },
  };
  const keeper = {
    lost: (holder: { readonly pid: number } | undefined) => log.push(`lost to ${holder?.pid}`),
    failed: (error: unknown) => log.push(EngineError.is(error) ? error.code : String(error)),
  };
  return {
    owner: new Ownership("m1", native),
    native,
    keeper,
    log,
    refuse: (error: Error | undefined) => {
      refusal = error;
    },
  };
}

test("a kept ownership is renewed each heartbeat, with the time, until it is disposed of", () => {
  const { owner, keeper, log } = owned();
  owner.keep(keeper);
  vi.advanceTimersByTime(HEARTBEAT * 2);
  expect(log).toEqual([1_005_000, 1_010_000]);
  owner[Symbol.dispose]();
  vi.advanceTimersByTime(HEARTBEAT * 10);
  expect(log).toEqual([1_005_000, 1_010_000, "released"]);
  expect(vi.getTimerCount()).toBe(0);
});

test("keeping it twice renews it once a heartbeat", () => {
  const { owner, keeper, log } = owned();
  owner.keep(keeper);
  owner.keep(keeper);
  vi.advanceTimersByTime(HEARTBEAT);
  expect(log).toEqual([1_005_000]);
});

test("the timer of a kept ownership does not keep the process running", () => {
  vi.useRealTimers();
  const { owner, keeper } = owned();
  const before = process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  owner.keep(keeper);
  const during = process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  owner[Symbol.dispose]();
  expect(during).toBe(before);
});

test("a loss is told once, with who has it now, and ends the heartbeats", () => {
  const { owner, keeper, log, refuse } = owned();
  owner.keep(keeper);
  refuse(thrown("ERR_NOT_OWNER", { holder: { pid: 42 } }));
  vi.advanceTimersByTime(HEARTBEAT * 5);
  expect(log).toEqual([1_005_000, "lost to 42"]);
  expect(owner.lost).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
});

test("what was lost stays lost, and is not asked about again", () => {
  const { owner, log, refuse } = owned();
  expect(owner.renew(1)).toBe(true);
  refuse(thrown("ERR_NOT_OWNER", { holder: null }));
  expect(owner.renew(2)).toBe(false);
  refuse(undefined);
  expect(owner.renew(3)).toBe(false);
  expect(log).toEqual([1, 2]);
});

test("a heartbeat that could not be written is told, and the next one is tried", () => {
  const { owner, keeper, log, refuse } = owned();
  owner.keep(keeper);
  refuse(thrown("ERR_STORE_FULL"));
  vi.advanceTimersByTime(HEARTBEAT);
  refuse(undefined);
  vi.advanceTimersByTime(HEARTBEAT);
  expect(log).toEqual([1_005_000, "ERR_STORE_FULL", 1_010_000]);
  expect(owner.lost).toBe(false);
});

test("it is released once, and then gives nobody the right to open a mission", () => {
  const { owner, native, log } = owned();
  expect(nativeOfOwner(owner)).toBe(native);
  owner[Symbol.dispose]();
  owner[Symbol.dispose]();
  expect(log).toEqual(["released"]);
  for (const use of [() => nativeOfOwner(owner), () => owner.renew()]) {
    expect(use).toThrow(expect.objectContaining({ code: "ERR_CLOSED" }));
  }
});

test("a release that finds the store closed is no error, and any other is", () => {
  const closed = owned();
  closed.refuse(thrown("ERR_CLOSED"));
  closed.owner[Symbol.dispose]();
  const full = owned();
  full.refuse(thrown("ERR_STORE_FULL"));
  expect(() => full.owner[Symbol.dispose]()).toThrow(expect.objectContaining({ code: "ERR_STORE_FULL" }));
});
