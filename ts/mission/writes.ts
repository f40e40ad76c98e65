/** Which files a tool call would change, as far as its arguments show. */
import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import * as z from "zod";
import { shellEffects } from "../engine/index.ts";
import { projectPath } from "./changes.ts";

/** What a call would do. Paths are relative to the project, with `/`; those outside it are the host's to guard. */
export interface Writes {
  readonly files: readonly string[];
  /** Commands in it that throw away or move work that is not the caller's. */
  readonly destructive: readonly string[];
}

const NOTHING: Writes = { files: [], destructive: [] };

/** The lines of a patch that name its files. */
const PATCHED = /^\*\*\* (?:(?:Add|Update|Delete) File|Move to): (.+)$/gm;

const File = z.object({ filePath: z.string() });
const Patch = z.object({ patchText: z.string() });
const Command = z.object({ command: z.string(), workdir: z.string().optional(), cwd: z.string().optional() });

type Reader = (directory: string, parameters: unknown) => Writes;

/** What each tool that can change files takes, by the tool's name. */
const READERS: Readonly<Record<string, Reader>> = {
  edit: file,
  write: file,
  multiedit: file,
  patch,
  apply_patch: patch,
  bash,
  background: bash,
};

/** The names of the host's tools that do nothing but change files. */
export const EDIT_TOOLS: ReadonlySet<string> = new Set([
  "edit",
  "write",
  "multiedit",
  "patch",
  "apply_patch",
]);

/** What a call of `tool` with `parameters` would change in the project at `directory`. */
export function writesOf(directory: string, tool: string, parameters: unknown): Writes {
  const read = Object.hasOwn(READERS, tool) ? READERS[tool] : undefined;
  return read === undefined ? NOTHING : read(directory, parameters);
}

function file(directory: string, parameters: unknown): Writes {
  const given = File.safeParse(parameters);
  return given.success
    ? { files: within(directory, directory, [given.data.filePath]), destructive: [] }
    : NOTHING;
}

function patch(directory: string, parameters: unknown): Writes {
  const given = Patch.safeParse(parameters);
  if (!given.success) return NOTHING;
  const named = [...given.data.patchText.matchAll(PATCHED)].map(([, path = ""]) => path.trim());
  return { files: within(directory, directory, named), destructive: [] };
}

function bash(directory: string, parameters: unknown): Writes {
  const given = Command.safeParse(parameters);
  if (!given.success) return NOTHING;
  const { command, workdir, cwd } = given.data;
  const { writes, destructive } = shellEffects(command);
  return { files: within(directory, resolve(directory, workdir ?? cwd ?? "."), writes), destructive };
}

function within(directory: string, from: string, paths: readonly string[]): readonly string[] {
  const root = real(directory);
  return [...new Set(paths.map((path) => projectPath(root, real(resolve(from, path)))))].filter(
    (path) => path !== undefined,
  );
}

/** `path` with the links in it followed, as far as it exists: a link in the scope may lead out of it. */
function real(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  const parent = dirname(path);
  return parent === path ? path : join(real(parent), basename(path));
}
