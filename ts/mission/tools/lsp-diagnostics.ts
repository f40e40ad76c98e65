/** `lsp_diagnostics`: what language servers find in files of the project. */
import * as z from "zod";
import type { CheckedFile, FileDiagnostics } from "../../engine/index.ts";
import type { ToolDefinition } from "../../host/contribution.ts";
import { projectPath } from "../changes.ts";
import { committed } from "../git.ts";
import { listed } from "../new-errors.ts";
import type { Orchestrator } from "../orchestrator.ts";
import { guarded, only } from "./guard.ts";

/** Most findings that are listed: a model reads the first ones, mends them and asks again. */
const MOST_LISTED = 100;

const parameters = { files: z.array(z.string()).min(1).max(200) };

export function lspDiagnostics(orchestrator: Orchestrator): ToolDefinition<typeof parameters> {
  return guarded({
    name: "lsp_diagnostics",
    description: "Ask language servers (types, imports) about files. They see what is on disk.",
    parameters,
    async execute({ files }, call) {
      only(["worker", "reviewer"], "lsp_diagnostics", call);
      const { place, diagnostics } = orchestrator.diagnosticsFor(call.session);
      const asked: CheckedFile[] = [];
      for (const path of new Set(files)) {
        const known = projectPath(place.directory, path);
        const before = known === undefined ? undefined : await committed(place, known);
        asked.push({ path: known ?? path, before: before?.toString("utf8") });
      }
      const reports = await diagnostics.check(asked, { signal: call.signal });
      const unchecked = reports.filter(({ status }) => status === "not_checked").length;
      const title = `${reports.length - unchecked} checked${unchecked === 0 ? "" : `, ${unchecked} not`}`;
      return { title, output: reportText(reports) };
    },
  });
}

function reportText(reports: readonly FileDiagnostics[]): string {
  const lines = reports.flatMap((report) => {
    if (report.status === "not_checked") return [`${report.path}: not checked: ${report.reason}`];
    const shown = report.diagnostics.filter(({ severity }) => severity === "error" || severity === "warning");
    if (shown.length === 0) return [`${report.path}: ok (${report.server})`];
    return shown.map((one) => `${listed(report.path, one)}${one.introduced ? "" : " (was there before)"}`);
  });
  const left = lines.length - MOST_LISTED;
  return [...lines.slice(0, MOST_LISTED), ...(left > 0 ? [`… and ${left} lines more`] : [])].join("\n");
}
