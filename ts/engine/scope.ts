import { addon } from "./addon.ts";
import { crossing } from "./crossing.ts";

/**
 * The paths that a task with the scope `globs` may not change, in their order. Paths are relative to the project, with
 * `/`. A glob whose last segment is a name stands for that file and for all that is under the folder of that name;
 * brackets are read as a class and as a part of a name (`app/[id]/page.tsx`), letters in either case. No glob covers
 * nothing.
 */
export function outsideScope(globs: readonly string[], paths: readonly string[]): readonly string[] {
  return crossing(() => addon().outsideScope([...globs], [...paths]));
}
