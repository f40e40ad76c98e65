/** Removes what missions have left in a project. */
import { existsSync, readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Ownership } from "../../engine/index.ts";
import { STATE_FOLDER, STORE_FILE } from "../../mission/orchestrator.ts";
import { drivenElsewhere, unfinished } from "../../mission/recovery.ts";
import { Worktrees } from "../../mission/worktrees.ts";
import { CliError, ExitCode } from "../exit.ts";
import { openProjectStore } from "../project-store.ts";

/** The folder of a project that everything of ours is in. */
const FOLDER = ".orchestrator";

/** What a purge removes. */
export interface Purgeable {
  readonly project: string;
  readonly path: string;
  /** Files and folders in it, worktrees not entered. */
  readonly files: readonly string[];
}

/**
 * What is there to be removed; `undefined` where nothing is.
 * @throws CliError while a mission of the project is driven, or where that can't be found out.
 */
export function purgeable(folder: string): Purgeable | undefined {
  const project = resolve(folder);
  const path = join(project, FOLDER);
  if (!existsSync(path)) return undefined;
  refuseWhileDriven(project);
  const worktrees = join("state", "worktrees");
  const files = readdirSync(path, { recursive: true, encoding: "utf8" }).filter(
    (file) => !file.startsWith(worktrees) || file === worktrees,
  );
  return { project, path, files: files.sort() };
}

/** Removes it, and the worktrees and branches that belong to it. */
export async function purge({ project, path }: Purgeable): Promise<void> {
  refuseWhileDriven(project);
  for (const mission of await Worktrees.missions(project)) await new Worktrees(project, mission).clean();
  await rm(path, { recursive: true, force: true });
}

function refuseWhileDriven(project: string): void {
  if (!existsSync(join(project, STATE_FOLDER, STORE_FILE))) return;
  using store = openProjectStore(project);
  for (const { brief } of unfinished(store)) {
    const claim = Ownership.claim(store, brief.id);
    if (claim instanceof Ownership) claim[Symbol.dispose]();
    else
      throw new CliError(
        ExitCode.Failed,
        `${drivenElsewhere(brief, claim.holder)} End it there first, with /stop; nothing was changed`,
      );
  }
}
