/** Where a search of a host's tool looks, and the question that comes before a look outside of the project. */
import { realpath, stat } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import type { ReplacementCall } from "../../host/contribution.ts";

/** What there is at a path; `undefined`: nothing, or nothing that this user may look at. */
export async function kindAt(path: string): Promise<"directory" | "file" | undefined> {
  try {
    return (await stat(path)).isDirectory() ? "directory" : "file";
  } catch (error) {
    if (error instanceof Error && "code" in error) return undefined;
    throw error;
  }
}

/** Links followed; a path where nothing is stays as it is. */
export async function followed(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return resolve(path);
    throw error;
  }
}

/** Asks before a look outside of the project, as the host's own tools do. Rejects when the user or a rule refuses. */
export async function askOutside(
  call: ReplacementCall,
  path: string,
  kind: "directory" | "file",
): Promise<void> {
  if (isIn(call.directory, path)) return;
  // Outside of a repository the worktree is "/", which has everything in it.
  if (call.worktree !== "/" && isIn(call.worktree, path)) return;
  const folder = kind === "directory" ? path : dirname(path);
  const pattern = join(folder, "*").replaceAll("\\", "/");
  await call.ask({
    permission: "external_directory",
    patterns: [pattern],
    always: [pattern],
    metadata: { filepath: path, parentDir: folder },
  });
}

function isIn(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === "" || (!isAbsolute(way) && way !== ".." && !way.startsWith(`..${sep}`));
}
