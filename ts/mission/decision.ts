/** The events by which a commander decides. */
import type { Event } from "../engine/index.ts";

/** What a commander answers to a question of the engine's. */
const DECISIONS: ReadonlySet<Event["type"]> = new Set(["plan_submitted", "decided", "scope_decided"]);

/** Whether an event is what the commander has decided. */
export function isDecision(event: Event): boolean {
  if (event.type !== "amended") return DECISIONS.has(event.type);
  return event.revision !== undefined && event.items.some(({ status }) => status !== undefined);
}
