/**
 * Where OpenCode's configuration lies, and which file of several counts. As measured with OpenCode 1.18: of the files in
 * the global folder a later one's list of plugins replaces an earlier one's; a project's files are joined, all of them.
 */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";

/** What is configured: `opencode` takes the plugin, `tui` its panel. */
export type Kind = "opencode" | "tui";

/** How a system writes paths, and where its homes are. Replaced in tests, for a system other than this one. */
export interface System {
  readonly path: Pick<typeof path, "join" | "dirname" | "resolve" | "isAbsolute" | "sep">;
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
}

/** The system that this runs on. */
export function thisSystem(env: NodeJS.ProcessEnv = process.env): System {
  return { path, home: homedir(), env };
}

/** File names in the order in which OpenCode reads them. */
const NAMES: Readonly<Record<Kind, readonly string[]>> = {
  opencode: ["config.json", "opencode.json", "opencode.jsonc"],
  tui: ["tui.json", "tui.jsonc"],
};

/** The file that is made where there is none. */
const NEW: Readonly<Record<Kind, string>> = { opencode: "opencode.json", tui: "tui.json" };

/** OpenCode's global configuration folder: below the home folder on Windows, too. */
export function globalFolder({ path, home, env }: System): string {
  return path.join(env["XDG_CONFIG_HOME"] || path.join(home, ".config"), "opencode");
}

/** Where OpenCode puts the packages of plugins that are named by a package. */
export function packageCache({ path, home, env }: System): string {
  return path.join(env["XDG_CACHE_HOME"] || path.join(home, ".cache"), "opencode", "packages");
}

/** Where the command line keeps what it has installed, and copies of what was there before. */
export function recordFolder({ path, home, env }: System): string {
  const state = env["XDG_STATE_HOME"] || path.join(home, ".local", "state");
  return path.join(state, "opencode-orchestrator", "installed");
}

/** The folder that holds the project of `folder`: the nearest one with `.git` in it, else `folder` itself. */
export function projectRoot(
  folder: string,
  { path }: System,
  exists: (file: string) => boolean = existsSync,
): string {
  const start = path.resolve(folder);
  for (let at = start; ; at = path.dirname(at)) {
    if (exists(path.join(at, ".git"))) return at;
    if (at === path.dirname(at)) return start;
  }
}

/** All files of a kind in the global folder, existing or not, in the order in which OpenCode reads them. */
export function globalFiles(kind: Kind, system: System): readonly string[] {
  const folder = globalFolder(system);
  return NAMES[kind].map((name) => system.path.join(folder, name));
}

/**
 * All files of a kind that a project may have, existing or not: those between its root and `folder`, and those in
 * `.opencode` folders. The first is the one to be made where none exists, which is never in `.opencode`: making that
 * folder would have OpenCode install packages into it at every start.
 */
export function projectFiles(
  kind: Kind,
  folder: string,
  system: System,
  exists: (file: string) => boolean = existsSync,
): readonly string[] {
  const { path } = system;
  const root = projectRoot(folder, system, exists);
  const folders: string[] = [];
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    folders.unshift(at);
    if (at === root || at === path.dirname(at)) break;
  }
  const names = NAMES[kind].filter((name) => name !== "config.json");
  return [
    ...folders.flatMap((at) => names.map((name) => path.join(at, name))),
    ...folders.flatMap((at) => names.map((name) => path.join(at, ".opencode", name))),
  ];
}

/** What is known of a file that may take the entry. */
export interface Candidate {
  readonly file: string;
  readonly exists: boolean;
  /** Whether it has a list of plugins. */
  readonly lists: boolean;
}

/**
 * The file that takes the entry: the last one with a list of plugins, for in another one the entry would be overruled,
 * or overrule that list; else the last one that exists; else one to be made.
 */
export function chosenFile(kind: Kind, candidates: readonly Candidate[]): string | undefined {
  const there = candidates.filter(({ exists }) => exists);
  const chosen = there.findLast(({ lists }) => lists) ?? there.at(-1);
  if (chosen !== undefined) return chosen.file;
  return candidates.find(({ file }) => file.endsWith(NEW[kind]))?.file;
}
