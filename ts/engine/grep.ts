import { addon } from "./addon.ts";
import { crossing } from "./crossing.ts";
import { crossed, type FileOptions, type FileOrder, type SearchReport } from "./files.ts";

export interface GrepOptions extends FileOptions {
  /** The patterns are plain text. @default false */
  readonly literal?: boolean | undefined;
  /** `smart`: capital letters differ from small ones if there is one in a pattern. @default "sensitive" */
  readonly case?: "sensitive" | "insensitive" | "smart" | undefined;
  /** Only whole words. @default false */
  readonly word?: boolean | undefined;
  /** A match may cover several lines. Each file is read whole, and none above 64 MiB. @default false */
  readonly multiline?: boolean | undefined;
  /** What is told of a file: its matches, that it matches, or how many lines match. @default "matches" */
  readonly mode?: "matches" | "files" | "count" | undefined;
  /** Lines told before each match. @default 0 */
  readonly before?: number | undefined;
  /** Lines told after each match. @default 0 */
  readonly after?: number | undefined;
  /** @default "path" */
  readonly order?: FileOrder | undefined;
  /** Most matches in all; most files, where matches are not asked for. @default 10000 */
  readonly maxResults?: number | undefined;
  /** Most matches of a file. @default no limit */
  readonly maxPerFile?: number | undefined;
  /** About how long the report may be as JSON. @default 8388608 */
  readonly maxBytes?: number | undefined;
  /** About the longest text told of a line, in bytes: of a longer one the part around its first match is. @default 2000 */
  readonly maxLineBytes?: number | undefined;
  /** `raw`: lines have their ends, and of a long one the beginning is told. @default "around" */
  readonly lines?: "around" | "raw" | undefined;
  /** @default 30000 */
  readonly timeLimitMs?: number | undefined;
}

export interface GrepReport extends SearchReport {
  readonly files: readonly GrepFile[];
}

/** A file that matches. */
export interface GrepFile {
  /** Relative to the root, with `/`. What is no Unicode in a name is shown as U+FFFD. */
  readonly path: string;
  /**
   * Matching lines: those in `matches`, or those counted; with `multiline` matches are counted, not lines. In mode
   * `files` it is 1, because the first match ends the search of a file.
   */
  readonly count: number;
  /** In the order of the file; empty where they are not asked for. */
  readonly matches: readonly GrepMatch[];
  /** The search ended at the most matches of a file: there may be more. */
  readonly limited?: true;
  /** The place of the NUL byte at which the search of the file ended. */
  readonly binary?: number;
}

/** A line that matches, or with `multiline` the lines that a match covers. Lines and columns are 1-based. */
export interface GrepMatch extends GrepLine {
  /** Of the first submatch; counts characters (code points). */
  readonly column: number;
  /**
   * The first submatch's place in the file: bytes before it. Of a file in UTF-16, in its text as UTF-8; a byte order
   * mark doesn't count.
   */
  readonly offset: number;
  /** The parts of `text` that match: `text.slice(start, end)`. Those that are cut off are left out. */
  readonly submatches: readonly { readonly start: number; readonly end: number }[];
  /** The lines before that were asked for and are in no other match. */
  readonly before: readonly GrepLine[];
  /** The lines after, likewise. */
  readonly after: readonly GrepLine[];
}

export interface GrepLine {
  readonly line: number;
  /** Without the line's end. Bytes that are no UTF-8 are shown as U+FFFD. */
  readonly text: string;
  /** How many bytes of a long line are left out before and after the text. */
  readonly cut?: { readonly before: number; readonly after: number };
}

/**
 * Searches the files below `root`, or one file, for lines that one of the patterns matches: regular expressions of Rust's
 * crate `regex`, as ripgrep takes them. Runs while the caller waits, for small folders in less than a millisecond.
 * @throws EngineError `ERR_SEARCH_INVALID_PATTERN`, `ERR_SEARCH_INVALID_GLOB`, `ERR_SEARCH_UNKNOWN_TYPE`,
 * `ERR_SEARCH_INVALID_ROOT`
 */
export function grep(
  patterns: string | readonly string[],
  root: string,
  options: GrepOptions = {},
): GrepReport {
  const native = addon();
  const all = typeof patterns === "string" ? [patterns] : patterns;
  const report = crossing(() => native.searchFiles(...crossed(root, { ...options, patterns: all })));
  return JSON.parse(report) as GrepReport;
}
