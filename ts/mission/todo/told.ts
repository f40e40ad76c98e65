/** What the commander is told of edits by hand. */
import { redactor } from "../redaction.ts";
import type { Edit } from "./edits.ts";

/** Lines that the commander gets at once; the file has them all. */
const MOST = 50;
/** Lines below one item that it gets. */
const MOST_NOTES = 20;

/** What was changed by hand, as text for a model; `undefined` where nothing was. */
export function editedText(lines: readonly string[]): string | undefined {
  if (lines.length === 0) return undefined;
  const more = lines.length > MOST ? [`… and ${lines.length - MOST} more: read the file`] : [];
  const list = [...lines.slice(0, MOST), ...more].map((line) => `- ${line}`).join("\n");
  return `The user edited .orchestrator/todo.md:\n${redactor.redact(list)}`;
}

/** A new item. */
export function toldProposed(id: string, title: string, notes: readonly string[]): string {
  return `${id}, a new item: ${title}${below(notes)}`;
}

/** An edit of a task that changes nothing of the plan. */
export function toldOf(
  edit: Extract<Edit, { type: "ticked" | "unticked" | "noted" }>,
  state: string,
): string {
  switch (edit.type) {
    case "ticked":
      return `${edit.id} was ticked by hand: that verifies nothing, it is ${state}`;
    case "unticked":
      return `${edit.id} was unticked by hand: it stays ${state}; what is missing needs a new task`;
    case "noted":
      return `${edit.id} has new notes:${below(edit.lines)}`;
  }
}

function below(lines: readonly string[]): string {
  const more = lines.length > MOST_NOTES ? ["  …"] : [];
  return [...lines.slice(0, MOST_NOTES), ...more].map((line) => `\n  ${line.trimStart()}`).join("");
}
