/**
 * Part of the bench of the store, run in processes of their own: `store-held.mjs <file> fill|open|versions <count>`
 * prints what so many documents, or versions of one document, take.
 */
import { statSync } from "node:fs";
import { Store } from "../../dist/engine.js";
import { collect } from "./measure.mjs";
import { key, value } from "./store-documents.mjs";

const [path, what, given] = process.argv.slice(2);
const count = Number(given);
const measures = { fill, open, versions };
console.log(JSON.stringify(measures[what]()));

/** Bytes in the file, and of keys and texts, a document. */
function fill() {
  const store = Store.open(path);
  let text = 0;
  for (let from = 0; from < count; from += 50_000) {
    store.transaction(
      (tx) => {
        for (let n = from; n < Math.min(count, from + 50_000); n++) {
          tx.put(key(n), value(n));
          text += key(n).length + JSON.stringify(value(n)).length;
        }
      },
      { durability: "normal" },
    );
  }
  store.close();
  return { text: text / count, file: statSync(path).size / count };
}

/** Milliseconds, and bytes of memory a document. */
function open() {
  const before = resident();
  const begun = performance.now();
  const store = Store.open(path);
  const milliseconds = performance.now() - begun;
  if (store.get(key(count - 1)) === undefined) throw new Error("the last document is missing");
  const rss = (resident() - before) / count;
  store.close();
  return { milliseconds, rss };
}

/** Bytes a version: in memory without and with a snapshot of each, and in the file. */
function versions() {
  const store = Store.open(path);
  const size = statSync(path).size;
  const snapshots = [];
  const commit = (n) => store.transaction((tx) => tx.put(key(n * 7), value(-n)), { durability: "normal" });
  const grown = (run) => {
    const before = resident();
    for (let n = 0; n < count; n++) run(n);
    return (resident() - before) / count;
  };
  // First what the connection and the runtime take, which is no version's.
  grown(commit);
  const unheld = grown(commit);
  const held = grown((n) => {
    commit(n);
    snapshots.push(store.snapshot());
  });
  for (const snapshot of snapshots) snapshot[Symbol.dispose]();
  store.close();
  return { held, unheld, file: (statSync(path).size - size) / (count * 3) };
}

function resident() {
  collect();
  return process.memoryUsage().rss;
}
