/**
 * `todo.md` as it is read: whatever editor it went through, with the items, what people nested below them, and what
 * else they wrote. Any bullet, indentation and line ending is understood.
 */

/** One item that stands for itself: a task of the plan, a proposal, or one that is new. */
export interface Item {
  /** What is between the brackets; absent where there are none. */
  readonly mark?: string;
  /** The bold word that an item of ours begins with. */
  readonly id?: string;
  /** What follows the id. */
  readonly text: string;
  /** Lines below it that are indented deeper, as they are. */
  readonly notes: readonly string[];
}

/** The file in its parts. */
export interface TodoDocument {
  readonly style: Style;
  /** From the comment that we write. */
  readonly mission?: string;
  /** The plan's version that it was written at. */
  readonly version?: number;
  readonly items: readonly Item[];
  /** Lines of people that belong to no item. */
  readonly prose: readonly string[];
}

/** How the bytes of a text file are laid out. */
export interface Style {
  readonly eol: "\n" | "\r\n";
  /** Whether it begins with a byte order mark. */
  readonly bom: boolean;
}

/** As files are written where nobody has chosen otherwise. */
export const PLAIN: Style = { eol: "\n", bom: false };

/** The heading above the items that people have proposed. */
export const PROPOSED = "## Proposed";

const BOM = "\uFEFF";
const COMMENT = /^\s*<!-- mission ([A-Za-z0-9-]{1,64})(?:, version (\d{1,15}))?: written by /;
const BULLET = /^([ \t]*)(?:[-*+]|\d{1,9}[.)])(?:[ \t]+(.*))?$/;
const BOX = /^\[([^\]])\](?:[ \t]+|$)(.*)$/;
const BOLD = /^(?:\*\*|__)([A-Za-z0-9][A-Za-z0-9._-]{0,63})(?:\*\*|__)[ \t]*(.*)$/;
const FENCE = /^[ \t]*(?:```|~~~)/;
/** Columns to the next tab stop, as CommonMark has them. */
const TAB = 4;

/** Reads a file's text. `known` are the ids of tasks and proposals: their items stand for themselves at any depth. */
export function parseTodo(text: string, known: (id: string) => boolean): TodoDocument {
  const bom = text.startsWith(BOM);
  const lines = (bom ? text.slice(1) : text).split(/\r\n|\n|\r/);
  const reader = new Reader(known);
  for (const line of lines) reader.read(line.trimEnd());
  return { style: { eol: /\r\n/.test(text) ? "\r\n" : "\n", bom }, ...reader.done() };
}

/** Puts lines together as a file of that style. */
export function inStyle(lines: readonly string[], { eol, bom }: Style): string {
  return `${bom ? BOM : ""}${lines.join(eol)}`;
}

interface OpenItem extends Item {
  readonly indent: number;
  readonly notes: string[];
}

class Reader {
  readonly #known: (id: string) => boolean;
  readonly #items: OpenItem[] = [];
  readonly #prose: string[] = [];
  #mission: string | undefined;
  #version: number | undefined;
  #titled = false;
  /** Where a line that is indented deeper belongs. */
  #item: OpenItem | undefined;
  /** Empty lines that belong to whatever follows. */
  #gap = 0;
  /** Where the lines of a code block go. */
  #fenced: string[] | undefined;

  constructor(known: (id: string) => boolean) {
    this.#known = known;
  }

  read(line: string): void {
    if (this.#fenced !== undefined) this.#inFence(this.#fenced, line);
    else if (line === "") this.#gap += 1;
    else if (this.#isOurs(line)) {
      this.#item = undefined;
      this.#gap = 0;
    } else this.#place(line);
  }

  /** Puts a line where it belongs. */
  #place(line: string): void {
    const deeper = this.#item !== undefined && columns(line) > this.#item.indent;
    const lines = deeper && this.#item !== undefined ? this.#item.notes : this.#prose;
    const item = itemOf(line);
    if (FENCE.test(line)) {
      this.#fenced = lines;
      this.#add(lines, line);
    } else if (item !== undefined && (!deeper || this.#standsForItself(item))) this.#begin(item);
    else {
      if (!deeper) this.#item = undefined;
      this.#add(lines, line);
    }
  }

  #standsForItself({ id }: Item): boolean {
    return id !== undefined && this.#known(id);
  }

  done(): Omit<TodoDocument, "style"> {
    const items = this.#items.map(({ indent: _, ...item }) => item);
    return {
      items: items.filter(({ text, id }) => text !== "" || id !== undefined),
      prose: this.#prose,
      ...(this.#mission === undefined ? {} : { mission: this.#mission }),
      ...(this.#version === undefined ? {} : { version: this.#version }),
    };
  }

  /** One that was never closed ends at the next item of ours. */
  #inFence(lines: string[], line: string): void {
    const item = itemOf(line);
    this.#gap = 0;
    if (item !== undefined && this.#standsForItself(item)) {
      this.#fenced = undefined;
      this.#begin(item);
      return;
    }
    lines.push(line);
    if (FENCE.test(line)) this.#fenced = undefined;
  }

  /** The title, the comment and the heading: what is written anew each time. */
  #isOurs(line: string): boolean {
    const comment = COMMENT.exec(line);
    if (comment !== null) {
      this.#mission ??= comment[1];
      if (comment[2] !== undefined) this.#version ??= Number(comment[2]);
      return true;
    }
    if (!this.#titled && line.startsWith("# ")) {
      this.#titled = true;
      return true;
    }
    return line === PROPOSED;
  }

  #begin(item: OpenItem): void {
    this.#gap = 0;
    this.#item = item;
    this.#items.push(item);
  }

  #add(lines: string[], line: string): void {
    if (lines.length > 0) lines.push(...Array.from({ length: this.#gap }, () => ""));
    this.#gap = 0;
    lines.push(line);
  }
}

function itemOf(line: string): OpenItem | undefined {
  const bullet = BULLET.exec(line);
  if (bullet === null) return undefined;
  const [, , content = ""] = bullet;
  const [, mark, boxed] = BOX.exec(content) ?? [];
  const rest = (boxed ?? content).trim();
  const [, id, text] = BOLD.exec(rest) ?? [];
  return {
    indent: columns(line),
    text: text ?? rest,
    notes: [],
    ...(mark === undefined ? {} : { mark }),
    ...(id === undefined ? {} : { id }),
  };
}

/** How far a line is indented. */
function columns(line: string): number {
  let column = 0;
  for (const character of line) {
    if (character === " ") column += 1;
    else if (character === "\t") column += TAB - (column % TAB);
    else break;
  }
  return column;
}
