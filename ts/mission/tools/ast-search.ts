/** `ast_search`: code by its syntax tree, in the lines of a grep. */
import * as z from "zod";
import { type AstSearchReport, astSearchJob } from "../../engine/index.ts";
import type { ToolDefinition } from "../../host/contribution.ts";
import type { Orchestrator } from "../orchestrator.ts";
import { guarded } from "./guard.ts";
import { folderOf } from "./within-project.ts";

/** What a model reads of one search: the most that OpenCode's own search tells. */
const MOST_MATCHES = 100;
const MOST_BYTES_OF_A_MATCH = 300;

const parameters = {
  pattern: z.string().optional().describe("Code; $A is a node, $$$A several"),
  rule: z.string().optional().describe("Or an ast-grep rule, YAML"),
  lang: z.string().optional(),
  path: z.string().optional().describe("File or folder"),
};

export function astSearchTool(orchestrator: Orchestrator): ToolDefinition<typeof parameters> {
  return guarded({
    name: "ast_search",
    description: "Find code by syntax, not text.",
    parameters,
    async execute({ pattern, rule, lang, path }, call) {
      const root = folderOf(orchestrator.directory, path);
      // It shows what the search for text would show, and asks as that does.
      await call.ask({
        permission: "grep",
        patterns: [pattern ?? rule ?? ""],
        detail: { pattern, rule, path },
      });
      const report = await astSearchJob({ pattern, rule, language: lang }, root, {
        maxResults: MOST_MATCHES,
        maxTextBytes: MOST_BYTES_OF_A_MATCH,
        signal: call.signal,
      });
      const count = report.files.reduce((sum, file) => sum + file.matches.length, 0);
      return { title: `${count} match${count === 1 ? "" : "es"}`, output: told(report, count) };
    },
  });
}

function told(report: AstSearchReport, count: number): string {
  if (count === 0)
    return `No match in ${report.counts.files} files of ${report.language}.${report.warning === null ? "" : ` ${report.warning}.`}${report.truncated === "time" ? " The time was over before all were searched." : ""}`;
  const files = report.files.map(({ path, matches }) => {
    const lines = matches.map(({ line, endLine, text, cut }) => {
      const place = line === endLine ? `Line ${line}` : `Lines ${line}-${endLine}`;
      return `  ${place}: ${text}${cut ? "…" : ""}`;
    });
    return [`${path}:`, ...lines].join("\n");
  });
  const cut = report.truncated === null ? "" : `\n\n(There is more: ask for a narrower pattern or path.)`;
  return `Found ${count} matches\n${files.join("\n\n")}${cut}`;
}
