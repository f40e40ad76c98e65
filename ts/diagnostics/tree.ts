/**
 * What changed on disk between two checks. A walk, not a watcher: it holds nothing open between checks, and what it
 * finds is told to a server before the question, not some time after it.
 */
import { readdir, stat } from "node:fs/promises";
import { extname, join } from "node:path";

/** Files under a project by absolute path, each with a mark that moves when its content does. */
export type Tree = ReadonlyMap<string, string>;

/** One file that is not as it was. The numbers are the protocol's. */
export interface Change {
  readonly path: string;
  readonly type: 1 | 2 | 3;
}

/** Above this number of files a walk costs more than it saves. */
const MOST_FILES = 20_000;

/** Folders in which nobody writes source. */
const SKIPPED = new Set(["node_modules", "target", "__pycache__", "venv"]);

/** What decides how a project is to be read; a server that began with another is begun anew. */
const SETUP = /^(?:.*\.(?:json|jsonc|toml|lock|yaml|yml|cfg|mod|sum|work)|compile_flags\.txt|setup\.py)$/;

/** Every file that ends in one of `extensions` or sets the project up; `undefined` where they are too many. */
export async function treeOf(directory: string, extensions: readonly string[]): Promise<Tree | undefined> {
  const tree = new Map<string, string>();
  // What a package manager installs is not walked; its folder's own time tells of packages that come and go.
  for (const folder of ["node_modules", ".venv", "venv"]) await put(tree, join(directory, folder));
  await put(tree, join(directory, "node_modules", ".package-lock.json"));
  const folders = [directory];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const path = join(folder, entry.name);
      if (entry.isDirectory() && !entry.name.startsWith(".") && !SKIPPED.has(entry.name)) folders.push(path);
      if (entry.isFile() && (extensions.includes(extname(entry.name)) || SETUP.test(entry.name)))
        await put(tree, path);
    }
    if (tree.size > MOST_FILES) return undefined;
  }
  return tree;
}

async function put(tree: Map<string, string>, path: string): Promise<void> {
  // A file may vanish between the listing and the look at it.
  const found = await stat(path).catch(() => undefined);
  if (found !== undefined) tree.set(path, `${found.mtimeMs}:${found.size}:${found.ino}`);
}

/** What differs; `setup`: what decides how the project is read is among it. */
export function changesBetween(
  before: Tree,
  after: Tree,
  extensions: readonly string[],
): { readonly changes: readonly Change[]; readonly setup: boolean } {
  const changes: Change[] = [];
  for (const [path, mark] of after) {
    const was = before.get(path);
    if (was !== mark) changes.push({ path, type: was === undefined ? 1 : 2 });
  }
  for (const path of before.keys()) if (!after.has(path)) changes.push({ path, type: 3 });
  return { changes, setup: changes.some(({ path }) => !extensions.includes(extname(path))) };
}
