import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { z } from "zod";
import { collection, Store } from "../../ts/engine/index.ts";
import { temporaryFolder } from "./folders.ts";
import { example } from "./store-example.ts";

test("the example of the documentation is this one, and works", () => {
  const page = readFileSync(new URL("../../docs/store.md", import.meta.url), "utf8");
  const source = readFileSync(new URL("store-example.ts", import.meta.url), "utf8");
  expect(page).toContain(
    `\`\`\`ts\n${source.replace("../../ts/engine/index.ts", "opencode-orchestrator/engine")}\`\`\``,
  );
  using folder = temporaryFolder();
  expect(example(folder.file("store.db"))).toEqual(["1: ready", "task/1 is done"]);
});

test("a collection reads from a store, a snapshot and a transaction, and sees what the transaction wrote", () => {
  using folder = temporaryFolder();
  using store = Store.open(folder.file("store.db"));
  const counts = collection("count", z.number());
  store.transaction((tx) => {
    counts.put(tx, "a", 1);
    counts.put(tx, "b", 2);
    counts.delete(tx, "b");
    expect(counts.scan(tx).map(({ id, value }) => [id, value])).toEqual([["a", 1]]);
  });
  using snapshot = store.snapshot();
  for (const from of [store, snapshot]) expect(counts.get(from, "a")?.value).toBe(1);
});

test("what the schema refuses is not written, and what was written around it is found out", () => {
  using folder = temporaryFolder();
  using store = Store.open(folder.file("store.db"));
  const counts = collection("count", z.number());
  expect(() => store.transaction((tx) => counts.put(tx, "a", JSON.parse('"one"')))).toThrow(
    expect.objectContaining({
      code: "ERR_STORE_INVALID_VALUE",
      details: expect.objectContaining({ keys: ["count/a"] }),
    }),
  );
  expect(store.snapshot().version).toBe(0);
  store.transaction((tx) => tx.put("count/a", "one"));
  expect(() => counts.get(store, "a")).toThrow(
    expect.objectContaining({ code: "ERR_STORE_INVALID_DOCUMENT" }),
  );
});
