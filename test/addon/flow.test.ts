/** Flow control in JavaScript: the rules themselves are tested in Rust, one by one. */
import { setTimeout as wait } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { Backoff, CircuitBreaker, EngineError, Limiter, memory, Poller } from "../../ts/engine/index.ts";
import { thrownBy } from "./thrown.ts";

/** Collects garbage now, in Node and in Bun. */
function collect(): void {
  const { Bun: bun } = globalThis as { Bun?: { gc(now: boolean): void } };
  if (bun !== undefined) {
    bun.gc(true);
  } else {
    setFlagsFromString("--expose-gc");
    runInNewContext("gc")();
  }
}

/** Collects garbage until something is so, for at most some seconds. */
async function collectUntil(so: () => boolean): Promise<void> {
  for (let round = 0; round < 100 && !so(); round += 1) {
    collect();
    // Finalizers run between tasks.
    await wait(10);
  }
}

test("a limiter gives out permits up to its limit, and a permit that comes back can be had again", () => {
  using limiter = new Limiter(2);
  const first = limiter.acquire();
  const second = limiter.acquire();
  expect([first, second]).not.toContain(undefined);
  expect(limiter.acquire()).toBeUndefined();
  expect([limiter.inUse, limiter.limit]).toEqual([2, 2]);
  first?.[Symbol.dispose]();
  first?.[Symbol.dispose]();
  expect(limiter.inUse).toBe(1);
  {
    using third = limiter.acquire();
    expect(third).toBeDefined();
    expect(limiter.acquire()).toBeUndefined();
  }
  expect(limiter.inUse).toBe(1);
});

test("pushing back halves the limit and takes no permit back; three successes add one", () => {
  using limiter = new Limiter(4);
  const permits = Array.from({ length: 4 }, () => limiter.acquire());
  limiter.pushedBack(1_000);
  limiter.pushedBack(1_999);
  expect([limiter.limit, limiter.inUse]).toEqual([2, 4]);
  permits.slice(0, 2).map((permit) => permit?.[Symbol.dispose]());
  expect(limiter.acquire()).toBeUndefined();
  for (let success = 0; success < 3; success += 1) limiter.succeeded();
  expect(limiter.limit).toBe(3);
  expect(limiter.acquire()).toBeDefined();
  limiter.pushedBack(2_000);
  expect(limiter.limit).toBe(1);
});

test("plain async functions run as many at once as the limiter lets them", async () => {
  using limiter = new Limiter(3);
  let running = 0;
  let most = 0;
  const jobs = Array.from({ length: 20 }, () => async () => {
    running += 1;
    most = Math.max(most, running);
    await wait(1);
    running -= 1;
  });
  const lane = async () => {
    for (;;) {
      using permit = limiter.acquire();
      const job = permit && jobs.shift();
      if (job === undefined) return;
      await job();
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
  expect([jobs.length, most, limiter.inUse]).toEqual([0, 3, 0]);
});

test("a permit that is collected as garbage comes back, is counted, and is reported once with its place", async () => {
  const warnings: Error[] = [];
  const listen = (warning: Error) => warnings.push(warning);
  process.on("warning", listen);
  using limiter = new Limiter(50, { trackLeaks: true });
  const forgetfulFunction = () => {
    for (let permit = 0; permit < 50; permit += 1) limiter.acquire();
  };
  const carefulFunction = () => {
    using _permit = limiter.acquire();
  };
  carefulFunction();
  forgetfulFunction();
  expect([limiter.inUse, limiter.leaked]).toEqual([50, 0]);
  await collectUntil(() => limiter.leaked === 50);
  expect([limiter.inUse, limiter.leaked]).toEqual([0, 50]);
  await wait(0);
  process.off("warning", listen);
  expect(warnings).toMatchObject([{ name: "PermitLeakWarning", code: "WARN_PERMIT_LEAKED" }]);
  expect(warnings[0]?.message).toContain("forgetfulFunction");
  expect(warnings[0]?.message).not.toContain("carefulFunction");
});

test("a permit that is still in use is not taken for a leak", async () => {
  using limiter = new Limiter(2);
  const kept = limiter.acquire();
  const forget = () => {
    limiter.acquire();
  };
  forget();
  await collectUntil(() => limiter.leaked === 1);
  expect([limiter.inUse, limiter.leaked]).toEqual([1, 1]);
  kept?.[Symbol.dispose]();
  expect(limiter.inUse).toBe(0);
});

test("without the option a leak is counted and not reported", async () => {
  const warnings: Error[] = [];
  const listen = (warning: Error) => warnings.push(warning);
  process.on("warning", listen);
  using limiter = new Limiter(5);
  const forget = () => {
    for (let permit = 0; permit < 5; permit += 1) limiter.acquire();
  };
  forget();
  await collectUntil(() => limiter.leaked === 5);
  await wait(0);
  process.off("warning", listen);
  expect([limiter.leaked, warnings]).toEqual([5, []]);
});

test("a breaker opens at the fifth failure, lets one probe at a time through, and closes after two", () => {
  using breaker = new CircuitBreaker({ seed: 7 });
  for (let failure = 0; failure < 5; failure += 1) {
    expect([breaker.state, breaker.retryAt]).toEqual(["closed", null]);
    breaker.begin(1_000)?.failed(1_000);
  }
  expect(breaker.state).toBe("open");
  const retryAt = breaker.retryAt ?? 0;
  expect(retryAt).toBeGreaterThanOrEqual(3_500);
  expect(retryAt).toBeLessThanOrEqual(6_000);
  expect([breaker.admits(retryAt - 1), breaker.begin(retryAt - 1)]).toEqual([false, undefined]);
  for (let success = 0; success < 2; success += 1) {
    expect(breaker.admits(retryAt)).toBe(true);
    const probe = breaker.begin(retryAt);
    expect([breaker.state, breaker.admits(retryAt), breaker.begin(retryAt)]).toEqual([
      "half_open",
      false,
      undefined,
    ]);
    probe?.succeeded();
  }
  expect([breaker.state, breaker.retryAt]).toEqual(["closed", null]);
});

test("a breaker's pause is as long as the other side asked for", () => {
  using breaker = new CircuitBreaker();
  for (let failure = 0; failure < 5; failure += 1) breaker.begin(0)?.failed(0, 90_000);
  expect(breaker.retryAt).toBe(90_000);
});

test("only the first end of a call counts", () => {
  using breaker = new CircuitBreaker();
  for (let failure = 0; failure < 4; failure += 1) {
    using call = breaker.begin(0);
    call?.failed(0);
    call?.failed(0);
    call?.succeeded();
  }
  expect(breaker.state).toBe("closed");
  breaker.begin(0)?.failed(0);
  expect(breaker.state).toBe("open");
});

test("a probe that nobody tells the end of is withdrawn at the end of its block", () => {
  using breaker = new CircuitBreaker();
  for (let failure = 0; failure < 5; failure += 1) breaker.begin(0)?.failed(0);
  const retryAt = breaker.retryAt ?? 0;
  {
    using probe = breaker.begin(retryAt);
    expect(probe).toBeDefined();
    expect(breaker.admits(retryAt)).toBe(false);
  }
  expect([breaker.state, breaker.admits(retryAt)]).toEqual(["half_open", true]);
  breaker.begin(retryAt)?.withdrawn();
  expect(breaker.admits(retryAt)).toBe(true);
});

test("the same seed gives the same pauses, and none gives others", () => {
  const pauses = (options?: { seed: number }) => {
    using backoff = new Backoff(options);
    return Array.from({ length: 6 }, () => backoff.next());
  };
  expect(pauses({ seed: 3 })).toEqual(pauses({ seed: 3 }));
  expect(pauses({ seed: 3 })).not.toEqual(pauses({ seed: 4 }));
  expect(pauses()).not.toEqual(pauses());
});

test("a pause grows at most threefold, heeds what was asked for, and begins anew", () => {
  using backoff = new Backoff();
  let last = 1_000;
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const pause = backoff.next();
    expect(pause).toBeGreaterThanOrEqual(1_000);
    expect(pause).toBeLessThanOrEqual(Math.min(3 * last, 60_000));
    last = pause;
  }
  expect(backoff.next(120_000)).toBe(120_000);
  backoff.reset();
  expect(backoff.next()).toBeLessThanOrEqual(3_000);
});

test("a poller looks twice as seldom each time, until something moves", () => {
  using poller = new Poller();
  expect(poller.nextAt).toBeNull();
  poller.moved(0);
  const looks: (number | null)[] = [];
  for (let look = 0; look < 6; look += 1) {
    const at = poller.nextAt;
    looks.push(at);
    poller.looked(at ?? 0);
  }
  expect(looks).toEqual([500, 1_500, 3_500, 7_500, 12_500, 17_500]);
  poller.moved(18_000);
  expect(poller.nextAt).toBe(18_500);
  poller.rest();
  expect(poller.nextAt).toBeNull();
});

test("memory is measured in bytes, and its share in percent", () => {
  const measured = memory();
  const { used, limit, percent } = measured ?? { used: 0, limit: 0, percent: -1 };
  expect(Object.keys(measured ?? {}).sort()).toEqual(["limit", "percent", "used"]);
  expect(used).toBeGreaterThan(1_000_000);
  expect(limit).toBeGreaterThan(used);
  expect(percent).toBe(Math.floor((used * 100) / limit));
});

test("a setting that can't be is refused by its name and value", () => {
  for (const ceiling of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 32]) {
    const error = thrownBy(() => new Limiter(ceiling));
    expect(error).toMatchObject({
      code: "ERR_INVALID_CONFIG",
      details: { problems: [{ path: "ceiling", message: expect.stringContaining("from 1 to 4294967295") }] },
    });
  }
  expect(String(thrownBy(() => new Limiter(1.5)))).toContain("the limiter is refused: ceiling: 1.5;");
  expect(new Limiter(2 ** 32 - 1).limit).toBe(2 ** 32 - 1);
  for (const seed of [-1, 0.5, Number.NaN, 2 ** 53]) {
    for (const make of [() => new Backoff({ seed }), () => new CircuitBreaker({ seed })]) {
      expect(thrownBy(make)).toMatchObject({
        code: "ERR_INVALID_CONFIG",
        details: { problems: [{ path: "seed" }] },
      });
    }
  }
});

test("a time or a pause that is none is refused by its name and value, and changes nothing", () => {
  using limiter = new Limiter(8);
  using breaker = new CircuitBreaker();
  using poller = new Poller();
  using backoff = new Backoff();
  const call = breaker.begin(0);
  for (const [refused, name] of [
    [(time: number) => limiter.pushedBack(time), "pushedBack"],
    [(time: number) => breaker.admits(time), "admits"],
    [(time: number) => breaker.begin(time), "begin"],
    [(time: number) => call?.failed(time), "failed"],
    [(time: number) => call?.failed(0, time), "retryAfterMs"],
    [(time: number) => poller.moved(time), "moved"],
    [(time: number) => poller.looked(time), "looked"],
    [(time: number) => backoff.next(time), "retryAfterMs"],
  ] as const) {
    for (const time of [Number.NaN, -1, Number.POSITIVE_INFINITY]) {
      const error = thrownBy(() => refused(time));
      expect(error).toMatchObject({ code: "ERR_INVALID_INPUT" });
      expect(String(error)).toContain(name);
    }
  }
  expect(String(thrownBy(() => limiter.pushedBack(Number.NaN)))).toContain("not NaN");
  expect([limiter.limit, poller.nextAt]).toEqual([8, null]);
  for (let failure = 0; failure < 4; failure += 1) breaker.begin(0)?.failed(0);
  expect(breaker.state).toBe("closed");
  call?.failed(0);
  expect(breaker.state).toBe("open");
});

test("after disposal each use is an error, and what is out can still come back", () => {
  const [limiter, breaker, backoff, poller] = [
    new Limiter(1),
    new CircuitBreaker(),
    new Backoff(),
    new Poller(),
  ];
  const permit = limiter.acquire();
  const call = breaker.begin(0);
  for (const disposable of [limiter, breaker, backoff, poller]) {
    disposable[Symbol.dispose]();
    disposable[Symbol.dispose]();
  }
  for (const use of [
    () => limiter.acquire(),
    () => limiter.inUse,
    () => breaker.begin(0),
    () => breaker.state,
    () => backoff.next(),
    () => poller.nextAt,
  ]) {
    expect(EngineError.is(thrownBy(use), "ERR_CLOSED")).toBe(true);
  }
  permit?.[Symbol.dispose]();
  call?.failed(0);
  expect(limiter.leaked).toBe(0);
});
