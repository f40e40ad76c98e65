/** Opens the store of the user's project, for commands that work without OpenCode. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { EngineError, Store, type StoreOptions } from "../engine/index.ts";
import { STATE_FOLDER, STORE_FILE } from "../mission/orchestrator.ts";
import { CliError, ExitCode } from "./exit.ts";

/**
 * The store of the project in `folder`; a damaged or newer one is left as it is.
 * @throws CliError (environment) where the folder or the store is missing, damaged or of a newer version.
 */
export function openProjectStore(folder: string, options: Pick<StoreOptions, "existing"> = {}): Store {
  const project = resolve(folder);
  if (!existsSync(project)) throw new CliError(ExitCode.Environment, `there is no folder ${project}`);
  const path = join(project, STATE_FOLDER, STORE_FILE);
  if (!existsSync(path)) {
    throw new CliError(
      ExitCode.Environment,
      `${project} has had no mission: there is no ${path}. In OpenCode, /task "…" starts one; another project is named with --dir`,
    );
  }
  try {
    return Store.open(path, options);
  } catch (error) {
    if (!EngineError.is(error)) throw error;
    throw new CliError(ExitCode.Environment, `${error.message} (${error.code})`, { cause: error });
  }
}
