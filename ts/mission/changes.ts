/**
 * Which files a task changed, as far as three witnesses know: the host's own edit tools, what the worker reported, and
 * git for files within the task's scope. Paths are relative to the project, with `/`.
 */
import { isAbsolute, relative, resolve, sep } from "node:path";
import { outsideScope } from "../engine/index.ts";
import { changedFiles, type Place } from "./git.ts";

/** Our own folder: what changes in it is no one's work. */
export const OURS = ".orchestrator/";

/** The witnesses of one task. */
export interface Witnesses {
  /** Paths that the host's tools wrote in the task's session. */
  readonly written: Iterable<string>;
  readonly reported: readonly string[];
  /** The globs of the task's scope; none: unknown. */
  readonly scope: readonly string[];
}

/** The union of what the witnesses name, sorted. A path outside the project is left out: it is not ours to check. */
export async function filesOfTask(place: Place, { written, reported, scope }: Witnesses): Promise<string[]> {
  const changed = scope.length === 0 ? [] : [...((await changedFiles(place)) ?? [])];
  const outside = new Set(outsideScope(scope, changed));
  const ofGit = changed.filter((path) => !outside.has(path));
  const named = [...written, ...reported]
    .map((path) => projectPath(place.directory, path))
    .filter((path) => path !== undefined);
  return [...new Set([...ofGit, ...named])].filter((path) => !path.startsWith(OURS)).sort();
}

/** `path` relative to the project; `undefined` for one outside it. */
export function projectPath(directory: string, path: string): string | undefined {
  const within = relative(directory, resolve(directory, path));
  if (within === "" || within === ".." || within.startsWith(`..${sep}`) || isAbsolute(within))
    return undefined;
  return within.split(sep).join("/");
}
