/** What a language server finds in a file, in the form in which people and models read it. */
import type * as lsp from "vscode-languageserver-protocol";

/** One finding. Lines and columns are 1-based; columns count characters (code points). */
export interface Diagnostic {
  readonly line: number;
  readonly column: number;
  readonly severity: "error" | "warning" | "information" | "hint";
  readonly message: string;
  readonly code?: string;
  /** The line it is on, trimmed; at most 120 characters. */
  readonly excerpt: string;
  /** The file did not have it before the change. True of all where nothing was given to compare with. */
  readonly introduced: boolean;
}

const EXCERPT_CHARS = 120;
const SEVERITIES = ["error", "warning", "information", "hint"] as const;

type Found = Omit<Diagnostic, "introduced">;

/** A server's findings in `text`, in the order of the lines; those that `before` has as well are not `introduced`. */
export function diagnosticsOf(
  text: string,
  found: readonly lsp.Diagnostic[],
  before?: { readonly text: string; readonly found: readonly lsp.Diagnostic[] },
): readonly Diagnostic[] {
  const known = new Map<string, number>();
  for (const one of converted(before?.text ?? "", before?.found ?? []))
    known.set(identity(one), (known.get(identity(one)) ?? 0) + 1);
  return converted(text, found).map((one) => {
    const left = known.get(identity(one)) ?? 0;
    if (left > 0) known.set(identity(one), left - 1);
    return { ...one, introduced: left === 0 };
  });
}

/** Two findings are one when they say the same of the same text, wherever that has moved to. */
function identity({ severity, code, message, excerpt }: Found): string {
  return JSON.stringify([severity, code, message, excerpt]);
}

function converted(text: string, found: readonly lsp.Diagnostic[]): readonly Found[] {
  const lines = text.split(/\r\n|\n|\r/);
  return found
    .map(({ range, severity, code, message }) => {
      const line = lines[range.start.line] ?? "";
      return {
        line: range.start.line + 1,
        // A position is in UTF-16 units; one beyond the end of a line means its end.
        column: [...line.slice(0, range.start.character)].length + 1,
        // What a finding without severity is, is the client's to say: an error.
        severity: SEVERITIES[(severity ?? 1) - 1] ?? "error",
        message: typeof message === "string" ? message : message.value,
        ...(code === undefined ? {} : { code: String(code) }),
        excerpt: [...line.trim()].slice(0, EXCERPT_CHARS).join(""),
      };
    })
    .sort((a, b) => a.line - b.line || a.column - b.column);
}
