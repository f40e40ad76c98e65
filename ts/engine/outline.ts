import { addon } from "./addon.ts";
import { crossing } from "./crossing.ts";
import { inPlace } from "./graph.ts";
import type { SyntaxLanguage } from "./syntax.ts";

export type SymbolKind =
  | "class"
  | "constant"
  | "constructor"
  | "enum"
  | "function"
  | "heading"
  | "id"
  | "implementation"
  | "interface"
  | "key"
  | "macro"
  | "method"
  | "module"
  | "selector"
  | "struct"
  | "type";

/** Something that a file declares. */
export interface OutlineSymbol {
  readonly kind: SymbolKind;
  /** For an implementation the type, and where there is one the trait. */
  readonly name: string;
  /** Its first line, 1-based; comments before it don't count. */
  readonly line: number;
  readonly endLine: number;
  /** In how many others it is. */
  readonly depth: number;
  /** Others may use it, as far as the file says so; false in languages that don't say. */
  readonly exported: boolean;
  /** Its first line of text, at most 120 characters. */
  readonly signature: string;
}

export interface Outline {
  readonly language: SyntaxLanguage;
  /** How many lines the file has. */
  readonly lines: number;
  /** In the order of the text; the first 2,000. */
  readonly symbols: readonly OutlineSymbol[];
  /** There are more symbols than these. */
  readonly truncated: boolean;
  /** The file has syntax errors: something may be lacking. */
  readonly hasErrors: boolean;
}

/**
 * Says what `source` declares, in the language of the path's name, without opening the file. Null when the language is
 * not one of ours.
 * @throws EngineError `ERR_SYNTAX_NOT_TEXT`, `ERR_SYNTAX_TOO_LARGE`, `ERR_SYNTAX_TIMED_OUT`
 */
export function outline(path: string, source: string | Uint8Array): Outline | null {
  const native = addon();
  const bytes = inPlace(typeof source === "string" ? Buffer.from(source, "utf8") : source);
  const found = crossing(() => native.outline(path, bytes));
  return found === null ? null : (JSON.parse(found) as Outline);
}
