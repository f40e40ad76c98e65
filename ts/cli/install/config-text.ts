/**
 * Edits to the text of an OpenCode configuration, which is JSON with comments: what is added and nothing else. The parser
 * is jsonc-parser's; its `modify` reformats around the edit and trips over trailing commas, so places are found here.
 */
import {
  createScanner,
  findNodeAtLocation,
  getNodeValue,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from "jsonc-parser";

/** At `offset`, in UTF-16 units of the text before all edits, `removed` gives way to `inserted`. */
export interface TextEdit {
  readonly offset: number;
  readonly removed: string;
  readonly inserted: string;
}

/** An element of the list `plugin`. */
export interface PluginEntry {
  /** What it names: a package, a path or a URL; `undefined` for what is no entry. */
  readonly spec: string | undefined;
  /** What it hands to the plugin; `undefined` for nothing. */
  readonly options: unknown;
  readonly index: number;
}

/** What is wrong with a configuration, and where; lines and columns count from 1. */
export class ConfigTextError extends Error {
  readonly line: number;
  readonly column: number;

  constructor(text: string, offset: number, problem: string) {
    const before = text.slice(0, offset).split("\n");
    super(problem);
    this.name = "ConfigTextError";
    this.line = before.length;
    this.column = (before.at(-1) ?? "").length + 1;
  }
}

const LIST = "plugin";
const BOM = "\uFEFF";

/** A parsed configuration. Offsets in it are those of the text without its byte order mark. */
interface Parsed {
  readonly text: string;
  readonly mark: number;
  /** `undefined` where there are only spaces. */
  readonly root: Node | undefined;
}

function parse(whole: string): Parsed {
  const text = whole.startsWith(BOM) ? whole.slice(BOM.length) : whole;
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true, allowEmptyContent: true });
  const [first] = errors;
  if (first !== undefined) throw new ConfigTextError(text, first.offset, printParseErrorCode(first.error));
  if (root === undefined && text.trim() !== "")
    throw new ConfigTextError(text, text.length, "there is no object, only comments");
  if (root !== undefined && root.type !== "object")
    throw new ConfigTextError(text, root.offset, "it has to be an object");
  return { text, mark: whole.length - text.length, root };
}

/** The list of plugins, or `undefined` where there is none. @throws ConfigTextError */
function listOf({ text, root }: Parsed): Node | undefined {
  // Of two keys of one name the last one counts, here as in any JSON.
  const property = (root?.children ?? []).findLast(({ children }) => children?.[0]?.value === LIST);
  const list = property?.children?.[1];
  if (list !== undefined && list.type !== "array")
    throw new ConfigTextError(text, list.offset, `"${LIST}" has to be a list`);
  return list;
}

/** The entries of the list `plugin`; `undefined` where there is no such list. @throws ConfigTextError */
export function pluginEntries(whole: string): readonly PluginEntry[] | undefined {
  return listOf(parse(whole))?.children?.map((node, index) => ({
    spec: specOf(node),
    options: optionsOf(node),
    index,
  }));
}

function specOf(node: Node): string | undefined {
  const named = node.type === "array" ? findNodeAtLocation(node, [0]) : node;
  const value: unknown = named === undefined ? undefined : getNodeValue(named);
  return typeof value === "string" ? value : undefined;
}

function optionsOf(node: Node): unknown {
  const given = node.type === "array" ? findNodeAtLocation(node, [1]) : undefined;
  return given === undefined ? undefined : getNodeValue(given);
}

/** The edits that put `spec` at the end of the list `plugin`, made where it is missing. @throws ConfigTextError */
export function adding(whole: string, spec: string): readonly TextEdit[] {
  const parsed = parse(whole);
  const { text, mark, root } = parsed;
  const eol = text.includes("\r\n") ? "\r\n" : "\n";
  const list = listOf(parsed);
  const entry = JSON.stringify(spec);
  const property = `"${LIST}": [${entry}]`;
  const edits =
    root === undefined
      ? [inserting(text.length, `{${eol}  ${property}${eol}}${eol}`)]
      : list === undefined
        ? appending(text, root, property, eol)
        : appending(text, list, entry, eol);
  return edits.map((edit) => ({ ...edit, offset: edit.offset + mark }));
}

/** The edit that has the entry at `index` name `spec`; its options stay. @throws ConfigTextError */
export function renaming(whole: string, index: number, spec: string): readonly TextEdit[] {
  const parsed = parse(whole);
  const node = listOf(parsed)?.children?.[index];
  const named = node?.type === "array" ? node.children?.[0] : node;
  if (named === undefined) return [];
  const removed = parsed.text.slice(named.offset, named.offset + named.length);
  return [{ offset: named.offset + parsed.mark, removed, inserted: JSON.stringify(spec) }];
}

/** The edits that take the entry at `index` out of the list `plugin`; comments stay. @throws ConfigTextError */
export function removing(whole: string, index: number): readonly TextEdit[] {
  const parsed = parse(whole);
  const nodes = listOf(parsed)?.children ?? [];
  const node = nodes[index];
  if (node === undefined) return [];
  const { text, mark } = parsed;
  const end = endOf(node);
  const previous = nodes[index - 1];
  const comma = commaAfter(text, end);
  if (previous !== undefined && comma === undefined) {
    // The last of several, without a comma behind it: the one before it goes.
    const before = commaAfter(text, endOf(previous));
    const spaces = startOfSpaces(text, node.offset, end);
    return [
      ...(before === undefined ? [] : [cutting(text, mark, before, before + 1)]),
      cutting(text, mark, Math.max(spaces, (before ?? 0) + 1), end),
    ];
  }
  const plain = comma !== undefined && text.slice(end, comma).trim() === "";
  const after = comma === undefined ? end : comma + 1;
  const spaces = startOfSpaces(text, node.offset, plain ? after : end);
  const starts = previous === undefined && text[spaces - 1] === "[" ? node.offset : spaces;
  const next = nodes[index + 1];
  if (starts === node.offset && next !== undefined && plain && text.slice(after, next.offset).trim() === "")
    return [cutting(text, mark, node.offset, next.offset)];
  if (comma === undefined || plain) return [cutting(text, mark, starts, after)];
  return [cutting(text, mark, starts, end), cutting(text, mark, comma, comma + 1)];
}

/** `text` with the edits carried out, which have to be in order. */
export function applied(text: string, edits: readonly TextEdit[]): string {
  let result = "";
  let done = 0;
  for (const { offset, removed, inserted } of edits) {
    result += text.slice(done, offset) + inserted;
    done = offset + removed.length;
  }
  return result + text.slice(done);
}

/**
 * Takes the edits that made `after` back in `current`, which has changed since in one stretch: `undefined` where that
 * stretch touches one of them.
 */
export function undone(after: string, current: string, edits: readonly TextEdit[]): string | undefined {
  const most = Math.min(after.length, current.length);
  const head = same(most, (at) => after[at] === current[at]);
  const tail = same(most, (at) => after.at(-1 - at) === current.at(-1 - at));
  // What was added may begin or end as its neighbours do: both ways to see the stretch are right.
  return (
    takenBack(after, current, edits, head, Math.min(tail, most - head)) ??
    takenBack(after, current, edits, Math.min(head, most - tail), tail)
  );
}

/** How many places from the first one on are the same, of `most`. */
function same(most: number, at: (place: number) => boolean): number {
  let count = 0;
  while (count < most && at(count)) count += 1;
  return count;
}

/** As {@link undone}, where `head` characters at the beginning and `tail` at the end are as they were. */
function takenBack(
  after: string,
  current: string,
  edits: readonly TextEdit[],
  head: number,
  tail: number,
): string | undefined {
  const shift = current.length - after.length;
  const back: TextEdit[] = [];
  let grown = 0;
  for (const { offset, removed, inserted } of edits) {
    const start = offset + grown;
    grown += inserted.length - removed.length;
    const kept = start + inserted.length <= head ? 0 : start >= after.length - tail ? shift : undefined;
    if (kept === undefined) return undefined;
    back.push({ offset: start + kept, removed: inserted, inserted: removed });
  }
  return applied(current, back);
}

function inserting(offset: number, inserted: string): TextEdit {
  return { offset, removed: "", inserted };
}

function cutting(text: string, mark: number, start: number, end: number): TextEdit {
  return { offset: start + mark, removed: text.slice(start, end), inserted: "" };
}

/** Puts `item` behind all that an object or a list holds, on a line of its own where the others have theirs. */
function appending(text: string, holder: Node, item: string, eol: string): readonly TextEdit[] {
  const opened = holder.offset + 1;
  const last = holder.children?.at(-1);
  if (last === undefined) return [inserting(opened, intoEmpty(text, holder, item, eol))];
  const end = endOf(last);
  const comma = commaAfter(text, end);
  const own = text.slice(opened, last.offset).includes("\n");
  const separator = own ? eol + indentOf(text, last.offset) : " ";
  const place = own ? endOfLine(text, comma === undefined ? end : comma + 1) : (comma ?? end - 1) + 1;
  if (comma !== undefined) return [inserting(place, `${separator}${item},`)];
  if (place === end) return [inserting(end, `,${separator}${item}`)];
  return [inserting(end, ","), inserting(place, separator + item)];
}

function intoEmpty(text: string, holder: Node, item: string, eol: string): string {
  const lines = text.slice(holder.offset, endOf(holder)).includes("\n");
  if (holder.type === "array" && !lines) return item;
  const indent = indentOf(text, holder.offset);
  const unit = /\n(\t)/.exec(text) === null ? "  " : "\t";
  return `${eol}${indent}${unit}${item}${lines ? "" : eol + indent}`;
}

function endOf(node: Node): number {
  return node.offset + node.length;
}

/** The spaces that the line of `offset` begins with. */
function indentOf(text: string, offset: number): string {
  const line = text.lastIndexOf("\n", offset - 1) + 1;
  return /^[ \t]*/.exec(text.slice(line, offset))?.[0] ?? "";
}

/** Where a cut begins that ends at `end`, so that the white space before `offset` goes with it. */
function startOfSpaces(text: string, offset: number, end: number): number {
  let start = offset;
  while (start > 0 && /\s/.test(text[start - 1] ?? "")) start -= 1;
  const comment = lineCommentAround(text, start);
  if (comment === undefined) return start;
  // A line comment ends with its line: what follows the cut must not join it.
  const alone = /^[ \t]*(?:\r?\n|$)/.test(text.slice(end));
  return alone ? comment : text.indexOf("\n", comment) + 1;
}

/** The end of the line comment that `offset` is in, or at the end of; `undefined` where it is in none. */
function lineCommentAround(text: string, offset: number): number | undefined {
  const scanner = createScanner(text, false);
  for (;;) {
    scanner.scan();
    const start = scanner.getTokenOffset();
    const end = start + scanner.getTokenLength();
    if (end < offset && end < text.length) continue;
    return start < offset && text.startsWith("//", start) ? end : undefined;
  }
}

/** The place of the comma that follows `offset`, comments passed over. */
function commaAfter(text: string, offset: number): number | undefined {
  const scanner = createScanner(text, true);
  scanner.setPosition(offset);
  scanner.scan();
  const place = scanner.getTokenOffset();
  return text[place] === "," ? place : undefined;
}

/** Behind the comments that follow `offset` on its line; spaces at the end of it stay behind. */
function endOfLine(text: string, offset: number): number {
  const scanner = createScanner(text, false);
  scanner.setPosition(offset);
  for (let end = offset; ; ) {
    scanner.scan();
    const start = scanner.getTokenOffset();
    const token = text.slice(start, start + scanner.getTokenLength());
    if (token.startsWith("//") || token.startsWith("/*")) end = start + token.length;
    else if (!/^[ \t]+$/.test(token)) return end;
  }
}
