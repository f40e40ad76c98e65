/** Searching and listing files: our `grep` beside a ripgrep process, our `glob` beside packages that list files. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rgPath } from "@vscode/ripgrep";
import fastGlob from "fast-glob";
import { fdir } from "fdir";
import * as tinyglobby from "tinyglobby";
import { glob, grep } from "../../dist/engine.js";
import { interleaved, print, QUICK, RUNTIME, row, spread } from "./measure.mjs";

const FILES = QUICK ? 2_000 : 100_000;
const ROUNDS = QUICK ? 1 : 7;
const SMALL_ROUNDS = QUICK ? 3 : 101;
const PER_FOLDER = 100;
/** As many results as the peer gives. */
const ALL = { maxResults: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY };

const root = mkdtempSync(join(tmpdir(), "search-bench-"));
try {
  const folders = tree();
  const rows = [...(await small(folders[0])), ...(await large()), ...(await listing())];
  print({
    title: `Search, ${RUNTIME}`,
    method: `A made tree of ${FILES} files in ${folders.length} folders, about 1 KB each, half of them .ts, all in the \
system's cache. Milliseconds from the call to the result as JavaScript objects, rounds of all in turn. ripgrep is the \
binary of @vscode/ripgrep, started for each query as a child process with --json and its output parsed; both leave out \
what is ignored, and both use every core. tinyglobby, fdir and fast-glob know no ignore files; the goal is against \
whichever is fastest.`,
    rows,
    tables: [],
    notes: [
      "fdir reads folders and nothing else. Ours asks the ignore rules about each file, hands each to a queue that both \
threads share, sorts the paths and passes them to JavaScript as JSON; as they are found, the sort is left out.",
    ],
  });
} finally {
  rmSync(root, { recursive: true, force: true });
}

/** One folder of a hundred files, a few hits. */
async function small(folder) {
  const query = { ours: timed(() => grep("needle", folder)), rg: timed(() => rg(folder, ["needle"])) };
  return [
    measured("one folder of 100 files, few hits; rg", 0.2, await interleaved(SMALL_ROUNDS, query), "rg"),
  ];
}

async function large() {
  const queries = [
    ["a word, few hits", "needle"],
    ["a regular expression without a fixed part, few hits", "[a-z]+_[0-9]{4}_[a-z]+"],
    ["a word in every file, the first hit of each told", "lorem"],
  ];
  const rows = [];
  for (const [what, pattern] of queries) {
    const samples = await interleaved(ROUNDS, {
      ours: timed(() => grep(pattern, root, { ...ALL, maxPerFile: 1 })),
      rg: timed(() => rg(root, ["--max-count=1", pattern])),
    });
    rows.push(measured(`${FILES} files, ${what}; rg`, 1, samples, "rg"));
  }
  return rows;
}

async function listing() {
  const options = { cwd: root, dot: true };
  const samples = await interleaved(ROUNDS, {
    ours: timed(() => glob("**/*.ts", root, { maxResults: FILES }).paths),
    "ours, as they are found": timed(
      () => glob("**/*.ts", root, { maxResults: FILES, order: "found" }).paths,
    ),
    tinyglobby: timed(() => tinyglobby.glob("**/*.ts", options)),
    "tinyglobby, sync": timed(() => tinyglobby.globSync("**/*.ts", options)),
    fdir: timed(() => crawler().withPromise()),
    "fdir, sync": timed(() => crawler().sync()),
    "fast-glob": timed(() => fastGlob("**/*.ts", options)),
    "fast-glob, sync": timed(() => fastGlob.sync("**/*.ts", options)),
  });
  const peers = Object.keys(samples).filter((name) => !name.startsWith("ours"));
  const fastest = peers.reduce((a, b) => (spread(samples[a]).median <= spread(samples[b]).median ? a : b));
  const what = (peer) => `list **/*.ts of ${FILES} files; ${peer}`;
  return [
    measured(`${what(fastest)}, the fastest`, 1, samples, fastest),
    measured(
      `in the order they are found: ${what(fastest)}`,
      undefined,
      samples,
      fastest,
      "ours, as they are found",
    ),
    ...peers.filter((peer) => peer !== fastest).map((peer) => measured(what(peer), undefined, samples, peer)),
  ];
}

function crawler() {
  return new fdir()
    .withRelativePaths()
    .filter((path) => path.endsWith(".ts"))
    .crawl(root);
}

function measured(what, goal, samples, peer, mine = "ours") {
  const about = { what, goal, inWords: `≤ ${goal} of the peer's`, unit: (ms) => `${ms.toFixed(2)} ms` };
  return row(about, samples[mine], samples[peer]);
}

function timed(run) {
  return async () => {
    const begun = performance.now();
    await run();
    return performance.now() - begun;
  };
}

/** What ripgrep tells of a folder, as objects. */
function rg(folder, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(rgPath, ["--no-config", "--json", ...args, "./"], {
      cwd: folder,
      stdio: ["ignore", "pipe", "ignore"],
    });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (chunk) => {
      text += chunk;
    });
    child.on("error", reject);
    child.on("close", () => {
      resolve(
        text
          .trimEnd()
          .split("\n")
          .map((line) => JSON.parse(line)),
      );
    });
  });
}

/** Makes the tree; gives its folders. */
function tree() {
  const words = "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor".split(" ");
  const folders = Array.from({ length: FILES / PER_FOLDER }, (_, index) =>
    join(root, `part${index % 10}`, `group${Math.floor(index / 10) % 10}`, `unit${index}`),
  );
  let state = 1;
  const drawn = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return words[(state >>> 16) % words.length];
  };
  const text = Array.from({ length: 64 }, () =>
    Array.from({ length: 20 }, () => Array.from({ length: 8 }, drawn).join(" ")).join("\n"),
  );
  for (const [index, folder] of folders.entries()) {
    mkdirSync(folder, { recursive: true });
    for (let file = 0; file < PER_FOLDER; file++) {
      const hit = file === 7 && index % 10 === 0 ? `\nneedle in_${1_000 + index}_hay` : "";
      const ending = file % 2 === 0 ? "ts" : "md";
      writeFileSync(join(folder, `file${file}.${ending}`), `${text[(index + file) % 64]}${hit}\n`);
    }
  }
  return folders;
}
