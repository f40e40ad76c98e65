/** Finds the OpenCode to run, and runs it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { endGroup } from "../process/process-group.ts";
import { CliError, ExitCode } from "./exit.ts";

/** What the file of a program may end in. */
const ENDINGS = process.platform === "win32" ? [".cmd", ".exe"] : [""];

/**
 * The path of the `opencode` program: what `OPENCODE_BIN` names, else one installed beside this package, else the one
 * on PATH.
 * @throws CliError (environment) that says how to install it.
 */
export function findOpenCode(env: NodeJS.ProcessEnv = process.env): string {
  const named = env["OPENCODE_BIN"];
  if (named !== undefined) {
    if (existsSync(named)) return named;
    throw new CliError(ExitCode.Environment, `OPENCODE_BIN names ${named}, which does not exist`);
  }
  const found = findProgram("opencode", env);
  if (found !== undefined) return found;
  throw new CliError(
    ExitCode.Environment,
    "OpenCode was not found on PATH: install it (npm install -g opencode-ai), or name it in OPENCODE_BIN",
  );
}

/** The path of a program that is installed beside this package or on PATH. */
export function findProgram(name: string, env: NodeJS.ProcessEnv = process.env): string | undefined {
  // An empty entry of PATH means the current folder: what lies there is not to be run.
  const onPath = (env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const names = ENDINGS.map((ending) => `${name}${ending}`);
  const folders = [...besides(), ...onPath];
  return folders.flatMap((folder) => names.map((file) => join(folder, file))).find(existsSync);
}

/** The `node_modules/.bin` folders from this file upwards: where a package manager puts the programs of a project. */
export function besides(): readonly string[] {
  const folders: string[] = [];
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    folders.push(join(folder, "node_modules", ".bin"));
    if (folder === dirname(folder)) return folders;
  }
}

/** A running OpenCode. */
export interface RunningOpenCode {
  /** Its exit code; `null` when it was killed. */
  readonly ended: Promise<number | null>;
  /** What it has printed so far, both streams. */
  output(): string;
  /** Ends it and all that it started. */
  kill(): void;
}

/** Starts `opencode` with `args` in `cwd`, in a process group of its own. */
export function startOpenCode(
  program: string,
  args: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): RunningOpenCode {
  const child = spawn(program, args, {
    cwd,
    // OpenCode believes PWD before its working directory.
    env: { ...env, PWD: cwd },
    stdio: ["ignore", "pipe", "pipe"],
    detached: process.platform !== "win32",
    shell: program.endsWith(".cmd"),
    windowsHide: true,
  });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
  return {
    ended: ending(child, program),
    output: () => Buffer.concat(chunks).toString("utf8"),
    kill: () => endGroup(child),
  };
}

async function ending(child: ChildProcess, program: string): Promise<number | null> {
  const [code] = await once(child, "close").catch((error: Error) => {
    throw new CliError(ExitCode.Environment, `could not start ${program}: ${error.message}`, {
      cause: error,
    });
  });
  return typeof code === "number" ? code : null;
}
