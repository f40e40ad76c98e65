import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { EngineError, TaskQueue } from "../../ts/engine/index.ts";
import { example, inProcess } from "./process.ts";

/** Until everything that is due now has happened. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** A function that ends when it is told to. */
function gate<T>() {
  const { promise, resolve, reject } = withResolvers<T>();
  const gated = { run: () => promise, open: resolve, fail: reject };
  return gated;
}

function withResolvers<T>() {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** A promise of another library, and not a careful one: it settles twice. */
const foreign: PromiseLike<number> = {
  // biome-ignore lint/suspicious/noThenProperty: that is what makes it one
  then: (fulfilled, rejected) => {
    fulfilled?.(7);
    return Promise.resolve(7).then(fulfilled, rejected);
  },
};

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error("it succeeded");
    },
    (error) => error,
  );
}

test("a promise gets what its function returns, resolves to or throws", async () => {
  using queue = new TaskQueue({ concurrency: 2 });
  const sum: Promise<number> = queue.add(() => 1 + 1);
  expect(await sum).toBe(2);
  expect(await queue.add(async () => "later")).toBe("later");
  expect(await queue.add(() => foreign)).toBe(7);
  expect(await queue.add(() => undefined)).toBeUndefined();
  const error = new Error("no");
  expect(
    await failure(
      queue.add(() => {
        throw error;
      }),
    ),
  ).toBe(error);
  expect(await failure(queue.add(() => Promise.reject(error)))).toBe(error);
});

test("no more functions run at once than are allowed, and the limit can be moved", async () => {
  using queue = new TaskQueue({ concurrency: 2 });
  const gates = Array.from({ length: 6 }, () => gate<void>());
  const started: number[] = [];
  const results = gates.map((one, at) =>
    queue.add(() => {
      started.push(at);
      return one.run();
    }),
  );
  expect([queue.size, queue.pending, started.length]).toEqual([6, 0, 0]);
  await turn();
  expect([queue.size, queue.pending]).toEqual([4, 2]);
  expect(started).toEqual([0, 1]);
  queue.concurrency = 4;
  await turn();
  expect(started).toEqual([0, 1, 2, 3]);
  queue.concurrency = 1;
  for (const one of gates.slice(0, 3)) one.open();
  await turn();
  expect([queue.concurrency, queue.pending]).toEqual([1, 1]);
  gates[3]?.open();
  await turn();
  expect(started).toEqual([0, 1, 2, 3, 4]);
  for (const one of gates) one.open();
  await Promise.all(results);
  expect([queue.size, queue.pending]).toEqual([0, 0]);
});

test("any number may run at once", async () => {
  using queue = new TaskQueue({ concurrency: Number.POSITIVE_INFINITY });
  const open = gate<void>();
  const all = Array.from({ length: 3_000 }, () => queue.add(open.run));
  await turn();
  expect(queue.pending).toBe(1_024);
  open.open();
  await Promise.all(all);
});

test("the priority decides, then the longest chain, then who came first", async () => {
  using queue = new TaskQueue({ concurrency: 1 });
  const order: string[] = [];
  const run = (name: string) => () => {
    order.push(name);
  };
  queue.add(run("low"), { priority: "low" });
  queue.add(run("normal"));
  const start = queue.add(run("start of a chain"), { priority: "normal" });
  queue.add(run("high"), { priority: "high" });
  queue.add(run("end of a chain"), { after: [start] });
  queue.add(run("also normal"));
  await queue.onIdle();
  expect(order).toEqual(["high", "start of a chain", "normal", "also normal", "end of a chain", "low"]);
});

test("a function runs after those that it comes after, also when they were added long ago", async () => {
  using queue = new TaskQueue({ concurrency: 8 });
  const one = gate<number>();
  const first = queue.add(one.run);
  const second = queue.add(async () => (await first) + 1, { after: [first] });
  await turn();
  expect([queue.size, queue.pending]).toEqual([1, 1]);
  one.open(1);
  expect(await second).toBe(2);
  expect(await queue.add(() => 3, { after: [first, second] })).toBe(3);
});

test("what comes after a failure is not run, and its error names what failed", async () => {
  using queue = new TaskQueue({ concurrency: 2 });
  const cause = new Error("no disk");
  const build = queue.add(() => Promise.reject(cause), { name: "build" });
  const ran: string[] = [];
  const test = queue.add(() => ran.push("test"), { after: [build], name: "test" });
  const publish = queue.add(() => ran.push("publish"), { after: [test] });
  const other = queue.add(() => ran.push("other"));
  for (const [promise, task] of [
    [test, 1],
    [publish, 2],
  ] as const) {
    const error = await failure(promise);
    expect(EngineError.is(error, "ERR_BLOCKED")).toBe(true);
    expect(error).toMatchObject({ cause, details: { task, dependency: build.id } });
    expect(String(error)).toContain("it comes after build, which did not succeed: Error: no disk");
  }
  await other;
  // Later ones as well, at once.
  expect(await failure(queue.add(() => ran.push("late"), { after: [publish] }))).toMatchObject({
    code: "ERR_BLOCKED",
    details: { dependency: publish.id },
  });
  expect(ran).toEqual(["other"]);
});

test("one failure is reported as unhandled when nobody tells of it", async () => {
  const script = `
    const { TaskQueue } = await import(engine);
    process.on("unhandledRejection", (error) => console.log(error.message));
    const queue = new TaskQueue({ concurrency: 1 });
    const heard = queue.add(() => Promise.reject(new Error("heard")));
    queue.add(() => 1, { after: [heard] }).catch(() => console.log("blocked"));
    queue.add(() => Promise.reject(new Error("unheard")));
    await queue.onIdle();
  `;
  expect(await inProcess(script)).toBe("blocked\nunheard");
});

test("the queue stands still while it is paused, and goes on", async () => {
  using queue = new TaskQueue({ concurrency: 1 });
  queue.pause();
  const result = queue.add(() => 1);
  await turn();
  expect([queue.size, queue.isPaused]).toEqual([1, true]);
  queue.start();
  expect(await result).toBe(1);
  // Also when a function does it.
  queue.pause();
  queue.start();
  const second = queue.add(() => queue.pause());
  const third = queue.add(() => 3);
  await second;
  await turn();
  expect(queue.size).toBe(1);
  queue.start();
  expect(await third).toBe(3);
});

test("idle is when nothing runs and nothing waits", async () => {
  using queue = new TaskQueue({ concurrency: 1 });
  await queue.onIdle();
  const one = gate<void>();
  queue.add(one.run);
  queue.add(() => undefined);
  let isIdle = false;
  const idle = queue.onIdle().then(() => {
    isIdle = true;
  });
  await turn();
  expect(isIdle).toBe(false);
  one.open();
  await idle;
  expect([queue.size, queue.pending]).toEqual([0, 0]);
});

test("functions may add functions", async () => {
  using queue = new TaskQueue({ concurrency: 1 });
  const inner = await queue.add(() => ({ promise: queue.add(() => 7) }));
  expect(await inner.promise).toBe(7);
});

test("clear takes out what has not started", async () => {
  using queue = new TaskQueue({ concurrency: 1 });
  const one = gate<string>();
  const running = queue.add(one.run, { priority: "high" });
  const waiting = queue.add(() => "no");
  const behind = queue.add(() => "no", { after: [waiting] });
  await turn();
  queue.clear();
  expect([queue.size, queue.pending]).toEqual([0, 1]);
  // Both runners fail for a rejection that nobody handles: there is none, although nobody looked so far.
  await turn();
  for (const promise of [waiting, behind]) {
    expect(await failure(promise)).toMatchObject({ code: "ERR_CANCELLED" });
  }
  one.open("yes");
  expect(await running).toBe("yes");
  expect(await queue.add(() => "again")).toBe("again");
});

test("a function may clear what was to run with it", async () => {
  using queue = new TaskQueue({ concurrency: 4 });
  const first = queue.add(() => queue.clear());
  const second = queue.add(() => "no");
  await first;
  expect(await failure(second)).toMatchObject({ code: "ERR_CANCELLED" });
  await queue.onIdle();
  expect(await queue.add(() => "next")).toBe("next");
});

test("a signal takes out a waiting task, tells a running one, and is let go of", async () => {
  using queue = new TaskQueue({ concurrency: 1 });
  const controller = new AbortController();
  const { signal } = controller;
  const one = gate<void>();
  let seen: AbortSignal | undefined;
  const running = queue.add(
    (given) => {
      seen = given;
      return one.run();
    },
    { signal, priority: "high" },
  );
  const waiting = queue.add(() => "no", { signal });
  const behind = queue.add(() => "no", { after: [waiting] });
  const done = queue.add(() => "yes");
  await turn();
  const reason = new Error("changed my mind");
  controller.abort(reason);
  expect(await failure(waiting)).toBe(reason);
  expect(await failure(behind)).toMatchObject({ code: "ERR_BLOCKED", cause: reason });
  expect(seen?.aborted).toBe(true);
  expect(await failure(queue.add(() => "no", { signal }))).toBe(reason);
  one.open();
  await running;
  expect(await done).toBe("yes");
  const later = new AbortController();
  await queue.add(() => "yes", { signal: later.signal });
  expect(getEventListeners(later.signal, "abort")).toEqual([]);
});

test("disposal takes out what waits, tells what runs, and refuses what comes", async () => {
  const queue = new TaskQueue({ concurrency: 1 });
  const one = gate<string>();
  let signal: AbortSignal | undefined;
  const running = queue.add((given) => {
    signal = given;
    return one.run();
  });
  const waiting = queue.add(() => "no");
  await turn();
  expect(signal?.aborted).toBe(false);
  queue[Symbol.dispose]();
  queue[Symbol.dispose]();
  expect(signal?.aborted).toBe(true);
  expect(await failure(waiting)).toMatchObject({ code: "ERR_CANCELLED" });
  expect(() => queue.add(() => 1)).toThrow(expect.objectContaining({ code: "ERR_CLOSED" }));
  one.open("still told");
  expect(await running).toBe("still told");
  await queue.onIdle();
});

test("wrong options are named, and change nothing", () => {
  for (const concurrency of [0, -1, 1.5, Number.NaN]) {
    expect(() => new TaskQueue({ concurrency })).toThrow(
      expect.objectContaining({ code: "ERR_INVALID_CONFIG", details: { problems: [expect.anything()] } }),
    );
  }
  using queue = new TaskQueue({ concurrency: 1 });
  using other = new TaskQueue({ concurrency: 1 });
  const foreign = other.add(() => 1);
  for (const [options, path] of [
    [{ priority: JSON.parse('"urgent"') }, "priority"],
    [{ after: [foreign] }, "after[0]"],
    [{ after: [JSON.parse("{}")] }, "after[0]"],
  ] as const) {
    expect(() => queue.add(() => 1, options)).toThrow(
      expect.objectContaining({
        code: "ERR_INVALID_PLAN",
        details: { problems: [expect.objectContaining({ path })] },
      }),
    );
  }
  expect(queue.size).toBe(0);
});

test("a long-lived queue forgets what has ended, and goes on numbering", async () => {
  using queue = new TaskQueue({ concurrency: 3 });
  let last = queue.add(() => 0);
  let sum = 0;
  for (let round = 0; round < 40; round++) {
    const before = last;
    const results = Array.from({ length: 500 }, (_, at) => queue.add(() => at, { after: [before] }));
    last = results[499] ?? last;
    for (const value of await Promise.all(results)) sum += value;
  }
  expect(sum).toBe((40 * 499 * 500) / 2);
  expect(last.id).toBe(20_000);
  expect([queue.size, queue.pending]).toEqual([0, 0]);
});

test("the example builds in the order of its dependencies, past a failure", async () => {
  const lines = await example("async-functions.ts");
  const begin = (name: string) => lines.indexOf(`  ${name} …`);
  expect(lines[0]).toBe("11 steps:");
  expect(begin("install")).toBe(1);
  for (const [before, after] of [
    ["install", "generate schema"],
    ["generate schema", "compile core"],
    ["compile core", "compile client"],
    ["compile core", "bundle"],
    ["compile server", "test server"],
    ["docs", "lint"],
  ] as const) {
    expect([begin(before), `${before}, ${after}`]).not.toEqual([-1, `${before}, ${after}`]);
    expect(begin(after), `${before} before ${after}`).toBeGreaterThan(begin(before));
  }
  expect(begin("publish")).toBe(-1);
  expect(lines).toContain("  bundle: done");
  expect(lines).toContain("  test server: Error: 2 of 40 tests failed");
  expect(lines.at(-1)).toBe(
    "  publish was not run: it comes after test server, which did not succeed: Error: 2 of 40 tests failed",
  );
});
