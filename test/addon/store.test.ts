import { existsSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Store } from "../../ts/engine/index.ts";
import { temporaryFolder } from "./folders.ts";

test("what was committed is read back, by this handle and by another", () => {
  using folder = temporaryFolder();
  using store = Store.open(folder.file("store.db"));
  using other = Store.open(folder.file("store.db"));
  const { version, result } = store.transaction((tx) => {
    tx.put("a/1", { name: "ä\u{1F600}", list: [1, 2.5, null] });
    tx.put("a/2", "two");
    tx.put("b", 3);
    return "done";
  });
  expect([version, result]).toEqual([1, "done"]);
  for (const handle of [store, other]) {
    expect(handle.get("a/1")).toEqual({
      key: "a/1",
      version: 1,
      value: { name: "ä\u{1F600}", list: [1, 2.5, null] },
    });
    expect(handle.scan("a/").map((document) => document.key)).toEqual(["a/1", "a/2"]);
    expect(handle.get("c")).toBeUndefined();
    expect(handle.scan("none/")).toEqual([]);
  }
});

test("a transaction sees its own writes, and nothing of it is there when it throws", () => {
  using folder = temporaryFolder();
  using store = Store.open(folder.file("store.db"));
  store.transaction((tx) => {
    tx.put("a", 1);
    tx.put("b", 2);
  });
  expect(() =>
    store.transaction((tx) => {
      tx.put("a", 10);
      tx.put("aa", 11);
      tx.delete("b");
      expect(tx.get("a")).toEqual({ key: "a", version: 0, value: 10 });
      expect(tx.get("b")).toBeUndefined();
      expect(tx.scan("").map((document) => [document.key, document.value])).toEqual([
        ["a", 10],
        ["aa", 11],
      ]);
      throw new Error("no");
    }),
  ).toThrow("no");
  expect(store.scan("").map((document) => document.value)).toEqual([1, 2]);
});

test("whoever reads what another changes is run again, and no increment is lost", () => {
  using folder = temporaryFolder();
  using store = Store.open(folder.file("store.db"));
  using other = Store.open(folder.file("store.db"));
  store.transaction((tx) => tx.put("count", 0));
  let runs = 0;
  store.transaction((tx) => {
    runs++;
    const count = tx.get<number>("count")?.value ?? 0;
    if (runs === 1) other.transaction((rival) => rival.put("count", 10));
    tx.put("count", count + 1);
  });
  expect(runs).toBe(2);
  expect(store.get("count")?.value).toBe(11);
});

test("after the last attempt the conflict is thrown, with the keys and the ranges", () => {
  using folder = temporaryFolder();
  using store = Store.open(folder.file("store.db"));
  let attempts = 0;
  expect(() =>
    store.transaction(
      (tx) => {
        tx.get("a");
        tx.scan("list/");
        attempts++;
        store.transaction((rival) => {
          rival.put("a", attempts);
          rival.put(`list/${attempts}`, true);
        });
        tx.put("b", 1);
      },
      { attempts: 3 },
    ),
  ).toThrow(
    expect.objectContaining({
      code: "ERR_STORE_CONFLICT",
      details: { keys: ["a", "list/3"], ranges: ["list/"] },
    }),
  );
  expect(attempts).toBe(3);
  expect(store.get("b")).toBeUndefined();
});

test("records are chained, in the commit of their documents, and an audit finds them whole", () => {
  using folder = temporaryFolder();
  using store = Store.open(folder.file("store.db"));
  store.transaction(
    (tx) => {
      tx.append("mission/1", "started", 1_000, { by: "me" });
      tx.append("mission/1", "ended", 2_000, null);
      tx.put("mission/1", { state: "ended" });
    },
    { durability: "normal" },
  );
  const records = store.journal("mission/1");
  expect(records).toMatchObject([
    { seq: 1, at: 1_000, kind: "started", payload: { by: "me" }, prev: "0".repeat(64) },
    { seq: 2, at: 2_000, kind: "ended", payload: null, prev: records[0]?.hash },
  ]);
  expect(store.journal("mission/1", 2)).toEqual(records.slice(1));
  expect(store.journal("other")).toEqual([]);
  expect(store.audit()).toEqual({ ok: true, version: 1, streams: 1, records: 2, faults: [] });
});

test("the past is read until it is collected", () => {
  using folder = temporaryFolder();
  using store = Store.open(folder.file("store.db"));
  for (const value of ["one", "two", "three"]) store.transaction((tx) => tx.put("a", value));
  {
    using past = store.at(1);
    expect([past.version, past.get("a")?.value]).toEqual([1, "one"]);
  }
  expect(store.collect(3)).toBe(2);
  expect(() => store.at(1)).toThrow(expect.objectContaining({ code: "ERR_STORE_COLLECTED" }));
  expect(() => store.at(9)).toThrow(expect.objectContaining({ code: "ERR_STORE_NOT_FOUND" }));
  expect(store.get("a")?.value).toBe("three");
});

test("what can't be stored is refused before anything is written", () => {
  using folder = temporaryFolder();
  using store = Store.open(folder.file("store.db"));
  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;
  for (const value of [undefined, () => 1, cycle, 1n]) {
    expect(() => store.transaction((tx) => tx.put("a", value))).toThrow(
      expect.objectContaining({ code: "ERR_STORE_INVALID_VALUE" }),
    );
  }
  for (const key of ["", "x".repeat(513), "a\0b"]) {
    expect(() => store.transaction((tx) => tx.put(key, 1))).toThrow(
      expect.objectContaining({ code: "ERR_STORE_INVALID_KEY" }),
    );
  }
  expect(() => store.transaction((tx) => tx.append("s", "k", -1, null))).toThrow(
    expect.objectContaining({ code: "ERR_INVALID_INPUT" }),
  );
  expect(store.snapshot().version).toBe(0);
});

test("a transaction that is a promise is refused and writes nothing", () => {
  using folder = temporaryFolder();
  using store = Store.open(folder.file("store.db"));
  expect(() =>
    store.transaction(async (tx) => {
      tx.put("a", 1);
      await Promise.resolve();
      throw new Error("too late");
    }),
  ).toThrow(expect.objectContaining({ code: "ERR_ASYNC_TRANSACTION" }));
  expect(store.get("a")).toBeUndefined();
});

test("a transaction used after its end is refused", () => {
  using folder = temporaryFolder();
  using store = Store.open(folder.file("store.db"));
  const { result: kept } = store.transaction((tx) => tx);
  expect(() => kept.get("a")).toThrow(expect.objectContaining({ code: "ERR_CLOSED" }));
});

test("a folder that isn't there, a file that is no store, and a closed store are named", () => {
  using folder = temporaryFolder();
  expect(() => Store.open(folder.file("none/store.db"))).toThrow(
    expect.objectContaining({
      code: "ERR_STORE_NOT_FOUND",
      message: expect.stringContaining(folder.file("none")),
    }),
  );
  expect(existsSync(folder.file("none"))).toBe(false);
  writeFileSync(folder.file("text.db"), "This is no database, but a text of some length.\n".repeat(200));
  expect(() => Store.open(folder.file("text.db"))).toThrow(
    expect.objectContaining({ code: "ERR_STORE_CORRUPT" }),
  );
  expect(() => Store.open(folder.file("a.db"), JSON.parse('{"busyTimeout":1}'))).toThrow(
    expect.objectContaining({ code: "ERR_INVALID_INPUT" }),
  );
  const store = Store.open(folder.file("store.db"), { busyTimeoutMs: 100 });
  const snapshot = store.snapshot();
  store.close();
  store.close();
  expect(() => store.get("a")).toThrow(expect.objectContaining({ code: "ERR_CLOSED" }));
  expect(snapshot.get("a")).toBeUndefined();
});
