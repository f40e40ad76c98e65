/** Which of OpenCode's configuration files a command is about. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { CliError, ExitCode } from "../exit.ts";
import { globalFiles, type Kind, projectFiles, type System } from "./config-files.ts";

/** The options that name a place. */
export const PLACE = {
  global: { type: "boolean" },
  project: { type: "boolean" },
  config: { type: "string" },
  dir: { type: "string" },
} as const;

/** What was asked for on the command line. */
export interface PlaceOptions {
  readonly global?: boolean | undefined;
  readonly project?: boolean | undefined;
  readonly config?: string | undefined;
  readonly dir?: string | undefined;
}

/** For all projects, for one, or a file that was named. */
export type Place =
  | { readonly scope: "global" }
  | { readonly scope: "project"; readonly folder: string }
  | { readonly scope: "file"; readonly file: string };

/** The place that the options name; `undefined` where they name none. @throws CliError (usage) where they name two. */
export function namedPlace({ global, project, config, dir }: PlaceOptions): Place | undefined {
  const named = [global === true, project === true, config !== undefined].filter(Boolean).length;
  if (named > 1)
    throw new CliError(ExitCode.Usage, "--global, --project and --config are three places: give one");
  if (config !== undefined) return { scope: "file", file: resolve(config) };
  if (global === true) return { scope: "global" };
  if (project !== true && dir === undefined) return undefined;
  const folder = resolve(dir ?? ".");
  if (!existsSync(folder)) throw new CliError(ExitCode.Environment, `there is no folder ${folder}`);
  return { scope: "project", folder };
}

/** The files of a kind at a place, in the order in which OpenCode reads them. A file that is named is no panel's. */
export function filesAt(place: Place, kind: Kind, system: System): readonly string[] {
  if (place.scope === "global") return globalFiles(kind, system);
  if (place.scope === "project") return projectFiles(kind, place.folder, system);
  return kind === "opencode" ? [place.file] : [];
}

/** Whether somebody is there to be asked. */
export function onTerminal(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** Asks on the terminal; standard output stays for results. */
export async function asked(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await lines.question(question)).trim().toLowerCase();
  } finally {
    lines.close();
  }
}
