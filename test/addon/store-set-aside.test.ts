import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { expect, test } from "vitest";
import { Store } from "../../ts/engine/index.ts";
import { temporaryFolder } from "./folders.ts";

const NO_DATABASE = "This is no database, but a text of some length.\n".repeat(200);

test("a damaged file is set aside when that was asked for, and the handle says where it is", () => {
  using folder = temporaryFolder();
  const path = folder.file("store.db");
  writeFileSync(path, NO_DATABASE);
  using store = Store.open(path, { setAside: true });
  expect(store.setAside).toMatchObject({
    files: [store.setAside?.path],
    reason: expect.stringContaining("not a database"),
  });
  const aside = store.setAside?.path ?? "";
  expect(basename(aside)).toMatch(/^store\.db\.damaged-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ$/);
  expect(readFileSync(aside, "utf8")).toBe(NO_DATABASE);
  store.transaction((tx) => tx.put("a", 1));
  using again = Store.open(path, { setAside: true });
  expect(again.setAside).toBeUndefined();
  expect(again.get("a")?.value).toBe(1);
});

test("without being asked, a damaged file is refused and stays where it is", () => {
  using folder = temporaryFolder();
  const path = folder.file("store.db");
  writeFileSync(path, NO_DATABASE);
  expect(() => Store.open(path)).toThrow(expect.objectContaining({ code: "ERR_STORE_CORRUPT" }));
  expect(readFileSync(path, "utf8")).toBe(NO_DATABASE);
});

test("a folder that isn't there is no damage", () => {
  using folder = temporaryFolder();
  expect(() => Store.open(folder.file("none/store.db"), { setAside: true })).toThrow(
    expect.objectContaining({ code: "ERR_STORE_NOT_FOUND" }),
  );
  expect(existsSync(folder.file("none"))).toBe(false);
});
