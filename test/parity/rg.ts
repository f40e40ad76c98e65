import { spawn } from "node:child_process";
import { rgPath } from "@vscode/ripgrep";
import type { FileOptions, GrepOptions } from "../../ts/engine/index.ts";

export interface Answer {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Runs the real ripgrep in a folder. */
export function rg(folder: string, args: readonly string[]): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const child = spawn(rgPath, ["--no-config", ...args], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    child.on("error", reject);
    child.on("close", (code) =>
      resolve({ code: code ?? -1, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString() }),
    );
  });
}

/** The flags that say the same as our options. */
export function flags(options: GrepOptions): string[] {
  const { literal, word, multiline, mode, before, after, maxPerFile } = options;
  return [
    ...(literal ? ["--fixed-strings"] : []),
    ...(options.case === "smart" ? ["--smart-case"] : []),
    ...(options.case === "insensitive" ? ["--ignore-case"] : []),
    ...(word ? ["--word-regexp"] : []),
    ...(multiline ? ["--multiline"] : []),
    ...(mode === "files" ? ["--files-with-matches", "--null"] : []),
    ...(mode === "count" ? ["--count", "--null"] : []),
    ...(mode === undefined || mode === "matches" ? ["--json"] : []),
    ...number("--before-context", before),
    ...number("--after-context", after),
    ...number("--max-count", maxPerFile),
    ...fileFlags(options),
  ];
}

export function fileFlags(options: FileOptions): string[] {
  const { include = [], exclude = [], types = [], excludeTypes = [], hidden, noIgnore, follow } = options;
  return [
    ...include.map((glob) => `--glob=${glob}`),
    ...exclude.map((glob) => `--glob=!${glob}`),
    ...types.map((type) => `--type=${type}`),
    ...excludeTypes.map((type) => `--type-not=${type}`),
    ...(hidden ? ["--hidden"] : []),
    ...(noIgnore ? ["--no-ignore"] : []),
    ...(follow ? ["--follow"] : []),
    ...number("--max-depth", options.maxDepth),
    ...number("--max-filesize", options.maxFileBytes),
  ];
}

function number(flag: string, value: number | undefined): string[] {
  return value === undefined ? [] : [`${flag}=${value}`];
}

/** A path as ripgrep prints it for the folder `./`, as ours are. */
export function path(bytes: Buffer): string {
  return new TextDecoder().decode(bytes).replace(/^\.\//, "");
}
