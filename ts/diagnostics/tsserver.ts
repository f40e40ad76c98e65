/**
 * The way to TypeScript's diagnostics through typescript-language-server. It publishes by itself only, in parts and not
 * at all where nothing changed, but hands requests on to tsserver, whose `…DiagnosticsSync` answer once and in full.
 */
import type * as lsp from "vscode-languageserver-protocol";
import * as z from "zod";

/** The command that hands a request on; a server that offers it is typescript-language-server. */
export const TSSERVER_COMMAND = "typescript.tsserverRequest";

/** What `workspace/executeCommand` answers: tsserver's own response. */
export type TsserverAnswer = unknown;

const Position = z.object({ line: z.int().positive(), offset: z.int().positive() });
const Answer = z.object({
  body: z.array(
    z.object({
      start: Position,
      end: Position,
      text: z.string(),
      code: z.int().optional(),
      category: z.string(),
    }),
  ),
});

const SEVERITIES: Readonly<Record<string, lsp.DiagnosticSeverity>> = {
  error: 1,
  warning: 2,
  message: 3,
  suggestion: 4,
};

/** The parameters of `workspace/executeCommand` that ask tsserver about one file. */
export function semanticRequest(
  command: "syntacticDiagnosticsSync" | "semanticDiagnosticsSync",
  path: string,
): lsp.ExecuteCommandParams {
  return { command: TSSERVER_COMMAND, arguments: [command, { file: path }] };
}

/** tsserver's answer in the protocol's form; `undefined` where it is none. */
export function tsserverDiagnostics(answer: TsserverAnswer): readonly lsp.Diagnostic[] | undefined {
  const parsed = Answer.safeParse(answer);
  if (!parsed.success) return undefined;
  return parsed.data.body.map(({ start, end, text, code, category }) => ({
    range: { start: position(start), end: position(end) },
    severity: SEVERITIES[category] ?? 1,
    message: text,
    ...(code === undefined ? {} : { code }),
  }));
}

/** tsserver counts lines and UTF-16 units from 1. */
function position({ line, offset }: z.infer<typeof Position>): lsp.Position {
  return { line: line - 1, character: offset - 1 };
}
