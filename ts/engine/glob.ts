import { addon } from "./addon.ts";
import { crossing } from "./crossing.ts";
import { crossed, type FileOptions, type FileOrder, type SearchReport } from "./files.ts";

export interface GlobOptions extends Omit<FileOptions, "include"> {
  /** @default "path" */
  readonly order?: FileOrder | undefined;
  /** Most paths. @default 100000 */
  readonly maxResults?: number | undefined;
  /** @default 30000 */
  readonly timeLimitMs?: number | undefined;
}

export interface GlobReport extends SearchReport {
  /** Relative to the root, with `/`. What is no Unicode in a name is shown as U+FFFD. */
  readonly paths: readonly string[];
}

/**
 * Lists the files below `root` that one of the globs matches; without globs all that are not ignored. The globs are
 * ripgrep's: see {@link FileOptions.include}. Folders are not listed. Runs while the caller waits.
 * @throws EngineError `ERR_SEARCH_INVALID_GLOB`, `ERR_SEARCH_UNKNOWN_TYPE`, `ERR_SEARCH_INVALID_ROOT`
 */
export function glob(globs: string | readonly string[], root: string, options: GlobOptions = {}): GlobReport {
  const native = addon();
  const include = typeof globs === "string" ? [globs] : globs;
  const report = crossing(() => native.listFiles(...crossed(root, { ...options, include })));
  return JSON.parse(report) as GlobReport;
}
