import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { configFolder, sandboxEnvironment, seedConfigFolder } from "../../ts/cli/sandbox.ts";
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

/** Makes a config folder with nothing to install; a plugin that imports OpenCode's packages finds this repository's. */
export async function seedConfigDir(dir: string): Promise<void> {
  await seedConfigFolder(dir);
  const packages = join(dir, "node_modules/@opencode-ai");
  await mkdir(packages, { recursive: true });
  for (const name of ["plugin", "sdk"]) {
    await symlink(join(REPOSITORY, "node_modules/@opencode-ai", name), join(packages, name), "dir");
  }
}

/** Makes a home under `root`; `mark` ends up in the environment of every process started with it. */
export async function createHome(
  root: string,
  mark: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Home> {
  const dir = join(root, "home");
  const tmp = join(root, "tmp");
  const configDir = configFolder(dir);
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
      ...sandboxEnvironment(dir),
      TMPDIR: tmp,
      GIT_CONFIG_GLOBAL: gitConfig,
      GIT_CONFIG_NOSYSTEM: "1",
      // Should anything still be installed, it fails at once and does not wait for a network.
      npm_config_offline: "true",
      [MARK]: mark,
      ...env,
    },
  };
}
