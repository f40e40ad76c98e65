import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { z } from "zod";
import { collection, Store } from "../../ts/engine/index.ts";
import { temporaryFolder } from "./folders.ts";
import { example } from "./process.ts";

test("the example of the documentation is the one in its folder, and works", async () => {
  const page = readFileSync(new URL("../../docs/store.md", import.meta.url), "utf8");
  const source = readFileSync(new URL("../../examples/store.ts", import.meta.url), "utf8");
  const code = source.slice(source.indexOf("import "));
  expect(page).toContain(`\`\`\`ts\n${code}\`\`\``);
  using folder = temporaryFolder();
  const lines = [
    "1: Add the login form, ready",
    "version 1 after the snapshot",
    "then ready, now done",
    "changed: task/1",
    "the journal is whole",
  ];
  // The second finds what the first has left.
  for (let run = 1; run <= 2; run++)
    expect(await example("store.ts", folder.file("store.db"))).toEqual([...lines, `records: ${run}`]);
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
