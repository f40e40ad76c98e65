import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import { EngineError } from "./error.ts";
import type { NativeAddon } from "./native.ts";
import { currentPlatform, type Platform, platformFacts, platformPackage, platformTag } from "./platform.ts";

const PACKAGE = "opencode-orchestrator";
const NATIVE_PATH = "ORCHESTRATOR_NATIVE_PATH";

/** Where and what {@link loadAddon} looks for; the defaults are the running process and this package. */
export interface AddonSearch {
  /** The absolute path of an addon that is loaded instead of all others. @default $ORCHESTRATOR_NATIVE_PATH */
  readonly override?: string | undefined;
  /** The folder of this package's package.json. */
  readonly root?: string | undefined;
  readonly platform?: Platform | undefined;
}

let loaded: NativeAddon | undefined;

/** The addon, loaded at the first call. A failure is thrown anew at each call, so that a repair takes effect. */
export function addon(): NativeAddon {
  loaded ??= loadAddon();
  return loaded;
}

/**
 * Finds and loads the addon. In this order: the override alone, if there is one; the package's own
 * `dist/orchestrator.<platform>.node`; the platform package. What exists and doesn't load is an error with its
 * cause: the search goes on only where there is nothing.
 *
 * @throws EngineError `ERR_ADDON_NOT_FOUND`, `ERR_ADDON_LOAD`, `ERR_ADDON_VERSION`
 */
export function loadAddon(search: AddonSearch = {}): NativeAddon {
  const { platform = currentPlatform() } = search;
  const root = rootOf(search);
  const path = findAddon(search);
  let native: NativeAddon;
  try {
    native = createRequire(join(root, "package.json"))(path) as NativeAddon;
  } catch (cause) {
    throw new EngineError(
      "ERR_ADDON_LOAD",
      `The native engine ${path} is there but could not be loaded: ${String(cause)}\n${advice(platform, versionOf(root))}`,
      { path, platform: platformTag(platform) },
      { cause },
    );
  }
  return sameVersion(native, path, root);
}

/**
 * The path of the addon that {@link loadAddon} loads.
 * @throws EngineError `ERR_ADDON_NOT_FOUND`; `ERR_ADDON_LOAD` where its package has no addon in it
 */
export function findAddon(search: AddonSearch = {}): string {
  const { override = process.env[NATIVE_PATH] || undefined, platform = currentPlatform() } = search;
  const root = rootOf(search);
  if (override !== undefined) {
    if (!isAbsolute(override))
      throw notFound([`${NATIVE_PATH}=${override}, which is no absolute path`], platform, root);
    if (!existsSync(override)) throw notFound([`${NATIVE_PATH}=${override}`], platform, root);
    return override;
  }
  const own = join(root, "dist", `orchestrator.${platformTag(platform)}.node`);
  if (existsSync(own)) return own;
  const name = platformPackage(platform);
  const path = resolveIfThere(createRequire(join(root, "package.json")), name, root);
  if (path !== undefined) return path;
  throw notFound([own, `the package ${name}, seen from ${root}`], platform, root);
}

function rootOf({ root }: AddonSearch): string {
  return root ?? packageRoot(dirname(fileURLToPath(import.meta.url)));
}

/** Where a platform package's addon is; undefined where there is no such package. */
function resolveIfThere(require: NodeJS.Require, name: string, root: string): string | undefined {
  try {
    return require.resolve(name);
  } catch (cause) {
    const folder = packageFolder(name, root);
    if (folder === undefined) return undefined;
    throw new EngineError(
      "ERR_ADDON_LOAD",
      `The package ${folder} is there but has no addon: ${String(cause)}\nInstall it again: npm install ${name}@${versionOf(root)}.`,
      { path: folder },
      { cause },
    );
  }
}

/** As Node looks for packages: in the `node_modules` of every folder upwards. */
function packageFolder(name: string, root: string): string | undefined {
  for (let folder = root; ; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name);
    if (existsSync(join(candidate, "package.json"))) return candidate;
    if (folder === dirname(folder)) return undefined;
  }
}

function sameVersion(native: NativeAddon, path: string, root: string): NativeAddon {
  const wanted = versionOf(root);
  const found = typeof native.version === "function" ? native.version() : "unknown";
  if (found === wanted) return native;
  throw new EngineError(
    "ERR_ADDON_VERSION",
    `${path} was built for version ${found}, but this is ${PACKAGE} ${wanted}. ` +
      `Install both in one version (npm install ${PACKAGE}@${wanted}), or in a clone of the repository rebuild the addon (npm run build:native).`,
    { path, found, wanted },
  );
}

function notFound(tried: readonly string[], platform: Platform, root: string): EngineError {
  return new EngineError(
    "ERR_ADDON_NOT_FOUND",
    `There is no native engine for ${platformFacts(platform)}. Tried:\n${tried.map((place) => `  - ${place}`).join("\n")}\n${advice(platform, versionOf(root))}`,
    { tried, platform: platformTag(platform), package: platformPackage(platform) },
  );
}

function advice(platform: Platform, version: string): string {
  return (
    `To fix it: npm install ${platformPackage(platform)}@${version} beside ${PACKAGE} (it is an optional dependency: ` +
    "--omit=optional, or a lock file made on another system, leaves it out), or in a clone of the repository: npm run build:native. " +
    `This is ${platformFacts()}; the addon needs Node 20.19 or Bun 1.3 or newer.`
  );
}

/** The nearest folder upwards that holds this package's package.json: the same from ts/engine and from dist. */
function packageRoot(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (manifest(folder)?.name === PACKAGE) return folder;
    if (folder === dirname(folder)) {
      throw new EngineError(
        "ERR_ADDON_NOT_FOUND",
        `There is no package.json of ${PACKAGE} in or above ${from}.`,
      );
    }
  }
}

function versionOf(root: string): string {
  return manifest(root)?.version ?? "unknown";
}

function manifest(folder: string): { name?: string; version?: string } | undefined {
  const path = join(folder, "package.json");
  if (!existsSync(path)) return undefined;
  return JSON.parse(readFileSync(path, "utf8")) as { name?: string; version?: string };
}
