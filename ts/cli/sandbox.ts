/** A home of its own for OpenCode, so that a demo or a test neither reads nor changes what belongs to the user. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** The variables by which OpenCode finds its folders, all below `home`, and those that keep it from calling out. */
export function sandboxEnvironment(home: string): Readonly<Record<string, string>> {
  return {
    HOME: home,
    USERPROFILE: home,
    XDG_CONFIG_HOME: join(home, ".config"),
    XDG_DATA_HOME: join(home, ".local", "share"),
    XDG_STATE_HOME: join(home, ".local", "state"),
    XDG_CACHE_HOME: join(home, ".cache"),
    OPENCODE_DISABLE_AUTOUPDATE: "1",
    OPENCODE_DISABLE_MODELS_FETCH: "1",
    OPENCODE_DISABLE_LSP_DOWNLOAD: "1",
  };
}

/** OpenCode's global configuration folder in a sandbox. */
export function configFolder(home: string): string {
  return join(home, ".config", "opencode");
}

/**
 * Makes a configuration folder in which OpenCode finds nothing to install. Once a plugin is loaded, OpenCode 1.18 runs
 * npm in every configuration folder (71 s without a network), unless `node_modules` exists and the lock file's root
 * lists `@opencode-ai/plugin` and all that `package.json` names.
 */
export async function seedConfigFolder(folder: string): Promise<void> {
  await mkdir(join(folder, "node_modules"), { recursive: true });
  const dependencies = { "@opencode-ai/plugin": "*" };
  const lock = { lockfileVersion: 3, requires: true, packages: { "": { dependencies } } };
  await writeFile(join(folder, "package.json"), JSON.stringify({ dependencies }));
  await writeFile(join(folder, "package-lock.json"), JSON.stringify(lock));
}
