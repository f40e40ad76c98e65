import { execFile } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { temporaryFolder } from "./folders.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const run = promisify(execFile);

/** Runs a script in a process of its own, on the runtime that the tests run on and on the built package. */
export async function inProcess(script: string, env: Record<string, string> = {}): Promise<string> {
  const engine = join(ROOT, "dist", "engine.js");
  if (!existsSync(engine)) throw new Error(`${engine} is not there: npm run build:ts`);
  using folder = temporaryFolder();
  writeFileSync(
    folder.file("script.mjs"),
    `const engine = ${JSON.stringify(pathToFileURL(engine).href)};\n${script}`,
  );
  const { stdout } = await run(process.execPath, [folder.file("script.mjs")], {
    env: { ...process.env, ...env },
    timeout: 20_000,
  });
  return stdout.trim();
}

/** Runs an example in a process of its own; gives its lines. */
export async function example(name: string, ...args: string[]): Promise<string[]> {
  const { stdout } = await run("npx", ["--no-install", "bun", join("examples", name), ...args], {
    cwd: ROOT,
    timeout: 20_000,
    shell: process.platform === "win32",
  });
  return stdout.trimEnd().split("\n");
}
