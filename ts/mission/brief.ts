/** What a mission is about and who leads it: written once, when the mission opens. */
import { randomBytes } from "node:crypto";
import type { ModelRef } from "../host/host.ts";

/** The document `brief/<id>` of the store. */
export interface Brief {
  readonly id: string;
  readonly objective: string;
  /** The session of the commander: the one that the user talks to. */
  readonly session: string;
  /** The model that the user chose for it; the agents of the mission use it unless they have one of their own. */
  readonly model?: ModelRef;
  /** Where its tasks are worked on; absent: in the project's folder. */
  readonly isolation?: "worktree";
  /** Milliseconds since the epoch. */
  readonly openedAt: number;
}

/** The key of a mission's brief in the store. */
export function briefKey(mission: string): string {
  return `brief/${mission}`;
}

/** An id that sorts by time and is unique without asking anyone. */
export function newMissionId(now: number): string {
  return `m${now.toString(36)}-${randomBytes(3).toString("hex")}`;
}
