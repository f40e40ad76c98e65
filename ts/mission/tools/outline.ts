/** `outline`: what files declare, so that a model reads only the part that it needs. */
import { readFile } from "node:fs/promises";
import * as z from "zod";
import { EngineError, type Outline, outlineJob } from "../../engine/index.ts";
import type { ToolCall, ToolDefinition } from "../../host/contribution.ts";
import { MissionError } from "../error.ts";
import type { Orchestrator } from "../orchestrator.ts";
import { guarded, only } from "./guard.ts";
import { folderOf } from "./within-project.ts";

/** Of one call; more would not be read. */
const MOST_FILES = 20;
const MOST_SYMBOLS = 300;

const parameters = { files: z.array(z.string()) };

export function outlineTool(orchestrator: Orchestrator): ToolDefinition<typeof parameters> {
  return guarded({
    name: "outline",
    description: "List what files declare, with line ranges; read only what you need.",
    parameters,
    async execute({ files }, call) {
      only(["planner", "worker", "reviewer"], "outline", call);
      const parts: string[] = [];
      for (const file of files.slice(0, MOST_FILES)) {
        parts.push(`${file}${await outlined(orchestrator.directory, file, call)}`);
      }
      if (files.length > MOST_FILES) parts.push(`(${files.length - MOST_FILES} more files were left out.)`);
      return { title: `${files.length} file${files.length === 1 ? "" : "s"}`, output: parts.join("\n\n") };
    },
  });
}

/** What fails for one file says nothing of the others. */
async function outlined(directory: string, file: string, call: ToolCall): Promise<string> {
  try {
    const path = folderOf(directory, file);
    await call.ask({ permission: "read", patterns: [file], detail: { filePath: path } });
    const found = await outlineJob(path, await readFile(path), { signal: call.signal });
    return found === null ? ": no language that can be outlined; read it" : drawn(found);
  } catch (error) {
    if (error instanceof MissionError || EngineError.is(error) || isOfSystem(error))
      return `: ${error.message}`;
    throw error;
  }
}

function isOfSystem(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error;
}

function drawn({ lines, symbols, truncated, hasErrors }: Outline): string {
  const shown = symbols.slice(0, MOST_SYMBOLS).map(({ line, endLine, depth, exported, kind, name }) => {
    const place = line === endLine ? `${line}` : `${line}-${endLine}`;
    return `  ${"  ".repeat(depth)}${place} ${exported ? "export " : ""}${kind} ${name}`;
  });
  if (truncated || symbols.length > MOST_SYMBOLS) shown.push("  (there is more)");
  if (hasErrors) shown.push("  (the file has syntax errors: something may be lacking)");
  return ` (${lines} lines)\n${shown.join("\n") || "  nothing"}`;
}
