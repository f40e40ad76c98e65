/**
 * What a turn left behind, as fingerprints that can be compared: the engine finds by them that a task goes round in
 * circles. What can't be known is left out, and never taken for "the same": see docs/decisions/0022.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { stripVTControlCharacters } from "node:util";
import { filesOfTask, type Witnesses } from "./changes.ts";
import { changedFiles, type Place } from "./git.ts";

/** Characters of an error or a call that are kept as text; what is behind them counts by its hash. */
const KEPT_CHARS = 800;

/** A hash of files by name and content; a file that is not there counts as such. Names are relative to `directory`. */
export async function hashFiles(directory: string, names: readonly string[]): Promise<string> {
  const all = createHash("sha256");
  for (const [name, hash] of await hashesOf(directory, names)) all.update(`${name}\0${hash}\0`);
  return all.digest("hex");
}

/** The hash of each file by its name. */
export async function hashesOf(
  directory: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const hashes = new Map<string, string>();
  for (const name of names) hashes.set(name, await hashFile(join(directory, name)));
  return hashes;
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  return pipeline(createReadStream(path), hash).then(
    () => hash.digest("hex"),
    () => "absent",
  );
}

/**
 * All that a task has changed so far; `undefined` where nobody can tell: without git, a shell may have changed what no
 * witness saw. Where a task declares no files, every change of the folder counts, so that one too many is taken for new.
 */
export async function diffOf(place: Place, witnesses: Witnesses): Promise<string | undefined> {
  const changed = await changedFiles(place);
  if (changed === undefined) return undefined;
  const named = await filesOfTask(place, witnesses);
  const ofFolder =
    witnesses.scope.length === 0
      ? await filesOfTask(place, { written: changed, reported: [], scope: [] })
      : [];
  const names = [...new Set([...named, ...ofFolder])].sort();
  return `${place.directory} ${await hashFiles(place.directory, names)}`;
}

/** What differs from one run of the same failing command to the next, and what stands in its place. */
const VARYING: readonly (readonly [RegExp, string])[] = [
  [/\b0x[0-9a-f]+\b/gi, "#"],
  [/\b(?=[0-9a-f]*\d)[0-9a-f]{7,}\b/gi, "#"],
  [/\d+(?:[.:,]\d+)*/g, "#"],
  [/\s+/g, " "],
];

/** What shells answer where a command is not there, or can't be executed. */
const NOT_RUN = /^FAILED \$ .+ \(exit 12[67], /m;

/** A failing step of a verification without what differs each time: numbers, times, lines, addresses, temporary files. */
export function errorOf(report: string, directory: string): string {
  const temporary = new RegExp(`(?:${escaped(tmpdir())}|/tmp|/var/folders)/[^\\s'":),]+`, "g");
  const placed = stripVTControlCharacters(report)
    .replaceAll(directory, ".")
    .replace(temporary, "<temporary>");
  // Whatever was to be checked: that the tool is missing is the same error for all that need it.
  if (NOT_RUN.test(placed)) return shortened(`not run: ${constant(placed.trim().split("\n").at(-1) ?? "")}`);
  const command = /^FAILED \$ (.+) \(/m.exec(placed)?.[1];
  const text = constant(placed);
  // Commands that differ in a number alone are not one command: `test -s t1.txt`, `test -s t2.txt`.
  return shortened(command === undefined ? text : `${letters(command)} ${text}`);
}

const constant = (text: string): string =>
  VARYING.reduce((text, [pattern, by]) => text.replace(pattern, by), text).trim();

/** A tool call as text: the tool, then its arguments in the order of their names. */
export function callOf(tool: string, parameters: unknown): string {
  return shortened(`${tool} ${JSON.stringify(sorted(parameters)) ?? ""}`.trim());
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}

function shortened(text: string): string {
  return text.length <= KEPT_CHARS ? text : `${text.slice(0, KEPT_CHARS)}… ${letters(text)}`;
}

/** A hash in letters: the engine makes no difference between numbers. */
function letters(text: string): string {
  return [...createHash("sha256").update(text).digest().subarray(0, 12)]
    .map((byte) => String.fromCharCode(97 + (byte >> 4), 97 + (byte & 15)))
    .join("");
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
