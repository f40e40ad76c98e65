import { expect, test } from "vitest";
import { EngineError, TaskGraph } from "../../ts/engine/index.ts";
import { thrownBy } from "./thrown.ts";

/** A batch from rows of dependencies. */
function batch(rows: readonly (readonly number[])[], priorities?: readonly number[]) {
  const offsets = new Uint32Array(rows.length + 1);
  for (const [at, row] of rows.entries()) offsets[at + 1] = (offsets[at] ?? 0) + row.length;
  return {
    count: rows.length,
    offsets,
    dependencies: Uint32Array.from(rows.flat()),
    priorities: priorities && Uint8Array.from(priorities),
  };
}

function taken(graph: TaskGraph, most = 16): number[] {
  const into = new Uint32Array(most);
  return Array.from(into.subarray(0, graph.take(into)));
}

test("ids come out when what they depend on is done, by priority and then by the longest way to an end", () => {
  using graph = new TaskGraph();
  expect(graph.add(batch([[], [0], [0], [1, 2], [], [4], []], [1, 1, 1, 1, 2, 1, 0]))).toBe(0);
  expect(graph.height(0)).toBe(3);
  expect(taken(graph)).toEqual([6, 0, 4]);
  graph.done(Uint32Array.of(0, 6));
  const work = Uint32Array.of(4, 0, 0, 0);
  expect(graph.advance(work, 1)).toBe(3);
  expect(Array.from(work)).toEqual([1, 2, 5, 0]);
  expect(graph.advance(work, 2, 1)).toBe(1);
  expect(work[0]).toBe(3);
  expect(graph.counts()).toEqual({
    waiting: 0,
    ready: 0,
    running: 2,
    done: 5,
    failed: 0,
    blocked: 0,
    cancelled: 0,
  });
});

test("a small array that native code has never seen is written to", () => {
  using graph = new TaskGraph();
  graph.add({ count: 3 });
  const fresh = new Uint32Array(4);
  expect(graph.take(fresh)).toBe(3);
  expect(Array.from(fresh)).toEqual([0, 1, 2, 0]);
});

test("a view of a larger array is read and written where it lies", () => {
  using graph = new TaskGraph();
  graph.add({ count: 2 });
  const all = new Uint32Array(6).fill(9);
  expect(graph.take(all.subarray(2, 4))).toBe(2);
  expect(Array.from(all)).toEqual([9, 9, 0, 1, 9, 9]);
});

test("a failure and a cancellation give what they block", () => {
  using graph = new TaskGraph();
  graph.add(batch([[], [0], [1], [], [3]]));
  expect(taken(graph)).toEqual([0, 3]);
  expect(Array.from(graph.failed(Uint32Array.of(0)))).toEqual([1, 2]);
  expect(Array.from(graph.cancel(Uint32Array.of(3)))).toEqual([4]);
  expect([0, 1, 2, 3, 4, 5].map((id) => graph.state(id))).toEqual([
    "failed",
    "blocked",
    "blocked",
    "cancelled",
    "blocked",
    undefined,
  ]);
  expect(graph.height(9)).toBeUndefined();
});

test("tasks are added while others run, and what they depend on may be done already", () => {
  using graph = new TaskGraph();
  graph.add({ count: 1 });
  expect(taken(graph)).toEqual([0]);
  graph.done(Uint32Array.of(0));
  expect(graph.add(batch([[0], [1, 0]]))).toBe(1);
  expect(taken(graph)).toEqual([1]);
});

test("a batch with problems is refused as a whole, and each is named", () => {
  using graph = new TaskGraph();
  graph.add({ count: 1 });
  for (const [refused, path, says] of [
    [batch([[0], [7]]), "dependencies[1]", "no such task"],
    [batch([[1]]), "dependencies[0]", "depends on itself"],
    [batch([[2], [3], [1]]), "dependencies", "cycle 1 → 2 → 3 → 1"],
    [batch([[], []], [0, 5]), "priorities[1]", "is 5"],
    [{ count: -1 }, "count", "at most 16777216"],
    [{ count: 2, priorities: new Uint8Array(1) }, "priorities", "1 entries for 2 tasks"],
    [{ count: 2, offsets: Uint32Array.of(0, 0) }, "offsets", "2 entries"],
    [{ count: 2, offsets: Uint32Array.of(0, 2, 1), dependencies: Uint32Array.of(0) }, "offsets[2]", "ascend"],
  ] as const) {
    const error = thrownBy(() => graph.add(refused));
    expect(error).toMatchObject({ code: "ERR_INVALID_PLAN", details: { problems: [{ path }] } });
    expect(String(error)).toContain(says);
  }
  expect(graph.counts()).toMatchObject({ ready: 1, waiting: 0 });
});

test("an end that comes late, twice or for nobody is refused with the task and its state", () => {
  using graph = new TaskGraph();
  graph.add(batch([[], [0]]));
  taken(graph);
  for (const [ids, code, says] of [
    [[1], "ERR_WRONG_STATE", "task 1 is waiting"],
    [[0, 0], "ERR_WRONG_STATE", "task 0 is listed twice"],
    [[5], "ERR_UNKNOWN_TASK", "no task 5"],
  ] as const) {
    const error = thrownBy(() => graph.done(Uint32Array.from(ids)));
    expect(EngineError.is(error, code)).toBe(true);
    expect(String(error)).toContain(says);
  }
  expect(graph.state(0)).toBe("running");
});

test("a wrong argument is an error, not a crash", () => {
  using graph = new TaskGraph();
  graph.add({ count: 1 });
  const shared = new Uint32Array(new SharedArrayBuffer(16));
  for (const call of [
    () => graph.take(JSON.parse("[0, 0]")),
    () => graph.take(shared),
    () => graph.done(shared),
    () => graph.advance(new Uint32Array(2), 3),
    () => graph.advance(new Uint32Array(2), 0, 3),
    () => graph.add({ count: 1, priorities: JSON.parse('"high"') }),
  ]) {
    expect(thrownBy(call)).toMatchObject({ code: "ERR_INVALID_INPUT" });
  }
  expect(taken(graph)).toEqual([0]);
});

test("after disposal there is an error, not a crash", () => {
  const graph = new TaskGraph();
  graph[Symbol.dispose]();
  expect(thrownBy(() => graph.counts())).toMatchObject({ code: "ERR_CLOSED" });
});

test("a hundred thousand tasks in layers all run, none before what it depends on", () => {
  using graph = new TaskGraph();
  const layer = 1_000;
  const count = 100 * layer;
  const rows = Array.from({ length: count }, (_, id) =>
    id < layer ? [] : [3, 17, 40].map((step) => id - layer - (id % layer) + ((id * step + step) % layer)),
  );
  graph.add(batch(rows));
  expect(graph.height(0)).toBe(100);
  const done = new Uint8Array(count);
  const work = new Uint32Array(8);
  let total = 0;
  for (let length = graph.take(work); length > 0; length = graph.advance(work, length)) {
    for (const id of work.subarray(0, length)) {
      if (!rows[id]?.every((on) => done[on] === 1)) throw new Error(`${id} came too early`);
    }
    for (const id of work.subarray(0, length)) done[id] = 1;
    total += length;
  }
  expect(total).toBe(count);
  expect(graph.counts().done).toBe(count);
});
