/**
 * Brings a checkout to where the demo and the tests can run: packages, native addon, TypeScript build. What is up to
 * date is left alone, so that it costs a moment when there is nothing to do.
 */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { has, missing, must, ROOT } from "./steps.mjs";

export async function setUp() {
  // Told on standard error: what a command answers, for example as JSON, stays alone on standard output.
  checkMachine();
  if (stale("node_modules/.package-lock.json", ["package-lock.json"])) {
    console.error("Installing packages …");
    // Not `npm ci`: it refuses a lock file that has the optional packages of one platform only, as every lock file has
    // that is made where the registry does not carry the others. This installs the versions of the lock file too.
    await must("installing packages", "npm", ["install", "--no-save", "--no-audit", "--no-fund"], {
      quiet: true,
    });
  }
  console.error("Building the native engine …");
  await must("building the native engine", process.execPath, ["scripts/build-native.mjs"], { quiet: true });
  if (stale("dist/server.js", ["ts", "tsup.config.ts", "package.json", "scripts/write-schemas.mjs"])) {
    console.error("Building TypeScript …");
    await must("building TypeScript", "npm", ["run", "--silent", "build:ts"], { quiet: true });
  }
}

function checkMachine() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    missing(`Node 20.19 or newer is needed; this is ${process.versions.node}.`);
  }
  if (!has("git")) missing("git is needed: install it from your system's packages.");
  if (!has("cargo"))
    missing("Rust is needed to build the native engine: install it with rustup (https://rustup.rs).");
}

/** Whether `made` is missing, or older than anything below `sources`. */
function stale(made, sources) {
  const path = join(ROOT, made);
  if (!existsSync(path)) return true;
  const time = statSync(path).mtimeMs;
  return sources.some((source) => newest(join(ROOT, source)) > time);
}

function newest(path) {
  if (!existsSync(path)) return 0;
  const { mtimeMs } = statSync(path);
  if (!statSync(path).isDirectory()) return mtimeMs;
  return Math.max(mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

if (process.argv[1] === import.meta.filename) await setUp();
