import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { currentPlatform, MissionEngine, platformTag, Store, type Watched } from "../../ts/engine/index.ts";
import { temporaryFolder } from "./folders.ts";
import { submitted, task } from "./plans.ts";

/** Resolves with what the listener was told, once that fulfils the condition. */
function told(store: Store, prefix: string, enough: (all: Watched[]) => boolean, since?: number) {
  const all: Watched[] = [];
  let watch: Disposable | undefined;
  const promise = new Promise<Watched[]>((resolve, reject) => {
    const listener = (changes: Watched) => {
      all.push(changes);
      if (enough(all)) resolve(all);
    };
    watch = store.watch(prefix, listener, { since, onError: reject });
  });
  return { all, promise, [Symbol.dispose]: () => watch?.[Symbol.dispose]() };
}

/** Commits in a process of its own. */
function putElsewhere(path: string, key: string): void {
  const addon = fileURLToPath(
    new URL(`../../dist/orchestrator.${platformTag(currentPlatform())}.node`, import.meta.url),
  );
  const writes = JSON.stringify({ keys: [key], values: [1], deletes: [], appends: [] });
  const program = `const [addon, path, writes] = process.argv.slice(-3);
    const store = require(addon).NativeStore.open(path, "{}");
    store.begin().commit(writes, true);
    store.close();`;
  execFileSync(process.execPath, ["-e", program, addon, path, writes]);
}

const keys = (all: readonly Watched[]) => all.flatMap((changes) => changes.keys);

test("a commit of this process is told before any timer, several commits as one", async () => {
  using folder = temporaryFolder();
  using store = Store.open(folder.file("store.db"));
  using watch = told(store, "task/", () => true);
  await Promise.resolve();
  store.transaction((tx) => {
    tx.put("task/1", 1);
    tx.put("other", 1);
  });
  store.transaction((tx) => {
    tx.delete("task/1");
    tx.append("task/log", "deleted", 1, null);
  });
  expect(watch.all, "not in the middle of what runs").toEqual([]);
  await Promise.resolve();
  expect(watch.all).toEqual([{ version: 2, keys: ["task/1"], streams: ["task/log"], rescan: false }]);
  store.transaction((tx) => tx.put("other", 2));
  await Promise.resolve();
  expect(watch.all.length, "nothing of interest, nothing told").toBe(1);
});

test("a commit of another process is told", async () => {
  using folder = temporaryFolder();
  const path = folder.file("store.db");
  using store = Store.open(path);
  using watch = told(store, "", (all) => keys(all).length > 0);
  await Promise.resolve();
  putElsewhere(path, "from/another");
  expect(keys(await watch.promise)).toEqual(["from/another"]);
});

test("who joins late and says since when misses nothing between the snapshot and the watch", async () => {
  using folder = temporaryFolder();
  using store = Store.open(folder.file("store.db"));
  store.transaction((tx) => tx.put("a", 1));
  using snapshot = store.snapshot();
  store.transaction((tx) => tx.put("b", 1));
  using watch = told(store, "", (all) => keys(all).length > 0, snapshot.version);
  store.transaction((tx) => tx.put("c", 1));
  expect(await watch.promise).toEqual([{ version: 3, keys: ["b", "c"], streams: [], rescan: false }]);
});

test("a mission's commits are told to whoever watches it", async () => {
  using folder = temporaryFolder();
  using store = Store.open(folder.file("store.db"));
  using mission = MissionEngine.open(store, "m1");
  using watch = told(store, "mission/m1", () => true);
  await Promise.resolve();
  mission.submit(1, [submitted([task("a")])]);
  await Promise.resolve();
  expect(watch.all).toEqual([
    { version: 1, keys: ["mission/m1", "mission/m1/task/a"], streams: ["mission/m1"], rescan: false },
  ]);
});

test("one who comes so late that the list was collected is told to read anew", async () => {
  using folder = temporaryFolder();
  using store = Store.open(folder.file("store.db"));
  for (const n of [1, 2, 3]) store.transaction((tx) => tx.put("a", n));
  store.collect(3);
  using watch = told(store, "", () => true, 1);
  expect(await watch.promise).toEqual([{ version: 3, keys: [], streams: [], rescan: true }]);
  expect(() => store.changes("", 1)).toThrow(expect.objectContaining({ code: "ERR_STORE_COLLECTED" }));
});

test("changes are those after a version", () => {
  using folder = temporaryFolder();
  using store = Store.open(folder.file("store.db"));
  expect(store.changes("", 0)).toEqual({ version: 0, keys: [], streams: [] });
  store.transaction((tx) => tx.put("b/1", 1));
  store.transaction((tx) => tx.put("a/1", 1));
  expect(store.changes("", 0)).toEqual({ version: 2, keys: ["a/1", "b/1"], streams: [] });
  expect(store.changes("b/", 1)).toEqual({ version: 2, keys: [], streams: [] });
  expect(() => store.changes("", 3)).toThrow(expect.objectContaining({ code: "ERR_STORE_NOT_FOUND" }));
});

test("a listener that throws is reported, and is told of the next commit", async () => {
  using folder = temporaryFolder();
  using store = Store.open(folder.file("store.db"));
  const errors: unknown[] = [];
  const failure = new Error("no");
  using _watch = store.watch(
    "",
    () => {
      throw failure;
    },
    { onError: (error) => errors.push(error) },
  );
  for (const n of [1, 2]) {
    store.transaction((tx) => tx.put("a", n));
    await Promise.resolve();
  }
  expect(errors).toEqual([failure, failure]);
});

test("a listener may commit, and end its own watch", async () => {
  using folder = temporaryFolder();
  using store = Store.open(folder.file("store.db"));
  const seen: string[] = [];
  const watch = store.watch("", (changes) => {
    seen.push(...changes.keys);
    if (seen.length < 3) store.transaction((tx) => tx.put(`next/${seen.length}`, 1));
    else watch[Symbol.dispose]();
  });
  store.transaction((tx) => tx.put("first", 1));
  for (let n = 0; n < 5; n++) await Promise.resolve();
  store.transaction((tx) => tx.put("after", 1));
  await Promise.resolve();
  expect(seen).toEqual(["first", "next/1", "next/2"]);
});

test("closing the store ends its watches without an error, and leaves those of other handles", async () => {
  using folder = temporaryFolder();
  const path = folder.file("store.db");
  const store = Store.open(path);
  using other = Store.open(path);
  using closed = told(store, "", () => true);
  using open = told(other, "", () => true);
  await Promise.resolve();
  store.close();
  await Promise.resolve();
  other.transaction((tx) => tx.put("a", 1));
  await open.promise;
  expect(closed.all).toEqual([]);
});
