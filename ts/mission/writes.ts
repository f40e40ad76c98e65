/** Which files a tool call would change, as far as its arguments show. */
import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import * as z from "zod";
import { shellEffects } from "../engine/index.ts";
import { EDIT_TOOLS, EditInput, filesOfEdit } from "../host/edit-tools.ts";
import { projectPath } from "./changes.ts";

/** What a call would do. Paths are relative to the project, with `/`; those outside it are the host's to guard. */
export interface Writes {
  readonly files: readonly string[];
  /** Commands in it that throw away or move work that is not the caller's. */
  readonly destructive: readonly string[];
}

const NOTHING: Writes = { files: [], destructive: [] };

const Command = z.object({ command: z.string(), workdir: z.string().optional(), cwd: z.string().optional() });

type Reader = (directory: string, parameters: unknown) => Writes;

/** What each tool that can change files takes, by the tool's name. */
const READERS: Readonly<Record<string, Reader>> = {
  ...Object.fromEntries(EDIT_TOOLS.map((tool) => [tool, edit])),
  bash,
  background: bash,
};

/** What a call of `tool` with `parameters` would change in the project at `directory`. */
export function writesOf(directory: string, tool: string, parameters: unknown): Writes {
  const read = Object.hasOwn(READERS, tool) ? READERS[tool] : undefined;
  return read === undefined ? NOTHING : read(directory, parameters);
}

function edit(directory: string, parameters: unknown): Writes {
  const given = EditInput.safeParse(parameters);
  return given.success
    ? { files: within(directory, directory, filesOfEdit(given.data)), destructive: [] }
    : NOTHING;
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
  const named = paths.map((path) => {
    const written = real(resolve(from, path));
    // The project itself, or what it is in: that is all of it.
    return projectPath(written, root) !== undefined || written === root ? "." : projectPath(root, written);
  });
  return [...new Set(named)].filter((path) => path !== undefined);
}

/** `path` with the links in it followed, as far as it exists: a link in the scope may lead out of it. */
function real(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  const parent = dirname(path);
  return parent === path ? path : join(real(parent), basename(path));
}
