import { expect, test } from "vitest";
import { Store } from "../../ts/engine/index.ts";
import { temporaryFolder } from "./folders.ts";

interface Task {
  state: string;
  tags: string[];
}

const ready = (): Task => ({ state: "ready", tags: ["a"] });

function put(store: Store, key: string, value: unknown): number {
  return store.transaction((tx) => tx.put(key, value)).version;
}

test("a document is read and parsed once, by all snapshots and the store together", () => {
  using folder = temporaryFolder();
  using store = Store.open(folder.file("store.db"));
  put(store, "a", ready());
  using first = store.snapshot();
  const document = first.get<Task>("a");
  expect(document).toEqual({ key: "a", version: 1, value: ready() });
  put(store, "b", 1);
  using second = store.snapshot();
  for (const from of [first, second, store]) expect(from.get("a")).toBe(document);
});

test("what was read before is never given for what changed since, was deleted, or was made again", () => {
  using folder = temporaryFolder();
  using store = Store.open(folder.file("store.db"));
  using other = Store.open(folder.file("store.db"));
  const seen = () => store.get("a")?.value;
  using empty = store.snapshot();
  expect(seen()).toBeUndefined();
  put(store, "a", 1);
  expect(seen()).toBe(1);
  using one = store.snapshot();
  put(other, "a", 2);
  expect(seen()).toBe(2);
  other.transaction((tx) => tx.delete("a"));
  expect(seen()).toBeUndefined();
  put(other, "a", 4);
  expect(seen()).toBe(4);
  using second = store.at(2);
  expect([empty, one, second, store.at(3), store.at(4)].map((at) => at.get("a")?.value)).toEqual([
    undefined,
    1,
    2,
    undefined,
    4,
  ]);
  expect(seen()).toBe(4);
});

test("what a snapshot gives is frozen, and what a transaction or a scan gives is the caller's own", () => {
  using folder = temporaryFolder();
  using store = Store.open(folder.file("store.db"));
  put(store, "a", ready());
  expect(() => store.get<Task>("a")?.value.tags.push("b")).toThrow(TypeError);
  store.transaction((tx) => {
    const task = tx.get<Task>("a")?.value ?? ready();
    task.tags.push("b");
    tx.put("a", task);
  });
  for (const { value } of store.scan<Task>("")) value.tags.push("c");
  expect(store.get<Task>("a")?.value.tags).toEqual(["a", "b"]);
});

test("a snapshot that was let go of, or a closed store, gives nothing that it gave before", () => {
  using folder = temporaryFolder();
  const store = Store.open(folder.file("store.db"));
  put(store, "a", 1);
  const snapshot = store.snapshot();
  snapshot.get("a");
  snapshot[Symbol.dispose]();
  store.close();
  const closed = expect.objectContaining({ code: "ERR_CLOSED" });
  for (const from of [snapshot, store]) expect(() => from.get("a")).toThrow(closed);
});

test("values come back as they were, whatever their keys hold", () => {
  using folder = temporaryFolder();
  using store = Store.open(folder.file("store.db"));
  const values = new Map<string, unknown>([
    ['"quoted"\\\n', null],
    ["é/\u{1f600}", [1, "é", { "\u2028": "\u0000" }]],
    ["__proto__", { constructor: 1 }],
  ]);
  store.transaction((tx) => {
    for (const [key, value] of values) tx.put(key, value);
    tx.delete("none");
    tx.append("log", '"kind"', 5, { "a\n": [null] });
  });
  for (const [key, value] of values) expect(store.get(key)).toEqual({ key, version: 1, value });
  expect(store.journal("log")[0]).toMatchObject({ kind: '"kind"', at: 5, payload: { "a\n": [null] } });
});
