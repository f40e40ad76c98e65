/** What documents cost JavaScript: our `Store` beside better-sqlite3 (in Bun: bun:sqlite) and lmdb. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { interleaved, print, QUICK, RUNTIME, row, spread } from "./measure.mjs";
import { key, value } from "./store-documents.mjs";
import { openLmdb, openOurs, openSqlite, sqliteName } from "./store-peers.mjs";

const ROUNDS = QUICK ? 1 : 15;
const DOCUMENTS = QUICK ? 1_000 : 30_000;
const BATCH = QUICK ? 100 : 10_000;
const READS = QUICK ? 1_000 : 20_000;
/** How many documents are read again and again: more than a mission has. */
const AGAIN = Math.min(4_096, DOCUMENTS);
/** Commits of one document, a round. */
const COMMITS = { full: QUICK ? 2 : 20, normal: QUICK ? 5 : 500 };
const MANY = QUICK ? 10_000 : 1_000_000;
const VERSIONS = QUICK ? 100 : 20_000;

/** All documents once, in an order that is none. */
const order = Array.from({ length: DOCUMENTS }, (_, n) => key((n * 7_919) % DOCUMENTS));

const folder = mkdtempSync(join(tmpdir(), "store-bench-"));
try {
  print(await report());
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function report() {
  const sqlite = await openSqlite(join(folder, "sqlite.db"));
  const peers = { lmdb: openLmdb(join(folder, "lmdb")) };
  if (sqlite.missing === undefined) peers[sqliteName] = sqlite.contender;
  const contenders = { ours: openOurs(join(folder, "store.db")), ...peers };
  const all = Object.values(contenders);
  const rows = [];

  /** Measures one kind of work on all. The goal is over SQLite; lmdb, which has none, stands beside it. */
  async function compare({ what, goal, rounds = ROUNDS }, work) {
    const named = Object.entries(contenders).map(([name, contender]) => [name, () => work(contender)]);
    const samples = await interleaved(QUICK ? 1 : rounds, Object.fromEntries(named));
    for (const name of Object.keys(peers).reverse()) {
      const wanted = name === sqliteName && goal !== undefined ? { goal, inWords: `≤ ${goal}` } : {};
      rows.push(row({ what: `${what}, ${name}`, unit: micro, ...wanted }, samples.ours, samples[name]));
    }
  }

  for (const contender of all) contender.putAll(documents(0, DOCUMENTS), "normal");
  await reads(compare);
  await batches(compare, all);
  await singles(compare);
  for (const contender of all) await contender.close();
  const { opened, table } = large();
  const open = spread(opened);
  rows.push({
    what: `open ${MANY} documents`,
    goal: "≤ 1 s",
    ours: `${open.median.toFixed(0)} ms (${open.low.toFixed(0)} to ${open.high.toFixed(0)})`,
    peer: "",
    ratio: null,
    met: open.median <= 1_000,
  });
  return {
    title: `Store from JavaScript, ${RUNTIME}`,
    method: `Documents of five fields, about 95 bytes of JSON, beside ${DOCUMENTS} others. ${sqliteName} \
(${sqlite.missing ?? `SQLite ${sqlite.version}`}): one table \`key TEXT PRIMARY KEY, value TEXT\` without rowid, write-ahead \
log, prepared statements with JSON.stringify and JSON.parse around them; \`synchronous\` is FULL for what is synced and \
NORMAL for the rest, as it is in ours. lmdb: its own encoding (MessagePack) and \`transactionSync\`; what is synced without \
\`overlappingSync\`, the rest with it. Ours keeps the old versions, lists the commit and checks for conflicts besides. ${ROUNDS} \
rounds of all in turn (31 for commits of one document), with a collection of garbage before each; times are of one document.`,
    rows,
    tables: [table],
    notes: notes(sqlite.missing),
  };
}

async function reads(compare) {
  const again = `get one of ${AGAIN} documents that were read before from a snapshot`;
  await compare({ what: again, goal: 0.2 }, (contender) => {
    const reader = contender.reader();
    for (let n = 0; n < AGAIN; n++) reader.get(order[n]);
    const took = each(READS, (n) => check(reader.get(order[n % AGAIN])));
    reader.close();
    return took;
  });
  const first = "get a document for the first time from a snapshot";
  await compare({ what: first, goal: 0.2 }, (contender) => {
    const reader = contender.cold();
    const took = each(DOCUMENTS, (n) => check(reader.get(order[n])));
    reader.close();
    return took;
  });
  await compare({ what: "get the newest, other processes' commits included" }, (contender) =>
    each(READS, (n) => check(contender.get(order[n % AGAIN]))),
  );
}

async function batches(compare, all) {
  const from = new Map(all.map((contender) => [contender, DOCUMENTS]));
  await compare({ what: `put ${BATCH} new documents in one commit`, goal: 1 }, (contender) => {
    const first = from.get(contender);
    from.set(contender, first + BATCH);
    const batch = documents(first, BATCH);
    return once(BATCH, () => contender.putAll(batch, "normal"));
  });
  let shift = 0;
  await compare({ what: `put ${BATCH} documents anew in one commit`, goal: 1 }, (contender) => {
    shift++;
    const batch = documents(0, BATCH, shift);
    return once(BATCH, () => contender.putAll(batch, "normal"));
  });
}

async function singles(compare) {
  let n = 0;
  for (const [durability, goal] of [["full", 1.2], ["normal"]]) {
    const what = `commit one document, ${durability === "full" ? "synced" : "not synced"}`;
    await compare({ what, goal, rounds: 31 }, (contender) =>
      each(COMMITS[durability], () => contender.putAll(documents(n++ % 100, 1, n), durability)),
    );
  }
}

/** What the store costs at a size that no cache hides, in processes of their own. */
function large() {
  const script = fileURLToPath(new URL("store-held.mjs", import.meta.url));
  const held = (what, count) => {
    const flags = process.versions.bun === undefined ? ["--expose-gc"] : [];
    const args = [...flags, script, join(folder, "large.db"), what, String(count)];
    return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" }));
  };
  const filled = held("fill", MANY);
  const opened = Array.from({ length: QUICK ? 1 : 5 }, () => held("open", MANY));
  const versions = held("versions", VERSIONS);
  const rss = spread(opened.map((each) => each.rss)).median;
  const lines = [
    ["a document, its key and its text alone", filled.text],
    ["a document, in the memory of a process that opened the file", rss],
    ["a document, in the file", filled.file],
    [
      `a version that changes one of ${MANY} documents, in memory while a snapshot of it is held`,
      versions.held,
    ],
    ["such a version, in memory where no snapshot of it is held", versions.unheld],
    ["such a version, in the file, the list of its commit included", versions.file],
  ];
  return {
    opened: opened.map((each) => each.milliseconds),
    table: {
      caption: "What ours takes, by the resident memory of a process of its own and the size of the file",
      head: ["what", "bytes"],
      rows: lines.map(([what, bytes]) => [what, bytes.toFixed(0)]),
    },
  };
}

/** Keys and values from a number on; another `shift` gives other values. */
function documents(from, count, shift = 0) {
  return Array.from({ length: count }, (_, n) => [key(from + n), value(from + n + shift)]);
}

function check(document) {
  if (document === undefined) throw new Error("a document is missing");
}

/** Microseconds of one of `count` calls. */
function each(count, call) {
  return once(count, () => {
    for (let n = 0; n < count; n++) call(n);
  });
}

/** Microseconds of one of the `count` things that `run` does. */
function once(count, run) {
  const begun = performance.now();
  run();
  return ((performance.now() - begun) * 1_000) / count;
}

function micro(value) {
  return `${value.toFixed(value < 10 ? 2 : 0)} µs`;
}

function notes(missing) {
  const absent = `**${sqliteName} is missing on this machine (${missing}): the goals over it were not measured.**`;
  return [...(missing === undefined ? [] : [absent]), "TODO"];
}
