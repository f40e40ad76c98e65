/**
 * A list of tasks that survives: typed documents, a journal, a watch, and two processes that could do this at once.
 *
 *     npx bun examples/store.ts [file]
 *
 * Run twice on one file, it finds the tasks of the first run.
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { collection, Store } from "opencode-orchestrator/engine";
import { z } from "zod";

const path = process.argv[2] ?? join(mkdtempSync(join(tmpdir(), "store-")), "store.db");
const tasks = collection("task", z.object({ title: z.string(), state: z.enum(["ready", "done"]) }));

using store = Store.open(path, { setAside: true });
if (store.setAside !== undefined) console.warn(`The store was damaged; it is now ${store.setAside.path}.`);

// All of it, or nothing; run again when another process got in between.
store.transaction((tx) => {
  tasks.put(tx, "1", { title: "Add the login form", state: "ready" });
  tx.append("log", "task_added", Date.now(), { task: "1" });
});

// A snapshot stays as it is; a watch tells what changed since, and misses nothing in between.
using snapshot = store.snapshot();
for (const { id, value } of tasks.scan(snapshot)) console.log(`${id}: ${value.title}, ${value.state}`);
using _watch = store.watch(tasks.key(""), ({ keys }) => console.log(`changed: ${keys.join()}`), {
  since: snapshot.version,
});

// Progress that could be done again needs no sync of the disk.
const finish = () =>
  store.transaction(
    (tx) => {
      const task = tasks.get(tx, "1");
      if (task !== undefined) tasks.put(tx, "1", { ...task.value, state: "done" });
    },
    { durability: "normal" },
  );
console.log(`version ${finish().version - snapshot.version} after the snapshot`);
console.log(`then ${tasks.get(snapshot, "1")?.value.state}, now ${tasks.get(store, "1")?.value.state}`);

// The watch is called once this code has returned to the event loop; both are let go of at the end.
await new Promise((resolve) => setTimeout(resolve));
console.log(`the journal is ${store.audit().ok ? "whole" : "broken"}`);
console.log(`records: ${store.journal("log").length}`);
