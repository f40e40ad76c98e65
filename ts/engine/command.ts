import type { Finding } from "./event.ts";
import type { Role } from "./plan.ts";

/** One of a role's lanes, counted from 0. */
export interface Lane {
  readonly role: Role;
  readonly index: number;
}

/** An attempt that failed: a line of a task's audit log. */
export interface Tried {
  readonly attempt: number;
  /** How it ended, with the beginning of the error. */
  readonly ended: string;
  /** What the worker said that it did. */
  readonly summary?: string;
}

/** By what a task is found to stagnate. */
export type Sign = "same_error" | "no_new_diff" | "same_call";

/** What went wrong in one task of the mission, and what mended it. */
export interface Lesson {
  readonly task: string;
  readonly failed: string;
  readonly mended: string;
}

/** Why a session is prompted again. */
export type PromptReason =
  | { readonly type: "not_reported"; readonly text?: string }
  | { readonly type: "verification_failed"; readonly report: string }
  | { readonly type: "review_rejected"; readonly findings: readonly Finding[] }
  | { readonly type: "reported_failed"; readonly summary: string }
  /** The task goes round in circles: a different strategy is demanded. The next time it fails. */
  | {
      readonly type: "stagnating";
      readonly sign: Sign;
      /** Oldest first. */
      readonly tried: readonly Tried[];
      /** Why the last turn was not enough, where its session goes on. */
      readonly because?: PromptReason;
    }
  | { readonly type: "out_of_scope"; readonly files: readonly string[] }
  /** The context was full, and has been compacted. */
  | { readonly type: "compacted" }
  /** The turn ended by a permission that was refused. */
  | { readonly type: "refused"; readonly what: readonly string[] }
  /** The commander decided that it be tried once more. */
  | { readonly type: "decided"; readonly reason: string; readonly findings: readonly Finding[] }
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
  | "second_attempt"
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
      /** What a new session has to know of those before it. */
      readonly reason?: PromptReason;
      /** What failed elsewhere and what mended it, the nearest to the task's files first; absent where nothing did. */
      readonly lessons?: readonly Lesson[];
      /** Which of the task's copies of the project: 1, or 2. A second attempt has the other one. Absent: 1. */
      readonly copy?: number;
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
  /** Have the host compact the session. It is a turn: answer with `session_idle` or `session_error`. */
  | {
      readonly type: "compact";
      readonly lease: number;
      readonly task: string;
      readonly lane: Lane;
      readonly attempt: number;
      readonly turn: number;
      /** The model to ask, `provider/model`; absent, the host chooses. */
      readonly model?: string;
      readonly session: string;
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
      /** Which of the task's copies of the project is checked: quote it in the event that answers. Absent: 1. */
      readonly copy?: number;
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
  /** The answer to `scope_requested`, or to what the commander decided about it. */
  | {
      readonly type: "scope_answered";
      readonly lease: number;
      readonly granted: boolean;
      readonly files: readonly string[];
      readonly reason: string;
    }
  /**
   * Prompt the commander if its session is still idle and the user has not spoken, and say `continue_accepted` or
   * `continue_failed`. At most one an edge.
   */
  | {
      readonly type: "continue";
      readonly edge: string;
      readonly session: string;
      readonly reason: string;
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
