/** What the turns of a mission's sessions did, as far as the engine has to know of it to see that one goes in circles. */
import type { Event, Fingerprint, TaskView } from "../engine/index.ts";
import type { ToolUse } from "../host/contribution.ts";
import { diffOf } from "./fingerprint.ts";
import type { Isolation } from "./isolation.ts";
import { RepeatedCalls } from "./repeated-calls.ts";
import type { NextTurn, Sessions } from "./sessions.ts";

/** What the record needs of its mission. */
export interface TurnRecordParts {
  readonly isolation: Isolation;
  /** The task that a lease works on or reviews. */
  taskOf(lease: number): TaskView | undefined;
  readonly sessions: Pick<Sessions, "leaseOf" | "turnOf" | "filesWritten">;
  submit(event: Event): unknown;
}

export class TurnRecord {
  readonly #parts: TurnRecordParts;
  readonly #calls = new RepeatedCalls();

  constructor(parts: TurnRecordParts) {
    this.#parts = parts;
  }

  /** Takes in a tool call before it is carried out, and tells the engine of one that comes again. */
  note({ session, tool, parameters }: ToolUse): void {
    const { sessions, submit } = this.#parts;
    const lease = sessions.leaseOf(session);
    if (lease === undefined) return;
    const turn = sessions.turnOf(session);
    const { call, times } = this.#calls.note(session, turn, tool, parameters);
    if (times > 1) submit({ type: "tool_repeated", lease, turn, call, times });
  }

  /** What a turn of work on the plan left behind; `undefined` for reviews and errands, which are never tried for it. */
  async fingerprint({ lease, turn, session }: Omit<NextTurn, "agent">): Promise<Fingerprint | undefined> {
    const { isolation, taskOf, sessions } = this.#parts;
    const task = taskOf(lease);
    if (task?.lease !== lease || task.kind === "delegation") return undefined;
    const diff = await diffOf(isolation.placeOf(task.id, task.copy), {
      written: sessions.filesWritten(session),
      reported: task.filesReported,
      scope: task.files,
    });
    const call = this.#calls.onlyCall(session, turn);
    return { ...(diff === undefined ? {} : { diff }), ...(call === undefined ? {} : { call }) };
  }
}
