import { resolve } from "node:path";

/**
 * Which files are looked at. The default is ripgrep's: all that `.gitignore`, `.ignore`, `.rgignore`, the repository's
 * `info/exclude` and the user's global git excludes leave, without hidden ones and without following links.
 */
export interface FileOptions {
  /**
   * Only files that one of these globs matches. A glob without a slash is matched in every folder, one with a slash
   * from the root. As with ripgrep, what a glob matches is looked at even if it is ignored or hidden, and one that
   * begins with `!` excludes.
   */
  readonly include?: readonly string[] | undefined;
  /** No files and folders that one of these globs matches: they win over `include`. */
  readonly exclude?: readonly string[] | undefined;
  /** Only files of these types, by ripgrep's names: `rust`, `ts`, `py`. */
  readonly types?: readonly string[] | undefined;
  readonly excludeTypes?: readonly string[] | undefined;
  /** Hidden files and folders too: those whose names begin with a dot. @default false */
  readonly hidden?: boolean | undefined;
  /** What ignore files say doesn't count. @default false */
  readonly noIgnore?: boolean | undefined;
  /** Symbolic links are followed, also out of the root. A link to a folder above itself is a problem. @default false */
  readonly follow?: boolean | undefined;
  /** How many levels of folders are looked into; 1 is the files in the root. @default no limit */
  readonly maxDepth?: number | undefined;
  /** Larger files are left out, and counted. @default no limit */
  readonly maxFileBytes?: number | undefined;
  /** Most threads at once. @default the number of cores, 8 at most */
  readonly threads?: number | undefined;
}

/**
 * The order of files in a result. `path`: folder by folder. `modified`: the last changed first. For both the whole tree
 * is walked, and where a limit cuts the result, the first are kept. `found`: as they come, which differs from run to
 * run; the search ends where a limit is reached.
 */
export type FileOrder = "path" | "modified" | "found";

/** Something that was not looked at. */
export interface FileProblem {
  /** Relative to the root, with `/`; as the system names it where it is outside of the root. */
  readonly path: string;
  readonly message: string;
  /**
   * `vanished`: gone when it was opened. `denied`: not for this user. `loop`: a link to a folder that it is in.
   * `special`: a pipe, socket or device. `too_long`: a line, or with `multiline` a file, of more than 64 MiB.
   * `ignore_file`: a line of an ignore file that makes no sense. `io`: anything else.
   */
  readonly kind: "vanished" | "denied" | "loop" | "special" | "too_long" | "ignore_file" | "io";
}

/** Why there may be more than a result tells. */
export type SearchLimit = "results" | "bytes" | "time";

/** What a search has done. */
export interface SearchCounts {
  /** Folders and files that were come upon, without those that are ignored. */
  readonly entries: number;
  /** Files that were searched, or listed. */
  readonly files: number;
  /** Bytes that were read of them. */
  readonly bytes: number;
  /** Matching lines, or files where files are asked for; what the limits cut off later is in it. */
  readonly found: number;
  /** Files with a NUL byte: the search of a file ends there. */
  readonly binary: number;
  /** Files that are left out for their size. */
  readonly tooLarge: number;
}

/** What every search tells beside its result. */
export interface SearchReport {
  /** Why there may be more; null when this is all. */
  readonly truncated: SearchLimit | null;
  /** What could not be looked at; the first 100. */
  readonly problems: readonly FileProblem[];
  readonly problemCount: number;
  readonly counts: SearchCounts;
}

/** What crosses: the root as an absolute path, and the options as JSON, those about files in one field. */
export function crossed<T extends FileOptions>(
  root: string,
  options: T,
): [root: string, optionsJson: string] {
  const {
    include,
    exclude,
    types,
    excludeTypes,
    hidden,
    noIgnore,
    follow,
    maxDepth,
    maxFileBytes,
    threads,
    ...own
  } = options;
  const files = {
    include,
    exclude,
    types,
    excludeTypes,
    hidden,
    noIgnore,
    follow,
    maxDepth,
    maxFileBytes,
    threads,
  };
  return [resolve(root), JSON.stringify({ ...own, files }, finite)];
}

/** JSON has no infinity: as a limit it is the largest number. */
function finite(_key: string, value: unknown): unknown {
  return value === Number.POSITIVE_INFINITY ? Number.MAX_SAFE_INTEGER : value;
}
