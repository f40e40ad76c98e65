import { addon } from "./addon.ts";
import type { AstQuery } from "./ast-search.ts";
import { crossing } from "./crossing.ts";
import { crossed, type FileOptions, type SearchReport } from "./files.ts";
import type { SyntaxLanguage } from "./syntax.ts";

export interface AstReplaceOptions extends FileOptions {
  /** Nothing is written. @default false */
  readonly dryRun?: boolean | undefined;
  /** Only files that one of these globs matches are written, relative to the root; the others are named. */
  readonly scope?: readonly string[] | undefined;
  /** Only these files are written, by path, and only if they still have the hash that an earlier report told. */
  readonly expect?: Readonly<Record<string, string>> | undefined;
  /** Most files that are changed. If there are more, none is. @default 500 */
  readonly maxFiles?: number | undefined;
  /** About how long all diffs together may be, in bytes: later ones are left out, their changes are made. @default 1048576 */
  readonly maxDiffBytes?: number | undefined;
  /** Larger files are left out, and counted. @default 4194304 */
  readonly maxFileBytes?: number | undefined;
  /** Of looking for matches; if it takes longer, nothing is written. @default 30000 */
  readonly timeLimitMs?: number | undefined;
}

/** `truncated` says why nothing was written: `results` where there are more files than may be changed, or `time`. */
export interface AstReplaceReport extends SearchReport {
  /** As what the files were read. */
  readonly language: SyntaxLanguage;
  /** The files that changed, or would, by path. */
  readonly changes: readonly AstChange[];
  /** The files that match and were left as they are, by path. */
  readonly refused: readonly AstRefused[];
  /** Why the pattern may find less than it should: it doesn't parse on its own. Says where. */
  readonly warning: string | null;
}

export interface AstChange {
  /** Relative to the root, with `/`. */
  readonly path: string;
  readonly replacements: number;
  /** Unified, with the names that git gives; null where the diffs before it have taken all the room. */
  readonly diff: string | null;
  readonly written: boolean;
  /** Of the file as it was read: BLAKE3, in hexadecimal. */
  readonly hash: string;
  /** How many syntax errors the change brings in, 50 at most; null where that could not be checked in time. */
  readonly newSyntaxErrors: number | null;
}

export interface AstRefused {
  readonly path: string;
  /**
   * `changed`: since it was read, or since the change was shown. `unexpected`: nothing is said of it in `expect`.
   * `denied`: not for this user to write. `io`: any other error of the system.
   */
  readonly reason: "out_of_scope" | "changed" | "unexpected" | "denied" | "io";
  readonly message: string;
}

/**
 * Rewrites all matches below `root`, or in one file, that are in no other match. A file is written whole or not at all,
 * keeps its mode and line ends, and is left where it changed meanwhile; a failure of one says nothing of the others.
 *
 * ```ts
 * astReplace({ pattern: "var $A = $B", language: "ts" }, "let $A = $B", "src", { dryRun: true });
 * ```
 * @param rewrite What takes the place of a match, with the names of the pattern; null where the rule brings its `fix`.
 * @throws EngineError those of `astSearch`
 */
export function astReplace(
  query: AstQuery,
  rewrite: string | null,
  root: string,
  options: AstReplaceOptions = {},
): AstReplaceReport {
  const native = addon();
  const report = crossing(() => native.rewriteTrees(...crossed(root, { ...options, query, rewrite })));
  return JSON.parse(report) as AstReplaceReport;
}
