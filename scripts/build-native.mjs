/**
 * Builds the native addon and puts it at `dist/orchestrator.<platform>.node`, where the loader looks first. Cargo
 * decides what is stale, so a second run costs a moment.
 *
 *     node scripts/build-native.mjs [--debug] [--target <triple>]
 */
import { execFileSync, spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { parseTriple } from "@napi-rs/cli";
import { has, missing, ROOT } from "./steps.mjs";

const PACKAGE = "orchestrator-napi";

const { values: options } = parseArgs({
  options: { debug: { type: "boolean", default: false }, target: { type: "string" } },
});

if (!has("cargo"))
  missing("Rust is needed to build the native engine: install it with rustup (https://rustup.rs).");
const artifact = await cargoBuild();
checkVersion(artifact);
console.log(place(artifact.library, platform()));

/** Runs Cargo, its diagnostics passed on, and finds in its messages what it made. */
function cargoBuild() {
  const args = ["build", "--locked", "-p", PACKAGE, "--message-format=json-render-diagnostics"];
  if (!options.debug) args.push("--release");
  if (options.target !== undefined) args.push("--target", options.target);
  return new Promise((resolve) => {
    const cargo = spawn("cargo", args, { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] });
    let messages = "";
    cargo.stdout.on("data", (chunk) => {
      messages += chunk;
    });
    cargo.on("close", (code) => {
      if (code !== 0) {
        console.error(`\ncargo ${args.join(" ")} failed (exit ${code}).`);
        process.exit(1);
      }
      const made = messages
        .split("\n")
        .filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line))
        .find((message) => message.reason === "compiler-artifact" && message.target.name === "orchestrator");
      const library = made?.filenames.find((name) => /\.(so|dylib|dll)$/.test(name));
      if (library === undefined)
        throw new Error(`Cargo built ${PACKAGE}, but named no library among its messages.`);
      resolve({ library, version: made.package_id.slice(made.package_id.lastIndexOf("@") + 1) });
    });
  });
}

/** The loader refuses an addon of another version, so that has to be noticed here. */
function checkVersion({ version }) {
  const wanted = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).version;
  if (version === wanted) return;
  console.error(`package.json has version ${wanted}, Cargo.toml ${version}: they have to be the same.`);
  process.exit(1);
}

/** As the platform packages are named: `linux-x64-gnu`. */
function platform() {
  const host = /^host: (.+)$/m.exec(execFileSync("rustc", ["-vV"], { encoding: "utf8" }))?.[1];
  return parseTriple(options.target ?? host).platformArchABI;
}

/** Copies by way of a rename: a process that has the old file loaded keeps it. */
function place(library, tag) {
  const to = join(ROOT, "dist", `orchestrator.${tag}.node`);
  const { size, mtime, mtimeMs } = statSync(library);
  if (existsSync(to)) {
    const there = statSync(to);
    if (there.size === size && Math.abs(there.mtimeMs - mtimeMs) < 1) return `${to} is up to date`;
  }
  mkdirSync(join(ROOT, "dist"), { recursive: true });
  const temporary = `${to}.${process.pid}`;
  copyFileSync(library, temporary);
  utimesSync(temporary, mtime, mtime);
  renameSync(temporary, to);
  return to;
}
