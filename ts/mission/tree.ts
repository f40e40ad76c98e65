/** The files of a place at two moments: what differs between them, whoever changed it. */
import { globJob } from "../engine/index.ts";
import { OURS } from "./changes.ts";
import { hashesOf } from "./fingerprint.ts";
import { changedFiles, committed, type Place } from "./git.ts";
import { isLinked, LINKED } from "./worktrees.ts";

/** Files that are looked at where there is no git to name those that changed. */
const MOST_FILES = 10_000;

/** A place at one moment. */
export interface Tree {
  readonly place: Place;
  /** Hashes by path: of every file that is not as in the base; without git, of every file. */
  readonly hashes: ReadonlyMap<string, string>;
}

/** A file that is not as it was. */
export interface Difference {
  readonly path: string;
  /** Whether neither the base nor the earlier moment had it: what runs of tests leave behind is new too. */
  readonly isNew: boolean;
}

/** The tree as it is now. `named` are looked at in any case: git may ignore them. */
export async function treeOf(place: Place, named: Iterable<string>): Promise<Tree> {
  const listed = (await changedFiles(place)) ?? (await filesWithoutGit(place.directory));
  const paths = [...new Set([...listed, ...named])].filter(
    (path) => !path.startsWith(OURS) && !isLinked(path),
  );
  return { place, hashes: await hashesOf(place.directory, paths) };
}

/** What has changed since, by name. */
export async function differencesSince(before: Tree): Promise<readonly Difference[]> {
  const { place, hashes } = before;
  const now = (await treeOf(place, hashes.keys())).hashes;
  const paths = [...now.keys()].filter((path) => now.get(path) !== hashes.get(path)).sort();
  return Promise.all(
    paths.map(async (path) => ({
      path,
      isNew: !hashes.has(path) && (await committed(place, path)) === undefined,
    })),
  );
}

/** All files; none where they are too many to be hashed, so that no part of them is taken for the whole. */
async function filesWithoutGit(directory: string): Promise<readonly string[]> {
  const found = await globJob([], directory, {
    hidden: true,
    exclude: [...LINKED, OURS.slice(0, -1)],
    maxResults: MOST_FILES,
  });
  return found.truncated === null ? found.paths : [];
}
