/**
 * Which files a task changed, as far as three witnesses know: the host's own edit tools, what the worker reported, and
 * git for files within the task's scope. Paths are relative to the project, with `/`.
 */
import { isAbsolute, relative, resolve, sep } from "node:path";
import picomatch from "picomatch";
import { changedFiles } from "./git.ts";

/** Our own folder: what changes in it is no one's work. */
const OURS = ".orchestrator/";

/** The witnesses of one task. */
export interface Witnesses {
  /** Paths that the host's tools wrote in the task's session. */
  readonly written: Iterable<string>;
  readonly reported: readonly string[];
  /** The globs of the task's scope; none: unknown. */
  readonly scope: readonly string[];
}

/** The union of what the witnesses name, sorted. A path outside the project is left out: it is not ours to check. */
export async function filesOfTask(
  directory: string,
  { written, reported, scope }: Witnesses,
): Promise<string[]> {
  const inScope = scope.length === 0 ? () => false : picomatch(scope.flatMap(patternsOf), { dot: true });
  const ofGit = [...((await changedFiles(directory)) ?? [])].filter((path) => inScope(path));
  const named = [...written, ...reported]
    .map((path) => projectPath(directory, path))
    .filter((path) => path !== undefined);
  return [...new Set([...ofGit, ...named])].filter((path) => !path.startsWith(OURS)).sort();
}

/**
 * A scope's glob as the engine reads it: one that ends in a name stands for that file, or for all that is under the
 * folder of that name; brackets may be a part of a name, as in `app/[id]/page.tsx`.
 */
function patternsOf(glob: string): readonly string[] {
  const path = glob.replace(/\/+$/, "");
  const named = path.replace(/[[\]]/g, "\\$&");
  const isName = !/[*?[\]{}]/.test(path.slice(path.lastIndexOf("/") + 1));
  return isName ? [path, `${path}/**`, named, `${named}/**`] : [path, named];
}

/** `path` relative to the project; `undefined` for one outside it. */
export function projectPath(directory: string, path: string): string | undefined {
  const within = relative(directory, resolve(directory, path));
  if (within === "" || within === ".." || within.startsWith(`..${sep}`) || isAbsolute(within))
    return undefined;
  return within.split(sep).join("/");
}
