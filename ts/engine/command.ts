import type { Finding } from "./event.ts";
import type { Role } from "./plan.ts";

/** One of a role's lanes, counted from 0. */
export interface Lane {
  readonly role: Role;
  readonly index: number;
}

/** Why a session is prompted again. */
export type PromptReason =
  | { readonly type: "not_reported"; readonly text?: string }
  | { readonly type: "verification_failed"; readonly report: string }
  | { readonly type: "review_rejected"; readonly findings: readonly Finding[] }
  | { readonly type: "reported_failed"; readonly summary: string }
  /** The process that it ran in ended. */
  | { readonly type: "interrupted" }
  | { readonly type: "session_error"; readonly message: string };

export type NoticeKind =
  | "task_accepted"
  | "task_failed"
  | "task_blocked"
  | "needs_decision"
  | "limit_changed"
  | "model_paused"
  | "model_resumed"
  | "memory_pressure";

export type MissionOutcome = "accepted" | "failed" | "cancelled";

/** What the caller has to do. `needs_decision` and `finish` are what wakes `run_mission`. */
export type Command =
  /** Open a session (or go on in `session`) and send the task's prompt. */
  | {
      readonly type: "start";
      readonly lease: number;
      readonly task: string;
      readonly lane: Lane;
      /** The try, from 1. */
      readonly attempt: number;
      /** The lease's prompt, from 1: quote it in the events that answer. */
      readonly turn: number;
      readonly agent: string;
      /** The model to ask, `provider/model`; absent, the host chooses. */
      readonly model?: string;
      readonly session?: string;
    }
  /** The task's next attempt, in the same session. */
  | {
      readonly type: "prompt";
      readonly lease: number;
      readonly task: string;
      readonly lane: Lane;
      readonly attempt: number;
      readonly turn: number;
      /** The model to ask, `provider/model`; absent, the host chooses. */
      readonly model?: string;
      readonly session: string;
      readonly reason: PromptReason;
    }
  /** Stop that session's turn. */
  | { readonly type: "abort"; readonly lease: number; readonly session: string }
  /**
   * Look at the host's own record of that session: if its turn has ended and no event said so, report it as if one had.
   * It may be left undone: the next look comes by itself.
   */
  | { readonly type: "poll"; readonly lease: number; readonly session: string }
  /** Run the checks; without `task` the mission's own. `files` are those that the task reported. */
  | {
      readonly type: "verify";
      readonly task?: string;
      readonly attempt: number;
      readonly commands: readonly string[];
      readonly files: readonly string[];
      /** Whether a reviewer looks at it once the checks pass; if not, they are the last word. */
      readonly reviewFollows: boolean;
    }
  /** Open a reviewer's session; without `task` it is the seal. */
  | {
      readonly type: "review";
      readonly lease: number;
      readonly task?: string;
      readonly lane: Lane;
      /** The round, from 1. */
      readonly attempt: number;
      readonly turn: number;
      /** The model to ask, `provider/model`; absent, the host chooses. */
      readonly model?: string;
    }
  /** The reviewer went idle without a verdict: ask again in the same session. */
  | {
      readonly type: "review_prompt";
      readonly lease: number;
      readonly task?: string;
      readonly lane: Lane;
      readonly session: string;
      readonly attempt: number;
      readonly turn: number;
      /** The model to ask, `provider/model`; absent, the host chooses. */
      readonly model?: string;
    }
  /** For the user's eyes only: the scheduler itself comes back at `atMs`. */
  | {
      readonly type: "retry";
      readonly task?: string;
      readonly attempt: number;
      readonly atMs: number;
      readonly reason: string;
    }
  | { readonly type: "notify"; readonly kind: NoticeKind; readonly task?: string; readonly message: string }
  | { readonly type: "finish"; readonly outcome: MissionOutcome; readonly message: string };

export type CommandType = Command["type"];

/** The answer to one event. `ignored` says why the event changed nothing. */
export interface Outcome {
  readonly commands: readonly Command[];
  readonly ignored?: string;
}
