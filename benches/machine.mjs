/** What the results depend on besides the code: the machine, what else it does, and versions. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { rgPath } from "@vscode/ripgrep";
import { ROOT } from "../scripts/steps.mjs";

/** The load over 1, 5 and 15 minutes. */
export function load() {
  return os
    .loadavg()
    .map((average) => average.toFixed(2))
    .join(", ");
}

export function machine() {
  const cpus = os.cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: cpus[0]?.model ?? "unknown",
    cores: cpus.length,
    memory: `${(os.totalmem() / 2 ** 30).toFixed(0)} GiB`,
    system: `${os.platform()} ${os.arch()}`,
    commit: commit(),
  };
}

export function versions() {
  const lock = readFileSync(join(ROOT, "benches/rust/Cargo.lock"), "utf8");
  const crate = (name) => new RegExp(`name = "${name}"\nversion = "([^"]+)"`).exec(lock)?.[1];
  const packages = JSON.parse(readFileSync(join(ROOT, "benches/js/package-lock.json"), "utf8")).packages;
  return {
    "crossbeam-deque": crate("crossbeam-deque"),
    petgraph: crate("petgraph"),
    "p-queue": packages["node_modules/p-queue"].version,
    fastq: packages["node_modules/fastq"].version,
    "better-sqlite3": packages["node_modules/better-sqlite3"].version,
    lmdb: packages["node_modules/lmdb"].version,
    ripgrep: printed(rgPath, "--version").split("\n")[0].split(" ")[1],
    tinyglobby: packages["node_modules/tinyglobby"].version,
    fdir: packages["node_modules/fdir"].version,
    "fast-glob": packages["node_modules/fast-glob"].version,
    Node: process.versions.node,
    Bun: JSON.parse(readFileSync(join(ROOT, "node_modules/bun/package.json"), "utf8")).version,
    Rust: printed("rustc", "--version").split(" ")[1],
  };
}

/** The last commit that touched what is measured: others, and this page itself, change nothing of the numbers. */
function commit() {
  const changed = printed("git", "status", "--porcelain", "--", "crates", "ts");
  return (
    printed("git", "log", "-1", "--format=%h", "--", "crates", "ts") +
    (changed === "" ? "" : ", with local changes")
  );
}

function printed(program, ...args) {
  const { status, stdout } = spawnSync(program, args, { cwd: ROOT, encoding: "utf8" });
  return status === 0 ? stdout.trim() : "unknown";
}
