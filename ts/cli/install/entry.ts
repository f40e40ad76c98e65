/** What our entry in a list of plugins looks like, and which entries of a user's list are ours. */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { System } from "./config-files.ts";

export const PACKAGE = "opencode-orchestrator";

/** This package: where it lies, and its version. */
export interface OwnPackage {
  /** The folder of its package.json. */
  readonly root: string;
  readonly version: string;
}

/** The package that this program belongs to, found from `file` upwards. */
export function ownPackage(system: System, file = fileURLToPath(import.meta.url)): OwnPackage {
  const found = packageAbove(file, system);
  if (found === undefined) throw new Error(`${file} is not in a package, though this program is in one`);
  return found;
}

/**
 * How OpenCode is told to load this package. By name, with this version, where a package manager has installed it:
 * OpenCode then fetches it once and never looks for a newer one. By its folder where it was built, or where `how` asks
 * for that.
 */
export function ownEntry({ root, version }: OwnPackage, how: "npm" | "path" | undefined): string {
  const slashed = root.replaceAll("\\", "/");
  const installed = slashed.split("/").includes("node_modules");
  return (how ?? (installed ? "npm" : "path")) === "npm" ? `${PACKAGE}@${version}` : slashed;
}

/** What an entry of ours names. */
export type OwnSpec =
  | { readonly kind: "npm"; readonly version: string | undefined }
  | { readonly kind: "path"; readonly root: string; readonly version: string };

/**
 * What `spec`, written in `configFile`, names of ours; `undefined` where it is another plugin. A path is ours when the
 * package that it lies in has our name.
 */
export function ownSpec(spec: string, configFile: string, system: System): OwnSpec | undefined {
  const named = new RegExp(`^(?:npm:)?${PACKAGE}(?:@(.+))?$`).exec(spec);
  if (named !== null) return { kind: "npm", version: named[1] };
  const path = pathOf(spec, configFile, system);
  const found = path === undefined ? undefined : packageAbove(path, system);
  return found === undefined ? undefined : { kind: "path", ...found };
}

/** The absolute path that a spec names, or `undefined` where it names a package. */
export function pathOf(spec: string, configFile: string, { path }: System): string | undefined {
  if (spec.startsWith("file://")) return fileUrlPath(spec, path.sep === "\\");
  if (path.isAbsolute(spec)) return path.resolve(spec);
  return /^\.{1,2}[/\\]/.test(spec) ? path.resolve(path.dirname(configFile), spec) : undefined;
}

/** `file:` URLs are what OpenCode itself shows; on Windows they have the drive in their path. */
function fileUrlPath(url: string, windows: boolean): string | undefined {
  try {
    return fileURLToPath(url, { windows });
  } catch {
    // No path can be meant by it: OpenCode says so when it loads it.
    return undefined;
  }
}

/** The package of ours that `file` lies in, or is. */
export function packageAbove(file: string, { path }: System): OwnPackage | undefined {
  for (let at = existsSync(file) ? realpathSync(file) : file; ; at = path.dirname(at)) {
    const manifest = manifestIn(path.join(at, "package.json"));
    if (manifest !== undefined)
      return manifest.name === PACKAGE ? { root: at, version: String(manifest.version) } : undefined;
    if (at === path.dirname(at)) return undefined;
  }
}

/** The manifest at a path, `undefined` where there is none that can be read: no package is ours then. */
export function manifestIn(
  file: string,
): { readonly name?: unknown; readonly version?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, "utf8"));
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
