/**
 * The contenders of the bench of the store, all with one face: `putAll` writes documents in one commit, `reader` reads
 * one state, `cold` one of which nothing was read yet, `get` the newest document.
 */
import { open } from "lmdb";
import { Store } from "../../dist/engine.js";

const BUN = globalThis.Bun !== undefined;

/** better-sqlite3 refuses to be loaded by Bun, which brings its own. */
export const sqliteName = BUN ? "bun:sqlite" : "better-sqlite3";

/** What SQLite gives JavaScript, and which SQLite that is; `missing` says why there is none. */
export async function openSqlite(path) {
  let Database;
  try {
    Database = BUN ? (await import("bun:sqlite")).Database : (await import("better-sqlite3")).default;
    new Database(":memory:").close();
  } catch (error) {
    // The message names folders of this machine.
    return { missing: error.code ?? error.name };
  }
  return { version: versionOf(Database), contender: sqlite(new Database(path)) };
}

function versionOf(Database) {
  const db = new Database(":memory:");
  const { version } = db.prepare("SELECT sqlite_version() AS version").get();
  db.close();
  return version;
}

function sqlite(db) {
  db.exec("PRAGMA journal_mode = WAL");
  db.exec("CREATE TABLE documents (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID");
  const put = db.prepare(
    "INSERT INTO documents VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
  );
  const select = db.prepare("SELECT value FROM documents WHERE key = ?");
  const write = db.transaction((documents) => {
    for (const [key, value] of documents) put.run(key, JSON.stringify(value));
  });
  let level;
  const get = (key) => JSON.parse(select.get(key).value);
  const reader = () => ({ get, close: () => undefined });
  return {
    putAll(documents, durability) {
      if (durability !== level) db.exec(`PRAGMA synchronous = ${durability === "full" ? "FULL" : "NORMAL"}`);
      level = durability;
      write(documents);
    },
    reader,
    cold: reader,
    get,
    close: () => db.close(),
  };
}

export function openLmdb(path) {
  const db = open({ path });
  const synced = open({ path: `${path}-synced`, overlappingSync: false });
  const get = (key) => db.get(key);
  const reader = () => ({ get, close: () => undefined });
  return {
    putAll(documents, durability) {
      const into = durability === "full" ? synced : db;
      into.transactionSync(() => {
        for (const [key, value] of documents) into.putSync(key, value);
      });
    },
    reader,
    cold: reader,
    get,
    close: () => Promise.all([db.close(), synced.close()]),
  };
}

export function openOurs(path) {
  const store = Store.open(path);
  const reader = (of, close) => {
    const snapshot = of.snapshot();
    return {
      get: (key) => snapshot.get(key).value,
      close() {
        snapshot[Symbol.dispose]();
        close();
      },
    };
  };
  return {
    putAll: (documents, durability) =>
      store.transaction(
        (tx) => {
          for (const [key, value] of documents) tx.put(key, value);
        },
        { durability },
      ),
    reader: () => reader(store, () => undefined),
    cold() {
      const another = Store.open(path);
      return reader(another, () => another.close());
    },
    get: (key) => store.get(key).value,
    close: () => store.close(),
  };
}
