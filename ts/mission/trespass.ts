/** What a task changed that it may not: what slipped through the guard that stands before each tool. */
import { outsideScope, type TaskView } from "../engine/index.ts";
import { OURS, projectPath } from "./changes.ts";
import { changedFiles, type Place } from "./git.ts";
import { isLinked } from "./worktrees.ts";

/**
 * The files outside of a task's scope that it changed and has not undone, as far as that is certain. In a worktree every
 * change is the task's; in a folder that it shares, those are that the host's tools wrote in its session.
 */
export async function trespasses(
  place: Place,
  task: TaskView,
  { written, alone }: { readonly written: Iterable<string>; readonly alone: boolean },
): Promise<readonly string[]> {
  if (task.files.length === 0) return [];
  const changed = [...((await changedFiles(place)) ?? [])];
  const own = new Set([...written].map((path) => projectPath(place.directory, path)));
  const certain = changed.filter((path) => alone || own.has(path));
  return outsideScope(
    task.files,
    certain.filter((path) => !path.startsWith(OURS) && !isLinked(path)),
  );
}
