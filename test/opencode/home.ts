import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { MARK } from "./process-group.ts";

const REPOSITORY = resolve(import.meta.dirname, "../..");

/** The real OpenCode; `OPENCODE_BIN` names another one. */
export const OPENCODE = process.env["OPENCODE_BIN"] ?? join(REPOSITORY, "node_modules/.bin/opencode");

/** A home of its own for OpenCode, with nothing of the user's in it. */
export interface Home {
  dir: string;
  /** OpenCode's global config folder. */
  configDir: string;
  /** OpenCode's data folder: its database and logs. */
  dataDir: string;
  /** The whole environment for a process: nothing else is inherited. */
  env: Record<string, string>;
}

/**
 * Makes a config folder such that OpenCode finds nothing to install there. Once a plugin is loaded it
 * runs npm in each config folder, unless `node_modules` exists and the lock file's root lists
 * `@opencode-ai/plugin` and all that package.json names (found in OpenCode 1.18.33's `Npm.install`).
 * The two packages are links to this repository's, so that a plugin that imports them finds them.
 */
export async function seedConfigDir(dir: string): Promise<void> {
  const packages = join(dir, "node_modules/@opencode-ai");
  await mkdir(packages, { recursive: true });
  for (const name of ["plugin", "sdk"]) {
    await symlink(join(REPOSITORY, "node_modules/@opencode-ai", name), join(packages, name), "dir");
  }
  const dependencies = { "@opencode-ai/plugin": "*" };
  const lock = { lockfileVersion: 3, requires: true, packages: { "": { dependencies } } };
  await writeFile(join(dir, "package.json"), JSON.stringify({ dependencies }));
  await writeFile(join(dir, "package-lock.json"), JSON.stringify(lock));
}

/** Makes a home under `root`; `mark` ends up in the environment of every process started with it. */
export async function createHome(
  root: string,
  mark: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Home> {
  const dir = join(root, "home");
  const tmp = join(root, "tmp");
  const configDir = join(dir, ".config/opencode");
  const dataDir = join(dir, ".local/share/opencode");
  await mkdir(tmp, { recursive: true });
  await seedConfigDir(configDir);
  const gitConfig = join(dir, ".gitconfig");
  await writeFile(
    gitConfig,
    "[user]\n\tname = Test\n\temail = test@example.com\n[init]\n\tdefaultBranch = main\n[commit]\n\tgpgsign = false\n",
  );
  return {
    dir,
    configDir,
    dataDir,
    env: {
      PATH: process.env["PATH"] ?? "",
      LANG: "C.UTF-8",
      TERM: "xterm-256color",
      SHELL: "/bin/sh",
      HOME: dir,
      TMPDIR: tmp,
      XDG_CONFIG_HOME: join(dir, ".config"),
      XDG_DATA_HOME: join(dir, ".local/share"),
      XDG_STATE_HOME: join(dir, ".local/state"),
      XDG_CACHE_HOME: join(dir, ".cache"),
      GIT_CONFIG_GLOBAL: gitConfig,
      GIT_CONFIG_NOSYSTEM: "1",
      OPENCODE_DISABLE_AUTOUPDATE: "1",
      OPENCODE_DISABLE_MODELS_FETCH: "1",
      OPENCODE_DISABLE_LSP_DOWNLOAD: "1",
      // Should anything still be installed, it fails at once and does not wait for a network.
      npm_config_offline: "true",
      [MARK]: mark,
      ...env,
    },
  };
}
