/** `ast_replace`: rewrites code by its syntax tree, within the task's files and the user's permissions. */
import { realpathSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import * as z from "zod";
import {
  type AstChange,
  type AstReplaceOptions,
  type AstReplaceReport,
  astReplaceJob,
  type JobOptions,
} from "../../engine/index.ts";
import type { ToolCall, ToolDefinition } from "../../host/contribution.ts";
import { MissionError } from "../error.ts";
import type { Orchestrator } from "../orchestrator.ts";
import { guarded, only } from "./guard.ts";
import { folderOf } from "./within-project.ts";

/** What a model reads of all diffs together, in characters; the files are named in any case. */
const MOST_DIFF = 20_000;

const parameters = {
  pattern: z.string().optional().describe("As in ast_search"),
  rule: z.string().optional(),
  rewrite: z.string().optional().describe("With the pattern's $NAMEs"),
  lang: z.string().optional(),
  path: z.string().optional(),
  dry_run: z.boolean().optional(),
};

export function astReplaceTool(orchestrator: Orchestrator): ToolDefinition<typeof parameters> {
  return guarded({
    name: "ast_replace",
    description: "Rewrite every match; shows the diff.",
    parameters,
    async execute({ pattern, rule, rewrite, lang, path, dry_run: dryRun = false }, call) {
      only(["worker"], "ast_replace", call);
      const root = folderOf(orchestrator.directory, path);
      const query = { pattern, rule, language: lang };
      const replace = (options: AstReplaceOptions & JobOptions) =>
        astReplaceJob(query, rewrite ?? null, root, { ...options, maxDiffBytes: MOST_DIFF * 10 });
      const planned = await replace({ dryRun: true, signal: call.signal });
      if (planned.truncated !== null) throw tooMuch(planned);
      if (dryRun) return { title: title("would change", planned.changes), output: told(planned, []) };
      const { allowed, kept } = await permitted(orchestrator, root, planned.changes, call);
      if (allowed.length === 0)
        return { title: title("changed", []), output: told({ ...planned, changes: [] }, kept) };
      const expect = Object.fromEntries(allowed.map(({ path, hash }) => [path, hash]));
      // Not cancelled: what is written is told to the mission.
      const done = await replace({ expect });
      const paths = done.changes
        .filter(({ written }) => written)
        .map((change) => projectName(orchestrator.directory, root, change));
      orchestrator.hear({ type: "files_written", session: call.session, paths });
      const refused = done.refused.filter(({ reason }) => reason !== "unexpected");
      return { title: title("changed", done.changes), output: told({ ...done, refused }, kept) };
    },
  });
}

/** Asks for each file as OpenCode's own edit does: first the guards of the task, then the user's rules. */
async function permitted(
  orchestrator: Orchestrator,
  root: string,
  changes: readonly AstChange[],
  call: ToolCall,
): Promise<{ readonly allowed: readonly AstChange[]; readonly kept: readonly string[] }> {
  const allowed: AstChange[] = [];
  const kept: string[] = [];
  for (const change of changes) {
    const path = projectName(orchestrator.directory, root, change);
    const filePath = join(orchestrator.directory, path);
    try {
      await orchestrator.guard({ session: call.session, tool: "edit", parameters: { filePath } });
    } catch (error) {
      if (!(error instanceof MissionError)) throw error;
      kept.push(`${path}: ${error.message}`);
      continue;
    }
    // A refusal ends the call, as it ends an edit: the files before it are not written either.
    await call.ask({
      permission: "edit",
      patterns: [path],
      detail: { filepath: filePath, diff: change.diff },
    });
    allowed.push(change);
  }
  return { allowed, kept };
}

/** The engine names files relative to the folder where it looked, or to that of the one file. */
function projectName(directory: string, root: string, { path }: AstChange): string {
  const folder = statSync(root).isFile() ? dirname(root) : root;
  return relative(realpathSync(directory), join(folder, path)).replaceAll("\\", "/");
}

function tooMuch({ changes, truncated }: AstReplaceReport): MissionError {
  const why =
    truncated === "time"
      ? "looking for matches took too long"
      : `more than ${changes.length} files would change`;
  return new MissionError("ERR_ARGUMENTS", `${why}, so nothing was written: name a narrower path`);
}

function title(verb: string, changes: readonly AstChange[]): string {
  return `${verb} ${changes.length} file${changes.length === 1 ? "" : "s"}`;
}

function syntax(newErrors: number | null): string {
  if (newErrors === null) return ", its syntax not checked";
  return newErrors > 0 ? `, and has ${newErrors} syntax errors that it had not` : "";
}

function told({ changes, refused, counts, warning }: AstReplaceReport, kept: readonly string[]): string {
  const parts: string[] = [];
  let room = MOST_DIFF;
  for (const { path, replacements, diff, newSyntaxErrors } of changes) {
    const places = `${path}: ${replacements} replaced${syntax(newSyntaxErrors)}`;
    const shown = diff !== null && diff.length <= room;
    if (shown) room -= diff.length;
    parts.push(shown ? `${places}\n${diff}` : places);
  }
  const left = [...kept, ...refused.map(({ path, message }) => `${path}: ${message}`)];
  if (left.length > 0) parts.push(`Left as they are:\n${left.join("\n")}`);
  if (parts.length === 0)
    return `No match in ${counts.files} files; nothing changed.${warning === null ? "" : ` ${warning}.`}`;
  return parts.join("\n");
}
