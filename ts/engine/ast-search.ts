import { addon } from "./addon.ts";
import { crossing } from "./crossing.ts";
import { crossed, type FileOptions, type SearchReport } from "./files.ts";
import type { SyntaxLanguage } from "./syntax.ts";

/** A pattern of ast-grep, or a rule; one of the two. */
export interface AstQuery {
  /** Code with `$NAME` for one node and `$$$NAME` for any number of them: `console.log($$$ARGS)`. */
  readonly pattern?: string | undefined;
  /** YAML: a rule file of ast-grep (`rule`, `constraints`, `utils`, `transform`, `fix`, `language`), or the rule alone. */
  readonly rule?: string | undefined;
  /** A name of the language: `typescript`, `ts`, `py`. Not needed where a rule names it, or where one file is looked at. */
  readonly language?: string | undefined;
  /**
   * How exactly the code has to be like the pattern. `cst`: every node. `smart`: every node of the pattern, and the code
   * may have punctuation besides. `ast`: named nodes. `relaxed`: the same without comments. `signature`: only the kinds
   * of nodes, without texts. @default "smart"
   */
  readonly strictness?: "cst" | "smart" | "ast" | "relaxed" | "signature" | undefined;
}

export interface AstSearchOptions extends FileOptions {
  /** Most matches. @default 1000 */
  readonly maxResults?: number | undefined;
  /** About how long the texts of all matches together may be, in bytes. @default 8388608 */
  readonly maxBytes?: number | undefined;
  /** The longest text told of a match or a capture, in bytes. @default 2000 */
  readonly maxTextBytes?: number | undefined;
  /** Larger files are left out, and counted. @default 4194304 */
  readonly maxFileBytes?: number | undefined;
  /** @default 30000 */
  readonly timeLimitMs?: number | undefined;
}

export interface AstSearchReport extends SearchReport {
  /** As what the files were read. */
  readonly language: SyntaxLanguage;
  /** The files that have matches, by path. */
  readonly files: readonly AstFile[];
  /** Why the pattern may find less than it should: it doesn't parse on its own. Says where. */
  readonly warning: string | null;
}

export interface AstFile {
  /** Relative to the root, with `/`. */
  readonly path: string;
  /** In the order of the text. A match may lie in another. */
  readonly matches: readonly AstMatch[];
}

/** A node that matches. Lines and columns are 1-based; columns count characters (code points). */
export interface AstMatch {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  /** After the last character. */
  readonly endColumn: number;
  /** Bytes before it in the file. */
  readonly offset: number;
  /** Bytes before its end. */
  readonly endOffset: number;
  readonly text: string;
  /** The text is cut. */
  readonly cut: boolean;
  /** What the names of the pattern stand for: the text of `$NAME`, those of the nodes of `$$$NAME`. */
  readonly captures: Readonly<Record<string, string | readonly string[]>>;
}

/**
 * Searches the files of one language below `root`, or one file, for code by its syntax tree. Runs while the caller waits.
 *
 * ```ts
 * astSearch({ pattern: "console.log($$$ARGS)", language: "ts" }, "src");
 * ```
 * @throws EngineError `ERR_SEARCH_INVALID_PATTERN`, `ERR_SEARCH_INVALID_RULE`, `ERR_SEARCH_UNKNOWN_LANGUAGE`,
 * `ERR_SEARCH_INVALID_GLOB`, `ERR_SEARCH_UNKNOWN_TYPE`, `ERR_SEARCH_INVALID_ROOT`
 */
export function astSearch(query: AstQuery, root: string, options: AstSearchOptions = {}): AstSearchReport {
  const native = addon();
  const report = crossing(() => native.searchTrees(...crossed(root, { ...options, query })));
  return JSON.parse(report) as AstSearchReport;
}
