/** One configuration file of OpenCode: what it says of our plugin, and what is to be done to it. */
import { createTwoFilesPatch } from "diff";
import { CliError, ExitCode } from "../exit.ts";
import type { Kind, System } from "./config-files.ts";
import {
  adding,
  applied,
  ConfigTextError,
  pluginEntries,
  removing,
  renaming,
  type TextEdit,
  undone,
} from "./config-text.ts";
import { type OwnSpec, ownSpec } from "./entry.ts";
import type { Installed } from "./record.ts";
import { type FileState, readState } from "./replace-file.ts";

/** An entry of ours in a file. */
export interface OwnEntry {
  readonly spec: string;
  readonly options: unknown;
  readonly index: number;
  readonly own: OwnSpec;
}

/** A file as it was read, and what it says. */
export interface Configuration {
  readonly kind: Kind;
  readonly state: FileState;
  readonly text: string;
  readonly exists: boolean;
  /** Whether it has a list of plugins. */
  readonly lists: boolean;
  readonly ours: readonly OwnEntry[];
}

/** Reads a file. @throws CliError with line and column where it is malformed: it is left as it is. */
export function readConfiguration(kind: Kind, file: string, system: System): Configuration {
  const state = readState(file);
  const text = state.bytes?.toString("utf8") ?? "";
  if (state.bytes !== undefined && !Buffer.from(text, "utf8").equals(state.bytes))
    throw new CliError(ExitCode.Failed, `${file} is left as it is: it is no UTF-8`);
  const entries = positioned(file, () => pluginEntries(text));
  const ours = (entries ?? []).flatMap(({ spec, options, index }) => {
    const own = spec === undefined ? undefined : ownSpec(spec, state.target, system);
    return own === undefined || spec === undefined ? [] : [{ spec, options, index, own }];
  });
  return { kind, state, text, exists: state.bytes !== undefined, lists: entries !== undefined, ours };
}

/**
 * Those of a global folder's files whose list of plugins a later one's replaces: what they name is not loaded. `files` are
 * in the order in which OpenCode reads them.
 */
export function overruled(files: readonly Configuration[]): readonly Configuration[] {
  return files.filter(({ lists }) => lists).slice(0, -1);
}

/** A new text of a file, and the edits that lead to it. */
export interface Change {
  readonly text: string;
  readonly edits: readonly TextEdit[];
}

/** A file that is made says what it is: else OpenCode writes that into it at its next start. */
const SCHEMAS: Readonly<Record<Kind, string>> = {
  opencode: "https://opencode.ai/config.json",
  tui: "https://opencode.ai/tui.json",
};

/** What makes a file name `spec`. @throws CliError where it is malformed. */
export function withEntry({ kind, state, text, exists }: Configuration, spec: string): Change {
  if (!exists) {
    const made = `${JSON.stringify({ $schema: SCHEMAS[kind], plugin: [spec] }, null, 2)}\n`;
    return { text: made, edits: [{ offset: 0, removed: "", inserted: made }] };
  }
  return changed(
    text,
    positioned(state.path, () => adding(text, spec)),
  );
}

/** What makes an entry of ours name `spec`. @throws CliError where it is malformed. */
export function withSpec({ state, text }: Configuration, entry: OwnEntry, spec: string): Change {
  return changed(
    text,
    positioned(state.path, () => renaming(text, entry.index, spec)),
  );
}

/**
 * What a file is without us; `undefined` where it was made by us and has nothing else in it. With a record, byte for byte
 * what it was before, and with it what others have changed since; without one, without our entries.
 */
export function withoutUs(
  { state, text }: Configuration,
  record: Installed | undefined,
  system: System,
): string | undefined {
  const back = record === undefined ? undefined : undone(record.after, text, record.edits);
  if (record?.made === true && back === "") return undefined;
  let left = back ?? text;
  for (;;) {
    const entry = (positioned(state.path, () => pluginEntries(left)) ?? []).find(
      ({ spec }) => spec !== undefined && ownSpec(spec, state.target, system) !== undefined,
    );
    if (entry === undefined) return left;
    const without = applied(left, removing(left, entry.index));
    if (without === left) throw new Error(`the entry of ${state.path} could not be taken out`);
    left = without;
  }
}

/** A unified diff, as `diff -u` shows it. */
export function unifiedDiff({ state, text, exists }: Configuration, after: string | undefined): string {
  const from = exists ? state.path : "/dev/null";
  const to = after === undefined ? "/dev/null" : state.path;
  return createTwoFilesPatch(from, to, text, after ?? "").replace(/^=+\n/, "");
}

function changed(text: string, edits: readonly TextEdit[]): Change {
  return { text: applied(text, edits), edits };
}

function positioned<T>(file: string, of: () => T): T {
  try {
    return of();
  } catch (error) {
    if (!(error instanceof ConfigTextError)) throw error;
    const place = `${file}:${error.line}:${error.column}`;
    throw new CliError(ExitCode.Failed, `${place}: ${error.message}; mend the file, it is left as it is`, {
      cause: error,
    });
  }
}
