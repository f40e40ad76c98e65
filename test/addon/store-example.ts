import { z } from "zod";
import { collection, Store } from "../../ts/engine/index.ts";

const tasks = collection("task", z.object({ title: z.string(), state: z.enum(["ready", "done"]) }));

export function example(path: string): string[] {
  using store = Store.open(path, { setAside: true });
  if (store.setAside !== undefined) console.warn(`The store was damaged; it is now ${store.setAside.path}.`);

  // All of it, or nothing; run again when another process got in between.
  store.transaction((tx) => {
    tasks.put(tx, "1", { title: "Add the login form", state: "ready" });
    tx.append("log", "task_added", Date.now(), { task: "1" });
  });

  // A snapshot and the changes since: nothing is missed in between.
  using snapshot = store.snapshot();
  const seen = tasks.scan(snapshot).map(({ id, value }) => `${id}: ${value.state}`);
  using _watch = store.watch(tasks.key(""), ({ keys }) => seen.push(...keys), { since: snapshot.version });

  store.transaction((tx) => {
    const task = tasks.get(tx, "1");
    if (task !== undefined) tasks.put(tx, "1", { ...task.value, state: "done" });
  });
  const changed = store.changes("", snapshot.version);
  return [...seen, `${changed.keys.join()} is ${tasks.get(store, "1")?.value.state}`];
}
