import { addon } from "./addon.ts";
import { crossing } from "./crossing.ts";
import { inPlace } from "./graph.ts";
import { Job, type JobOptions } from "./job.ts";

export type SyntaxLanguage =
  | "typescript"
  | "tsx"
  | "javascript"
  | "json"
  | "jsonc"
  | "python"
  | "rust"
  | "go"
  | "java"
  | "c"
  | "cpp"
  | "csharp"
  | "ruby"
  | "php"
  | "kotlin"
  | "swift"
  | "bash"
  | "html"
  | "css"
  | "yaml";

/** One place that doesn't parse. Lines and columns are 1-based; columns count characters (code points). */
export interface SyntaxError {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  /** `error`: something is there that doesn't belong. `missing`: something is lacking. */
  readonly kind: "error" | "missing";
  readonly message: string;
  /** The line, or the part of it around the error; at most 120 characters. */
  readonly excerpt: string;
}

export interface SyntaxReport {
  readonly language: SyntaxLanguage;
  readonly errors: readonly SyntaxError[];
  /** There are more errors than were asked for. */
  readonly truncated: boolean;
}

export interface SyntaxOptions {
  /** The file before the change: only errors that the change brought in are reported. */
  readonly before?: string | Uint8Array | undefined;
  /** @default 50 */
  readonly maxErrors?: number | undefined;
  /** @default 4194304 */
  readonly maxBytes?: number | undefined;
  /** @default 2000 */
  readonly timeLimitMs?: number | undefined;
}

/**
 * Parses `source` in the language of the path's name, without opening the file. Null when the language is not
 * one of ours, which says nothing about the file.
 * @throws EngineError `ERR_SYNTAX_NOT_TEXT`, `ERR_SYNTAX_TOO_LARGE`, `ERR_SYNTAX_TIMED_OUT`
 */
export function checkSyntax(
  path: string,
  source: string | Uint8Array,
  options: SyntaxOptions = {},
): SyntaxReport | null {
  const { before, ...limits } = options;
  const native = addon();
  const report = crossing(() =>
    before === undefined
      ? native.checkSyntax(path, bytes(source), JSON.stringify(limits))
      : native.checkChange(path, bytes(before), bytes(source), JSON.stringify(limits)),
  );
  return report === null ? null : (JSON.parse(report) as SyntaxReport);
}

/**
 * As {@link checkSyntax}, on another thread: for whole files, whose parsing takes milliseconds. The bytes are copied
 * at once, and may be changed afterwards.
 */
export function checkSyntaxJob(
  path: string,
  source: string | Uint8Array,
  { before, signal, timeoutMs, maxResultBytes, ...limits }: SyntaxOptions & JobOptions = {},
): Job<SyntaxReport | null> {
  return Job.start(
    { signal, timeoutMs, maxResultBytes },
    (native, limitsJson) =>
      native.checkSyntax(
        path,
        bytes(source),
        before === undefined ? undefined : bytes(before),
        JSON.stringify(limits),
        limitsJson,
      ),
    (report) => report as SyntaxReport | null,
  );
}

function bytes(text: string | Uint8Array): Uint8Array {
  return inPlace(typeof text === "string" ? Buffer.from(text, "utf8") : text);
}
