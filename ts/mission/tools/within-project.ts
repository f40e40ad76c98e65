/** Paths that a model names: only those in the project are ours to read and write. */
import { existsSync, realpathSync } from "node:fs";
import { resolve } from "node:path";
import { projectPath } from "../changes.ts";
import { MissionError } from "../error.ts";

/**
 * The absolute path of a file or folder of the project; the project's own without one.
 * @throws MissionError `ERR_SCOPE` for one that is not there, or leads out of the project
 */
export function folderOf(directory: string, path: string | undefined): string {
  const root = realpathSync(directory);
  const named = resolve(directory, path ?? ".");
  if (!existsSync(named)) throw new MissionError("ERR_SCOPE", `there is no ${path} in this project`);
  const found = realpathSync(named);
  if (found !== root && projectPath(root, found) === undefined)
    throw new MissionError("ERR_SCOPE", `${path} is outside of this project: name a path in it`);
  return found;
}
