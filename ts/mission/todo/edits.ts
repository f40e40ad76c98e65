/** What somebody has changed in `todo.md`, by comparing three texts: what we wrote, what is there, what holds now. */
import type { TaskState } from "../../engine/index.ts";
import type { Item, TodoDocument } from "./document.ts";
import { oneLine, titleIn } from "./projection.ts";

/** A task as it stands now. */
export interface Current {
  readonly id: string;
  readonly title: string;
  readonly state: TaskState;
}

/** One thing that was changed by hand. `id` is a task's but for `dropped`, where it is a proposal's. */
export type Edit =
  /** An item that is no task. */
  | {
      readonly type: "proposed";
      readonly title: string;
      readonly notes: readonly string[];
      readonly ticked: boolean;
    }
  | { readonly type: "dropped"; readonly id: string }
  | { readonly type: "ticked"; readonly id: string }
  /** The mark of an accepted task was taken away. */
  | { readonly type: "unticked"; readonly id: string }
  /** Deleted, or marked as cancelled. */
  | { readonly type: "removed"; readonly id: string }
  | { readonly type: "retitled"; readonly id: string; readonly title: string }
  /** Lines were put below it. */
  | { readonly type: "noted"; readonly id: string; readonly lines: readonly string[] };

/** What is compared. */
export interface Comparison {
  /** What we wrote. */
  readonly base: TodoDocument;
  /**
   * Whether `theirs` was made from just that. Of a text that was made from an older one, what it lacks and what it marks
   * as open says nothing: the task may have come, or been accepted, since.
   */
  readonly exact: boolean;
  readonly theirs: TodoDocument;
  readonly tasks: readonly Current[];
  readonly proposals: readonly { readonly id: string; readonly title: string }[];
}

/** Everything that was changed by hand, in the order of the plan, then of the file. */
export function editsOf({ base, exact, theirs, tasks, proposals }: Comparison): readonly Edit[] {
  const { found, rest } = matched(theirs, base, tasks);
  const before = byId(base.items);
  const edits: Edit[] = tasks.flatMap((task) =>
    taskEdits(task, before.get(task.id), found.get(task.id), exact),
  );
  const kept = new Set(rest.map(({ id }) => id));
  for (const { id } of proposals)
    if (exact && before.has(id) && !kept.has(id)) edits.push({ type: "dropped", id });
  const known = new Set([...tasks, ...proposals].map(({ title }) => shown(title)));
  const ids = new Set(proposals.map(({ id }) => id));
  for (const { id, text, mark, notes } of rest) {
    const title = oneLine(titleIn(text));
    if ((id !== undefined && ids.has(id)) || title === "" || known.has(shown(title))) continue;
    known.add(shown(title));
    edits.push({ type: "proposed", title, notes, ticked: isTick(mark) });
  }
  return edits;
}

/** The items that stand for tasks, and the others. An item that lost its id is known by its text. */
export function matched(
  theirs: TodoDocument,
  base: TodoDocument,
  tasks: readonly Current[],
): { readonly found: ReadonlyMap<string, Item>; readonly rest: readonly Item[] } {
  const ids = new Set(tasks.map(({ id }) => id));
  const found = new Map<string, Item>();
  const others: Item[] = [];
  for (const item of theirs.items) {
    if (item.id !== undefined && ids.has(item.id) && !found.has(item.id)) found.set(item.id, item);
    else others.push(item);
  }
  const lost = new Map<string, string>();
  for (const { id, text } of base.items) {
    if (id === undefined || !ids.has(id) || found.has(id)) continue;
    lost.set(titleIn(text), id);
    lost.set(`${id} ${titleIn(text)}`, id);
  }
  const rest = others.filter((item) => {
    const id = item.id === undefined ? lost.get(titleIn(item.text)) : undefined;
    if (id === undefined || found.has(id)) return true;
    const text = item.text.startsWith(`${id} `) ? item.text.slice(id.length + 1) : item.text;
    found.set(id, { ...item, text });
    return false;
  });
  return { found, rest };
}

function taskEdits(
  { id, title, state }: Current,
  base: Item | undefined,
  theirs: Item | undefined,
  exact: boolean,
): readonly Edit[] {
  if (base === undefined) return [];
  const over = state === "accepted" || state === "cancelled";
  if (theirs === undefined) return exact && !over ? [{ type: "removed", id }] : [];
  const edits: Edit[] = [];
  if (isTick(theirs.mark) && !isTick(base.mark) && state !== "accepted") edits.push({ type: "ticked", id });
  if (exact && theirs.mark === " " && isTick(base.mark)) edits.push({ type: "unticked", id });
  if (theirs.mark === "-" && base.mark !== "-" && !over) edits.push({ type: "removed", id });
  const wanted = titleIn(theirs.text);
  if (wanted !== "" && wanted !== titleIn(base.text) && wanted !== oneLine(title))
    edits.push({ type: "retitled", id, title: wanted });
  const before = new Set(base.notes);
  const lines = theirs.notes.filter((line) => line !== "" && !before.has(line));
  if (lines.length > 0) edits.push({ type: "noted", id, lines });
  return edits;
}

function byId(items: readonly Item[]): ReadonlyMap<string, Item> {
  return new Map(items.flatMap((item) => (item.id === undefined ? [] : [[item.id, item] as const])));
}

function isTick(mark: string | undefined): boolean {
  return mark === "x" || mark === "X";
}

function shown(title: string): string {
  return titleIn(oneLine(title)).toLowerCase();
}
