/** Counts the same tool call in a row within one turn of a session. What that means is the engine's to decide. */
import { callOf } from "./fingerprint.ts";

/** Tools that are called again to see how far something is: the answer is a new one each time. */
const POLLS: ReadonlySet<string> = new Set(["background"]);
/** What ends a turn says nothing of how the work was done. */
const LAST_WORDS: ReadonlySet<string> = new Set(["report_task", "review_task"]);

interface Row {
  readonly turn: number;
  readonly call: string;
  readonly times: number;
  /** Whether the turn has made no other call so far. */
  readonly only: boolean;
}

/** The tool calls of a mission's sessions. */
export class RepeatedCalls {
  readonly #rows = new Map<string, Row>();

  /** Takes in a call; gives it as text, with how often in a row it has come. */
  note(session: string, turn: number, tool: string, parameters: unknown): { call: string; times: number } {
    const call = callOf(tool, parameters);
    if (LAST_WORDS.has(tool)) return { call, times: 1 };
    const known = this.#rows.get(session);
    const row = known?.turn === turn ? known : undefined;
    const same = row?.call === call && !POLLS.has(tool);
    const times = same ? row.times + 1 : 1;
    const only = row === undefined || (same && row.only);
    this.#rows.set(session, { turn, call, times, only });
    return { call, times };
  }

  /**
   * The call that was all a turn did; `undefined` where it did several things, or none. The last call alone would be no
   * sign: whoever edits and then runs the same tests each time is at work.
   */
  onlyCall(session: string, turn: number): string | undefined {
    const row = this.#rows.get(session);
    return row?.turn === turn && row.only ? row.call : undefined;
  }
}
