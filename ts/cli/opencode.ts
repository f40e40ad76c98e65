/** Finds the OpenCode to run, and runs it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { dirname, join, posix, resolve, win32 } from "node:path";
import { fileURLToPath } from "node:url";
import { endGroup } from "../process/process-group.ts";
import { CliError, ExitCode } from "./exit.ts";

const WINDOWS = process.platform === "win32";

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

/**
 * The `opencode` that the user starts: `named`, else what `OPENCODE_BIN` names, else the one on PATH, else one beside this
 * package.
 * @throws CliError (environment)
 */
export function findUsersOpenCode(named: string | undefined, env: NodeJS.ProcessEnv = process.env): string {
  if (named !== undefined) {
    if (existsSync(named)) return resolve(named);
    throw new CliError(ExitCode.Environment, `there is no ${named}`);
  }
  if (env["OPENCODE_BIN"] !== undefined) return findOpenCode(env);
  return onPath("opencode", env["PATH"] ?? "", WINDOWS ? win32 : posix).find(existsSync) ?? findOpenCode(env);
}

/** The path of a program that is installed beside this package or on PATH. */
export function findProgram(name: string, env: NodeJS.ProcessEnv = process.env): string | undefined {
  const system = WINDOWS ? win32 : posix;
  return [...inFolders(name, besides(), system), ...onPath(name, env["PATH"] ?? "", system)].find(existsSync);
}

/** How a system writes paths. */
type PathStyle = typeof posix | typeof win32;

/** Where a program may be, in the order of PATH. */
export function onPath(name: string, path: string, system: PathStyle): readonly string[] {
  // An empty entry of PATH means the current folder: what lies there is not to be run.
  const folders = path.split(system.delimiter).map((folder) => folder.replace(/^"(.*)"$/, "$1"));
  return inFolders(
    name,
    folders.filter((folder) => folder !== ""),
    system,
  );
}

function inFolders(name: string, folders: readonly string[], system: PathStyle): readonly string[] {
  // What npm puts on PATH on Windows is a .cmd; a file without an ending beside it is for other shells.
  const endings = system.sep === "\\" ? [".cmd", ".exe"] : [""];
  return folders.flatMap((folder) => endings.map((ending) => system.join(folder, `${name}${ending}`)));
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
  const shell = program.endsWith(".cmd");
  // A shell would part a path at its spaces, as in Program Files.
  const child = spawn(shell ? `"${program}"` : program, args, {
    cwd,
    // OpenCode believes PWD before its working directory.
    env: { ...env, PWD: cwd },
    stdio: ["ignore", "pipe", "pipe"],
    detached: !WINDOWS,
    shell,
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
